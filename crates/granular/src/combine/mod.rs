//! Combining base forecasts of all levels into forecasts that agree.

mod bottom_up;
mod diagonal;
mod erm;
mod footing;
mod forecast_proportions;
mod full;
mod linear;
mod nesting;
mod ols;
mod online;
mod preparation;
mod projection;
mod residuals;
mod sparse;
mod temporal;
mod top_down;
mod tree;
mod wls_struct;

use std::fmt;

use tensor::ndarray::{Array1, Array2, ArrayView2};

use crate::coherent::Coherent;
use crate::error::Result;
use crate::hierarchy::Hierarchy;

pub use erm::{Erm, Penalty};
pub(crate) use footing::{Footing, Weighted, Weights};
pub(crate) use linear::{Diagonal, LinearMap};
pub use online::{OnlineCovariance, OnlineMethod};
pub use preparation::{Preparation, Replaced};
pub(crate) use projection::Projection;
pub use temporal::TemporalCovariance;
pub use top_down::TopDown;

/// How base forecasts are combined.
///
/// The projections give the coherent forecasts nearest to the base ones, `ỹ = S (Sᵀ W⁻¹ S)⁻¹ Sᵀ W⁻¹ ŷ`; W says how far
/// each node may be moved. A node with a larger variance in W gives way to those with smaller ones.
///
/// | method | W | in words |
/// | --- | --- | --- |
/// | `BottomUp` | – | the finest forecasts, added up; all others are ignored |
/// | `Ols` | I | every node moves alike (Hyndman et al. 2011) |
/// | `WlsStruct` | diag(S 1) | by the number of units below (Athanasopoulos et al. 2017) |
/// | `Wls(w)` | diag(w) | by variances of one's own, all positive |
/// | `WlsVar(e)` | diag((1/T) Σ_t e_t²) | by the uncentred mean squares of past errors (Hyndman, Lee & Wang 2016) |
/// | `MintCov(e)` | (1/(T−1)) Σ_t (e_t−ē)(e_t−ē)ᵀ | by their covariance, for T well above n |
/// | `MintShrink(e)` | the same, off-diagonals times 1−λ | by their shrunk covariance (Schäfer & Strimmer 2005) |
/// | `Custom(w)` | w | by a covariance of one's own, symmetric positive definite |
/// | `Temporal(c, e)` | by c | by the variances or covariances of steps in time: [`TemporalCovariance`] |
/// | `TopDown(p)` | – | the first level's forecasts, shared out by proportions: [`TopDown`] |
/// | `MiddleOut(level)` | – | the level's forecasts, added up above and shared out below |
/// | `Erm(settings)` | – | a map learnt from past forecasts and what came: [`Erm`] |
///
/// Past errors e are residuals, n × T: one row for each node, one column for each past time, at least two, the same
/// times for all nodes. Their sign does not matter. A node whose errors are all 0 (or, for the covariances, all
/// alike) has no variance; it is given a floor, 10⁻¹⁰ of the usual variance of a unit for each unit below it (or, when
/// no node has any, the number of its units), and [`Reconciler::preparation`] names it.
///
/// `λ = Σ_{i>j} Var(r_ij) / Σ_{i>j} r_ij²` within 0 and 1, of the correlations `r_ij` of the residuals and their
/// estimated variances. Where W is not positive definite, as the covariance of few columns never is, the smallest of
/// 10⁻⁸, 10⁻⁷, …, 10⁻² of its diagonal that makes it so is added, and for the aggregates as much of the variance of
/// the gap between their own forecast and the sum of their units'; [`Reconciler::preparation`] says so.
///
/// `MiddleOut`, and `TopDown` with the proportions of forecasts, need levels that nest: each node below lies in one
/// node of the level before. They are not linear in the base forecasts.
///
/// Hyndman, Ahmed, Athanasopoulos & Shang, *Optimal combination forecasts for hierarchical time series*, CSDA 55 (2011).
/// Athanasopoulos, Hyndman, Kourentzes & Petropoulos, *Forecasting with temporal hierarchies*, EJOR 262 (2017).
/// Wickramasuriya, Athanasopoulos & Hyndman, *Optimal forecast reconciliation … through trace minimization*, JASA 114
/// (2019), for the projection with any W.
/// Hyndman, Lee & Wang, *Fast computation of reconciled forecasts for hierarchical and grouped time series*, CSDA 97
/// (2016). Schäfer & Strimmer, *A shrinkage approach to large-scale covariance matrix estimation*, SAGMB 4 (2005).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// The finest forecasts, added up.
    BottomUp,
    /// The projection with W = I.
    Ols,
    /// The projection with W = diag(S 1), the number of units below each node. Where S has weights other than 1 they
    /// count with their size, `Σ_j |S_ij|`; a node that is always 0 counts as 1.
    WlsStruct,
    /// The projection with W = diag(w): one positive variance for each node, in the order of the rows.
    Wls(Array1<f64>),
    /// The projection with the variances of residuals (n × T) about 0.
    WlsVar(Array2<f64>),
    /// The projection with the covariance of residuals (n × T).
    MintCov(Array2<f64>),
    /// The projection with the covariance of residuals (n × T), shrunk towards its diagonal.
    MintShrink(Array2<f64>),
    /// The projection with this W (n × n).
    Custom(Array2<f64>),
    /// The projection with a covariance of the residuals (n × N periods) of a temporal or cross-temporal structure.
    Temporal(TemporalCovariance, Array2<f64>),
    /// The forecasts of the first level, shared out.
    TopDown(TopDown),
    /// The forecasts of the level of this name, added up above it and shared out below it by the proportions of the
    /// forecasts there. Children that all forecast 0 share by their number of units.
    MiddleOut(String),
    /// The map learnt from past forecasts and actual values.
    Erm(Erm),
}

