//! Matrix products.

use crate::kernels::Write;
use crate::op::{Backward, Forward, Inputs, Op, Shapes, View};
use crate::{Element, ErrorKind, Result, Shape, Var};

/// `a b` of two matrices.
#[derive(Debug)]
struct Matmul;

impl<T: Element> Op<T> for Matmul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [a, b] = inputs.exactly("matmul")?;
        for got in [a, b] {
            if got.len() != 2 {
                let (op, expected) = ("matmul", "a matrix (two axes)");
                return Err(ErrorKind::Operand { op, expected, got: *got }.into());
            }
        }
        if a[1] != b[0] {
            let expected = "as many rows on the right as columns on the left";
            return Err(ErrorKind::Shapes { op: "matmul", lhs: *a, rhs: *b, expected }.into());
        }
        Ok(Shape::of(&[a[0], b[1]]))
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (a, b) = (inputs.get(0).matrix(), inputs.get(1).matrix());
        T::gemm(out.values, Write::Store, T::one(), a, b);
        Ok(())
    }

    // dA = G Bᵀ, dB = Aᵀ G
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (a, b) = (step.inputs.get(0).matrix(), step.inputs.get(1).matrix());
        let g = View { values: &step.upstream, shape: step.output.shape }.matrix();
        if let Some(sink) = step.grads.of(0) {
            sink.product(T::one(), g, b.t());
        }
        if let Some(sink) = step.grads.of(1) {
            sink.product(T::one(), a.t(), g);
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The matrix product of `[m, k]` and `[k, n]`: `[m, n]`. Derivatives `G Bᵀ` and `Aᵀ G`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// let b = tape.var(&array![[5.0], [6.0]])?;
    /// let y = a.matmul(b)?;
    /// assert_eq!(y.value()?, array![[17.0], [39.0]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(b)?, array![[4.0], [6.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for other than two axes, [`ErrorKind::Shapes`] for inner sizes that differ.
    pub fn matmul(self, other: Var<'_, T>) -> Result<Self> {
        self.binary(Matmul, other)
    }
}
