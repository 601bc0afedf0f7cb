//! The share of right answers.

use super::decision::Decision;
use super::input::{no_samples, same};
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "accuracy";

/// The share of samples whose class was predicted: `right / samples`.
///
/// ```
/// use nn::{Accuracy, Metric};
/// use tensor::ndarray::array;
///
/// let mut accuracy = Accuracy::binary(0.5)?;
/// accuracy.update(&array![0.5, 0.2, 0.9, 0.4], &[1, 0, 0, 1])?;
/// assert_eq!(accuracy.value()?, 0.5);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Accuracy {
    decision: Decision,
    right: u64,
    count: u64,
}

impl Accuracy {
    /// For scores `[.., classes]`: the largest decides, the first of equal ones.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for fewer than 2 classes.
    pub fn new(classes: usize) -> Result<Self> {
        Ok(Self { decision: Decision::largest(NAME, classes)?, right: 0, count: 0 })
    }

    /// For one score for each sample: class 1 from the threshold on, else class 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a threshold that is not a number.
    pub fn binary(threshold: f64) -> Result<Self> {
        Ok(Self { decision: Decision::threshold(NAME, threshold)?, right: 0, count: 0 })
    }
}

impl Metric for Accuracy {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        let classes = self.decision.decide(NAME, prediction, labels)?;
        self.right += classes.iter().zip(labels).filter(|(class, label)| class == label).count() as u64;
        self.count += labels.len() as u64;
        Ok(())
    }

    fn value(&self) -> Result<f64> {
        if self.count == 0 {
            return Err(no_samples(NAME));
        }
        Ok(self.right as f64 / self.count as f64)
    }

    fn reset(&mut self) {
        (self.right, self.count) = (0, 0);
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        same(NAME, &self.decision, &other.decision)?;
        self.right += other.right;
        self.count += other.count;
        Ok(())
    }
}
