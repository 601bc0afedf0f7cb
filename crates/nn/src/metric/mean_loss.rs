//! The mean of losses over batches of any size.

use super::input::{data, no_samples};
use super::sum::Sum;
use crate::{ErrorKind, Result};
use tensor::Element;

const NAME: &str = "mean_loss";

/// The mean of the losses of batches, each weighted by what it is a mean over: `Σ w loss / Σ w`. The weight is
/// the number of samples; of a [`cross_entropy_with`](crate::cross_entropy_with) class weights or ignored
/// rows, the sum of the weights of the labels that count.
///
/// ```
/// use nn::MeanLoss;
///
/// let mut mean = MeanLoss::new();
/// mean.update(0.5, 8.0)?;
/// mean.update(2.0, 4.0)?;
/// assert_eq!(mean.value()?, 1.0);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MeanLoss {
    total: Sum,
    weight: Sum,
}

impl MeanLoss {
    /// No batches yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the mean loss of a batch, such as [`item`](tensor::Var::item) gives it.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a loss that is not finite, so that a training that diverges is noticed;
    /// [`ErrorKind::Setting`] for a weight that is negative or not finite. Nothing is added then.
    pub fn update<T: Element>(&mut self, loss: T, weight: f64) -> Result<()> {
        if !(weight >= 0.0 && weight.is_finite()) {
            let (name, expected) = ("the weight", "finite and not negative");
            return Err(ErrorKind::Setting { owner: NAME, name, expected, got: weight }.into());
        }
        if !loss.is_finite() {
            return data(NAME, "a finite loss", loss.to_string());
        }
        self.total.add(loss.to_f64() * weight);
        self.weight.add(weight);
        Ok(())
    }

    /// The mean over all batches since the beginning or the last [`reset`](Self::reset).
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for no batches, or only such that weigh nothing.
    pub fn value(&self) -> Result<f64> {
        let weight = self.weight.value();
        if weight > 0.0 { Ok(self.total.value() / weight) } else { Err(no_samples(NAME)) }
    }

    /// Forgets all batches.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Adds the batches that another one has seen.
    pub fn merge(&mut self, other: &Self) {
        self.total.merge(other.total);
        self.weight.merge(other.weight);
    }
}
