//! Empirical risk minimisation: the map from base forecasts to finest ones is learnt from the past.

use tensor::ndarray::{Array2, ArrayView2};

use super::{Strategy, ols};
use crate::arrays::{columns, expect_extent};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::linalg::{self, Cholesky, Mat};

/// Settings and data of [`Method::Erm`](crate::Method::Erm): `ỹ = S G ŷ` with G learnt from past pairs of base
/// forecasts and actual values.
///
/// | field | meaning | range |
/// | --- | --- | --- |
/// | `actual` | Y, the actual values of all nodes | n × T, finite |
/// | `fitted` | the base forecasts (fits) of the same columns | n × T, finite |
/// | `columns` | k, how many of the last columns are learnt from | 1 to T |
/// | `penalty` | what holds G back | see [`Penalty`] |
///
/// With X (n × k) the last k columns of `fitted` and `B = (Sᵀ S)⁻¹ Sᵀ Y` (m × k) of the same columns of `actual`, G
/// makes `‖B − G X‖²` smallest. Unlike a projection it may mend biased base forecasts; it does not leave coherent ones
/// alone. Few columns make few demands: where k < n many G fit them, and X⁺ gives the smallest.
///
/// ```
/// use granular::ndarray::array;
/// use granular::{Erm, Hierarchy, Method, Penalty, Reconciler};
///
/// // The forecasts of the halves have been 10 % low.
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let actual = array![[30.0, 50.0], [10.0, 20.0], [20.0, 30.0]];
/// let fitted = array![[0.0, 0.0], [9.0, 18.0], [18.0, 27.0]];
/// let erm = Erm { actual, fitted, columns: 2, penalty: Penalty::None };
/// let agreed = Reconciler::new(&year, Method::Erm(erm))?.reconcile(array![[0.0], [27.0], [45.0]].view())?;
/// assert!((&agreed.all() - &array![[80.0], [30.0], [50.0]]).iter().all(|gap| gap.abs() < 1e-9));
/// # Ok::<(), granular::Error>(())
/// ```
///
/// Ben Taieb & Koo, *Regularized regression for hierarchical forecasting without unbiasedness conditions*, KDD 2019.
#[derive(Debug, Clone, PartialEq)]
pub struct Erm {
    /// Y, the actual values of all nodes (n × T).
    pub actual: Array2<f64>,
    /// The base forecasts of the same columns (n × T).
    pub fitted: Array2<f64>,
    /// k, how many of the last columns are learnt from.
    pub columns: usize,
    /// What holds G back.
    pub penalty: Penalty,
}

/// What holds the map of [`Erm`] back.
///
/// | penalty | G makes smallest | G |
/// | --- | --- | --- |
/// | `None` | `‖B − G X‖²`, then `‖G‖²` | `B X⁺` |
/// | `Ridge(α)` | `‖B − G X‖² + α ‖G‖²` | `B (Xᵀ X + α I)⁻¹ Xᵀ` |
/// | `RidgeToBottomUp(α)` | `‖B − G X‖² + α ‖G − J‖²` | `J + (B − J X) (Xᵀ X + α I)⁻¹ Xᵀ` |
///
/// J = [0  I] is bottom-up, where a large α ends. α is in the units of squared data.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Penalty {
    /// The closed form with the pseudo-inverse.
    None,
    /// Towards 0; α is positive and finite.
    Ridge(f64),
    /// Towards bottom-up; α is positive and finite.
    RidgeToBottomUp(f64),
}

/// `G = J + D P`, J present or not: products with k columns instead of one m × n matrix.
#[derive(Debug)]
pub(super) struct Learnt {
    towards_bottom_up: bool,
    /// D, m × k.
    targets: Mat<f64>,
    /// P, k × n.
    inverse: Mat<f64>,
}

pub(super) fn prepare(hierarchy: &Hierarchy, erm: &Erm) -> Result<Learnt> {
    let (actual, fitted) = last_columns(hierarchy, erm)?;
    let (n, m, k) = (hierarchy.len(), hierarchy.finest_len(), erm.columns);
    let x = Mat::from_fn(n, k, |i, c| fitted[[i, c]]);
    let towards_bottom_up = matches!(erm.penalty, Penalty::RidgeToBottomUp(_));
    let inverse = match erm.penalty {
        Penalty::None => linalg::pseudo_inverse(&x).ok_or_else(|| singular(k))?,
        Penalty::Ridge(alpha) | Penalty::RidgeToBottomUp(alpha) => ridge_inverse(&x, alpha)?,
    };
    let actual = actual.as_standard_layout();
    let b = ols::prepare(hierarchy)?.finest(hierarchy, actual.as_slice().expect("standard layout"), k);
    let above = hierarchy.aggregate_len();
    let targets = Mat::from_fn(m, k, |unit, c| {
        b[unit * k + c] - if towards_bottom_up { x[(above + unit, c)] } else { 0.0 }
    });
    Ok(Learnt { towards_bottom_up, targets, inverse })
}

