//! The share of the targets' variance that is explained.

use super::input::{at_least, data, pairs, same};
use super::sum::Sum;
use crate::{ErrorKind, Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "r2";

/// The coefficient of determination `1 - Σ (prediction - target)² / Σ (target - mean)²`: 1 for perfect
/// predictions, 0 for those that are as good as the mean, and below for worse ones. With several outputs, the
/// last axis, it is the mean over them.
///
/// Targets that are all equal give 1 if every prediction is right, else 0, as in scikit-learn.
///
/// ```
/// use nn::{Metric, R2};
/// use tensor::ndarray::array;
///
/// let mut r2 = R2::new();
/// r2.update(&array![1.0, 2.0], &array![1.0, 3.0])?;
/// r2.update(&array![5.0], &array![5.0])?;
/// // One square of errors, and 4 + 0 + 4 of distances from the mean 3.
/// assert_eq!(r2.value()?, 1.0 - 1.0 / 8.0);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`value`](Metric::value) is refused for fewer than 2 samples.
#[derive(Debug, Clone, PartialEq)]
pub struct R2 {
    outputs: Vec<Output>,
}

/// What is kept of one output; the distances from the mean as by Welford 1962, "Note on a method for
/// calculating corrected sums of squares and products".
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Output {
    count: u64,
    mean: f64,
    distances: f64,
    errors: Sum,
}

impl Output {
    fn add(&mut self, (x, t): (f64, f64)) {
        self.count += 1;
        let before = t - self.mean;
        self.mean += before / self.count as f64;
        self.distances += before * (t - self.mean);
        self.errors.add((x - t) * (x - t));
    }

    /// Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance".
    fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (ours, theirs) = (self.count as f64, other.count as f64);
        let apart = other.mean - self.mean;
        self.count += other.count;
        self.mean += apart * (theirs / (ours + theirs));
        self.distances += other.distances + apart * apart * (ours * theirs / (ours + theirs));
        self.errors.merge(other.errors);
    }

    fn value(&self) -> f64 {
        match (self.errors.value(), self.distances) {
            (0.0, _) => 1.0,
            (_, 0.0) => 0.0,
            (errors, distances) => 1.0 - errors / distances,
        }
    }
}

impl Default for R2 {
    fn default() -> Self {
        Self::new()
    }
}

impl R2 {
    /// For one output: all numbers of an array are samples of it.
    pub fn new() -> Self {
        Self { outputs: vec![Output::default()] }
    }

    /// For arrays `[.., outputs]`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for no outputs.
    pub fn with_outputs(outputs: usize) -> Result<Self> {
        at_least(NAME, "the number of outputs", 1, outputs)?;
        Ok(Self { outputs: vec![Output::default(); outputs] })
    }

    /// The value of each output.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for fewer than 2 samples.
    pub fn per_output(&self) -> Result<Vec<f64>> {
        let count = self.outputs[0].count;
        if count < 2 {
            return data(NAME, "at least 2 samples", count.to_string());
        }
        Ok(self.outputs.iter().map(Output::value).collect())
    }
}

impl Metric for R2 {
    type Target<T: Element, D: Dimension> = ArrayRef<T, D>;

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        target: &ArrayRef<T, D>,
    ) -> Result<()> {
        let outputs = self.outputs.len();
        if outputs > 1 && prediction.shape().last() != Some(&outputs) {
            let (expected, got) = (format!("predictions [.., {outputs}]"), prediction.shape().to_vec());
            return Err(ErrorKind::Shape { owner: NAME, expected, got }.into());
        }
        for sample in pairs(NAME, prediction, target)?.chunks_exact(outputs) {
            self.outputs.iter_mut().zip(sample).for_each(|(output, &pair)| output.add(pair));
        }
        Ok(())
    }

    fn value(&self) -> Result<f64> {
        let values = self.per_output()?;
        Ok(values.iter().sum::<f64>() / values.len() as f64)
    }

    fn reset(&mut self) {
        self.outputs.fill(Output::default());
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        same(NAME, &self.outputs.len(), &other.outputs.len())?;
        self.outputs.iter_mut().zip(&other.outputs).for_each(|(output, other)| output.merge(other));
        Ok(())
    }
}
