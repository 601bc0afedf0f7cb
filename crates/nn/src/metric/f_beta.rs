//! The weighted harmonic mean of precision and recall.

use super::class_ratio::ClassRatio;
use super::confusion_matrix::Counts;
use super::input::same;
use crate::{Average, ErrorKind, Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "f_beta";

/// The harmonic mean of precision and recall, where recall counts β² times as much:
/// `(1 + β²) hits / (predicted + β² samples)` of a class; with a β of 1 the F1-score. It is 0 for a class that
/// is neither among the labels nor among the predictions, as in scikit-learn. An average is that of the
/// scores of the classes.
///
/// ```
/// use nn::{FBeta, Metric};
/// use tensor::ndarray::array;
///
/// // Precision 2/3, recall 1/2.
/// let (scores, labels) = (array![0.9, 0.8, 0.7, 0.1, 0.2], [1, 1, 0, 1, 1]);
/// let mut f1 = FBeta::binary(1.0, 0.5)?;
/// f1.update(&scores, &labels)?;
/// assert_eq!(f1.value()?, 4.0 / 7.0);
/// let mut f2 = FBeta::binary(2.0, 0.5)?;
/// f2.update(&scores, &labels)?;
/// assert_eq!(f2.value()?, 10.0 / 19.0);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FBeta {
    ratio: ClassRatio,
    beta: f64,
}

impl FBeta {
    /// Of several classes, from scores `[.., classes]`: the largest decides, the first of equal ones.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a beta that is not positive or fewer than 2 classes.
    pub fn new(beta: f64, classes: usize, average: Average) -> Result<Self> {
        let beta = checked(beta)?;
        Ok(Self { ratio: ClassRatio::new(NAME, classes, average)?, beta })
    }

    /// Of class 1, from one score for each sample: class 1 from the threshold on, else class 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a beta that is not positive or a threshold that is not a number.
    pub fn binary(beta: f64, threshold: f64) -> Result<Self> {
        let beta = checked(beta)?;
        Ok(Self { ratio: ClassRatio::binary(NAME, threshold)?, beta })
    }

    /// The F-score of each class, whatever the average.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for no samples.
    pub fn per_class(&self) -> Result<Vec<f64>> {
        self.ratio.per_class(NAME, f_beta(self.beta))
    }
}

fn checked(beta: f64) -> Result<f64> {
    if beta > 0.0 && beta.is_finite() {
        return Ok(beta);
    }
    let expected = "positive and finite";
    Err(ErrorKind::Setting { owner: NAME, name: "beta", expected, got: beta }.into())
}

fn f_beta(beta: f64) -> impl Fn(Counts) -> [f64; 2] {
    let square = beta * beta;
    move |counts| {
        let [hits, predicted, support] = [counts.hits, counts.predicted, counts.support].map(|n| n as f64);
        [(1.0 + square) * hits, predicted + square * support]
    }
}

impl Metric for FBeta {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        self.ratio.update(NAME, prediction, labels)
    }

    fn value(&self) -> Result<f64> {
        self.ratio.value(NAME, f_beta(self.beta))
    }

    fn reset(&mut self) {
        self.ratio.reset();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        same(NAME, &self.beta, &other.beta)?;
        self.ratio.merge(NAME, &other.ratio)
    }
}
