//! A lower rate after every so many steps.

use super::{Schedule, expect_rate, expect_steps};
use crate::Result;

/// The rate times `gamma` after every `every` steps: `rate * gamma^⌊step / every⌋`.
///
/// ```
/// use nn::{Schedule, StepDecay};
///
/// let schedule = StepDecay::new(0.5, 0.5, 2)?;
/// assert_eq!([0, 1, 2, 3, 4].map(|step| schedule.rate(step)), [0.5, 0.5, 0.25, 0.25, 0.125]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepDecay {
    rate: f64,
    gamma: f64,
    every: u64,
}

impl StepDecay {
    /// From `rate` on.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a rate or factor that is negative or not finite, or
    /// 0 steps.
    pub fn new(rate: f64, gamma: f64, every: u64) -> Result<Self> {
        let owner = "step decay";
        expect_rate(owner, "the rate", rate)?;
        expect_rate(owner, "gamma", gamma)?;
        expect_steps(owner, every)?;
        Ok(Self { rate, gamma, every })
    }
}

impl Schedule for StepDecay {
    fn rate(&self, step: u64) -> f64 {
        self.rate * self.gamma.powf((step / self.every) as f64)
    }
}
