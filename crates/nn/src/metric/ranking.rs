//! Samples in the order of their scores: what curves over all thresholds are made of.

use super::input::{no_samples, scores};
use crate::Result;
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

/// Every score, and whether its label is 1. All are kept: a curve over all thresholds needs them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ranking {
    samples: Vec<(f64, bool)>,
}

/// Samples with one score.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tie {
    pub(super) yes: u64,
    pub(super) no: u64,
}

impl Ranking {
    pub(super) fn update<T: Element, D: Dimension>(
        &mut self,
        owner: &'static str,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        let scores = scores(owner, prediction, labels, (1, 2))?;
        self.samples.extend(scores.into_iter().zip(labels.iter().map(|&label| label == 1)));
        Ok(())
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.samples.extend_from_slice(&other.samples);
    }

    pub(super) fn reset(&mut self) {
        self.samples.clear();
    }

    /// The samples of each score, from the largest, and of all together.
    pub(super) fn ties(&self, owner: &'static str) -> Result<(Vec<Tie>, Tie)> {
        if self.samples.is_empty() {
            return Err(no_samples(owner));
        }
        let mut sorted = self.samples.clone();
        // Zeros of both signs stand beside each other, and are equal below.
        sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let count = |samples: &[(f64, bool)]| {
            let yes = samples.iter().filter(|sample| sample.1).count();
            Tie { yes: yes as u64, no: (samples.len() - yes) as u64 }
        };
        Ok((sorted.chunk_by(|a, b| a.0 == b.0).map(count).collect(), count(&sorted)))
    }
}
