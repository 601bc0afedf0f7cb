//! A lower rate when nothing gets better any more.

use super::{Schedule, expect_count, expect_rate};
use crate::optim::settings::{not_negative, within};
use crate::{ErrorKind, Result};

const OWNER: &str = "reduce on plateau";

/// Which way a metric gets better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Less is better, such as a loss.
    Min,
    /// More is better, such as an accuracy.
    Max,
}

/// How much better than the best a metric has to be to count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// By this share of the best one's absolute value.
    Relative(f64),
    /// By this much.
    Absolute(f64),
}

/// Settings of [`ReduceOnPlateau`].
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `rate` | 1e-3 | the first rate | finite, not negative |
/// | `goal` | `Min` | which way the metric gets better | |
/// | `factor` | 0.1 | what the rate is multiplied by | `(0, 1)` |
/// | `patience` | 10 | how many observations in a row may be no better | |
/// | `threshold` | `Relative(1e-4)` | how much better counts | finite, not negative |
/// | `cooldown` | 0 | how many observations after a reduction do not count as bad | |
/// | `min_rate` | 0 | where reductions end | finite, not negative |
/// | `min_change` | 1e-8 | a reduction by no more than this is left out | finite, not negative |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlateauConfig {
    /// The first rate.
    pub rate: f64,
    /// Which way the metric gets better.
    pub goal: Goal,
    /// What the rate is multiplied by.
    pub factor: f64,
    /// How many observations in a row may be no better.
    pub patience: u64,
    /// How much better counts.
    pub threshold: Threshold,
    /// How many observations after a reduction do not count as bad.
    pub cooldown: u64,
    /// Where reductions end.
    pub min_rate: f64,
    /// A reduction by no more than this is left out.
    pub min_change: f64,
}

impl Default for PlateauConfig {
    fn default() -> Self {
        Self {
            rate: 1e-3,
            goal: Goal::Min,
            factor: 0.1,
            patience: 10,
            threshold: Threshold::Relative(1e-4),
            cooldown: 0,
            min_rate: 0.0,
            min_change: 1e-8,
        }
    }
}

/// A rate that is multiplied by `factor` whenever a metric was no better for more than `patience` observations in
/// a row; by PyTorch's conventions.
///
/// The rate is the same at every step until [`observe`](Schedule::observe) changes it. A metric that is not a
/// number is no better. A relative threshold is a share of the best one's absolute value, so that negative metrics
/// work too.
///
/// ```
/// use nn::{PlateauConfig, ReduceOnPlateau, Schedule};
///
/// let config = PlateauConfig { rate: 1.0, factor: 0.5, patience: 1, ..PlateauConfig::default() };
/// let mut schedule = ReduceOnPlateau::new(config)?;
/// let losses = [3.0, 2.0, 2.0, 2.0, 1.0];
/// let mut rates = Vec::new();
/// for (epoch, loss) in (0..).zip(losses) {
///     schedule.observe(epoch, loss);
///     rates.push(schedule.rate(epoch + 1));
/// }
/// assert_eq!(rates, [1.0, 1.0, 1.0, 0.5, 0.5]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ReduceOnPlateau {
    config: PlateauConfig,
    rate: f64,
    best: f64,
    /// Observations in a row that were no better.
    bad: u64,
    /// Observations that do not count as bad yet.
    cooldown: u64,
}

impl ReduceOnPlateau {
    /// A schedule with these settings that observed nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a setting outside of its range.
    pub fn new(config: PlateauConfig) -> Result<Self> {
        let PlateauConfig { rate, goal, factor, threshold, min_rate, min_change, .. } = config;
        expect_rate(OWNER, "the rate", rate)?;
        expect_rate(OWNER, "the lowest rate", min_rate)?;
        within(OWNER, "factor", "between 0 and 1", factor, factor > 0.0 && factor < 1.0)?;
        let (Threshold::Relative(least) | Threshold::Absolute(least)) = threshold;
        not_negative(OWNER, "the threshold", least)?;
        not_negative(OWNER, "the smallest change", min_change)?;
        let best = match goal {
            Goal::Min => f64::INFINITY,
            Goal::Max => f64::NEG_INFINITY,
        };
        Ok(Self { config, rate, best, bad: 0, cooldown: 0 })
    }

    /// The best metric so far; infinite before the first.
    pub fn best(&self) -> f64 {
        self.best
    }

    fn is_better(&self, metric: f64) -> bool {
        let margin = match self.config.threshold {
            // Anything is better than nothing.
            _ if self.best.is_infinite() => 0.0,
            Threshold::Relative(share) => share * self.best.abs(),
            Threshold::Absolute(margin) => margin,
        };
        match self.config.goal {
            Goal::Min => metric < self.best - margin,
            Goal::Max => metric > self.best + margin,
        }
    }
}

impl Schedule for ReduceOnPlateau {
    fn rate(&self, _: u64) -> f64 {
        self.rate
    }

    fn observe(&mut self, _: u64, metric: f64) {
        if self.is_better(metric) {
            (self.best, self.bad) = (metric, 0);
        } else {
            self.bad += 1;
        }
        if self.cooldown > 0 {
            (self.cooldown, self.bad) = (self.cooldown - 1, 0);
        }
        if self.bad > self.config.patience {
            let reduced = (self.rate * self.config.factor).max(self.config.min_rate);
            if self.rate - reduced > self.config.min_change {
                self.rate = reduced;
            }
            (self.cooldown, self.bad) = (self.config.cooldown, 0);
        }
    }

    /// The rate, the best metric, how many were no better in a row, how many do not count yet.
    fn state(&self) -> Vec<f64> {
        vec![self.rate, self.best, self.bad as f64, self.cooldown as f64]
    }

    fn restore(&mut self, state: &[f64]) -> Result<()> {
        expect_count(OWNER, 4, state)?;
        let (rate, best) = (state[0], state[1]);
        let is_count = |x: f64| x >= 0.0 && x.fract() == 0.0 && x <= u64::MAX as f64;
        if !(rate.is_finite() && rate >= 0.0 && !best.is_nan() && state[2..].iter().all(|&x| is_count(x))) {
            let (expected, got) = ("a rate, a number and two counts".to_owned(), format!("{state:?}"));
            return Err(ErrorKind::Data { owner: OWNER, expected, got }.into());
        }
        (self.rate, self.best) = (rate, best);
        (self.bad, self.cooldown) = (state[2] as u64, state[3] as u64);
        Ok(())
    }
}
