//! What precision, recall and their mean have in common: a ratio of counts for each class.

use super::average::Average;
use super::confusion_matrix::{ConfusionMatrix, Counts};
use super::decision::Decision;
use super::input::{no_samples, same};
use crate::Result;
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

/// A ratio `numerator / denominator` of the counts of a class, and how classes become one number: `None` for
/// class 1 alone.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClassRatio {
    matrix: ConfusionMatrix,
    average: Option<Average>,
}

impl ClassRatio {
    pub(super) fn new(owner: &'static str, classes: usize, average: Average) -> Result<Self> {
        let matrix = ConfusionMatrix::with(Decision::largest(owner, classes)?);
        Ok(Self { matrix, average: Some(average) })
    }

    pub(super) fn binary(owner: &'static str, threshold: f64) -> Result<Self> {
        let matrix = ConfusionMatrix::with(Decision::threshold(owner, threshold)?);
        Ok(Self { matrix, average: None })
    }

    pub(super) fn update<T: Element, D: Dimension>(
        &mut self,
        owner: &'static str,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        self.matrix.add(owner, prediction, labels)
    }

    pub(super) fn reset(&mut self) {
        self.matrix.clear();
    }

    pub(super) fn merge(&mut self, owner: &'static str, other: &Self) -> Result<()> {
        same(owner, &self.average, &other.average)?;
        self.matrix.join(owner, &other.matrix)
    }

    fn classes(&self) -> impl Iterator<Item = Counts> {
        (0..self.matrix.classes()).map(|class| self.matrix.of_class(class))
    }

    /// The ratio of each class.
    pub(super) fn per_class(
        &self,
        owner: &'static str,
        ratio: impl Fn(Counts) -> [f64; 2],
    ) -> Result<Vec<f64>> {
        if self.matrix.samples() == 0 {
            return Err(no_samples(owner));
        }
        Ok(self.classes().map(|counts| quotient(ratio(counts))).collect())
    }

    /// The ratio of class 1, or what the classes average to.
    pub(super) fn value(&self, owner: &'static str, ratio: impl Fn(Counts) -> [f64; 2]) -> Result<f64> {
        if self.matrix.samples() == 0 {
            return Err(no_samples(owner));
        }
        let mean = |weight: fn(&Counts) -> f64| {
            let weigh = |counts: Counts| [weight(&counts) * quotient(ratio(counts)), weight(&counts)];
            quotient(self.classes().map(weigh).fold([0.0, 0.0], |a, b| [a[0] + b[0], a[1] + b[1]]))
        };
        Ok(match self.average {
            None => quotient(ratio(self.matrix.of_class(1))),
            Some(Average::Macro) => mean(|counts| f64::from(u8::from(counts.support + counts.predicted > 0))),
            Some(Average::Weighted) => mean(|counts| counts.support as f64),
            Some(Average::Micro) => {
                let all = self.classes().fold(Counts::default(), |a, b| Counts {
                    hits: a.hits + b.hits,
                    support: a.support + b.support,
                    predicted: a.predicted + b.predicted,
                });
                quotient(ratio(all))
            }
        })
    }
}

/// 0 where there is nothing to divide by, as scikit-learn's `zero_division` is unless set.
fn quotient([numerator, denominator]: [f64; 2]) -> f64 {
    if denominator == 0.0 { 0.0 } else { numerator / denominator }
}
