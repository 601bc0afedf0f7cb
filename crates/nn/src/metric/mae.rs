//! The mean absolute error.

use super::input::pairs;
use super::sum::Mean;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "mae";

/// The mean absolute error over all numbers: `Σ |prediction - target| / n`.
///
/// ```
/// use nn::{Mae, Metric};
/// use tensor::ndarray::array;
///
/// let mut mae = Mae::new();
/// mae.update(&array![1.0, 2.0], &array![0.0, 4.0])?;
/// assert_eq!(mae.value()?, 1.5);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mae {
    mean: Mean,
}

impl Mae {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Metric for Mae {
    type Target<T: Element, D: Dimension> = ArrayRef<T, D>;

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        target: &ArrayRef<T, D>,
    ) -> Result<()> {
        self.mean.extend(pairs(NAME, prediction, target)?.into_iter().map(|(x, t)| (x - t).abs()));
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
