//! The symmetric percentage error.

use tensor::ndarray::{Array1, Array2, ArrayView2};

use super::{expect_alike, row_means};
use crate::error::Result;

/// The symmetric mean absolute percentage error of each row, from 0 to 200: `100 · mean 2 |y − ŷ| / (|y| + |ŷ|)`.
///
/// It is the one of the M4 competition (Makridakis, Spiliotis & Assimakopoulos, IJF 36, 2020). A value of 0 that is
/// forecast as 0 is no error. Where values are often near 0, [`mase`](crate::mase()) says more.
///
/// ```
/// use granular::smape;
/// use tensor::ndarray::array;
///
/// assert_eq!(smape(array![[3.0, 0.0]].view(), array![[1.0, 0.0]].view())?, array![50.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// As [`rmse`](crate::rmse()).
pub fn smape(actual: ArrayView2<'_, f64>, forecast: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
    row_means(smape_cells(actual, forecast)?)
}

/// The percentage error of each value.
pub(super) fn smape_cells(actual: ArrayView2<'_, f64>, forecast: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    expect_alike("forecast", actual, forecast)?;
    Ok(Array2::from_shape_fn(actual.dim(), |at| {
        let (error, size) = ((actual[at] - forecast[at]).abs(), actual[at].abs() + forecast[at].abs());
        if error == 0.0 { 0.0 } else { 200.0 * error / size }
    }))
}
