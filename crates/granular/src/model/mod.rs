//! Models behind one trait, and the ones that come with the crate.

mod autoregression;
mod given;
mod network;
mod replay;
mod ridge;
mod seasonal_naive;

pub(crate) use seasonal_naive::at_least_one;

use tensor::ndarray::{Array2, ArrayView2};

use crate::error::Result;

pub use autoregression::{Autoregression, AutoregressionConfig, Features};
pub use given::Given;
pub use network::{Network, NetworkConfig};
pub use replay::Replay;
pub use ridge::Ridge;
pub use seasonal_naive::SeasonalNaive;

/// A model that is not fitted: it learns a mapping from rows of `x` to rows of `y`.
///
/// The rows are units: the nodes of a level in a [`MultiGranularityModel`](crate::MultiGranularityModel), anything when
/// used alone. Models are shared between threads.
///
/// ```
/// use granular::{FittedModel, Model, Result};
/// use tensor::ndarray::{Array2, ArrayView2, Axis};
///
/// /// Predicts for every row the mean row it has seen.
/// struct MeanRow;
/// struct FittedMeanRow(Array2<f64>);
///
/// impl Model for MeanRow {
///     fn fit(&self, _x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
///         let mean = y.mean_axis(Axis(0)).ok_or_else(|| granular::Error::model("no rows"))?;
///         Ok(Box::new(FittedMeanRow(mean.insert_axis(Axis(0)))))
///     }
/// }
/// impl FittedModel for FittedMeanRow {
///     fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
///         Ok(self.0.broadcast((x.nrows(), self.0.ncols())).expect("one row stretches").to_owned())
///     }
/// }
/// # use tensor::ndarray::array;
/// let fitted = MeanRow.fit(array![[0.0], [0.0]].view(), array![[1.0], [3.0]].view())?;
/// assert_eq!(fitted.predict(array![[5.0]].view())?, array![[2.0]]);
/// # Ok::<(), granular::Error>(())
/// ```
pub trait Model: Send + Sync {
    /// Learns from `x` (rows × d) and `y` (rows × k), without changing itself.
    ///
    /// # Errors
    /// What the model says; errors of other crates travel in [`Error::model`](crate::Error::model).
    fn fit(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>>;
}

/// A fitted model: it predicts rows of `y` from rows of `x`.
pub trait FittedModel: Send + Sync {
    /// Predicts rows × k from `x` (rows × d).
    ///
    /// # Errors
    /// What the model says; errors of other crates travel in [`Error::model`](crate::Error::model).
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>>;

    /// What it predicts for data whose outcome is known: the errors from which a [`Combine`](crate::Combine) learns.
    ///
    /// Unless a model says otherwise, `predict(x)` stands beside `y`. A model that forecasts the columns after a history
    /// `x` has its past in `x` itself, and returns [`Replay::of_history`].
    ///
    /// # Errors
    /// [`ErrorKind::NoReplay`](crate::ErrorKind::NoReplay) where there are no outcomes to compare with;
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) when predictions and outcomes differ; what the model says.
    fn replay(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Replay> {
        Replay::of_rows(self, x, y)
    }
}

impl<M: Model + ?Sized> Model for Box<M> {
    fn fit(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        (**self).fit(x, y)
    }
}

impl<M: Model + ?Sized> Model for std::sync::Arc<M> {
    fn fit(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        (**self).fit(x, y)
    }
}
