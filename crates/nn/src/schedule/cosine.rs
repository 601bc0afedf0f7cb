//! From one rate to another along half a cosine.

use super::{Schedule, expect_rate, expect_steps};
use crate::Result;
use std::f64::consts::PI;

/// From `max` to `min` along half a cosine: `min + (max - min) (1 + cos(π step / steps)) / 2`, and `min` from step
/// `steps` on.
///
/// It does not climb back. Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts".
///
/// ```
/// use nn::{CosineDecay, Schedule};
///
/// let schedule = CosineDecay::new(1.0, 0.5, 2)?;
/// assert_eq!([0, 1, 2, 3].map(|step| schedule.rate(step)), [1.0, 0.75, 0.5, 0.5]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineDecay {
    max: f64,
    min: f64,
    steps: u64,
}

impl CosineDecay {
    /// From `max` at step 0 to `min` at step `steps`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a rate that is negative or not finite, or 0 steps.
    pub fn new(max: f64, min: f64, steps: u64) -> Result<Self> {
        let owner = "cosine decay";
        expect_rate(owner, "the first rate", max)?;
        expect_rate(owner, "the last rate", min)?;
        expect_steps(owner, steps)?;
        Ok(Self { max, min, steps })
    }
}

impl Schedule for CosineDecay {
    fn rate(&self, step: u64) -> f64 {
        cosine(self.max, self.min, step as f64 / self.steps as f64)
    }
}

/// From one rate to another while `part` goes from 0 to 1.
pub(super) fn cosine(from: f64, to: f64, part: f64) -> f64 {
    if part >= 1.0 { to } else { to + (from - to) * 0.5 * (1.0 + (PI * part).cos()) }
}
