//! The mean squared error.

use super::pair::Pair;
use crate::Result;
use tensor::{Element, Reduction, Var};

#[derive(Debug, Clone, Copy)]
struct Squared;

impl<T: Element> Pair<T> for Squared {
    const NAME: &'static str = "mse";

    fn value(self, x: T, t: T) -> T {
        (x - t) * (x - t)
    }

    fn slopes(self, x: T, t: T) -> [T; 2] {
        let slope = (x - t) + (x - t);
        [slope, -slope]
    }
}

/// `Σ (prediction - target)² / n` over all n elements: a single number.
///
/// ```
/// use nn::mse;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let loss = mse(tape.var(&array![1.0, 2.0])?, tape.constant(&array![0.0, 4.0])?)?;
/// assert_eq!(loss.item()?, 2.5);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for two shapes, since nothing is broadcast, and for no
/// elements.
pub fn mse<'t, T: Element>(prediction: Var<'t, T>, target: Var<'t, T>) -> Result<Var<'t, T>> {
    Ok(prediction.mse(target)?)
}

/// [`mse`] with a choice of reduction: the squares `(prediction - target)²` themselves in the shape of the
/// inputs, their mean over the number of elements, or their sum (0 of none).
///
/// A sum of squares that are weighted is one more product:
///
/// ```
/// use nn::{Reduction, mse_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let (y, t) = (tape.var(&array![1.0, 2.0])?, tape.constant(&array![0.0, 4.0])?);
/// assert_eq!(mse_with(y, t, Reduction::Sum)?.item()?, 5.0);
/// let squares = mse_with(y, t, Reduction::None)?;
/// assert_eq!(squares.value()?, array![1.0, 4.0].into_dyn());
/// let weights = tape.constant(&array![3.0, 0.5])?;
/// assert_eq!(squares.mul(weights)?.sum()?.item()?, 5.0);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// As [`mse`]; no elements are refused for a mean alone.
pub fn mse_with<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    reduction: Reduction,
) -> Result<Var<'t, T>> {
    match reduction {
        Reduction::Mean => mse(prediction, target),
        _ => Squared.record(prediction, target, reduction),
    }
}
