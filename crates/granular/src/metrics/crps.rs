//! The continuous ranked probability score.

use std::f64::consts::PI;

use tensor::ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayView3, Axis};

use super::{Estimator, expect_alike, row_means};
use crate::arrays::{expect_extent, expect_finite};
use crate::error::{ErrorKind, Result};
use crate::uncertainty::{normal_cdf, normal_density};

/// The CRPS of samples (rows × h × k), for each row the mean over its columns: `mean |x − y| − ½ mean |x − x′|`.
///
/// It measures a whole distribution in the units of the data, and smaller is better; with one sample it is the absolute
/// error. It is proper: no other distribution does better on average than the true one. Cost: sorting k samples for
/// each value.
///
/// Gneiting & Raftery, *Strictly proper scoring rules, prediction, and estimation*, JASA 102 (2007).
///
/// ```
/// use granular::{Estimator, crps_samples};
/// use tensor::ndarray::{Array3, array};
///
/// let samples = Array3::from_shape_vec((1, 1, 2), vec![0.0, 2.0]).expect("two numbers");
/// // mean |x − 3| = 2; the four pairs differ by 0, 2, 2, 0.
/// assert_eq!(crps_samples(array![[3.0]].view(), samples.view(), Estimator::Plain)?, array![1.5]);
/// assert_eq!(crps_samples(array![[3.0]].view(), samples.view(), Estimator::Fair)?, array![1.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Shape`]; [`ErrorKind::Empty`] without columns; [`ErrorKind::FewSamples`] for less than two samples when
/// fair, or none; [`ErrorKind::NotFiniteCell`], where column `c` of the samples is sample `c % k` of column `c / k`.
pub fn crps_samples(
    actual: ArrayView2<'_, f64>,
    samples: ArrayView3<'_, f64>,
    estimator: Estimator,
) -> Result<Array1<f64>> {
    row_means(samples_cells(actual, samples, estimator)?)
}

/// The score of each value.
pub(super) fn samples_cells(
    actual: ArrayView2<'_, f64>,
    samples: ArrayView3<'_, f64>,
    estimator: Estimator,
) -> Result<Array2<f64>> {
    check_samples(actual, samples)?;
    let pairs = estimator.pairs(samples.dim().2)?;
    let score = |(i, h)| one(actual[[i, h]], samples.index_axis(Axis(0), i).row(h), pairs);
    Ok(Array2::from_shape_fn(actual.dim(), score))
}

/// The sorted samples give `Σ_ij |x_i − x_j| = 2 Σ_i (2i − k + 1) x_i`, i from 0, without going over all pairs.
fn one(actual: f64, samples: ArrayView1<'_, f64>, pairs: f64) -> f64 {
    let k = samples.len() as f64;
    let error = samples.iter().map(|x| (x - actual).abs()).sum::<f64>() / k;
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // Around the middle value, so that a large mean costs no digits.
    let middle = sorted[sorted.len() / 2];
    let place = |i: usize| 2.0 * i as f64 - k + 1.0;
    let spread: f64 = sorted.iter().enumerate().map(|(i, x)| place(i) * (x - middle)).sum();
    error - spread / pairs
}

/// The CRPS of Gaussians (rows × h each), for each row the mean over its columns.
///
/// With `z = (y − μ) / σ` it is `σ (z (2 Φ(z) − 1) + 2 φ(z) − 1/√π)` (Gneiting & Raftery 2007), and `|y − μ|` when σ is 0.
///
/// ```
/// use granular::crps_gaussian;
/// use tensor::ndarray::array;
///
/// let score = crps_gaussian(array![[0.0]].view(), array![[0.0]].view(), array![[1.0]].view())?;
/// assert!((score[0] - 0.23369497725510915).abs() < 1e-12, "(√2 − 1) / √π");
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Shape`]; [`ErrorKind::Empty`] without columns; [`ErrorKind::NotFiniteCell`];
/// [`ErrorKind::Parameter`] for a negative deviation.
pub fn crps_gaussian(
    actual: ArrayView2<'_, f64>,
    mean: ArrayView2<'_, f64>,
    deviation: ArrayView2<'_, f64>,
) -> Result<Array1<f64>> {
    row_means(gaussian_cells(actual, mean, deviation)?)
}

/// The score of each value.
pub(super) fn gaussian_cells(
    actual: ArrayView2<'_, f64>,
    mean: ArrayView2<'_, f64>,
    deviation: ArrayView2<'_, f64>,
) -> Result<Array2<f64>> {
    expect_alike("mean", actual, mean)?;
    expect_alike("deviation", actual, deviation)?;
    for (what, values) in [("actual values", actual), ("mean", mean), ("deviation", deviation)] {
        expect_finite(what, values)?;
    }
    if let Some(&negative) = deviation.iter().find(|&&sigma| sigma < 0.0) {
        let (expected, got) = ("numbers of at least 0", negative.to_string());
        return Err(ErrorKind::Parameter { name: "deviation", expected, got }.into());
    }
    Ok(Array2::from_shape_fn(actual.dim(), |at| {
        let (error, sigma) = (actual[at] - mean[at], deviation[at]);
        if sigma == 0.0 {
            return error.abs();
        }
        let z = error / sigma;
        error * (2.0 * normal_cdf(z) - 1.0) + sigma * (2.0 * normal_density(z) - PI.sqrt().recip())
    }))
}

/// Samples (rows × h × k) for values (rows × h), all finite.
pub(super) fn check_samples(actual: ArrayView2<'_, f64>, samples: ArrayView3<'_, f64>) -> Result<()> {
    let (rows, columns, _) = samples.dim();
    expect_extent("samples", "rows", actual.nrows(), rows)?;
    expect_extent("samples", "columns", actual.ncols(), columns)?;
    expect_finite("actual values", actual)?;
    match samples.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(place) => {
            let width = columns * samples.dim().2;
            let value = *samples.iter().nth(place).expect("the place was found in it");
            let (row, column) = (place / width, place % width);
            Err(ErrorKind::NotFiniteCell { what: "samples", row, column, value }.into())
        }
    }
}
