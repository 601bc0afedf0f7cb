//! `linear`: a matrix product with bias and activation in one op.

use super::activations::{relu_slope, sigmoid};
use crate::kernels;
use crate::op::{Backward, Forward, Inputs, Op, Shapes, Sink, View};
use crate::{Element, ErrorKind, Result, Shape, Var};

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
    /// The activation of a product's result; relu is done with the product.
    fn apply<T: Element>(self, values: &mut [T]) {
        match self {
            Self::Identity | Self::Relu => {}
            Self::Sigmoid => kernels::update(values, sigmoid),
            Self::Tanh => kernels::update(values, T::tanh),
        }
    }

    /// Turns the gradient of the activation's output `y` into that of its input, and sums its columns.
    fn backward<T: Element>(self, g: &mut [T], y: &[T], bias: Option<Sink<'_, T>>) {
        match self {
            Self::Identity => {
                if let Some(sink) = bias {
                    sink.sum_columns(g);
                }
            }
            Self::Relu => both(g, y, bias, |g, y| if relu_slope(y) == T::one() { g } else { T::zero() }),
            Self::Sigmoid => both(g, y, bias, |g, y| g * (y * (T::one() - y))),
            Self::Tanh => both(g, y, bias, |g, y| g * (T::one() - y * y)),
        }
    }
}

/// `g = f(g, y)` and, where somebody asks for it, the sum of its rows, in one pass.
#[inline(always)]
fn both<T: Element>(g: &mut [T], y: &[T], bias: Option<Sink<'_, T>>, f: impl Fn(T, T) -> T) {
    match bias {
        Some(sink) => sink.sum_columns_of(g, y, f),
        None => kernels::update1(g, y, f),
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
        let (x, w, bias) = (inputs.get(0).matrix(), inputs.get(1).matrix(), inputs.get(2).values);
        let floor = (self.0 == Activation::Relu).then(T::zero);
        T::affine(out.values, x, w, bias, floor);
        self.0.apply(out.values);
        Ok(())
    }

    // With G the gradient before the activation: dX = G Wᵀ, dW = Xᵀ G, db = Σ rows of G
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        self.0.backward(&mut step.upstream, step.output.values, step.grads.of(2));
        let (x, w) = (step.inputs.get(0).matrix(), step.inputs.get(1).matrix());
        let g = View { values: &step.upstream, shape: step.output.shape }.matrix();
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