/// The checked last k columns of actual and fitted values.
fn last_columns<'a>(
    hierarchy: &Hierarchy,
    erm: &'a Erm,
) -> Result<(ArrayView2<'a, f64>, ArrayView2<'a, f64>)> {
    let given = erm.actual.ncols();
    expect_extent("actual values", "rows", hierarchy.len(), erm.actual.nrows())?;
    expect_extent("fitted values", "rows", hierarchy.len(), erm.fitted.nrows())?;
    expect_extent("fitted values", "columns", given, erm.fitted.ncols())?;
    if erm.columns == 0 || erm.columns > given {
        let got = format!("{} of {given}", erm.columns);
        let expected = "at least 1 and at most the number of actual values";
        return Err(ErrorKind::Parameter { name: "columns", expected, got }.into());
    }
    hierarchy.check_finite(0, erm.actual.view())?;
    hierarchy.check_finite(0, erm.fitted.view())?;
    let last = |values: &'a Array2<f64>| columns(values.view(), given - erm.columns..given);
    Ok((last(&erm.actual), last(&erm.fitted)))
}

/// `(XᵀX + α I)⁻¹ Xᵀ = Xᵀ (X Xᵀ + α I)⁻¹`, by the smaller system.
fn ridge_inverse(x: &Mat<f64>, alpha: f64) -> Result<Mat<f64>> {
    if !alpha.is_finite() || alpha <= 0.0 {
        let (expected, got) = ("a positive, finite number", alpha.to_string());
        return Err(ErrorKind::Parameter { name: "ridge penalty", expected, got }.into());
    }
    let by_columns = x.ncols() <= x.nrows();
    let transposed = x.transpose().to_owned();
    let mut out = if by_columns { transposed } else { x.clone() };
    let size = out.nrows();
    // Rows of X or Xᵀ against each other.
    let row = |i: usize| out.row(i).iter();
    let mut system = Mat::from_fn(size, size, |i, j| {
        if j > i { 0.0 } else { row(i).zip(row(j)).map(|(a, b)| a * b).sum::<f64>() }
    });
    for i in 0..size {
        system[(i, i)] += alpha;
    }
    Cholesky::new(system, size as f64 * f64::EPSILON).ok_or_else(|| singular(size))?.solve(&mut out);
    Ok(if by_columns { out } else { out.transpose().to_owned() })
}

fn singular(size: usize) -> ErrorKind {
    ErrorKind::Singular { what: "erm", size, hint: "a ridge penalty, or a larger one, gives it one" }
}

impl Strategy for Learnt {
    fn finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let mut out = if self.towards_bottom_up {
            base[hierarchy.aggregate_len() * k..].to_vec()
        } else {
            vec![0.0; hierarchy.finest_len() * k]
        };
        let mut sum = vec![0.0; k];
        for (inverse, targets) in self.inverse.row_iter().zip(self.targets.col_iter()) {
            // One row of P ŷ, then its share in every unit.
            sum.fill(0.0);
            for (i, p) in inverse.iter().enumerate() {
                for (sum, y) in sum.iter_mut().zip(&base[i * k..][..k]) {
                    *sum += p * y;
                }
            }
            for (unit, target) in targets.iter().enumerate() {
                for (out, sum) in out[unit * k..][..k].iter_mut().zip(&sum) {
                    *out += target * sum;
                }
            }
        }
        out
    }

    fn transposed(&self, hierarchy: &Hierarchy, u: &[f64], k: usize) -> Result<Vec<f64>> {
        let mut out = vec![0.0; hierarchy.len() * k];
        if self.towards_bottom_up {
            out[hierarchy.aggregate_len() * k..].copy_from_slice(u);
        }
        let mut sum = vec![0.0; k];
        for (inverse, targets) in self.inverse.row_iter().zip(self.targets.col_iter()) {
            // One row of Dᵀ u, then what every node has in it.
            sum.fill(0.0);
            for (unit, target) in targets.iter().enumerate() {
                for (sum, u) in sum.iter_mut().zip(&u[unit * k..][..k]) {
                    *sum += target * u;
                }
            }
            for (i, p) in inverse.iter().enumerate() {
                for (out, sum) in out[i * k..][..k].iter_mut().zip(&sum) {
                    *out += p * sum;
                }
            }
        }
        Ok(out)
    }
}
