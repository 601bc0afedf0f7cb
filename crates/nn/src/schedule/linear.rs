//! Straight lines.

use super::{Schedule, expect_rate, expect_steps};
use crate::Result;
use crate::optim::settings::within;

/// From `rate * start_factor` up to `rate` in a straight line, and `rate` from step `steps` on.
///
/// Adam's averages and the statistics of norms mean little in the first steps, which a low rate keeps small.
/// What follows the warm-up is put behind it by [`SequentialSchedule`](crate::SequentialSchedule).
///
/// ```
/// use nn::{LinearWarmup, Schedule};
///
/// let schedule = LinearWarmup::new(1.0, 0.5, 2)?;
/// assert_eq!([0, 1, 2, 3].map(|step| schedule.rate(step)), [0.5, 0.75, 1.0, 1.0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearWarmup {
    rate: f64,
    start_factor: f64,
    steps: u64,
}

impl LinearWarmup {
    /// Up to `rate` within so many steps.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a rate that is negative or not finite, a factor
    /// outside of `[0, 1]`, or 0 steps.
    pub fn new(rate: f64, start_factor: f64, steps: u64) -> Result<Self> {
        let owner = "linear warm-up";
        expect_rate(owner, "the rate", rate)?;
        let (name, expected) = ("the factor of the start", "between 0 and 1");
        within(owner, name, expected, start_factor, (0.0..=1.0).contains(&start_factor))?;
        expect_steps(owner, steps)?;
        Ok(Self { rate, start_factor, steps })
    }
}

impl Schedule for LinearWarmup {
    fn rate(&self, step: u64) -> f64 {
        line(self.rate * self.start_factor, self.rate, step, self.steps)
    }
}

/// From one rate to another in a straight line, and the last from step `steps` on.
///
/// ```
/// use nn::{LinearDecay, Schedule};
///
/// let schedule = LinearDecay::new(1.0, 0.0, 4)?;
/// assert_eq!([0, 1, 2, 3, 4, 5].map(|step| schedule.rate(step)), [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearDecay {
    from: f64,
    to: f64,
    steps: u64,
}

impl LinearDecay {
    /// From `from` at step 0 to `to` at step `steps`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a rate that is negative or not finite, or 0 steps.
    pub fn new(from: f64, to: f64, steps: u64) -> Result<Self> {
        let owner = "linear decay";
        expect_rate(owner, "the first rate", from)?;
        expect_rate(owner, "the last rate", to)?;
        expect_steps(owner, steps)?;
        Ok(Self { from, to, steps })
    }
}

impl Schedule for LinearDecay {
    fn rate(&self, step: u64) -> f64 {
        line(self.from, self.to, step, self.steps)
    }
}

fn line(from: f64, to: f64, step: u64, steps: u64) -> f64 {
    if step >= steps { to } else { from + (to - from) * (step as f64 / steps as f64) }
}
