//! How often values are inside their bounds.

use tensor::ndarray::{Array1, Array2, ArrayView2, Axis};

use super::row_means;
use crate::error::{ErrorKind, Result};
use crate::uncertainty::Region;

/// The share of columns in which each row is inside its bounds, which are included.
///
/// ```
/// use granular::{Region, coverage, joint_coverage};
/// use tensor::ndarray::array;
///
/// let region = Region { lower: array![[0.0, 0.0], [0.0, 0.0]], upper: array![[1.0, 1.0], [1.0, 1.0]] };
/// let actual = array![[0.5, 2.0], [0.0, 1.0]];
/// assert_eq!(coverage(actual.view(), &region)?, array![0.5, 1.0]);
/// assert_eq!(joint_coverage(actual.view(), &region)?, 0.5, "in one of two columns all rows are inside");
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Shape`] when values and bounds differ, [`ErrorKind::Empty`] without columns.
pub fn coverage(actual: ArrayView2<'_, f64>, region: &Region) -> Result<Array1<f64>> {
    row_means(inside(actual, region)?)
}

/// The share of columns in which all rows are inside their bounds at once, see [`coverage`](crate::coverage()).
///
/// # Errors
/// As [`coverage`](crate::coverage()).
pub fn joint_coverage(actual: ArrayView2<'_, f64>, region: &Region) -> Result<f64> {
    let inside = region.contains(actual)?;
    let all = inside.map_axis(Axis(0), |column| f64::from(u8::from(column.iter().all(|&inside| inside))));
    all.mean().ok_or_else(|| ErrorKind::Empty { what: "columns to compare" }.into())
}

/// 1 for each value inside its bounds, 0 for the others.
pub(super) fn inside(actual: ArrayView2<'_, f64>, region: &Region) -> Result<Array2<f64>> {
    Ok(region.contains(actual)?.mapv(|inside| f64::from(u8::from(inside))))
}
