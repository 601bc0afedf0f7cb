//! Combining base forecasts of all levels into forecasts that agree.

mod bottom_up;
mod diagonal;
mod ols;
mod projection;
mod wls_struct;

use std::fmt;

use tensor::ndarray::{Array1, Array2, ArrayView2};

use crate::coherent::Coherent;
use crate::error::Result;
use crate::hierarchy::Hierarchy;

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
///
/// Hyndman, Ahmed, Athanasopoulos & Shang, *Optimal combination forecasts for hierarchical time series*, CSDA 55 (2011).
/// Athanasopoulos, Hyndman, Kourentzes & Petropoulos, *Forecasting with temporal hierarchies*, EJOR 262 (2017).
/// Wickramasuriya, Athanasopoulos & Hyndman, *Optimal forecast reconciliation … through trace minimization*, JASA 114
/// (2019), for the projection with any W.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// The finest forecasts, added up.
    BottomUp,
    /// The projection with W = I.
    Ols,
    /// The projection with W = diag(S 1), the number of units below each node.
    WlsStruct,
    /// The projection with W = diag(w): one positive variance for each node, in the order of the rows.
    Wls(Array1<f64>),
}

/// One way to combine, prepared for one hierarchy.
pub(crate) trait Strategy: fmt::Debug + Send + Sync {
    /// Combines finite base forecasts (n × k, row-major) to finest ones (m × k, row-major).
    fn finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64>;

    /// The diagonal of W, when this is the projection with a diagonal one: node statuses need it.
    fn variances(&self) -> Option<&[f64]> {
        None
    }
}

/// Combines base forecasts of every node into ones that add up.
///
/// It is built once for a hierarchy and a method, which does the expensive part, and then applied to any number of
/// base forecasts, from wherever they come.
///
/// Cost: a projection assembles and factorises one dense symmetric system of `min(n − m, m)` equations when built (time
/// grows with its cube, memory with its square), then does work of its square for each column.
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
}

impl Reconciler {
    /// Prepares a method for a hierarchy.
    ///
    /// # Errors
    /// For [`Method::Wls`]: [`ErrorKind::Shape`](crate::ErrorKind::Shape) for another number of variances than nodes,
    /// [`ErrorKind::Variance`](crate::ErrorKind::Variance) names a node whose variance is not positive and finite, and
    /// [`ErrorKind::Singular`](crate::ErrorKind::Singular) says that the variances differ too much to be solved with.
    pub fn new(hierarchy: &Hierarchy, method: Method) -> Result<Self> {
        let strategy: Box<dyn Strategy> = match method {
            Method::BottomUp => Box::new(bottom_up::BottomUp),
            Method::Ols => Box::new(ols::prepare(hierarchy)?),
            Method::WlsStruct => Box::new(wls_struct::prepare(hierarchy)?),
            Method::Wls(variances) => Box::new(diagonal::prepare(hierarchy, variances)?),
        };
        Ok(Self { hierarchy: hierarchy.clone(), strategy })
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
    /// [`ErrorKind::NotFinite`](crate::ErrorKind::NotFinite) names the first node and column without a finite value.
    pub fn reconcile(&self, base: ArrayView2<'_, f64>) -> Result<Coherent> {
        self.hierarchy.check_base(base)?;
        self.hierarchy.coherent_from(self.finest(base).view())
    }

    /// M, the dense n × n matrix that takes base forecasts to reconciled ones: for tests and explanations.
    ///
    /// Row i says what each base forecast contributes to node i. It needs n² numbers.
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
        let unit = Array2::eye(self.hierarchy.len());
        self.hierarchy.stack_sums(self.finest(unit.view()).view())
    }

    pub(crate) fn strategy(&self) -> &dyn Strategy {
        &*self.strategy
    }

    fn finest(&self, base: ArrayView2<'_, f64>) -> Array2<f64> {
        let base = base.as_standard_layout();
        let values = base.as_slice().expect("standard layout is contiguous");
        let finest = self.strategy.finest(&self.hierarchy, values, base.ncols());
        let shape = (self.hierarchy.finest_len(), base.ncols());
        Array2::from_shape_vec(shape, finest).expect("a strategy gives m · k values")
    }
}
