//! The Huber loss.

use super::pair::{Pair, positive};
use crate::Result;
use tensor::{Element, Reduction, Var};

/// How [`huber_with`] counts; PyTorch's conventions.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `delta` | 1 | the error at which the square becomes a line | positive |
/// | `reduction` | `Mean` | what becomes of the losses; the mean divides by the number of elements | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HuberConfig {
    /// The error at which the square becomes a line.
    pub delta: f64,
    /// What becomes of the losses of the elements.
    pub reduction: Reduction,
}

impl Default for HuberConfig {
    fn default() -> Self {
        Self { delta: 1.0, reduction: Reduction::Mean }
    }
}

#[derive(Debug, Clone, Copy)]
struct Huber<T> {
    delta: T,
}

impl<T: Element> Pair<T> for Huber<T> {
    const NAME: &'static str = "huber";

    fn value(self, x: T, t: T) -> T {
        let (error, half) = ((x - t).abs(), T::from_f64(0.5));
        if error > self.delta { self.delta * (error - half * self.delta) } else { half * (error * error) }
    }

    fn slopes(self, x: T, t: T) -> [T; 2] {
        let error = x - t;
        let slope = if error.abs() > self.delta { self.delta * error.sign() } else { error };
        [slope, -slope]
    }
}

/// The mean of the Huber losses with a `delta` of 1: `e² / 2` for an error `e = prediction - target` of up to
/// 1, `|e| - 1/2` beyond. Outliers pull with a bounded force. Huber 1964, "Robust estimation of a location
/// parameter".
///
/// ```
/// use nn::huber;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let y = tape.var(&array![0.5, 4.0])?;
/// let loss = huber(y, tape.constant(&array![0.0, 0.0])?)?;
/// assert_eq!(loss.item()?, (0.125 + 3.5) / 2.0);
/// assert_eq!(tape.backward(loss)?.wrt(y)?, array![0.25, 0.5].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for two shapes, since nothing is broadcast, and for no
/// elements.
pub fn huber<'t, T: Element>(prediction: Var<'t, T>, target: Var<'t, T>) -> Result<Var<'t, T>> {
    huber_with(prediction, target, &HuberConfig::default())
}

/// The Huber losses with `delta` d: `e² / 2` for `|e| <= d`, `d (|e| - d/2)` beyond. Derivative `e`, or d
/// with the sign of `e`.
///
/// ```
/// use nn::{HuberConfig, Reduction, huber_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let (y, t) = (tape.var(&array![1.0, 4.0])?, tape.constant(&array![0.0, 0.0])?);
/// let losses = huber_with(y, t, &HuberConfig { delta: 2.0, reduction: Reduction::None })?;
/// assert_eq!(losses.value()?, array![0.5, 6.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a `delta` that is not positive; otherwise as
/// [`huber`].
pub fn huber_with<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    config: &HuberConfig,
) -> Result<Var<'t, T>> {
    positive("huber", "delta", config.delta)?;
    Huber { delta: T::from_f64(config.delta) }.record(prediction, target, config.reduction)
}
