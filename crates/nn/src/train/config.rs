//! The settings of a training run.

use crate::{ErrorKind, Result};

/// Which weights a model has after training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Those of the epoch with the best score, where the run is validated.
    #[default]
    Best,
    /// Those of the last epoch.
    Last,
}

/// How [`Trainer`](crate::Trainer) trains.
///
/// | field | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `epochs` | 10 | how often every row is used, counted from the start of the first run | |
/// | `seed` | 0 | of dropout's random numbers; the loader has its own | |
/// | `parts` | 1 | pieces that a batch is cut into, computed side by side by threads | at least 1 |
/// | `accumulate` | 1 | batches whose gradients make one step | at least 1 |
/// | `prefetch` | 0 | batches that a thread of its own makes ahead | |
/// | `clip_norm` | `None` | the largest length of all gradients together | positive |
/// | `patience` | `None` | epochs without a better score before the run stops | at least 1 |
/// | `least_gain` | 0 | by how much a score has to be better | finite, not negative |
/// | `keep` | `Best` | which weights stay | |
///
/// The number of parts belongs to the result as the batch size does: sums over parts are rounded in another
/// place, and normalisation sees a part at a time. The number of threads does not.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerConfig {
    /// How often every row is used.
    pub epochs: usize,
    /// The seed of dropout's random numbers.
    pub seed: u64,
    /// Pieces that a batch is cut into.
    pub parts: usize,
    /// Batches whose gradients make one step.
    pub accumulate: usize,
    /// Batches that a thread of its own makes ahead.
    pub prefetch: usize,
    /// The largest length of all gradients together.
    pub clip_norm: Option<f64>,
    /// Epochs without a better score before the run stops.
    pub patience: Option<usize>,
    /// By how much a score has to be better.
    pub least_gain: f64,
    /// Which weights stay.
    pub keep: Keep,
}

impl Default for TrainerConfig {
    fn default() -> Self {
        Self {
            epochs: 10,
            seed: 0,
            parts: 1,
            accumulate: 1,
            prefetch: 0,
            clip_norm: None,
            patience: None,
            least_gain: 0.0,
            keep: Keep::Best,
        }
    }
}

impl TrainerConfig {
    pub(super) fn check(&self) -> Result<()> {
        let refuse =
            |name, expected, got| Err(ErrorKind::Setting { owner: "trainer", name, expected, got }.into());
        let counts =
            [("parts", Some(self.parts)), ("accumulate", Some(self.accumulate)), ("patience", self.patience)];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == Some(0)) {
            return refuse(name, "at least 1", 0.0);
        }
        match self.clip_norm {
            Some(max) if !(max > 0.0 && max.is_finite()) => {
                return refuse("clip_norm", "positive and finite", max);
            }
            _ => {}
        }
        if self.least_gain >= 0.0 && self.least_gain.is_finite() {
            Ok(())
        } else {
            refuse("least_gain", "finite and not negative", self.least_gain)
        }
    }
}
