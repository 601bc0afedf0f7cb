//! How much of what was found is right.

use super::class_ratio::ClassRatio;
use super::confusion_matrix::Counts;
use crate::{Average, Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "precision";

/// The share of right ones among the samples taken for a class: `hits / predicted`. It is 0 for a class that
/// was never predicted, as in scikit-learn.
///
/// ```
/// use nn::{Average, Metric, Precision};
/// use tensor::ndarray::array;
///
/// let mut precision = Precision::binary(0.5)?;
/// precision.update(&array![0.9, 0.8, 0.7, 0.1], &[1, 1, 0, 1])?;
/// assert_eq!(precision.value()?, 2.0 / 3.0);
///
/// let mut precision = Precision::new(2, Average::Macro)?;
/// precision.update(&array![[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], &[0, 1, 0])?;
/// assert_eq!(precision.per_class()?, [1.0, 0.5]);
/// assert_eq!(precision.value()?, 0.75);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Precision {
    ratio: ClassRatio,
}

impl Precision {
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

    /// The precision of each class, whatever the average.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for no samples.
    pub fn per_class(&self) -> Result<Vec<f64>> {
        self.ratio.per_class(NAME, precision)
    }
}

fn precision(counts: Counts) -> [f64; 2] {
    [counts.hits as f64, counts.predicted as f64]
}

impl Metric for Precision {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        self.ratio.update(NAME, prediction, labels)
    }

    fn value(&self) -> Result<f64> {
        self.ratio.value(NAME, precision)
    }

    fn reset(&mut self) {
        self.ratio.reset();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.ratio.merge(NAME, &other.ratio)
    }
}
