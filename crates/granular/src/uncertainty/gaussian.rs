//! Gaussian forecasts that add up.

use tensor::ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use super::normal;
use super::quantile::expect_probability;
use super::region::Region;
use crate::arrays::{expect_extent, expect_finite};
use crate::coherent::Coherent;
use crate::combine::Reconciler;
use crate::error::{Error, ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::linalg::{Cholesky, Mat};

/// A reconciled Gaussian forecast of every node, for one step.
///
/// When the base forecasts are Gaussian with mean μ and covariance Σ and the method is linear with the matrix M, the
/// reconciled ones are Gaussian with mean `M μ` and covariance `M Σ Mᵀ`: Wickramasuriya, *Probabilistic forecast
/// reconciliation under the Gaussian framework*, arXiv:2103.11128 (2021); Panagiotelis, Gamakumara, Athanasopoulos & Hyndman, EJOR 306 (2023). All its mass is on values that add up.
///
/// ```
/// use granular::{Gaussian, Hierarchy, Method, Reconciler};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let bottom_up = Reconciler::new(&year, Method::BottomUp)?;
/// // Independent halves with variances 9 and 16: their sum has 25.
/// let mean = array![100.0, 10.0, 20.0];
/// let sum = Gaussian::from_variances(&bottom_up, mean.view(), array![1.0, 9.0, 16.0].view())?;
/// assert_eq!(sum.mean().all(), array![[30.0], [10.0], [20.0]]);
/// assert_eq!(sum.variances(), array![25.0, 9.0, 16.0]);
/// let quantiles = sum.quantiles(&[0.5, 0.975])?;
/// assert_eq!(quantiles[[0, 0]], 30.0);
/// assert!((quantiles[[0, 1]] - (30.0 + 5.0 * 1.959963984540054)).abs() < 1e-9);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    mean: Coherent,
    variances: Array1<f64>,
    covariance: Option<Array2<f64>>,
}

/// Unit columns handled at once: enough to keep a factor busy, few enough to need little memory.
const BLOCK: usize = 64;

impl Gaussian {
    /// Reconciles a mean (n) and a covariance (n × n).
    ///
    /// M itself is never formed: the method is applied to the columns of Σ and then to those of `(M Σ)ᵀ`. Cost: that of
    /// [`Reconciler::reconcile`] for 2n columns, n³/3 for the check of Σ, a few matrices of n² numbers.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`]; [`ErrorKind::NotFiniteCell`]; [`ErrorKind::Parameter`] when Σ is not symmetric and
    /// positive semi-definite (up to rounding), or the method is not linear.
    pub fn from_covariance(
        reconciler: &Reconciler,
        mean: ArrayView1<'_, f64>,
        covariance: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        let hierarchy = reconciler.hierarchy();
        check_covariance(hierarchy, covariance)?;
        let mean = reconciled_mean(reconciler, mean)?;
        let half = linear(reconciler, covariance)?;
        let whole = reconciler.reconcile(half.t())?.into_inner();
        // Symmetric but for rounding; then also to the last bit.
        let whole = (&whole + &whole.t()) * 0.5;
        let variances = whole.diag().mapv(|v| v.max(0.0));
        Ok(Self { mean, variances, covariance: Some(whole) })
    }

    /// Reconciles a mean (n) and variances (n) of base forecasts with independent errors.
    ///
    /// Only variances come out: `Σ_j M_ij² v_j`, found a few columns of M at a time, in memory of some 64 n numbers. Base
    /// errors of a hierarchy are seldom independent; [`Gaussian::from_covariance`] takes what is known of them.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`]; [`ErrorKind::NotFiniteCell`]; [`ErrorKind::Parameter`] for a negative variance or a method
    /// that is not linear.
    pub fn from_variances(
        reconciler: &Reconciler,
        mean: ArrayView1<'_, f64>,
        variances: ArrayView1<'_, f64>,
    ) -> Result<Self> {
        let n = reconciler.hierarchy().len();
        expect_extent("variances", "values", n, variances.len())?;
        expect_finite("variances", variances.insert_axis(Axis(1)))?;
        if let Some(&negative) = variances.iter().find(|&&v| v < 0.0) {
            return Err(refused("variances", "numbers of at least 0", negative.to_string()));
        }
        let mean = reconciled_mean(reconciler, mean)?;
        let mut out = Array1::zeros(n);
        for start in (0..n).step_by(BLOCK) {
            let width = BLOCK.min(n - start);
            // √v in place of 1, so that the squares are the variances' parts already.
            let unit = |(i, c): (usize, usize)| if i == start + c { variances[i].sqrt() } else { 0.0 };
            let base = Array2::from_shape_fn((n, width), unit);
            let part = linear(reconciler, base.view())?;
            out += &part.mapv(|v| v * v).sum_axis(Axis(1));
        }
        Ok(Self { mean, variances: out, covariance: None })
    }

