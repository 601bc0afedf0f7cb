//! Which classes are taken for which.

use super::decision::Decision;
use super::input::{no_samples, same};
use crate::{Metric, Result};
use std::fmt;
use tensor::Element;
use tensor::ndarray::{Array2, ArrayRef, Dimension};

const NAME: &str = "confusion_matrix";

/// How many samples of each class were taken for each class: a row for each label, a column for each
/// prediction. [`value`](Metric::value) is the share on the diagonal, the accuracy.
///
/// ```
/// use nn::{ConfusionMatrix, Metric};
/// use tensor::ndarray::array;
///
/// let mut matrix = ConfusionMatrix::binary(0.5)?;
/// matrix.update(&array![0.9, 0.8, 0.1, 0.6], &[1, 0, 0, 1])?;
/// assert_eq!(matrix.counts(), array![[1, 1], [0, 2]]);
/// assert_eq!(matrix.to_string(), "label  0  1\n    0  1  1\n    1  0  2\n");
/// assert_eq!(matrix.value()?, 0.75);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionMatrix {
    decision: Decision,
    counts: Vec<u64>,
}

/// What one class looks like among all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Samples of the class that were recognised.
    pub(super) hits: u64,
    /// Samples of the class.
    pub(super) support: u64,
    /// Samples taken for the class.
    pub(super) predicted: u64,
}

impl ConfusionMatrix {
    /// For scores `[.., classes]`: the largest decides, the first of equal ones.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for fewer than 2 classes.
    pub fn new(classes: usize) -> Result<Self> {
        Ok(Self::with(Decision::largest(NAME, classes)?))
    }

    /// For one score for each sample: class 1 from the threshold on, else class 0.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a threshold that is not a number.
    pub fn binary(threshold: f64) -> Result<Self> {
        Ok(Self::with(Decision::threshold(NAME, threshold)?))
    }

    pub(super) fn with(decision: Decision) -> Self {
        Self { decision, counts: vec![0; decision.classes * decision.classes] }
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.decision.classes
    }

    /// How many samples with a label were taken for a class; 0 for classes that are none.
    pub fn count(&self, label: usize, prediction: usize) -> u64 {
        let classes = self.classes();
        let at = (label < classes && prediction < classes).then_some(label * classes + prediction);
        at.map_or(0, |at| self.counts[at])
    }

    /// All counts, a row for each label.
    pub fn counts(&self) -> Array2<u64> {
        Array2::from_shape_fn((self.classes(), self.classes()), |(label, class)| self.count(label, class))
    }

    /// How many samples came.
    pub fn samples(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn of_class(&self, class: usize) -> Counts {
        let all = 0..self.classes();
        Counts {
            hits: self.count(class, class),
            support: all.clone().map(|other| self.count(class, other)).sum(),
            predicted: all.map(|other| self.count(other, class)).sum(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// The same as [`Metric::update`], refused in the name of the metric that is made of the counts.
    pub(super) fn add<T: Element, D: Dimension>(
        &mut self,
        owner: &'static str,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        let classes = self.decision.decide(owner, prediction, labels)?;
        for (class, label) in classes.iter().zip(labels) {
            self.counts[label * self.decision.classes + class] += 1;
        }
        Ok(())
    }

    /// The same as [`Metric::merge`], refused in the name of another metric.
    pub(super) fn join(&mut self, owner: &'static str, other: &Self) -> Result<()> {
        same(owner, &self.decision, &other.decision)?;
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        Ok(())
    }
}

impl Metric for ConfusionMatrix {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        self.add(NAME, prediction, labels)
    }

    fn value(&self) -> Result<f64> {
        let right: u64 = (0..self.classes()).map(|class| self.count(class, class)).sum();
        match self.samples() {
            0 => Err(no_samples(NAME)),
            samples => Ok(right as f64 / samples as f64),
        }
    }

    fn reset(&mut self) {
        self.clear();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.join(NAME, other)
    }
}

impl fmt::Display for ConfusionMatrix {
    /// A line of predicted classes, and one for each label.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest = self.counts.iter().copied().max().unwrap_or(0).max(self.classes() as u64 - 1);
        let width = largest.to_string().len();
        write!(f, "label")?;
        for class in 0..self.classes() {
            write!(f, "  {class:>width$}")?;
        }
        writeln!(f)?;
        for label in 0..self.classes() {
            write!(f, "{label:>5}")?;
            for class in 0..self.classes() {
                write!(f, "  {:>width$}", self.count(label, class))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
