//! The squared error of probabilities.

use super::input::{at_least, probabilities, same};
use super::sum::Mean;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "brier";

/// The mean squared error of probabilities: `(p - y)²` of the probability p of class 1 and the label y, or
/// `Σ_c (p_c - [c = y])²` of the probabilities of several classes, which is from 0 to 2 and for two classes
/// twice the former; as in scikit-learn. Brier 1950, "Verification of forecasts expressed in terms of
/// probability".
///
/// ```
/// use nn::{Brier, Metric};
/// use tensor::ndarray::array;
///
/// let mut brier = Brier::binary();
/// brier.update(&array![0.5, 0.75], &[1, 1])?;
/// assert_eq!(brier.value()?, (0.25 + 0.0625) / 2.0);
///
/// let mut brier = Brier::new(3)?;
/// brier.update(&array![[0.5, 0.25, 0.25]], &[0])?;
/// assert_eq!(brier.value()?, 0.25 + 0.0625 + 0.0625);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`update`](Metric::update) refuses probabilities outside of 0 to 1, and rows of several that do not add up
/// to 1 within the root of the machine's ε.
#[derive(Debug, Clone, PartialEq)]
pub struct Brier {
    /// Probabilities of a sample, and classes.
    sizes: (usize, usize),
    mean: Mean,
}

impl Brier {
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

impl Metric for Brier {
    type Target<T: Element, D: Dimension> = [usize];

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        labels: &[usize],
    ) -> Result<()> {
        let values = probabilities(NAME, prediction, labels, self.sizes)?;
        // The class that the first probability of a row is of.
        let first = if self.sizes.0 == 1 { 1 } else { 0 };
        let error = |(row, &label): (&[f64], &usize)| {
            let square = |(class, p): (usize, &f64)| {
                let truth = if first + class == label { 1.0 } else { 0.0 };
                (p - truth) * (p - truth)
            };
            row.iter().enumerate().map(square).sum()
        };
        self.mean.extend(values.chunks_exact(self.sizes.0).zip(labels).map(error));
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
