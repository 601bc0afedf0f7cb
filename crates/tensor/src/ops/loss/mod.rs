//! Losses as one op each, with the gradient computed where the value is.

mod binary;
mod cross_entropy;
mod mse;
mod soft;

use crate::{Element, ErrorKind, Result, Shape, kernels};
use std::sync::Arc;

pub use binary::BinaryCrossEntropyConfig;
pub use cross_entropy::CrossEntropyConfig;

/// What becomes of the losses of single rows or elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reduction {
    /// They stay, and the loss is an array.
    None,
    /// Their mean; each loss says what it divides by.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

impl Reduction {
    /// The shape of the result for losses of this shape.
    fn shape(self, losses: Shape) -> Shape {
        if self == Self::None { losses } else { Shape::SCALAR }
    }

    /// Writes the losses, which `out` receives as they are or as their sum over `divisor`.
    fn reduce<T: Element>(self, out: &mut [T], losses: &[T], divisor: T) {
        match self {
            Self::None => out.copy_from_slice(losses),
            Self::Mean => out[0] = T::narrow(kernels::wide_sum(losses)) / divisor,
            Self::Sum => out[0] = T::narrow(kernels::wide_sum(losses)),
        }
    }

    /// The gradient of the loss of row or element `i`.
    fn gradient<T: Element>(self, upstream: &[T], i: usize, divisor: T) -> T {
        match self {
            Self::None => upstream[i],
            Self::Mean => upstream[0] / divisor,
            Self::Sum => upstream[0],
        }
    }
}

/// Numbers that weigh classes, or nothing for 1 each.
type Weights = Option<Arc<[f64]>>;

fn weight<T: Element>(weights: &Weights, class: usize) -> T {
    weights.as_ref().map_or(T::one(), |weights| T::from_f64(weights[class]))
}

/// Checks that there is a weight for every class, none of them negative.
fn check_weights(op: &'static str, weights: &Weights, classes: usize) -> Result<()> {
    let Some(weights) = weights else {
        return Ok(());
    };
    if weights.len() != classes {
        let (shape, expected, got) = (Shape::of(&[classes]), classes, weights.len());
        return Err(ErrorKind::Length { op, shape, expected, got }.into());
    }
    match weights.iter().find(|&&weight| !(weight >= 0.0 && weight.is_finite())) {
        Some(&got) => Err(ErrorKind::Value { op, expected: "finite weights of at least 0", got }.into()),
        None => Ok(()),
    }
}

/// A mean over nothing is no number.
fn not_empty(op: &'static str, shape: &Shape) -> Result<()> {
    if shape.size() > 0 {
        return Ok(());
    }
    Err(ErrorKind::Operand { op, expected: "at least one element", got: *shape }.into())
}
