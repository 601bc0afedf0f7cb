//! The symmetric error in parts of the sizes.

use super::input::pairs;
use super::sum::Mean;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "smape";

/// The symmetric mean absolute error in parts: `Σ (2 |prediction - target| / (|prediction| + |target|)) / n`,
/// from 0 to 2; not multiplied by 100. Where both are 0 the error is 0. Makridakis 1993, "Accuracy measures:
/// theoretical and practical concerns".
///
/// ```
/// use nn::{Metric, Smape};
/// use tensor::ndarray::array;
///
/// let mut smape = Smape::new();
/// smape.update(&array![1.0, 0.0, 5.0], &array![3.0, 0.0, 0.0])?;
/// assert_eq!(smape.value()?, (1.0 + 0.0 + 2.0) / 3.0);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Smape {
    mean: Mean,
}

impl Smape {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }
}

fn symmetric((x, t): (f64, f64)) -> f64 {
    let size = x.abs() + t.abs();
    if size == 0.0 { 0.0 } else { 2.0 * ((x - t).abs() / size) }
}

impl Metric for Smape {
    type Target<T: Element, D: Dimension> = ArrayRef<T, D>;

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        target: &ArrayRef<T, D>,
    ) -> Result<()> {
        self.mean.extend(pairs(NAME, prediction, target)?.into_iter().map(symmetric));
        Ok(())
    }

    fn value(&self) -> Result<f64> {
        self.mean.value(NAME)
    }

    fn reset(&mut self) {
        self.mean = Mean::default();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.mean.merge(&other.mean);
        Ok(())
    }
}