/// One way to combine, prepared for one hierarchy.
pub(crate) trait Strategy: fmt::Debug + Send + Sync {
    /// Says why base forecasts, though finite, cannot be combined.
    fn check(&self, _hierarchy: &Hierarchy, _base: &[f64], _k: usize) -> Result<()> {
        Ok(())
    }

    /// Whether a matrix does the same.
    fn is_linear(&self) -> bool {
        true
    }

    /// Combines finite base forecasts (n × k, row-major) to finest ones (m × k, row-major).
    fn finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64>;

    /// The same by a strategy that iterates and may have to give up; the others never fail.
    fn try_finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Result<Vec<f64>> {
        Ok(self.finest(hierarchy, base, k))
    }

    /// What statuses of nodes can be added to.
    fn footing(&self) -> Footing<'_> {
        Footing::None
    }

    /// `Gᵀ u` for finest values u (m × k), where G (m × n) does what `finest` does: n × k. For linear strategies only.
    ///
    /// This one is right for all of them and slow; those that can do better say how.
    fn transposed(&self, hierarchy: &Hierarchy, u: &[f64], k: usize) -> Result<Vec<f64>> {
        linear::transposed_by_columns(self, hierarchy, u, k)
    }
}

/// Combines base forecasts of every node into ones that add up.
///
/// It is built once for a hierarchy and a method, which does the expensive part, and then applied to any number of
/// base forecasts, from wherever they come.
///
/// Cost of a projection, by what the hierarchy is like (chosen by itself):
///
/// | hierarchy | when built | for each column | exact to |
/// | --- | --- | --- | --- |
/// | `min(n − m, m)` ≤ 512 | a dense system is factorised, in time of its cube | its square | rounding |
/// | larger, each level nested in the next | O(n) | O(n): one pass up, one down | rounding |
/// | larger, crossed | O(m · pairs of levels) | O(n) for each iteration (M5: 21 with ols) | see below |
///
/// In the last case each finest value is within 1e-10 r of the exact one, where r is the root mean square of the column's
/// finest base forecasts, and node v within `1e-10 √(w_v / w_max) r`, where w_max is the largest variance of a finest
/// unit; rounding comes on top (the bound is 1e-9 where 1e-10 is finer than rounding). Memory is O(n) there and in the
/// second case; the matrix of the system is never formed.
///
/// With a full W (n² numbers) the system always has n − m equations and is dense, and a covariance takes work of n² T,
/// its shrinkage the same again. The other methods work in proportion to the entries of S; `Erm` to n k² once and to n k
/// for each column.
///
/// ```
/// use granular::{Hierarchy, Method, Reconciler};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let reconciler = Reconciler::new(&year, Method::Ols)?;
/// // The halves add up to 9, the year says 12: the gap of 3 is shared out, 1 to each of the three nodes.
/// let agreed = reconciler.reconcile(array![[12.0], [4.0], [5.0]].view())?;
/// let gap = (&agreed.all() - &array![[11.0], [5.0], [6.0]]).mapv(f64::abs).sum();
/// assert!(gap < 1e-12);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug)]
pub struct Reconciler {
    hierarchy: Hierarchy,
    strategy: Box<dyn Strategy>,
    preparation: Preparation,
}

