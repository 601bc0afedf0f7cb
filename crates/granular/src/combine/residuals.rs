//! W from the errors that the base forecasts made in the past: residuals of every node (n × T).

use tensor::ndarray::{Array1, Array2, ArrayView2, Axis};

use super::nesting::sizes;
use super::preparation::{Preparation, Replaced};
use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::linalg::{Mat, gram};

/// The least variance of a node, as a share of the mean variance of a unit for each unit below it: a node whose
/// errors have all been 0 is trusted, as its standard deviation becomes a hundred-thousandth of what is usual, and W
/// stays invertible.
const FLOOR: f64 = 1e-10;

/// The uncentred mean squares: a bias counts as an error.
pub(super) fn mean_squares(
    hierarchy: &Hierarchy,
    residuals: ArrayView2<'_, f64>,
    preparation: &mut Preparation,
) -> Result<Array1<f64>> {
    check(hierarchy, residuals)?;
    let columns = residuals.ncols() as f64;
    let mut squares = residuals.map_axis(Axis(1), |row| row.iter().map(|e| e * e).sum::<f64>() / columns);
    lift(hierarchy, &mut squares, preparation)?;
    Ok(squares)
}

/// The centred covariance, divided by T − 1.
pub(super) fn covariance(
    hierarchy: &Hierarchy,
    residuals: ArrayView2<'_, f64>,
    preparation: &mut Preparation,
) -> Result<Array2<f64>> {
    Ok(Centred::new(hierarchy, residuals, preparation)?.covariance(|_, _| 1.0))
}

/// [`covariance`] with its off-diagonals shrunk towards 0 (Schäfer & Strimmer 2005).
pub(super) fn shrunk(
    hierarchy: &Hierarchy,
    residuals: ArrayView2<'_, f64>,
    preparation: &mut Preparation,
) -> Result<Array2<f64>> {
    let centred = Centred::new(hierarchy, residuals, preparation)?;
    let shrinkage = centred.shrinkage();
    preparation.shrinkage = Some(shrinkage);
    Ok(centred.covariance(|_, _| 1.0 - shrinkage))
}

/// n rows of finite numbers, at least two in each.
pub(super) fn check(hierarchy: &Hierarchy, residuals: ArrayView2<'_, f64>) -> Result<()> {
    expect_extent("residuals", "rows", hierarchy.len(), residuals.nrows())?;
    if residuals.ncols() < 2 {
        return Err(ErrorKind::TooShort { what: "residuals", needed: 2, got: residuals.ncols() }.into());
    }
    hierarchy.check_finite(0, residuals)
}

/// Lifts variances to the floor, reports and returns the nodes it did so for.
pub(super) fn lift(
    hierarchy: &Hierarchy,
    variances: &mut Array1<f64>,
    preparation: &mut Preparation,
) -> Result<Vec<usize>> {
    if let Some(node) = variances.iter().position(|w| !w.is_finite()) {
        let got = variances[node];
        let (level, node) = hierarchy.named(node);
        return Err(ErrorKind::Variance { level, node, got }.into());
    }
    let sizes = sizes(hierarchy);
    let units: f64 = sizes.iter().sum();
    // Divided before they are added, as large variances could overflow.
    let usual: f64 = variances.iter().map(|w| w / units).sum();
    let least = if usual > 0.0 { (FLOOR * usual).max(f64::MIN_POSITIVE) } else { 1.0 };
    let mut lifted = Vec::new();
    for (node, (w, size)) in variances.iter_mut().zip(sizes).enumerate() {
        if *w < least * size {
            *w = least * size;
            lifted.push(node);
            let (level, node) = hierarchy.named(node);
            preparation.replaced.push(Replaced { level, node, quantity: "variance", value: *w });
        }
    }
    Ok(lifted)
}

/// Rows less their mean, and their variances of 1/(T − 1).
pub(super) fn centre(residuals: ArrayView2<'_, f64>) -> (Vec<Vec<f64>>, Array1<f64>) {
    let columns = residuals.ncols() as f64;
    let mut rows = Vec::with_capacity(residuals.nrows());
    let mut variances = Array1::<f64>::zeros(residuals.nrows());
    for (row, variance) in residuals.rows().into_iter().zip(&mut variances) {
        let mean = row.iter().map(|e| e / columns).sum::<f64>();
        let row: Vec<f64> = row.iter().map(|e| e - mean).collect();
        *variance = row.iter().map(|e| e * e).sum::<f64>() / (columns - 1.0);
        rows.push(row);
    }
    (rows, variances)
}

/// Residuals less their mean, divided by their standard deviation (of 1/T).
pub(super) struct Centred {
    /// n × T.
    z: Mat<f64>,
    /// The lower triangle of `z zᵀ / T`, the correlations.
    r: Mat<f64>,
    /// Variances of 1/(T − 1), at least the floor.
    variances: Array1<f64>,
}

impl Centred {
    pub(super) fn new(
        hierarchy: &Hierarchy,
        residuals: ArrayView2<'_, f64>,
        preparation: &mut Preparation,
    ) -> Result<Self> {
        check(hierarchy, residuals)?;
        let (rows, mut variances) = centre(residuals);
        let lifted = lift(hierarchy, &mut variances, preparation)?;
        Ok(Self::scaled(rows, variances, &lifted))
    }

    /// Of rows less their mean, with their variances; those that were lifted correlate with nothing.
    pub(super) fn scaled(mut rows: Vec<Vec<f64>>, variances: Array1<f64>, lifted: &[usize]) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        for row in &mut rows {
            let square: f64 = row.iter().map(|e| e * e).sum();
            let deviation = f64::sqrt(square / columns as f64);
            row.iter_mut().for_each(|e| *e /= deviation);
        }
        for &node in lifted {
            // What is left of a constant is rounding, which correlates with nothing.
            rows[node].fill(0.0);
        }
        let z = Mat::from_fn(rows.len(), columns, |node, t| rows[node][t]);
        let r = gram(&z, (columns as f64).recip());
        Self { z, r, variances }
    }

    /// `λ = Σ_{i>j} Var(r_ij) / Σ_{i>j} r_ij²` with `r_ij` the mean over t of `w_t = z_ti z_tj` and `Var(r_ij)` that of
    /// a mean, `Σ_t (w_t − r_ij)² / (T (T − 1)) = (Σ_t w_t² / T − r_ij²) / (T − 1)`.
    pub(super) fn shrinkage(&self) -> f64 {
        let columns = self.z.ncols() as f64;
        let squared = Mat::from_fn(self.z.nrows(), self.z.ncols(), |node, t| self.z[(node, t)].powi(2));
        let w_squared = gram(&squared, columns.recip());
        let (mut variance, mut square) = (0.0, 0.0);
        for j in 0..self.z.nrows() {
            for i in j + 1..self.z.nrows() {
                let r_squared = self.r[(i, j)].powi(2);
                variance += (w_squared[(i, j)] - r_squared).max(0.0);
                square += r_squared;
            }
        }
        // Nothing correlates: nothing is lost by saying so.
        if square > 0.0 { (variance / (columns - 1.0) / square).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// The covariance with its off-diagonals multiplied by `kept`.
    pub(super) fn covariance(&self, kept: impl Fn(usize, usize) -> f64) -> Array2<f64> {
        let deviations = self.variances.mapv(f64::sqrt);
        let mut w = Array2::from_diag(&self.variances);
        for i in 0..self.z.nrows() {
            for j in 0..i {
                w[[i, j]] = kept(i, j) * self.r[(i, j)] * deviations[i] * deviations[j];
                w[[j, i]] = w[[i, j]];
            }
        }
        w
    }
}
