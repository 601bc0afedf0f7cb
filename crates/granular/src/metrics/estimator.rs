//! How a score estimates the spread of a sample.

use crate::error::{ErrorKind, Result};

/// How [`crps_samples`](crate::crps_samples()) and [`energy_score`](crate::energy_score()) estimate the mean distance of
/// two draws from k samples.
///
/// Ferro, *Fair scores for ensemble forecasts*, QJRMS 140 (2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Estimator {
    /// Over the `k (k − 1)` pairs of different samples: right on average for the distribution they were drawn from, so
    /// that forecasts with different k can be compared. It needs two samples, and a single value may be negative.
    #[default]
    Fair,
    /// Over all `k²` pairs: the score of the empirical distribution itself, never negative; it punishes a small k.
    Plain,
}

impl Estimator {
    /// The number of pairs, if there are enough samples.
    pub(super) fn pairs(self, k: usize) -> Result<f64> {
        let (needed, pairs) = match self {
            Self::Fair => (2, k * k.saturating_sub(1)),
            Self::Plain => (1, k * k),
        };
        if k < needed {
            return Err(ErrorKind::FewSamples { what: "score", needed, got: k }.into());
        }
        Ok(pairs as f64)
    }
}
