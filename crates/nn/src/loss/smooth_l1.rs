//! The smooth absolute error.

use super::mae::mae_with;
use super::pair::{Pair, not_negative};
use crate::Result;
use tensor::{Element, Reduction, Var};

/// How [`smooth_l1_with`] counts; PyTorch's conventions.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `beta` | 1 | the error at which the square becomes a line; 0 for the absolute error | at least 0 |
/// | `reduction` | `Mean` | what becomes of the losses; the mean divides by the number of elements | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmoothL1Config {
    /// The error at which the square becomes a line.
    pub beta: f64,
    /// What becomes of the losses of the elements.
    pub reduction: Reduction,
}

impl Default for SmoothL1Config {
    fn default() -> Self {
        Self { beta: 1.0, reduction: Reduction::Mean }
    }
}

#[derive(Debug, Clone, Copy)]
struct Smooth<T> {
    beta: T,
}

impl<T: Element> Pair<T> for Smooth<T> {
    const NAME: &'static str = "smooth_l1";

    fn value(self, x: T, t: T) -> T {
        let (error, half) = ((x - t).abs(), T::from_f64(0.5));
        if error >= self.beta { error - half * self.beta } else { half * error * (error / self.beta) }
    }

    fn slopes(self, x: T, t: T) -> [T; 2] {
        let error = x - t;
        let slope = if error.abs() >= self.beta { error.sign() } else { error / self.beta };
        [slope, -slope]
    }
}

/// The mean of `e² / 2` for errors `e = prediction - target` below 1, `|e| - 1/2` from there on: at this
/// `beta` of 1 the same as [`huber`](crate::huber). Girshick 2015, "Fast R-CNN".
///
/// ```
/// use nn::smooth_l1;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let loss = smooth_l1(tape.var(&array![0.5, 4.0])?, tape.constant(&array![0.0, 0.0])?)?;
/// assert_eq!(loss.item()?, (0.125 + 3.5) / 2.0);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for two shapes, since nothing is broadcast, and for no
/// elements.
pub fn smooth_l1<'t, T: Element>(prediction: Var<'t, T>, target: Var<'t, T>) -> Result<Var<'t, T>> {
    smooth_l1_with(prediction, target, &SmoothL1Config::default())
}

/// `e² / (2 beta)` for `|e| < beta`, `|e| - beta / 2` from there on: the Huber loss over its `delta`, so that
/// the line has the slope 1 for every `beta`. With a `beta` of 0 it is [`mae`](crate::mae).
///
/// ```
/// use nn::{Reduction, SmoothL1Config, smooth_l1_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let y = tape.var(&array![1.0, 4.0])?;
/// let t = tape.constant(&array![0.0, 0.0])?;
/// let losses = smooth_l1_with(y, t, &SmoothL1Config { beta: 2.0, reduction: Reduction::None })?;
/// assert_eq!(losses.value()?, array![0.25, 3.0].into_dyn());
/// assert_eq!(tape.backward(losses.sum()?)?.wrt(y)?, array![0.5, 1.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a `beta` below 0; otherwise as [`smooth_l1`].
pub fn smooth_l1_with<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    config: &SmoothL1Config,
) -> Result<Var<'t, T>> {
    not_negative("smooth_l1", "beta", config.beta)?;
    let beta = T::from_f64(config.beta);
    // Also of a beta that is too small for the type.
    if beta == T::zero() {
        return mae_with(prediction, target, config.reduction);
    }
    Smooth { beta }.record(prediction, target, config.reduction)
}
