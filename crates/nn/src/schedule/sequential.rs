//! One schedule after the other.

use super::{Schedule, expect_count};
use crate::{ErrorKind, Result};
use std::fmt;

const OWNER: &str = "sequential schedule";

/// One schedule after the other, each from a step of its own on, which it counts as 0.
///
/// ```
/// use nn::{CosineDecay, LinearWarmup, Schedule, SequentialSchedule};
///
/// let schedule = SequentialSchedule::new(LinearWarmup::new(1.0, 0.5, 2)?)
///     .then(2, CosineDecay::new(1.0, 0.0, 2)?)?;
/// let rates = [0, 1, 2, 3, 4, 9].map(|step| (schedule.rate(step) * 1e9).round() / 1e9);
/// assert_eq!(rates, [0.5, 0.75, 1.0, 0.5, 0.0, 0.0]);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// What is observed goes to the schedule of that step; the state is that of all, one after the other.
pub struct SequentialSchedule {
    /// The first step of each.
    parts: Vec<(u64, Box<dyn Schedule>)>,
}

impl SequentialSchedule {
    /// This schedule from step 0 on.
    pub fn new(first: impl Schedule + 'static) -> Self {
        Self { parts: vec![(0, Box::new(first))] }
    }

    /// Another schedule from step `milestone` on.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a milestone that is not behind those before.
    pub fn then(mut self, milestone: u64, next: impl Schedule + 'static) -> Result<Self> {
        let before = self.parts.last().map_or(0, |part| part.0);
        if milestone <= before {
            let (expected, got) = (format!("a milestone after {before}"), milestone.to_string());
            return Err(ErrorKind::Data { owner: OWNER, expected, got }.into());
        }
        self.parts.push((milestone, Box::new(next)));
        Ok(self)
    }

    /// The place of the schedule of a step.
    fn part(&self, step: u64) -> usize {
        self.parts.partition_point(|part| part.0 <= step).saturating_sub(1)
    }
}

impl Schedule for SequentialSchedule {
    fn rate(&self, step: u64) -> f64 {
        let (start, part) = &self.parts[self.part(step)];
        part.rate(step - start)
    }

    fn observe(&mut self, step: u64, metric: f64) {
        let at = self.part(step);
        let (start, part) = &mut self.parts[at];
        part.observe(step - *start, metric);
    }

    fn state(&self) -> Vec<f64> {
        self.parts.iter().flat_map(|(_, part)| part.state()).collect()
    }

    fn restore(&mut self, state: &[f64]) -> Result<()> {
        let before: Vec<_> = self.parts.iter().map(|(_, part)| part.state()).collect();
        expect_count(OWNER, before.iter().map(Vec::len).sum(), state)?;
        let mut rest = state;
        for at in 0..self.parts.len() {
            let (own, more) = rest.split_at(before[at].len());
            rest = more;
            if let Err(error) = self.parts[at].1.restore(own) {
                for ((_, part), before) in self.parts[..at].iter_mut().zip(&before) {
                    part.restore(before)?;
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SequentialSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let starts: Vec<_> = self.parts.iter().map(|part| part.0).collect();
        f.debug_struct("SequentialSchedule").field("starts", &starts).finish()
    }
}
