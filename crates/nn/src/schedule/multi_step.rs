//! A lower rate from chosen steps on.

use super::{Schedule, expect_rate};
use crate::{ErrorKind, Result};

/// The rate times `gamma` from every milestone on: `rate * gamma^n` after n milestones.
///
/// ```
/// use nn::{MultiStepDecay, Schedule};
///
/// let schedule = MultiStepDecay::new(1.0, 0.5, &[1, 3])?;
/// assert_eq!([0, 1, 2, 3, 4].map(|step| schedule.rate(step)), [1.0, 0.5, 0.5, 0.25, 0.25]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MultiStepDecay {
    rate: f64,
    gamma: f64,
    milestones: Vec<u64>,
}

impl MultiStepDecay {
    /// From `rate` on.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a rate or factor that is negative or not finite, [`ErrorKind::Data`] for
    /// milestones that do not grow.
    pub fn new(rate: f64, gamma: f64, milestones: &[u64]) -> Result<Self> {
        let owner = "multi-step decay";
        expect_rate(owner, "the rate", rate)?;
        expect_rate(owner, "gamma", gamma)?;
        if !milestones.is_sorted_by(|a, b| a < b) {
            let (expected, got) = ("milestones that grow".to_owned(), format!("{milestones:?}"));
            return Err(ErrorKind::Data { owner, expected, got }.into());
        }
        Ok(Self { rate, gamma, milestones: milestones.to_vec() })
    }
}

impl Schedule for MultiStepDecay {
    fn rate(&self, step: u64) -> f64 {
        let passed = self.milestones.partition_point(|&milestone| milestone <= step);
        self.rate * self.gamma.powf(passed as f64)
    }
}
