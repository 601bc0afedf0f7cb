//! The product of a constant sparse matrix and an array.

use crate::kernels::Write;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Csr, Element, ErrorKind, Result, Shape, Var};

/// `S x`
#[derive(Debug)]
struct SparseMatmul<T>(Csr<T>);

impl<T: Element> Op<T> for SparseMatmul<T> {
    fn name(&self) -> &'static str {
        "sparse_matmul"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("sparse_matmul")?;
        let ([rows, columns], op) = (self.0.shape(), "sparse_matmul");
        if !(1..=2).contains(&x.len()) {
            let expected = "a vector or a matrix (one or two axes)";
            return Err(ErrorKind::Operand { op, expected, got: *x }.into());
        }
        if x[0] != columns {
            let (lhs, expected) =
                (Shape::of(&[rows, columns]), "as many rows as the sparse matrix has columns");
            return Err(ErrorKind::Shapes { op, lhs, rhs: *x, expected }.into());
        }
        Ok(x.with(0, rows))
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let width = width(out.shape);
        self.0.rows().multiply(out.values, Write::Store, inputs.get(0).values, width);
        Ok(())
    }

    // dx = Sᵀ g
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        if let Some(sink) = step.grads.of(0) {
            let (out, write) = sink.parts();
            self.0.transposed().multiply(out, write, &step.upstream, width(step.output.shape));
        }
        Ok(())
    }
}

/// The number of columns; a vector has one.
fn width(shape: &Shape) -> usize {
    shape.get(1).copied().unwrap_or(1)
}

/// The product `S x` of a constant sparse matrix `[m, n]` with x `[n]` or `[n, k]`: `[m]` or `[m, k]`.
/// Derivative `Sᵀ g`.
///
/// Elements that are not stored are not multiplied, so a NaN of x reaches only the rows that read it. Sums of
/// `f32` are added in `f64`.
///
/// ```
/// use tensor::{Csr, Tape, ndarray::array, sparse_matmul};
///
/// // The sum of two series, and each of them.
/// let s = Csr::new([3, 2], vec![0, 2, 3, 4], vec![0, 1, 0, 1], vec![1.0; 4])?;
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![1.0, 2.0])?;
/// let y = sparse_matmul(&s, x)?;
/// assert_eq!(y.value()?, array![3.0, 1.0, 2.0].into_dyn());
/// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![2.0, 2.0].into_dyn());
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Operand`] for other than one or two axes, [`ErrorKind::Shapes`] unless x has as many rows as
/// the matrix has columns.
pub fn sparse_matmul<'t, T: Element>(matrix: &Csr<T>, x: Var<'t, T>) -> Result<Var<'t, T>> {
    x.unary(SparseMatmul(matrix.clone()))
}
