//! Whether probabilities are as good as they say.

use super::input::{argmax, at_least, no_samples, probabilities, same};
use super::sum::Sum;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "calibration_error";

/// The expected calibration error: `Σ_b n_b / n |accuracy_b - confidence_b|` over bins of equal width, where
/// bin b of B holds the samples with a confidence in `(b/B, (b+1)/B]`, and 0 is in the first. Guo et al. 2017,
/// "On calibration of modern neural networks".
///
/// With several classes the confidence is the largest probability, and the accuracy how often its class is
/// right; with one probability of class 1 they are that probability, and how often the class is 1.
///
/// ```
/// use nn::{CalibrationError, Metric};
/// use tensor::ndarray::array;
///
/// let mut error = CalibrationError::binary(2)?;
/// error.update(&array![0.25, 0.5, 0.75, 1.0], &[0, 1, 1, 1])?;
/// // A half of the low ones are of class 1, of a mean probability of 0.375; and all of the high ones, of 0.875.
/// assert_eq!(error.value()?, 0.5 * 0.125 + 0.5 * 0.125);
/// assert_eq!(error.bins()[1].confidence, Some(0.875));
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`update`](Metric::update) refuses probabilities outside of 0 to 1, and rows of several that do not add up
/// to 1 within the root of the machine's ε.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationError {
    /// Probabilities of a sample, and classes.
    sizes: (usize, usize),
    bins: Vec<Bin>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Bin {
    count: u64,
    right: u64,
    confidence: Sum,
}

/// The samples whose confidence is in one range: a point of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// The number of samples.
    pub samples: u64,
    /// Their mean confidence, if there are any.
    pub confidence: Option<f64>,
    /// The share of them that is right, if there are any.
    pub accuracy: Option<f64>,
}

impl CalibrationError {
    /// For probabilities `[.., classes]`; 15 bins are usual.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for fewer than 2 classes or no bins.
    pub fn new(classes: usize, bins: usize) -> Result<Self> {
        at_least(NAME, "the number of classes", 2, classes)?;
        Self::with((classes, classes), bins)
    }

    /// For one probability of class 1 for each sample.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for no bins.
    pub fn binary(bins: usize) -> Result<Self> {
        Self::with((1, 2), bins)
    }

    fn with(sizes: (usize, usize), bins: usize) -> Result<Self> {
        at_least(NAME, "the number of bins", 1, bins)?;
        Ok(Self { sizes, bins: vec![Bin::default(); bins] })
    }

    /// The bins, from the least confidence.
    pub fn bins(&self) -> Vec<CalibrationBin> {
        let public = |bin: &Bin| {
            let mean = |total: f64| (bin.count > 0).then(|| total / bin.count as f64);
            CalibrationBin {
                samples: bin.count,
                confidence: mean(bin.confidence.value()),
                accuracy: mean(bin.right as f64),
            }
        };
        self.bins.iter().map(public).collect()
    }
}

/// The bin of a confidence, by the bounds themselves, which products miss by a rounding.
fn bin_of(confidence: f64, bins: usize) -> usize {
    let bound = |bin: usize| bin as f64 / bins as f64;
    let mut bin = ((confidence * bins as f64) as usize).min(bins - 1);
    while bin > 0 && confidence <= bound(bin) {
        bin -= 1;
    }
    while bin + 1 < bins && confidence > bound(bin + 1) {
        bin += 1;
    }
    bin
}

impl Metric for CalibrationError {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        let values = probabilities(NAME, prediction, labels, self.sizes)?;
        for (row, &label) in values.chunks_exact(self.sizes.0).zip(labels) {
            let class = if self.sizes.0 == 1 { 1 } else { argmax(row) };
            let confidence = row[argmax(row)];
            let at = bin_of(confidence, self.bins.len());
            let bin = &mut self.bins[at];
            bin.count += 1;
            bin.right += u64::from(class == label);
            bin.confidence.add(confidence);
        }
        Ok(())
    }

    fn value(&self) -> Result<f64> {
        let count: u64 = self.bins.iter().map(|bin| bin.count).sum();
        if count == 0 {
            return Err(no_samples(NAME));
        }
        let gap = |bin: &Bin| (bin.right as f64 - bin.confidence.value()).abs();
        Ok(self.bins.iter().map(gap).sum::<f64>() / count as f64)
    }

    fn reset(&mut self) {
        self.bins.fill(Bin::default());
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        same(NAME, &(self.sizes, self.bins.len()), &(other.sizes, other.bins.len()))?;
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.count += other.count;
            bin.right += other.right;
            bin.confidence.merge(other.confidence);
        }
        Ok(())
    }
}
