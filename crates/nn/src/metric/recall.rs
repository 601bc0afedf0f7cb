//! How much of what is there is found.

use super::class_ratio::ClassRatio;
use super::confusion_matrix::Counts;
use crate::{Average, Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "recall";

/// The share of a class's samples that were recognised: `hits / samples of the class`. It is 0 for a class
/// without samples, as in scikit-learn.
///
/// ```
/// use nn::{Average, Metric, Recall};
/// use tensor::ndarray::array;
///
/// let mut recall = Recall::binary(0.5)?;
/// recall.update(&array![0.9, 0.8, 0.7, 0.1], &[1, 1, 0, 1])?;
/// assert_eq!(recall.value()?, 2.0 / 3.0);
///
/// let mut recall = Recall::new(2, Average::Macro)?;
/// recall.update(&array![[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], &[0, 1, 0])?;
/// assert_eq!(recall.per_class()?, [0.5, 1.0]);
/// assert_eq!(recall.value()?, 0.75);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Recall {
    ratio: ClassRatio,
}

impl Recall {
    /// Of several classes, from scores `[.., classes]`: the largest decides, the first of equal ones.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for fewer than 2 classes.
    pub fn new(classes: usize, average: Average) -> Result<Self> {
        Ok(Self { ratio: ClassRatio::new(NAME, classes, average)? })
    }

    /// Of class 1, from one score for each sample: class 1 from the threshold on, else class 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a threshold that is not a number.
    pub fn binary(threshold: f64) -> Result<Self> {
        Ok(Self { ratio: ClassRatio::binary(NAME, threshold)? })
    }

    /// The recall of each class, whatever the average.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for no samples.
    pub fn per_class(&self) -> Result<Vec<f64>> {
        self.ratio.per_class(NAME, recall)
    }
}

fn recall(counts: Counts) -> [f64; 2] {
    [counts.hits as f64, counts.support as f64]
}

impl Metric for Recall {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        self.ratio.update(NAME, prediction, labels)
    }

    fn value(&self) -> Result<f64> {
        self.ratio.value(NAME, recall)
    }

    fn reset(&mut self) {
        self.ratio.reset();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.ratio.merge(NAME, &other.ratio)
    }
}
