//! Norms, of everything or along some axes.

use super::elementwise::chain;
use crate::grouping::Grouping;
use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Axes, Element, ErrorKind, Result, Shape, Var};

/// How the length of a vector is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Norm {
    /// `Σ |x|`
    L1,
    /// `√(Σ x²)`
    L2,
    /// `(Σ |x|^p)^(1/p)` for a finite p above 0.
    P(f64),
}

impl Norm {
    /// The same norm, by its own name where it has one: simpler to compute, and smooth where it is.
    fn named(self) -> Self {
        match self {
            Self::P(1.0) => Self::L1,
            Self::P(2.0) => Self::L2,
            other => other,
        }
    }

    #[inline(always)]
    fn power<T: Element>(self, x: T) -> T {
        match self {
            Self::L1 => x.abs(),
            Self::L2 => x * x,
            Self::P(p) => x.abs().powf(T::from_f64(p)),
        }
    }

    #[inline(always)]
    fn root<T: Element>(self, sum: T) -> T {
        match self {
            Self::L1 => sum,
            Self::L2 => sum.sqrt(),
            Self::P(p) => sum.powf(T::from_f64(1.0 / p)),
        }
    }

    /// The derivative of the norm `y` by one element.
    #[inline(always)]
    fn slope<T: Element>(self, x: T, y: T) -> T {
        match self {
            Self::L1 => x.sign(),
            // At 0 the norm has a kink, and so has the p-norm for p < 1 wherever an element is 0.
            _ if x == T::zero() && !y.is_nan() && (y == T::zero() || self != Self::L2) => T::zero(),
            Self::L2 => x / y,
            Self::P(p) => x.sign() * (x.abs() / y).powf(T::from_f64(p - 1.0)),
        }
    }
}

/// A norm over some axes; computed on elements divided by a power of two, so that no square overflows.
#[derive(Debug)]
struct NormOp {
    name: &'static str,
    axes: Axes,
    norm: Norm,
}

/// Stores the power of two below the largest absolute value of each result's elements: a constant, since
/// the norm does not depend on it.
fn scales<T: Element>(grouping: &Grouping, out: &mut [T], x: &[T]) {
    out.fill(T::zero());
    grouping.fold(out, x, |largest, x| largest.larger(x.abs()));
    kernels::update(out, |largest| {
        let scale = largest.to_f64().log2().floor().exp2();
        T::from_f64(if scale.is_finite() && scale > 0.0 { scale } else { 1.0 })
    });
}

impl<T: Element> Op<T> for NormOp {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.name)?;
        match self.norm {
            Norm::P(got) if !(got > 0.0 && got.is_finite()) => {
                Err(ErrorKind::Value { op: self.name, expected: "a finite p above 0", got }.into())
            }
            _ => self.axes.reduce(self.name, x),
        }
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size() + self.axes.grouping(inputs.get(0)).kept()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, norm) = (inputs.get(0), self.norm);
        let grouping = self.axes.grouping(x.shape);
        let (scale, powers) = out.saved.split_at_mut(out.values.len());
        scales(&grouping, scale, x.values);
        grouping
            .map((&mut *powers, Write::Store), x.values, (scale, scale), |x, scale, _| norm.power(x / scale));
        grouping.sum(out.values, Write::Store, powers);
        kernels::update1(out.values, scale, |sum, scale| norm.root(sum) * scale);
        Ok(())
    }

    // sign(x) (|x| / y)^(p - 1)
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (x, norm) = (step.inputs.get(0), self.norm);
        if let Some(sink) = step.grads.of(0) {
            let (y, g) = (step.output.values, &*step.upstream);
            self.axes
                .grouping(x.shape)
                .map(sink.parts(), x.values, (y, g), |x, y, g| chain(g, norm.slope(x, y)));
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The norm of all elements, `(Σ |x|^p)^(1/p)`, 0 if there are none; derivative
    /// `sign(x) (|x| / norm)^(p - 1)`, and 0 where every element is 0. Squares neither overflow nor vanish.
    ///
    /// ```
    /// # use tensor::{Norm, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0, -4.0])?;
    /// let y = x.norm(Norm::L2)?;
    /// assert_eq!(y.item()?, 5.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![0.6, -0.8].into_dyn());
    /// assert_eq!(x.norm(Norm::L1)?.item()?, 7.0);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Value`] unless p is finite and above 0.
    pub fn norm(self, norm: Norm) -> Result<Self> {
        self.unary(NormOp { name: "norm", axes: Axes::ALL, norm: norm.named() })
    }

    /// The norms along one or more axes, which disappear unless [kept](Axes::keep); derivative as of
    /// [`norm`](Self::norm).
    ///
    /// ```
    /// # use tensor::{Norm, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[3.0, 4.0], [0.0, 2.0]])?;
    /// assert_eq!(x.norm_axis(1, Norm::L2)?.value()?, array![5.0, 2.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`norm`](Self::norm) and [`sum_axis`](Self::sum_axis).
    pub fn norm_axis(self, axes: impl Into<Axes>, norm: Norm) -> Result<Self> {
        self.unary(NormOp { name: "norm_axis", axes: axes.into(), norm: norm.named() })
    }
}
