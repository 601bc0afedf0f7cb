//! A lower rate with every step.

use super::{Schedule, expect_rate};
use crate::Result;

/// The rate times `gamma` after every step: `rate * gamma^step`.
///
/// ```
/// use nn::{ExponentialDecay, Schedule};
///
/// let schedule = ExponentialDecay::new(1.0, 0.5)?;
/// assert_eq!([0, 1, 2].map(|step| schedule.rate(step)), [1.0, 0.5, 0.25]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentialDecay {
    rate: f64,
    gamma: f64,
}

impl ExponentialDecay {
    /// From `rate` on.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a rate or factor that is negative or not finite.
    pub fn new(rate: f64, gamma: f64) -> Result<Self> {
        let owner = "exponential decay";
        expect_rate(owner, "the rate", rate)?;
        expect_rate(owner, "gamma", gamma)?;
        Ok(Self { rate, gamma })
    }
}

impl Schedule for ExponentialDecay {
    fn rate(&self, step: u64) -> f64 {
        self.rate * self.gamma.powf(step as f64)
    }
}
