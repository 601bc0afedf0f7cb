//! The energy score: the CRPS of many nodes at once.

use tensor::ndarray::{Array1, Array2, ArrayView2, ArrayView3, Axis};

use super::Estimator;
use super::crps::check_samples;
use crate::error::{ErrorKind, Result};

/// The energy score of joint samples (rows × h × k), for each column: `mean ‖x − y‖ − ½ mean ‖x − x′‖` over all rows.
///
/// It looks at all nodes together and so sees whether their errors hang together rightly; of one row it is the CRPS.
/// Rows with large values weigh more: scale them first where that is not wanted. Cost: rows · k² / 2 for each column.
///
/// Gneiting & Raftery, *Strictly proper scoring rules, prediction, and estimation*, JASA 102 (2007).
///
/// ```
/// use granular::{Estimator, energy_score};
/// use tensor::ndarray::{Array3, array};
///
/// // Two rows, one column, the samples (0, 0) and (6, 8).
/// let samples = Array3::from_shape_vec((2, 1, 2), vec![0.0, 6.0, 0.0, 8.0]).expect("four numbers");
/// let actual = array![[3.0], [4.0]];
/// // Both are 5 away, and 10 from each other.
/// assert_eq!(energy_score(actual.view(), samples.view(), Estimator::Plain)?, array![2.5]);
/// assert_eq!(energy_score(actual.view(), samples.view(), Estimator::Fair)?, array![0.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// As [`crps_samples`](crate::crps_samples()); [`ErrorKind::Empty`] without rows.
pub fn energy_score(
    actual: ArrayView2<'_, f64>,
    samples: ArrayView3<'_, f64>,
    estimator: Estimator,
) -> Result<Array1<f64>> {
    check_samples(actual, samples)?;
    if actual.nrows() == 0 {
        return Err(ErrorKind::Empty { what: "rows to compare" }.into());
    }
    if actual.ncols() == 0 {
        return Err(ErrorKind::Empty { what: "columns to compare" }.into());
    }
    let k = samples.dim().2;
    let pairs = estimator.pairs(k)?;
    let score = |h: usize| {
        // One sample after the other in memory.
        let paths = samples.index_axis(Axis(1), h).t().as_standard_layout().into_owned();
        let truth = actual.column(h).to_vec();
        let error = paths.rows().into_iter().map(|path| distance(path.iter(), truth.iter())).sum::<f64>();
        error / k as f64 - spread(&paths) / pairs
    };
    Ok((0..actual.ncols()).map(score).collect())
}

/// The sum of distances over pairs, each counted once.
fn spread(paths: &Array2<f64>) -> f64 {
    let row = |a: usize| paths.row(a);
    (0..paths.nrows()).map(|a| (0..a).map(|b| distance(row(a).iter(), row(b).iter())).sum::<f64>()).sum()
}

fn distance<'v>(a: impl Iterator<Item = &'v f64>, b: impl Iterator<Item = &'v f64>) -> f64 {
    a.zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}
