//! Losses of single elements: one pointwise op each, so that large arrays are read once.

use crate::Result;
use std::fmt;
use tensor::{
    Backward, Element, ErrorKind, Forward, Inputs, Op, Piece, Pointwise, Reduction, Shape, Shapes, Sink, Var,
};

/// The loss of one prediction `x` and one target `t`: its value and its two derivatives.
pub(super) trait Pair<T: Element>: Copy + Send + Sync + fmt::Debug + 'static {
    const NAME: &'static str;
    fn value(self, x: T, t: T) -> T;
    fn slopes(self, x: T, t: T) -> [T; 2];

    /// The values of a piece of an array, where that is faster than one after the other.
    fn values(self, out: &mut [T], x: &[T], t: &[T]) {
        for (out, (&x, &t)) in out.iter_mut().zip(x.iter().zip(t)) {
            *out = self.value(x, t);
        }
    }

    /// Records the loss of all elements, the mean over their number.
    fn record<'t>(
        self,
        prediction: Var<'t, T>,
        target: Var<'t, T>,
        reduction: Reduction,
    ) -> Result<Var<'t, T>> {
        let op = Losses { pair: self, mean: reduction == Reduction::Mean };
        reduce(prediction.tape().apply(op, &[prediction, target])?, reduction)
    }
}

/// The loops and the tape entry of every such loss.
#[derive(Debug)]
struct Losses<P> {
    pair: P,
    /// Whether a mean follows, which needs an element.
    mean: bool,
}

impl<T: Element, P: Pair<T>> Op<T> for Losses<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape, tensor::Error> {
        let [x, t] = inputs.exactly(P::NAME)?;
        fits(P::NAME, x, t, self.mean)?;
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<(), tensor::Error> {
        self.pair.values(out.values, inputs.get(0).values, inputs.get(1).values);
        Ok(())
    }

    fn backward(&self, step: Backward<'_, T>) -> Result<(), tensor::Error> {
        step.pointwise(self)
    }

    fn pointwise(&self) -> Option<&dyn Pointwise<T>> {
        Some(self)
    }
}

impl<T: Element, P: Pair<T>> Pointwise<T> for Losses<P> {
    fn values(&self, inputs: &[&[T]], out: &mut [T]) {
        self.pair.values(out, inputs[0], inputs[1]);
    }

    fn gradient(&self, input: usize, piece: Piece<'_, T>, sink: Sink<'_, T>) {
        let (pair, operands) = (self.pair, (piece.upstream, piece.inputs[0], piece.inputs[1]));
        // A constant side, so that the loop computes one derivative alone.
        if input == 0 {
            sink.map3(operands, move |g, x, t| chain(g, pair.slopes(x, t)[0]));
        } else {
            sink.map3(operands, move |g, x, t| chain(g, pair.slopes(x, t)[1]));
        }
    }
}

/// `g * slope`, but 0 where nothing is asked, be the slope infinite.
#[inline(always)]
pub(super) fn chain<T: Element>(g: T, slope: T) -> T {
    let product = g * slope;
    if g.is_zero() { g } else { product }
}

/// Checks that a prediction and a target have one shape, and an element if a mean follows.
pub(super) fn fits(op: &'static str, x: &Shape, t: &Shape, mean: bool) -> Result<(), tensor::Error> {
    if x != t {
        let expected = "predictions and targets of one shape, since nothing is broadcast";
        return Err(ErrorKind::Shapes { op, lhs: *x, rhs: *t, expected }.into());
    }
    if mean { not_empty(op, x) } else { Ok(()) }
}

/// A mean over nothing is no number.
pub(super) fn not_empty(op: &'static str, shape: &Shape) -> Result<(), tensor::Error> {
    if shape.size() > 0 {
        return Ok(());
    }
    Err(ErrorKind::Operand { op, expected: "at least one element", got: *shape }.into())
}

/// The losses themselves, their mean or their sum.
pub(super) fn reduce<T: Element>(losses: Var<'_, T>, reduction: Reduction) -> Result<Var<'_, T>> {
    Ok(match reduction {
        Reduction::None => losses,
        Reduction::Mean => losses.mean()?,
        Reduction::Sum => losses.sum()?,
    })
}

/// Refuses a setting that is not a positive number.
pub(super) fn positive(owner: &'static str, name: &'static str, got: f64) -> Result<()> {
    if got > 0.0 && got.is_finite() {
        return Ok(());
    }
    Err(crate::ErrorKind::Setting { owner, name, expected: "positive and finite", got }.into())
}

/// Refuses a setting that is below 0 or not finite.
pub(super) fn not_negative(owner: &'static str, name: &'static str, got: f64) -> Result<()> {
    if got >= 0.0 && got.is_finite() {
        return Ok(());
    }
    Err(crate::ErrorKind::Setting { owner, name, expected: "finite and not negative", got }.into())
}
