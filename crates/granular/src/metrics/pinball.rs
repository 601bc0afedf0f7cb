//! The pinball loss.

use tensor::ndarray::{Array1, Array2, ArrayView2};

use super::{expect_alike, row_means};
use crate::error::Result;
use crate::uncertainty::expect_probability;

/// The pinball loss of forecasts of the quantile p (rows × h), for each row the mean over its columns.
///
/// `p (y − q)` when the value is above the forecast, `(1 − p) (q − y)` when it is below. With p = 0.5 it is half the
/// absolute error. It is proper for the quantile (Koenker & Bassett, *Regression quantiles*, Econometrica 46, 1978).
///
/// ```
/// use granular::pinball;
/// use tensor::ndarray::array;
///
/// let (actual, forecast) = (array![[10.0], [10.0]], array![[6.0], [14.0]]);
/// assert_eq!(pinball(actual.view(), forecast.view(), 0.75)?, array![3.0, 1.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Shape`](crate::ErrorKind::Shape) when the arrays differ, [`ErrorKind::Empty`](crate::ErrorKind::Empty)
/// without columns, [`ErrorKind::Parameter`](crate::ErrorKind::Parameter) for p not between 0 and 1.
pub fn pinball(actual: ArrayView2<'_, f64>, forecast: ArrayView2<'_, f64>, p: f64) -> Result<Array1<f64>> {
    expect_alike("forecast", actual, forecast)?;
    expect_probability("probability", p)?;
    row_means(Array2::from_shape_fn(actual.dim(), |at| {
        let error = actual[at] - forecast[at];
        if error >= 0.0 { p * error } else { (p - 1.0) * error }
    }))
}
