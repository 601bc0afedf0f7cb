//! The root mean squared scaled error.

use tensor::ndarray::{Array1, ArrayView2};

use super::{expect_columns, rmse};
use crate::arrays::{columns, expect_extent};
use crate::error::Result;
use crate::model::at_least_one;

/// The root mean squared scaled error of each row: its [`rmse`](crate::rmse()) over the root of its squared scale.
///
/// It is the one of the M5 competition (Makridakis, Spiliotis & Assimakopoulos, IJF 38, 2022), with
/// [`squared_seasonal_scale`](crate::squared_seasonal_scale()) for the scales. As it squares, it asks for means where
/// [`mase`](crate::mase()) asks for medians. A row with a scale of 0 has NaN, as there.
///
/// ```
/// use granular::rmsse;
/// use tensor::ndarray::array;
///
/// let values = rmsse(array![[0.0, 0.0], [0.0, 0.0]].view(), array![[1.0, 7.0], [1.0, 1.0]].view(), &[4.0, 0.0])?;
/// assert_eq!(values[0], 2.5, "the root of 25 / 4");
/// assert!(values[1].is_nan());
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// As [`rmse`](crate::rmse()); [`ErrorKind::Shape`](crate::ErrorKind::Shape) for another number of scales than rows.
pub fn rmsse(
    actual: ArrayView2<'_, f64>,
    forecast: ArrayView2<'_, f64>,
    scales: &[f64],
) -> Result<Array1<f64>> {
    let mut values = rmse(actual, forecast)?;
    expect_extent("scales", "values", values.len(), scales.len())?;
    for (value, &scale) in values.iter_mut().zip(scales) {
        *value = if scale > 0.0 { *value / scale.sqrt() } else { f64::NAN };
    }
    Ok(values)
}

/// The squared scale of each row of a training part (rows × T): `mean_t (y_t − y_(t−season))²`.
///
/// ```
/// use granular::squared_seasonal_scale;
/// use tensor::ndarray::array;
/// assert_eq!(squared_seasonal_scale(array![[1.0, 5.0, 2.0, 8.0]].view(), 2)?, [5.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// As [`seasonal_scale`](crate::seasonal_scale()).
pub fn squared_seasonal_scale(training: ArrayView2<'_, f64>, season: usize) -> Result<Vec<f64>> {
    at_least_one("season", season)?;
    expect_columns("training part", season + 1, training.ncols())?;
    let (last, count) = (training.ncols(), training.ncols() - season);
    let changes = &columns(training, season..last) - &columns(training, 0..count);
    Ok(changes.rows().into_iter().map(|row| row.iter().map(|d| d * d).sum::<f64>() / count as f64).collect())
}
