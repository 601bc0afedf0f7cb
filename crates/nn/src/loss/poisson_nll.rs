//! The negative log-likelihood of counts.

use super::pair::{fits, not_negative, reduce};
use crate::Result;
use std::f64::consts::TAU;
use tensor::{Element, Reduction, Var};

const NAME: &str = "poisson_nll";

/// How [`poisson_nll_with`] counts; PyTorch's conventions.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `log_input` | true | whether predictions are logarithms of rates, or rates | |
/// | `full` | false | whether Stirling's approximation of `ln(target!)` is added, which no gradient of predictions depends on | |
/// | `eps` | 1e-8 | what is added to rates before their logarithm | at least 0 |
/// | `reduction` | `Mean` | what becomes of the losses; the mean divides by the number of elements | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoissonNllConfig {
    /// Whether predictions are logarithms of rates.
    pub log_input: bool,
    /// Whether Stirling's approximation of the term without predictions is added.
    pub full: bool,
    /// What is added to rates before their logarithm.
    pub eps: f64,
    /// What becomes of the losses of the elements.
    pub reduction: Reduction,
}

impl Default for PoissonNllConfig {
    fn default() -> Self {
        Self { log_input: true, full: false, eps: 1e-8, reduction: Reduction::Mean }
    }
}

/// The mean negative log-likelihood of counts `t` under Poisson distributions whose rates have the predicted
/// logarithms `x`, but for a term without `x`: `Σ (e^x - t x) / n`. Derivative `(e^x - t) / n`.
///
/// ```
/// use nn::poisson_nll;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![0.0, 0.0])?;
/// let loss = poisson_nll(x, tape.constant(&array![1.0, 3.0])?)?;
/// assert_eq!(loss.item()?, 1.0);
/// assert_eq!(tape.backward(loss)?.wrt(x)?, array![0.0, -1.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for two shapes, since nothing is broadcast, and for no
/// elements.
pub fn poisson_nll<'t, T: Element>(prediction: Var<'t, T>, target: Var<'t, T>) -> Result<Var<'t, T>> {
    poisson_nll_with(prediction, target, &PoissonNllConfig::default())
}

/// The negative log-likelihoods `e^x - t x` of counts `t` for predicted logarithms of rates, or
/// `x - t ln(x + eps)` for predicted rates. `full` adds Stirling's approximation
/// `t ln t - t + ln(2π t) / 2` of `ln(t!)` where `t > 1`.
///
/// ```
/// use nn::{PoissonNllConfig, poisson_nll_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let rates = tape.var(&array![1.0, 1.0])?;
/// let counts = tape.constant(&array![0.0, 4.0])?;
/// let mut config = PoissonNllConfig { log_input: false, eps: 0.0, ..Default::default() };
/// assert_eq!(poisson_nll_with(rates, counts, &config)?.item()?, 1.0);
/// config.full = true;
/// // ln 4! is 3.178, its approximation 3.157.
/// let full = poisson_nll_with(rates, counts, &config)?.item()?;
/// assert!((full - (1.0 + 3.157 / 2.0)).abs() < 1e-3);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for an `eps` below 0; otherwise as [`poisson_nll`],
/// where no elements are refused for a mean alone.
pub fn poisson_nll_with<'t, T: Element>(
    prediction: Var<'t, T>,
    target: Var<'t, T>,
    config: &PoissonNllConfig,
) -> Result<Var<'t, T>> {
    not_negative(NAME, "eps", config.eps)?;
    fits(NAME, &prediction.shape()?, &target.shape()?, config.reduction == Reduction::Mean)?;
    let (rate, log) = if config.log_input {
        (prediction.exp()?, prediction)
    } else {
        (prediction, prediction.shift(T::from_f64(config.eps))?.ln()?)
    };
    let losses = rate.sub(target.mul(log)?)?;
    let losses = if config.full { losses.add(stirling(target)?)? } else { losses };
    reduce(losses, config.reduction)
}

/// `t ln t - t + ln(2π t) / 2` where t > 1, else 0.
fn stirling<T: Element>(target: Var<'_, T>) -> Result<Var<'_, T>> {
    // From 1 on everything is finite, so that the mask may be a factor.
    let t = target.clamp(T::one(), T::from_f64(f64::INFINITY))?;
    let mask = t.shift(-T::one())?.sign()?;
    let log = t.ln()?;
    let half = log.scale(T::from_f64(0.5))?.shift(T::from_f64(0.5 * TAU.ln()))?;
    Ok(t.mul(log)?.sub(t)?.add(half)?.mul(mask)?)
}
