//! How good forecasts are: per node, per level, side by side.

mod coverage;
mod crps;
mod energy;
mod estimator;
mod evaluation;
mod interval;
mod metric;
mod pinball;
mod rmsse;
mod scores;
mod scores_text;
mod smape;

use tensor::ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::arrays::{columns, expect_extent};
use crate::error::{ErrorKind, Result};
use crate::model::at_least_one;

pub use coverage::{coverage, joint_coverage};
pub use crps::{crps_gaussian, crps_samples};
pub use energy::energy_score;
pub use estimator::Estimator;
pub use evaluation::Evaluation;
pub use interval::interval_score;
pub use metric::Metric;
pub use pinball::pinball;
pub use rmsse::{rmsse, squared_seasonal_scale};
pub use scores::Scores;
pub use smape::smape;

/// The root mean square error of each row over its columns: `√(mean_h (y_h − ŷ_h)²)`.
///
/// ```
/// use granular::rmse;
/// use tensor::ndarray::array;
/// assert_eq!(rmse(array![[0.0, 0.0]].view(), array![[1.0, 7.0]].view())?, array![5.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Shape`] when the arrays differ, [`ErrorKind::Empty`] without columns.
pub fn rmse(actual: ArrayView2<'_, f64>, forecast: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
    mean_error(actual, forecast, |e| e * e).map(|means| means.mapv(f64::sqrt))
}

/// The mean absolute error of each row over its columns: `mean_h |y_h − ŷ_h|`.
///
/// ```
/// use granular::mae;
/// use tensor::ndarray::array;
/// assert_eq!(mae(array![[0.0, 0.0]].view(), array![[1.0, -7.0]].view())?, array![4.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// As [`rmse`].
pub fn mae(actual: ArrayView2<'_, f64>, forecast: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
    mean_error(actual, forecast, f64::abs)
}

/// The mean absolute scaled error of each row: its [`mae`] over its scale (see [`seasonal_scale`]).
///
/// Below 1 the forecast beats, on average, what the seasonal naive one did on the training part. A row whose scale is 0
/// never changed from season to season: nothing can be said in its own units, so its value is NaN, and means over nodes
/// in an [`Evaluation`] leave it out.
///
/// ```
/// use granular::mase;
/// use tensor::ndarray::array;
/// let (actual, forecast) = (array![[0.0, 0.0], [1.0, 1.0]], array![[1.0, -7.0], [1.0, 1.0]]);
/// let values = mase(actual.view(), forecast.view(), &[2.0, 0.0])?;
/// assert_eq!(values[0], 2.0);
/// assert!(values[1].is_nan());
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// As [`rmse`]; [`ErrorKind::Shape`] for another number of scales than rows.
pub fn mase(
    actual: ArrayView2<'_, f64>,
    forecast: ArrayView2<'_, f64>,
    scales: &[f64],
) -> Result<Array1<f64>> {
    let mut values = mae(actual, forecast)?;
    expect_extent("scales", "values", values.len(), scales.len())?;
    for (value, &scale) in values.iter_mut().zip(scales) {
        *value = if scale > 0.0 { *value / scale } else { f64::NAN };
    }
    Ok(values)
}

/// The scale of each row of a training part (rows × T): `mean_t |y_t − y_(t−season)|`.
///
/// ```
/// use granular::seasonal_scale;
/// use tensor::ndarray::array;
/// assert_eq!(seasonal_scale(array![[1.0, 5.0, 2.0, 8.0]].view(), 2)?, [2.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Parameter`] for a season of 0, [`ErrorKind::TooShort`] for less than season + 1 columns.
pub fn seasonal_scale(training: ArrayView2<'_, f64>, season: usize) -> Result<Vec<f64>> {
    at_least_one("season", season)?;
    expect_columns("training part", season + 1, training.ncols())?;
    let (last, count) = (training.ncols(), training.ncols() - season);
    let changes = &columns(training, season..last) - &columns(training, 0..count);
    Ok(changes
        .rows()
        .into_iter()
        .map(|row| row.iter().map(|d| d.abs()).sum::<f64>() / count as f64)
        .collect())
}

/// The seasonal naive forecast of each row of a history (rows × T): step h repeats the same place of the last season.
///
/// ```
/// use granular::seasonal_naive;
/// use tensor::ndarray::array;
/// assert_eq!(seasonal_naive(array![[9.0, 1.0, 2.0]].view(), 2, 3)?, array![[1.0, 2.0, 1.0]]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Parameter`] for a season of 0, [`ErrorKind::TooShort`] for less than a season of columns.
pub fn seasonal_naive(history: ArrayView2<'_, f64>, season: usize, horizon: usize) -> Result<Array2<f64>> {
    at_least_one("season", season)?;
    expect_columns("history", season, history.ncols())?;
    let first = history.ncols() - season;
    Ok(Array2::from_shape_fn((history.nrows(), horizon), |(row, h)| history[[row, first + h % season]]))
}

fn expect_columns(what: &'static str, needed: usize, got: usize) -> Result<()> {
    if got >= needed { Ok(()) } else { Err(ErrorKind::TooShort { what, needed, got }.into()) }
}

fn mean_error(
    actual: ArrayView2<'_, f64>,
    forecast: ArrayView2<'_, f64>,
    loss: impl Fn(f64) -> f64,
) -> Result<Array1<f64>> {
    expect_extent("forecast", "rows", actual.nrows(), forecast.nrows())?;
    expect_extent("forecast", "columns", actual.ncols(), forecast.ncols())?;
    let losses = (&actual - &forecast).mapv(loss);
    losses.mean_axis(Axis(1)).ok_or_else(|| ErrorKind::Empty { what: "columns to compare" }.into())
}

/// Arrays of one shape.
fn expect_alike(what: &'static str, a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<()> {
    expect_extent(what, "rows", a.nrows(), b.nrows())?;
    expect_extent(what, "columns", a.ncols(), b.ncols())
}

/// The mean of each row, if there are columns.
fn row_means(values: Array2<f64>) -> Result<Array1<f64>> {
    match values.mean_axis(Axis(1)) {
        Some(means) if values.ncols() > 0 => Ok(means),
        _ => Err(ErrorKind::Empty { what: "columns to compare" }.into()),
    }
}
