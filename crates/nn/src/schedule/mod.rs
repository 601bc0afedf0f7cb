//! Schedules of learning rates, one per file.

mod constant;
mod cosine;
mod exponential;
mod linear;
mod multi_step;
mod one_cycle;
mod plateau;
mod sequential;
mod step;

pub use constant::ConstantRate;
pub use cosine::CosineDecay;
pub use exponential::ExponentialDecay;
pub use linear::{LinearDecay, LinearWarmup};
pub use multi_step::MultiStepDecay;
pub use one_cycle::{OneCycle, OneCycleConfig};
pub use plateau::{Goal, PlateauConfig, ReduceOnPlateau, Threshold};
pub use sequential::SequentialSchedule;
pub use step::StepDecay;

use crate::optim::settings::{not_negative, within};
use crate::{ErrorKind, Result};

/// The learning rate at every step, counted from 0; what a step is, an update or an epoch, is the caller's choice.
///
/// Asking for a rate changes nothing: a schedule is a function of the step, and the first rate is that of step 0.
/// The one schedule that learns from the training is [`ReduceOnPlateau`], through [`observe`](Self::observe).
/// A closure is a schedule too.
///
/// ```
/// use nn::{CosineDecay, Optimizer, Schedule, Sgd};
///
/// let schedule = CosineDecay::new(1.0, 0.0, 4)?;
/// let mut sgd = Sgd::<f32>::new(1.0)?;
/// let mut rates = Vec::new();
/// for step in 0..5 {
///     sgd.set_rate(schedule.rate(step))?;
///     rates.push((sgd.rate() * 1e4).round() / 1e4);
/// }
/// assert_eq!(rates, [1.0, 0.8536, 0.5, 0.1464, 0.0]);
///
/// let own = |step: u64| 1.0 / (1.0 + step as f64);
/// assert_eq!(own.rate(3), 0.25);
/// # Ok::<(), nn::Error>(())
/// ```
pub trait Schedule: Send + Sync {
    /// The learning rate of a step, counted from 0.
    fn rate(&self, step: u64) -> f64;

    /// Tells the schedule how the training goes, such as the loss on held-out data after `step`. Most do not
    /// listen.
    fn observe(&mut self, step: u64, metric: f64) {
        let _ = (step, metric);
    }

    /// What was learnt from observations, for a checkpoint; nothing for most.
    fn state(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Goes on where the schedule that gave this state was.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for numbers that are no state of such a schedule; nothing is changed then.
    fn restore(&mut self, state: &[f64]) -> Result<()> {
        expect_count("schedule", 0, state)
    }
}

impl<F: Fn(u64) -> f64 + Send + Sync> Schedule for F {
    fn rate(&self, step: u64) -> f64 {
        self(step)
    }
}

impl<'a> Schedule for Box<dyn Schedule + 'a> {
    fn rate(&self, step: u64) -> f64 {
        (**self).rate(step)
    }

    fn observe(&mut self, step: u64, metric: f64) {
        (**self).observe(step, metric);
    }

    fn state(&self) -> Vec<f64> {
        (**self).state()
    }

    fn restore(&mut self, state: &[f64]) -> Result<()> {
        (**self).restore(state)
    }
}

/// Refuses a state of another length.
fn expect_count(owner: &'static str, expected: usize, state: &[f64]) -> Result<()> {
    if state.len() == expected {
        return Ok(());
    }
    let (expected, got) = (format!("a state of {expected} numbers"), state.len().to_string());
    Err(ErrorKind::Data { owner, expected, got }.into())
}

/// Refuses a rate that is negative or not finite.
fn expect_rate(owner: &'static str, name: &'static str, rate: f64) -> Result<()> {
    not_negative(owner, name, rate)
}

/// Refuses a period without a step.
fn expect_steps(owner: &'static str, steps: u64) -> Result<()> {
    within(owner, "the number of steps", "positive", steps as f64, steps > 0)
}
