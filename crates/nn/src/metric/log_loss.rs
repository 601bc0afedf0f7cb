//! The logarithmic loss of probabilities.

use super::input::{at_least, epsilon, probabilities, same};
use super::sum::Mean;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "log_loss";

/// The mean of `-ln p` over all samples, with the probability p that was given to their class.
///
/// A p below ε counts as ε and one above 1 - ε as 1 - ε, with the machine's ε of the predictions' type, as in
/// scikit-learn: a sample that was held impossible costs 36.04 in `f64` and 15.94 in `f32`.
///
/// ```
/// use nn::{LogLoss, Metric};
/// use tensor::ndarray::array;
///
/// let mut loss = LogLoss::new(2)?;
/// loss.update(&array![[0.5, 0.5], [0.75, 0.25]], &[0, 1])?;
/// assert_eq!(loss.value()?, (2f64.ln() + 4f64.ln()) / 2.0);
///
/// let mut loss = LogLoss::binary();
/// loss.update(&array![0.5, 0.25], &[0, 1])?;
/// assert_eq!(loss.value()?, (2f64.ln() + 4f64.ln()) / 2.0);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`update`](Metric::update) refuses probabilities outside of 0 to 1, and rows of several that do not add up
/// to 1 within √ε.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLoss {
    /// Probabilities of a sample, and classes.
    sizes: (usize, usize),
    mean: Mean,
}

impl LogLoss {
    /// For probabilities `[.., classes]`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for fewer than 2 classes.
    pub fn new(classes: usize) -> Result<Self> {
        at_least(NAME, "the number of classes", 2, classes)?;
        Ok(Self { sizes: (classes, classes), mean: Mean::default() })
    }

    /// For one probability of class 1 for each sample.
    pub fn binary() -> Self {
        Self { sizes: (1, 2), mean: Mean::default() }
    }
}

impl Metric for LogLoss {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        let values = probabilities(NAME, prediction, labels, self.sizes)?;
        let (width, epsilon) = (self.sizes.0, epsilon::<T>());
        let of_label = |(row, &label): (&[f64], &usize)| match (width, label) {
            (1, 0) => 1.0 - row[0],
            (1, _) => row[0],
            _ => row[label],
        };
        let losses = values.chunks_exact(width).zip(labels).map(of_label);
        self.mean.extend(losses.map(|p| -p.clamp(epsilon, 1.0 - epsilon).ln()));
        Ok(())
    }

    fn value(&self) -> Result<f64> {
        self.mean.value(NAME)
    }

    fn reset(&mut self) {
        self.mean = Mean::default();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        same(NAME, &self.sizes, &other.sizes)?;
        self.mean.merge(&other.mean);
        Ok(())
    }
}
