//! Up to a high rate and far down again.

use super::cosine::cosine;
use super::{Schedule, expect_rate, expect_steps};
use crate::Result;
use crate::optim::settings::within;

/// Settings of [`OneCycle`].
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `max_rate` | 1e-2 | the highest rate | finite, not negative |
/// | `steps` | 1000 | the length of the cycle | at least 2 |
/// | `rise` | 0.3 | the share of the cycle that goes up | `(0, 1)` |
/// | `start_divisor` | 25 | the first rate is the highest divided by this | at least 1 |
/// | `end_divisor` | 1e4 | the last rate is the first divided by this | at least 1 |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycleConfig {
    /// The highest rate.
    pub max_rate: f64,
    /// The length of the cycle.
    pub steps: u64,
    /// The share of the cycle that goes up.
    pub rise: f64,
    /// The first rate is the highest divided by this.
    pub start_divisor: f64,
    /// The last rate is the first divided by this.
    pub end_divisor: f64,
}

impl Default for OneCycleConfig {
    fn default() -> Self {
        Self { max_rate: 1e-2, steps: 1000, rise: 0.3, start_divisor: 25.0, end_divisor: 1e4 }
    }
}

/// From a low rate up to `max_rate` along half a cosine, then along another to a rate far below the first, which is
/// reached at step `steps - 1` and stays.
///
/// As PyTorch's `OneCycleLR` without its cycle of momenta. Smith and Topin 2018, "Super-convergence: very fast
/// training of neural networks using large learning rates".
///
/// ```
/// use nn::{OneCycle, OneCycleConfig, Schedule};
///
/// let config =
///     OneCycleConfig { max_rate: 1.0, steps: 6, rise: 0.5, start_divisor: 4.0, end_divisor: 2.5 };
/// let schedule = OneCycle::new(config)?;
/// // Up in 6 * 0.5 - 1 steps, down in the other 3.
/// let rates = [0, 1, 2, 5, 9].map(|step| (schedule.rate(step) * 1e9).round() / 1e9);
/// assert_eq!(rates, [0.25, 0.625, 1.0, 0.1, 0.1]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycle {
    config: OneCycleConfig,
}

impl OneCycle {
    /// One cycle with these settings.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range.
    pub fn new(config: OneCycleConfig) -> Result<Self> {
        let owner = "one cycle";
        expect_rate(owner, "the highest rate", config.max_rate)?;
        expect_steps(owner, config.steps.saturating_sub(1))?;
        within(
            owner,
            "the rising share",
            "between 0 and 1",
            config.rise,
            config.rise > 0.0 && config.rise < 1.0,
        )?;
        for (name, got) in [
            ("the divisor of the start", config.start_divisor),
            ("the divisor of the end", config.end_divisor),
        ] {
            within(owner, name, "finite and at least 1", got, got.is_finite() && got >= 1.0)?;
        }
        Ok(Self { config })
    }
}

impl Schedule for OneCycle {
    fn rate(&self, step: u64) -> f64 {
        let OneCycleConfig { max_rate, steps, rise, start_divisor, end_divisor } = self.config;
        let (first, last) = (max_rate / start_divisor, max_rate / start_divisor / end_divisor);
        let (step, end) = (step as f64, steps as f64 - 1.0);
        // The top may lie between two steps, and before step 0 in a short cycle.
        let top = rise * steps as f64 - 1.0;
        if step <= top && top > 0.0 {
            cosine(first, max_rate, step / top)
        } else {
            cosine(max_rate, last, (step - top) / (end - top))
        }
    }
}
