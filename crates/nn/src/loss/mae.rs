//! The mean absolute error.

use super::pair::Pair;
use crate::Result;
use tensor::{Element, Reduction, Var};

#[derive(Debug, Clone, Copy)]
struct Absolute;

impl<T: Element> Pair<T> for Absolute {
    const NAME: &'static str = "mae";

    fn value(self, x: T, t: T) -> T {
        (x - t).abs()
    }

    fn slopes(self, x: T, t: T) -> [T; 2] {
        let slope = (x - t).sign();
        [slope, -slope]
    }
}

/// `Σ |prediction - target| / n` over all n elements: a single number, PyTorch's `l1_loss`. Derivative
/// `sign(prediction - target) / n`, 0 where both are equal.
///
/// ```
/// use nn::mae;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let y = tape.var(&array![1.0, 2.0])?;
/// let loss = mae(y, tape.constant(&array![0.0, 4.0])?)?;
/// assert_eq!(loss.item()?, 1.5);
/// assert_eq!(tape.backward(loss)?.wrt(y)?, array![0.5, -0.5].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for two shapes, since nothing is broadcast, and for no
/// elements.
pub fn mae<'t, T: Element>(prediction: Var<'t, T>, target: Var<'t, T>) -> Result<Var<'t, T>> {
    mae_with(prediction, target, Reduction::Mean)
}

/// [`mae`] with a choice of reduction: the absolute errors themselves in the shape of the inputs, their mean
/// over the number of elements, or their sum (0 of none).
///
/// ```
/// use nn::{Reduction, mae_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let (y, t) = (tape.var(&array![1.0, 2.0])?, tape.constant(&array![0.0, 4.0])?);
/// assert_eq!(mae_with(y, t, Reduction::Sum)?.item()?, 3.0);
/// assert_eq!(mae_with(y, t, Reduction::None)?.value()?, array![1.0, 2.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// As [`mae`]; no elements are refused for a mean alone.
pub fn mae_with<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    reduction: Reduction,
) -> Result<Var<'t, T>> {
    Absolute.record(prediction, target, reduction)
}
