//! Sample paths that add up.

use tensor::ndarray::{Array2, Array3, ArrayView3, Axis};

use super::quantile::{expect_closed_probability, of_sorted};
use crate::arrays::expect_extent;
use crate::coherent::Coherent;
use crate::combine::Reconciler;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Coherent sample paths: k futures of h steps for every node, and each of them adds up.
///
/// Reconciling every path of a sample from the base forecasts' joint distribution gives a sample from the reconciled
/// distribution: Panagiotelis, Gamakumara, Athanasopoulos & Hyndman, *Probabilistic forecast reconciliation: properties,
/// evaluation and score optimisation*, EJOR 306 (2023). It asks for nothing of the distribution and works with every
/// method. Paths must be drawn jointly over the nodes ([`Bootstrap`](crate::Bootstrap) does so).
///
/// Cost: n · h · k numbers, and the work of [`Reconciler::reconcile`] for h · k columns.
///
/// ```
/// use granular::{Hierarchy, Method, Reconciler, Samples};
/// use tensor::ndarray::{Array3, array};
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let bottom_up = Reconciler::new(&year, Method::BottomUp)?;
/// // Three nodes, one step, two samples.
/// let base = Array3::from_shape_vec((3, 1, 2), vec![9.0, 9.0, 1.0, 3.0, 2.0, 4.0]).expect("six numbers");
/// let paths = Samples::reconcile(&bottom_up, base.view())?;
/// assert_eq!(paths.sample(1).all(), array![[7.0], [3.0], [4.0]]);
/// assert_eq!(paths.mean()?.all(), array![[5.0], [2.0], [3.0]]);
/// let quantiles = paths.quantiles(&[0.0, 0.5])?;
/// assert_eq!(quantiles.iter().copied().collect::<Vec<_>>(), [3.0, 5.0, 1.0, 2.0, 2.0, 3.0]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    hierarchy: Hierarchy,
    values: Array3<f64>,
}

impl Samples {
    /// Reconciles base paths (n × h × k), each path and step by itself.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without samples; as [`Reconciler::reconcile`], where column `c` is step `c / k` of sample
    /// `c % k`.
    #[expect(clippy::missing_panics_doc, reason = "the shapes are made above")]
    pub fn reconcile(reconciler: &Reconciler, base: ArrayView3<'_, f64>) -> Result<Self> {
        let (rows, steps, count) = base.dim();
        expect_extent("base samples", "rows", reconciler.hierarchy().len(), rows)?;
        if count == 0 {
            return Err(ErrorKind::Empty { what: "samples" }.into());
        }
        let flat = Array2::from_shape_vec((rows, steps * count), base.iter().copied().collect());
        let agreed = reconciler.reconcile(flat.expect("n · h · k values were laid out").view())?;
        let values = agreed.into_inner().into_shape_with_order((rows, steps, count));
        let values = values.expect("reconciling keeps the number of values");
        Ok(Self { hierarchy: reconciler.hierarchy().clone(), values })
    }

    /// The hierarchy whose nodes these are.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// All paths, n × h × k.
    #[must_use]
    pub fn all(&self) -> ArrayView3<'_, f64> {
        self.values.view()
    }

    /// k, the number of paths.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is at least one path")]
    pub fn len(&self) -> usize {
        self.values.dim().2
    }

    /// One path (n × h).
    ///
    /// # Panics
    /// When `sample` is not below [`Samples::len`].
    #[must_use]
    pub fn sample(&self, sample: usize) -> Coherent {
        assert!(sample < self.len(), "sample {sample} of {}", self.len());
        let path = self.values.index_axis(Axis(2), sample);
        Coherent::trusted(self.hierarchy.clone(), path.as_standard_layout().into_owned())
    }

    /// The mean path (n × h), which adds up as the paths do.
    ///
    /// # Errors
    /// [`ErrorKind::NotFinite`] when a sum overflows.
    #[expect(clippy::missing_panics_doc, reason = "the shapes are made above")]
    pub fn mean(&self) -> Result<Coherent> {
        let above = self.hierarchy.aggregate_len();
        let mean = self.values.mean_axis(Axis(2)).expect("there is at least one path");
        self.hierarchy.integrate(mean.slice_axis(Axis(0), (above..).into()))
    }

    /// Quantiles for every node and step (n × h × q), see [`quantiles`](crate::quantiles()).
    ///
    /// Quantiles of different nodes do not add up, and need not.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a probability outside 0 to 1.
    #[expect(clippy::missing_panics_doc, reason = "the shapes are made above")]
    pub fn quantiles(&self, probabilities: &[f64]) -> Result<Array3<f64>> {
        for &p in probabilities {
            expect_closed_probability(p)?;
        }
        let (rows, steps, _) = self.values.dim();
        let mut out = Vec::with_capacity(rows * steps * probabilities.len());
        for lane in self.values.lanes(Axis(2)) {
            let mut sorted = lane.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            out.extend(probabilities.iter().map(|&p| of_sorted(&sorted, p)));
        }
        Ok(Array3::from_shape_vec((rows, steps, probabilities.len()), out).expect("q values for each lane"))
    }
}