impl Reconciler {
    /// Prepares a method for a hierarchy.
    ///
    /// # Errors
    /// - [`Method::Wls`]: [`ErrorKind::Shape`](crate::ErrorKind::Shape) for another number of variances than nodes,
    ///   [`ErrorKind::Variance`](crate::ErrorKind::Variance) names a node whose variance is not positive and finite, and
    ///   [`ErrorKind::Singular`](crate::ErrorKind::Singular) says that the variances differ too much to be solved with.
    /// - Residuals and histories: `Shape`; [`ErrorKind::TooShort`](crate::ErrorKind::TooShort) for too few columns;
    ///   [`ErrorKind::NotFinite`](crate::ErrorKind::NotFinite) names the first node and column without a finite value;
    ///   `Variance` names a node whose errors are so large that their squares overflow.
    /// - [`Method::Custom`]: `Shape`, `NotFinite`, `Variance` for a diagonal that is not positive,
    ///   [`ErrorKind::NotSymmetric`](crate::ErrorKind::NotSymmetric), and
    ///   [`ErrorKind::NotPositiveDefinite`](crate::ErrorKind::NotPositiveDefinite) when 10⁻² of the diagonal does not mend
    ///   it.
    /// - [`Method::MiddleOut`] and [`TopDown::ForecastProportions`]:
    ///   [`ErrorKind::UnknownLevel`](crate::ErrorKind::UnknownLevel), and
    ///   [`ErrorKind::Crossed`](crate::ErrorKind::Crossed), [`ErrorKind::PartlyIn`](crate::ErrorKind::PartlyIn) and
    ///   [`ErrorKind::Weighed`](crate::ErrorKind::Weighed) for levels that do not nest.
    /// - [`Method::Erm`]: `Shape`, `NotFinite`; [`ErrorKind::Parameter`](crate::ErrorKind::Parameter) for a number of
    ///   columns or a penalty out of its range; `Singular` for a penalty that is too small.
    pub fn new(hierarchy: &Hierarchy, method: Method) -> Result<Self> {
        let mut preparation = Preparation::default();
        let strategy = prepare(hierarchy, method, &mut preparation)?;
        Ok(Self { hierarchy: hierarchy.clone(), strategy, preparation })
    }

    /// Of a strategy that is prepared elsewhere.
    pub(crate) fn from_strategy(
        hierarchy: &Hierarchy,
        strategy: Box<dyn Strategy>,
        preparation: Preparation,
    ) -> Self {
        Self { hierarchy: hierarchy.clone(), strategy, preparation }
    }

    /// What preparing the method estimated (the shrinkage) and where it had to help (variances that were 0).
    ///
    /// ```
    /// # use granular::{Hierarchy, Method, Reconciler};
    /// # use tensor::ndarray::array;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let residuals = array![[1.0, -1.0, 1.0], [1.0, -1.0, 1.0], [0.0, 0.0, 0.0]];
    /// let reconciler = Reconciler::new(&year, Method::WlsVar(residuals))?;
    /// // Two variances of 1 over four units: 0.5 is usual.
    /// assert_eq!(
    ///     reconciler.preparation().to_string(),
    ///     "level `half`, node `half[1]`: the data give no variance, in use is 5e-11\n"
    /// );
    /// # Ok::<(), granular::Error>(())
    /// ```
    #[must_use]
    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    /// Whether reconciling is linear in the base forecasts, so that [`Reconciler::projection_matrix`] does the same.
    #[must_use]
    pub fn is_linear(&self) -> bool {
        self.strategy.is_linear()
    }

