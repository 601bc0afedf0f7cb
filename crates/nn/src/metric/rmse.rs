//! The root of the mean squared error.

use super::input::pairs;
use super::sum::Mean;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "rmse";

/// The root of the mean squared error over all numbers: `√(Σ (prediction - target)² / n)`. For arrays with
/// several columns it is one root of one mean, where scikit-learn takes the mean of one root for each column.
///
/// ```
/// use nn::{Metric, Rmse};
/// use tensor::ndarray::array;
///
/// let mut rmse = Rmse::new();
/// rmse.update(&array![1.0, 2.0], &array![4.0, 2.0])?;
/// rmse.update(&array![0.0, 0.0], &array![4.0, 0.0])?;
/// assert_eq!(rmse.value()?, 2.5);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rmse {
    mean: Mean,
}

impl Rmse {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Metric for Rmse {
    type Target<T: Element, D: Dimension> = ArrayRef<T, D>;

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        target: &ArrayRef<T, D>,
    ) -> Result<()> {
        self.mean.extend(pairs(NAME, prediction, target)?.into_iter().map(|(x, t)| (x - t) * (x - t)));
        Ok(())
    }

    fn value(&self) -> Result<f64> {
        Ok(self.mean.value(NAME)?.sqrt())
    }

    fn reset(&mut self) {
        self.mean = Mean::default();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.mean.merge(&other.mean);
        Ok(())
    }
}
