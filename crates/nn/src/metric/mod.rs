//! Metrics: what a model is judged by, added up over batches, one per file.

mod accuracy;
mod average;
mod brier;
mod calibration_error;
mod class_ratio;
mod confusion_matrix;
mod decision;
mod f_beta;
mod input;
mod log_loss;
mod mae;
mod mape;
mod mase;
mod mean_loss;
mod pr_auc;
mod precision;
mod r2;
mod ranking;
mod recall;
mod rmse;
mod roc_auc;
mod smape;
mod sum;
#[cfg(test)]
mod tests;
mod top_k;

pub use accuracy::Accuracy;
pub use average::Average;
pub use brier::Brier;
pub use calibration_error::{CalibrationBin, CalibrationError};
pub use confusion_matrix::ConfusionMatrix;
pub use f_beta::FBeta;
pub use log_loss::LogLoss;
pub use mae::Mae;
pub use mape::Mape;
pub use mase::Mase;
pub use mean_loss::MeanLoss;
pub use pr_auc::PrAuc;
pub use precision::Precision;
pub use r2::R2;
pub use recall::Recall;
pub use rmse::Rmse;
pub use roc_auc::RocAuc;
pub use smape::Smape;
pub use top_k::TopK;

use crate::Result;
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

/// A number that a model is judged by, over batches of any size.
///
/// What is kept between batches are counts and sums over single samples, not means of batches: the value is
/// that of all samples at once, however they were split. Sums are kept in `f64` with what rounding took from
/// them, whatever the element type.
///
/// Metrics of classes take scores `[.., classes]`, or one score of "yes" for each sample, and labels; those
/// of numbers take predictions and targets of one shape. An update that is refused changes nothing.
///
/// ```
/// use nn::{Accuracy, Metric, Rmse};
/// use tensor::ndarray::array;
///
/// let mut accuracy = Accuracy::new(3)?;
/// accuracy.update(&array![[0.1, 0.7, 0.2], [0.9, 0.1, 0.0]], &[1, 2])?;
/// accuracy.update(&array![[0.3f32, 0.3, 0.4]], &[2])?;
/// assert_eq!(accuracy.value()?, 2.0 / 3.0);
///
/// let mut rmse = Rmse::new();
/// rmse.update(&array![1.0, 2.0], &array![4.0, 6.0])?;
/// assert_eq!(rmse.value()?, 12.5f64.sqrt());
/// rmse.reset();
/// assert!(rmse.value().is_err());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// The values of a tape are read in place:
///
/// ```
/// use nn::{Accuracy, Metric};
/// use tensor::{Tape, ndarray::array};
///
/// let (tape, mut accuracy) = (Tape::<f32>::new(), Accuracy::new(2)?);
/// let logits = tape.var(&array![[1.0, 2.0], [0.5, -0.5]])?;
/// logits.with(|logits| accuracy.update(&logits, &[1, 1]))??;
/// assert_eq!(accuracy.value()?, 0.5);
/// # Ok::<(), nn::Error>(())
/// ```
pub trait Metric {
    /// What predictions are compared with: labels, `[usize]`, or numbers, `ArrayRef<T, D>`.
    type Target<T: Element, D: Dimension>: ?Sized;

    /// Adds the samples of a batch.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for shapes that do not fit,
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for what is not a number and labels that are no class,
    /// naming the sample; the metric is unchanged then.
    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        target: &Self::Target<T, D>,
    ) -> Result<()>;

    /// The value over all samples since the beginning or the last [`reset`](Self::reset).
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for no samples, or where the value is not defined for
    /// those that came.
    fn value(&self) -> Result<f64>;

    /// Forgets all samples; the settings stay.
    fn reset(&mut self);

    /// Adds the samples that another metric of the same settings has seen, such as one of another thread.
    ///
    /// ```
    /// use nn::{Mae, Metric};
    /// use tensor::ndarray::array;
    ///
    /// let (mut a, mut b) = (Mae::new(), Mae::new());
    /// a.update(&array![1.0], &array![4.0])?;
    /// b.update(&array![2.0, 2.0], &array![2.0, 5.0])?;
    /// a.merge(&b)?;
    /// assert_eq!(a.value()?, 2.0);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for other settings; the metric is unchanged then.
    fn merge(&mut self, other: &Self) -> Result<()>;
}