    /// The reconciled mean, n × 1.
    #[must_use]
    pub fn mean(&self) -> &Coherent {
        &self.mean
    }

    /// The reconciled variance of each node.
    #[must_use]
    pub fn variances(&self) -> ArrayView1<'_, f64> {
        self.variances.view()
    }

    /// The reconciled covariance (n × n), when it was made from one.
    #[must_use]
    pub fn covariance(&self) -> Option<ArrayView2<'_, f64>> {
        self.covariance.as_ref().map(|values| values.view())
    }

    /// Quantiles of every node by itself (n × q): `μ_i + σ_i Φ⁻¹(p)`.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a probability that is not between 0 and 1, which are excluded.
    pub fn quantiles(&self, probabilities: &[f64]) -> Result<Array2<f64>> {
        for &p in probabilities {
            expect_probability("probability", p)?;
        }
        let places: Vec<f64> = probabilities.iter().map(|&p| normal::quantile(p)).collect();
        let mean = self.mean.all();
        Ok(Array2::from_shape_fn((self.variances.len(), places.len()), |(node, q)| {
            mean[[node, 0]] + self.variances[node].sqrt() * places[q]
        }))
    }

    /// The central region that holds each node by itself with probability `1 − α` (n × 1).
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for α not between 0 and 1.
    pub fn region(&self, alpha: f64) -> Result<Region> {
        expect_probability("alpha", alpha)?;
        let reach = self.variances.mapv(|v| -v.sqrt() * normal::quantile(alpha / 2.0)).insert_axis(Axis(1));
        Ok(Region { lower: &self.mean.all() - &reach, upper: &self.mean.all() + &reach })
    }
}

fn reconciled_mean(reconciler: &Reconciler, mean: ArrayView1<'_, f64>) -> Result<Coherent> {
    expect_extent("mean", "values", reconciler.hierarchy().len(), mean.len())?;
    expect_finite("mean", mean.insert_axis(Axis(1)))?;
    reconciler.reconcile(mean.insert_axis(Axis(1)))
}

/// M times the columns, if the method has an M.
///
/// One that splits by proportions of the forecasts themselves has none, and its errors are not Gaussian. Columns are
/// combined with weights 1, 2, 3, …: a linear method gives the combination of its results.
fn linear(reconciler: &Reconciler, columns: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let weights: Array1<f64> = (1..=columns.ncols()).map(|c| c as f64).collect();
    let together = reconciler.reconcile(columns.dot(&weights).insert_axis(Axis(1)).view());
    let (Ok(together), Ok(apart)) = (together, reconciler.reconcile(columns)) else {
        return Err(not_linear());
    };
    let expected = apart.all().dot(&weights);
    let size = columns.mapv(f64::abs).dot(&weights).sum() + expected.mapv(f64::abs).sum();
    let gap = (&together.all().column(0) - &expected).mapv(f64::abs).sum();
    if gap <= 1e-6 * size { Ok(apart.into_inner()) } else { Err(not_linear()) }
}

fn not_linear() -> Error {
    refused(
        "reconciler",
        "a linear method",
        "one whose result for a sum is not the sum of its results".to_owned(),
    )
}

fn check_covariance(hierarchy: &Hierarchy, covariance: ArrayView2<'_, f64>) -> Result<()> {
    let n = hierarchy.len();
    expect_extent("covariance", "rows", n, covariance.nrows())?;
    expect_extent("covariance", "columns", n, covariance.ncols())?;
    expect_finite("covariance", covariance)?;
    let largest = covariance.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    let lopsided =
        covariance.indexed_iter().find(|&((i, j), v)| (v - covariance[[j, i]]).abs() > 1e-9 * largest);
    if let Some(((i, j), v)) = lopsided {
        let got = format!("{v} at ({i}, {j}) and {} at ({j}, {i})", covariance[[j, i]]);
        return Err(refused("covariance", "a symmetric matrix", got));
    }
    // A singular Σ is sound (a node known for sure, errors that add up); a little on the diagonal lets it pass.
    let lifted = |i: usize, j: usize| covariance[[i, j]] + if i == j { 1e-9 * largest } else { 0.0 };
    if largest > 0.0 && Cholesky::new(Mat::from_fn(n, n, lifted), 0.0).is_none() {
        let got = "one with a negative eigenvalue".to_owned();
        return Err(refused("covariance", "a positive semi-definite matrix", got));
    }
    Ok(())
}

fn refused(name: &'static str, expected: &'static str, got: String) -> Error {
    ErrorKind::Parameter { name, expected, got }.into()
}
