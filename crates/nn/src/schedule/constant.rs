//! One rate for all steps.

use super::{Schedule, expect_rate};
use crate::Result;

/// The same rate at every step.
///
/// ```
/// use nn::{ConstantRate, Schedule};
///
/// assert_eq!(ConstantRate::new(0.1)?.rate(1000), 0.1);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConstantRate {
    rate: f64,
}

impl ConstantRate {
    /// This rate.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a rate that is negative or not finite.
    pub fn new(rate: f64) -> Result<Self> {
        expect_rate("constant rate", "the rate", rate)?;
        Ok(Self { rate })
    }
}

impl Schedule for ConstantRate {
    fn rate(&self, _: u64) -> f64 {
        self.rate
    }
}
