//! The area under the receiver operating characteristic.

use super::input::data;
use super::ranking::Ranking;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "roc_auc";

/// The area under the curve of hits over false alarms for all thresholds: how probable it is that a sample of
/// class 1 has a larger score than one of class 0, where equal scores count a half. Hanley and McNeil 1982,
/// "The meaning and use of the area under a receiver operating characteristic (ROC) curve".
///
/// Scores are one for each sample, in any order-preserving scale: probabilities or logits. All are kept,
/// 16 bytes for each sample.
///
/// ```
/// use nn::{Metric, RocAuc};
/// use tensor::ndarray::array;
///
/// let mut auc = RocAuc::new();
/// auc.update(&array![0.9, 0.4, 0.4, 0.1], &[1, 1, 0, 0])?;
/// // Of four pairs three are in order, and one is a tie.
/// assert_eq!(auc.value()?, 3.5 / 4.0);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`value`](Metric::value) is refused, beside for no samples, where all are of one class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RocAuc {
    ranking: Ranking,
}

impl RocAuc {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Metric for RocAuc {
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
        if all.yes == 0 || all.no == 0 {
            let (class, count) = if all.no == 0 { (1, all.yes) } else { (0, all.no) };
            return data(NAME, "samples of both classes", format!("{count} of class {class} alone"));
        }
        // Twice the number of pairs in order, which is a whole number.
        let (mut twice, mut above) = (0_u128, 0_u128);
        for tie in &ties {
            twice += u128::from(tie.no) * (2 * above + u128::from(tie.yes));
            above += u128::from(tie.yes);
        }
        Ok(twice as f64 / (2.0 * all.yes as f64 * all.no as f64))
    }

    fn reset(&mut self) {
        self.ranking.reset();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.ranking.merge(&other.ranking);
        Ok(())
    }
}
