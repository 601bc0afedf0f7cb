//! Matrix products: `matmul`, and `linear` with bias and activation in one op.

use super::activations::{relu_slope, sigmoid};
use crate::kernels::{self, Write};
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

/// The function that [`Var::linear_with`] applies to its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activation {
    /// None.
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    fn apply<T: Element>(self, values: &mut [T]) {
        match self {
            Self::Identity => {}
            Self::Relu => kernels::update(values, |x| if x < T::zero() { T::zero() } else { x }),
            Self::Sigmoid => kernels::update(values, sigmoid),
            Self::Tanh => kernels::update(values, T::tanh),
        }
    }

    /// Turns the gradient of the activation's output `y` into that of its input.
    fn backward<T: Element>(self, g: &mut [T], y: &[T]) {
        match self {
            Self::Identity => {}
            Self::Relu => {
                kernels::update1(g, y, |g, y| if relu_slope(y) == T::one() { g } else { T::zero() })
            }
            Self::Sigmoid => kernels::update1(g, y, |g, y| g * (y * (T::one() - y))),
            Self::Tanh => kernels::update1(g, y, |g, y| g * (T::one() - y * y)),
        }
    }
}

/// `activation(x w + b)`
#[derive(Debug)]
struct Linear(Activation);

impl<T: Element> Op<T> for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, w, b] = inputs.exactly("linear")?;
        let op = "linear";
        if w.len() != 2 {
            let expected = "a matrix (two axes) as weight";
            return Err(ErrorKind::Operand { op, expected, got: *w }.into());
        }
        let Some(&features) = x.last() else {
            return Err(
                ErrorKind::Operand { op, expected: "an input with at least one axis", got: *x }.into()
            );
        };
        if features != w[0] {
            let expected = "the input's last axis to be as long as the weight's first";
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs: *w, expected }.into());
        }
        if **b != w[1..] {
            let expected = "the bias to be as long as the weight's last axis";
            return Err(ErrorKind::Shapes { op, lhs: *w, rhs: *b, expected }.into());
        }
        Ok(x.with(x.len() - 1, w[1]))
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let bias = inputs.get(2).values;
        if !bias.is_empty() {
            out.values.chunks_exact_mut(bias.len()).for_each(|row| row.copy_from_slice(bias));
        }
        T::gemm(out.values, Write::Add, T::one(), inputs.get(0).matrix(), inputs.get(1).matrix());
        self.0.apply(out.values);
        Ok(())
    }

    // With G the gradient before the activation: dX = G Wᵀ, dW = Xᵀ G, db = Σ rows of G
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        self.0.backward(&mut step.upstream, step.output.values);
        let (x, w) = (step.inputs.get(0).matrix(), step.inputs.get(1).matrix());
        let g = View { values: &step.upstream, shape: step.output.shape }.matrix();
        if let Some(sink) = step.grads.of(2) {
            sink.sum_columns(&step.upstream);
        }
        if let Some(sink) = step.grads.of(0) {
            sink.product(T::one(), g, w.t());
        }
        if let Some(sink) = step.grads.of(1) {
            sink.product(T::one(), x.t(), g);
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

    /// `x w + b` for x `[.., in]`, w `[in, out]` and b `[out]`: `[.., out]`, as one op.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[1.0, 2.0]])?;
    /// let (w, b) = (tape.var(&array![[3.0], [4.0]])?, tape.var(&array![0.5])?);
    /// assert_eq!(x.linear(w, b)?.value()?, array![[11.5]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] or [`ErrorKind::Shapes`] for shapes other than these.
    pub fn linear(self, weight: Var<'_, T>, bias: Var<'_, T>) -> Result<Self> {
        self.linear_with(weight, bias, Activation::Identity)
    }

    /// `activation(x w + b)`, as one op; shapes as in [`linear`](Self::linear).
    ///
    /// ```
    /// # use tensor::{Activation, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.constant(&array![[1.0, 2.0]])?;
    /// let (w, b) = (tape.var(&array![[3.0], [4.0]])?, tape.var(&array![-12.0])?);
    /// assert_eq!(x.linear_with(w, b, Activation::Relu)?.value()?, array![[0.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`linear`](Self::linear).
    pub fn linear_with(self, weight: Var<'_, T>, bias: Var<'_, T>, activation: Activation) -> Result<Self> {
        self.ternary(Linear(activation), weight, bias)
    }
}
