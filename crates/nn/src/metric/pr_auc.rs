//! The area under the curve of precision over recall.

use super::ranking::Ranking;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "pr_auc";

/// The average precision: `Σ_k (R_k - R_(k-1)) P_k` over the distinct scores from the largest, with the
/// precision P and the recall R of class 1 among the samples whose score is not below the k-th. Steps, not
/// straight lines, join the points, which would be too favourable; samples with equal scores make one point.
/// It is 0 without samples of class 1, as in scikit-learn.
///
/// Scores are one for each sample, in any order-preserving scale: probabilities or logits. All are kept,
/// 16 bytes for each sample. Davis and Goadrich 2006, "The relationship between precision-recall and ROC
/// curves".
///
/// ```
/// use nn::{Metric, PrAuc};
/// use tensor::ndarray::array;
///
/// let mut auc = PrAuc::new();
/// auc.update(&array![0.9, 0.8, 0.7, 0.1], &[1, 0, 1, 0])?;
/// // Half of the recall at precision 1, half at 2/3.
/// assert_eq!(auc.value()?, 0.5 * 1.0 + 0.5 * (2.0 / 3.0));
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PrAuc {
    ranking: Ranking,
}

impl PrAuc {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Metric for PrAuc {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        self.ranking.update(NAME, prediction, labels)
    }

    fn value(&self) -> Result<f64> {
        let (ties, all) = self.ranking.ties(NAME)?;
        if all.yes == 0 {
            return Ok(0.0);
        }
        let (mut area, mut yes, mut taken) = (0.0, 0, 0);
        for tie in &ties {
            yes += tie.yes;
            taken += tie.yes + tie.no;
            area += tie.yes as f64 / all.yes as f64 * (yes as f64 / taken as f64);
        }
        Ok(area)
    }

    fn reset(&mut self) {
        self.ranking.reset();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.ranking.merge(&other.ranking);
        Ok(())
    }
}
