//! The mean squared error.

use crate::Result;
use tensor::{Element, Var};

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
