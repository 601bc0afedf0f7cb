//! The mean absolute error in parts of the targets.

use super::input::pairs;
use super::sum::Mean;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "mape";

/// The mean absolute error in parts of the targets: `Σ (|prediction - target| / |target|) / n`. It is a share,
/// not multiplied by 100. A target below the machine's ε counts as ε (2.2e-16), as in scikit-learn: the error
/// of a target of 0 is enormous, and not infinite.
///
/// ```
/// use nn::{Mape, Metric};
/// use tensor::ndarray::array;
///
/// let mut mape = Mape::new();
/// mape.update(&array![1.5, 3.0], &array![2.0, -4.0])?;
/// assert_eq!(mape.value()?, (0.25 + 1.75) / 2.0);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mape {
    mean: Mean,
}

impl Mape {
    /// No samples yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Metric for Mape {
    type Target<T: Element, D: Dimension> = ArrayRef<T, D>;

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        target: &ArrayRef<T, D>,
    ) -> Result<()> {
        self.mean.extend(
            pairs(NAME, prediction, target)?
                .into_iter()
                .map(|(x, t)| (x - t).abs() / t.abs().max(f64::EPSILON)),
        );
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