    /// The hierarchy it was built for.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// Combines base forecasts (n × k, rows in the order of the hierarchy).
    ///
    /// Only the finest values come from the method; the aggregates are their sums, so they add up exactly.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for another number of rows than n,
    /// [`ErrorKind::NotFinite`](crate::ErrorKind::NotFinite) names the first node and column without a finite value;
    /// [`ErrorKind::Proportions`](crate::ErrorKind::Proportions) names a node below which forecasts cancel out, for
    /// methods that go by their proportions;
    /// [`ErrorKind::NotConverged`](crate::ErrorKind::NotConverged) when a large crossed hierarchy has variances so far
    /// apart that 1000 iterations do not reach the exactness promised above.
    pub fn reconcile(&self, base: ArrayView2<'_, f64>) -> Result<Coherent> {
        self.hierarchy.check_base(base)?;
        let finest = with_values(base, |values, k| {
            self.strategy.check(&self.hierarchy, values, k)?;
            self.strategy.try_finest(&self.hierarchy, values, k)
        })?;
        self.hierarchy.coherent_from(self.shaped(finest, base.ncols()).view())
    }

    /// M, the dense n × n matrix that takes base forecasts to reconciled ones: for tests and explanations.
    ///
    /// Row i says what each base forecast contributes to node i. It needs n² numbers. All of them are NaN for a method
    /// which is not linear, as there is no such matrix: see [`Reconciler::is_linear`].
    ///
    /// ```
    /// # use granular::{Hierarchy, Method, Reconciler};
    /// # use tensor::ndarray::array;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let m = Reconciler::new(&year, Method::BottomUp)?.projection_matrix();
    /// assert_eq!(m, array![[0.0, 1.0, 1.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    #[must_use]
    pub fn projection_matrix(&self) -> Array2<f64> {
        let n = self.hierarchy.len();
        if !self.is_linear() {
            return Array2::from_elem((n, n), f64::NAN);
        }
        let unit = Array2::<f64>::eye(n);
        let finest = with_values(unit.view(), |values, k| self.strategy.finest(&self.hierarchy, values, k));
        self.hierarchy.stack_sums(self.shaped(finest, n).view())
    }

    pub(crate) fn strategy(&self) -> &dyn Strategy {
        &*self.strategy
    }

    fn shaped(&self, finest: Vec<f64>, k: usize) -> Array2<f64> {
        let shape = (self.hierarchy.finest_len(), k);
        Array2::from_shape_vec(shape, finest).expect("a strategy gives m · k values")
    }
}

/// Calls with the values row by row, and the number of columns.
fn with_values<R>(base: ArrayView2<'_, f64>, solve: impl FnOnce(&[f64], usize) -> R) -> R {
    let base = base.as_standard_layout();
    solve(base.as_slice().expect("standard layout is contiguous"), base.ncols())
}

fn prepare(
    hierarchy: &Hierarchy,
    method: Method,
    preparation: &mut Preparation,
) -> Result<Box<dyn Strategy>> {
    let strategy: Box<dyn Strategy> = match method {
        Method::BottomUp => Box::new(bottom_up::BottomUp),
        Method::Ols => Box::new(ols::prepare(hierarchy)?),
        Method::WlsStruct => Box::new(wls_struct::prepare(hierarchy)?),
        Method::Wls(variances) => Box::new(diagonal::prepare(hierarchy, variances)?),
        Method::WlsVar(residuals) => {
            let variances = residuals::mean_squares(hierarchy, residuals.view(), preparation)?;
            Box::new(diagonal::prepare(hierarchy, variances)?)
        }
        Method::MintCov(residuals) => {
            let w = residuals::covariance(hierarchy, residuals.view(), preparation)?;
            Box::new(full::covariance(hierarchy, w, preparation)?)
        }
        Method::MintShrink(residuals) => {
            let w = residuals::shrunk(hierarchy, residuals.view(), preparation)?;
            Box::new(full::covariance(hierarchy, w, preparation)?)
        }
        Method::Custom(w) => Box::new(full::custom(hierarchy, w, preparation)?),
        Method::Temporal(covariance, residuals) => {
            temporal::prepare(hierarchy, covariance, residuals.view(), preparation)?
        }
        Method::TopDown(proportions) => top_down::prepare(hierarchy, &proportions, preparation)?,
        Method::MiddleOut(level) => Box::new(forecast_proportions::middle_out(hierarchy, &level)?),
        Method::Erm(erm) => Box::new(erm::prepare(hierarchy, &erm)?),
    };
    Ok(strategy)
}
