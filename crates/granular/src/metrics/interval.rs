//! The interval score.

use tensor::ndarray::{Array1, Array2, ArrayView2};

use super::{expect_alike, row_means};
use crate::error::Result;
use crate::uncertainty::expect_probability;

/// The interval score (Winkler) of central `1 − α` intervals (rows × h), for each row the mean over its columns.
///
/// An interval costs its width, and `2/α` times the distance by which it missed: `(u − l) + 2/α (l − y)₊ + 2/α (y − u)₊`.
/// Smaller is better. It is proper: the true quantiles α/2 and 1 − α/2 do best on average.
///
/// Winkler, *A decision-theoretic approach to interval estimation*, JASA 67 (1972). Gneiting & Raftery, JASA 102 (2007).
///
/// ```
/// use granular::interval_score;
/// use tensor::ndarray::array;
///
/// let (lower, upper) = (array![[0.0, 0.0]], array![[4.0, 4.0]]);
/// // The first is inside: 4. The second is 1 above: 4 + 2/0.5 · 1.
/// assert_eq!(interval_score(array![[1.0, 5.0]].view(), lower.view(), upper.view(), 0.5)?, array![6.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Shape`](crate::ErrorKind::Shape) when the arrays differ, [`ErrorKind::Empty`](crate::ErrorKind::Empty)
/// without columns, [`ErrorKind::Parameter`](crate::ErrorKind::Parameter) for α not between 0 and 1.
pub fn interval_score(
    actual: ArrayView2<'_, f64>,
    lower: ArrayView2<'_, f64>,
    upper: ArrayView2<'_, f64>,
    alpha: f64,
) -> Result<Array1<f64>> {
    expect_alike("lower bounds", actual, lower)?;
    expect_alike("upper bounds", actual, upper)?;
    expect_probability("alpha", alpha)?;
    let missed = |by: f64| if by <= 0.0 { 0.0 } else { by };
    row_means(Array2::from_shape_fn(actual.dim(), |at| {
        let (y, l, u) = (actual[at], lower[at], upper[at]);
        (u - l) + 2.0 / alpha * (missed(l - y) + missed(y - u))
    }))
}
