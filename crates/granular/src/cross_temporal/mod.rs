//! Many series at every order of time at once.

mod iterative;
mod reconciler;
mod stepwise;

use tensor::ndarray::{Array2, ArrayView2};

use crate::arrays::expect_extent;
use crate::coherent::Coherent;
use crate::error::Result;
use crate::hierarchy::{Hierarchy, Level, Pairs, arrange, full_periods};

pub use iterative::{AtBound, IterationGaps, Iterations, IterativeConfig};
pub use reconciler::Steps;
pub use stepwise::{Direction, Stepwise};

/// A cross-sectional hierarchy at every order of a temporal one, and the arranging of their data.
///
/// Data come as one matrix for each order: n_cs series × (steps of the order · N periods), columns in order of time. The
/// joint structure has a row for each series, order and step, and a column for each period; forecasts for H periods are
/// its H columns. Any [`Method`](crate::Method) on [`CrossTemporal::hierarchy`] reconciles all of it at once (the
/// optimal combination); [`Stepwise`] does it in turns.
///
/// | you have | you want | call |
/// | --- | --- | --- |
/// | finest data, m_cs × (m_te · N) | values of all rows, n × N | [`CrossTemporal::integrate`] |
/// | a matrix for each order | values of all rows, n × N | [`CrossTemporal::periods`] |
/// | values of all rows, n × N | the matrix of an order | [`CrossTemporal::series`] |
///
/// ```
/// use granular::{CrossTemporal, Hierarchy, Method, Reconciler, coherence_gap};
/// use tensor::ndarray::array;
///
/// let shops = Hierarchy::grouped().key("shop", ["a", "b"]).level("All", &[]).level("Shop", &["shop"]).build()?;
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let structure = CrossTemporal::new(&shops, &year)?;
///
/// // One year: forecasts of all, a and b for the year and for its halves. None of the sums is right.
/// let years = array![[103.0], [50.0], [44.0]];
/// let halves = array![[50.0, 49.0], [20.0, 30.0], [25.0, 24.0]];
/// let base = structure.periods(&[("year", years.view()), ("half", halves.view())])?;
/// let agreed = Reconciler::new(structure.hierarchy(), Method::Ols)?.reconcile(base.view())?;
///
/// let years = structure.series("year", agreed.all())?;
/// let halves = structure.series("half", agreed.all())?;
/// assert!(coherence_gap(&shops, halves.view())?[0] < 1e-12, "the shops add up");
/// assert!((years[[1, 0]] - halves[[1, 0]] - halves[[1, 1]]).abs() < 1e-12, "the halves add up");
/// # Ok::<(), granular::Error>(())
/// ```
///
/// Di Fonzo & Girolimetto, *Cross-temporal forecast reconciliation: Optimal combination method and heuristic
/// alternatives*, International Journal of Forecasting 39 (2023).
#[derive(Debug, Clone, PartialEq)]
pub struct CrossTemporal {
    cross_sectional: Hierarchy,
    temporal: Hierarchy,
    joint: Hierarchy,
}

impl CrossTemporal {
    /// Crosses the two, in memory for each entry of the joint S: see [`Hierarchy::cross`].
    ///
    /// # Errors
    /// As [`Hierarchy::cross`].
    pub fn new(cross_sectional: &Hierarchy, temporal: &Hierarchy) -> Result<Self> {
        let joint = Hierarchy::cross(cross_sectional, temporal)?;
        Ok(Self { cross_sectional: cross_sectional.clone(), temporal: temporal.clone(), joint })
    }

    /// The joint structure: levels and nodes are named `cross-sectional@temporal`.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.joint
    }

    /// The series and what they add up to.
    #[must_use]
    pub fn cross_sectional(&self) -> &Hierarchy {
        &self.cross_sectional
    }

    /// The orders of time, a level for each.
    #[must_use]
    pub fn temporal(&self) -> &Hierarchy {
        &self.temporal
    }

    /// Sums the finest data, m_cs × (m_te · N), up to all series at all orders.
    ///
    /// ```
    /// # use granular::{CrossTemporal, Hierarchy};
    /// # use tensor::ndarray::array;
    /// # let shops = Hierarchy::grouped().key("shop", ["a", "b"]).level("All", &[]).level("Shop", &["shop"]).build()?;
    /// # let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let structure = CrossTemporal::new(&shops, &year)?;
    /// // Two shops, two halves of two years.
    /// let sales = structure.integrate(array![[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0]].view())?;
    /// assert_eq!(sales.node("All@year[0]")?, array![33.0, 77.0]);
    /// assert_eq!(sales.node("b@half[1]")?, array![20.0, 40.0]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for another number of rows than finest series;
    /// [`ErrorKind::PartPeriod`](crate::ErrorKind::PartPeriod) when the columns do not end with a period;
    /// [`ErrorKind::NotFinite`](crate::ErrorKind::NotFinite).
    pub fn integrate(&self, finest: ArrayView2<'_, f64>) -> Result<Coherent> {
        expect_extent("finest data", "rows", self.cross_sectional.finest_len(), finest.nrows())?;
        let (order, steps) = (self.temporal.finest(), self.temporal.finest_len());
        let periods = full_periods(order.name(), steps, finest.ncols())?;
        let shape = (self.joint.finest_len(), periods);
        let values =
            Array2::from_shape_fn(shape, |(unit, p)| finest[[unit / steps, p * steps + unit % steps]]);
        self.joint.integrate(values.view())
    }

    /// Arranges a matrix for each order, n_cs × (its steps · N), as the rows of the joint structure, n × N.
    ///
    /// For forecasts and residuals; the rows of each matrix stand in the order of the cross-sectional hierarchy, orders
    /// come in any order.
    ///
    /// # Errors
    /// As [`Hierarchy::periods`]; [`ErrorKind::Shape`](crate::ErrorKind::Shape), within
    /// [`ErrorKind::InLevel`](crate::ErrorKind::InLevel), for another number of rows than series.
    pub fn periods(&self, series: &[(&str, ArrayView2<'_, f64>)]) -> Result<Array2<f64>> {
        let (places, periods) =
            arrange(&self.temporal, series.iter().map(|(order, series)| (*order, series.ncols())))?;
        let mut out = Array2::zeros((self.joint.len(), periods));
        for (order, place) in self.temporal.levels().zip(places) {
            let (name, series) = &series[place];
            expect_extent("series", "rows", self.cross_sectional.len(), series.nrows())
                .map_err(|error| error.in_level(name))?;
            self.put(&order, *series, &mut out);
        }
        Ok(out)
    }

    /// The matrix of an order, n_cs × (its steps · N), of values of the joint structure, n × N.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`](crate::ErrorKind::UnknownLevel);
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for another number of rows than n.
    pub fn series(&self, order: &str, values: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let order = self.temporal.level(order)?;
        expect_extent("data of all levels", "rows", self.joint.len(), values.nrows())?;
        Ok(self.take(&order, values))
    }

    pub(crate) fn pairs(&self) -> Pairs {
        Pairs { first: self.cross_sectional.clone(), second: self.temporal.clone() }
    }

    /// [`CrossTemporal::series`] of values that have n rows.
    fn take(&self, order: &Level<'_>, values: ArrayView2<'_, f64>) -> Array2<f64> {
        let (pairs, steps) = (self.pairs(), order.len());
        let mut out = Array2::zeros((self.cross_sectional.len(), steps * values.ncols()));
        for (i, mut series) in out.rows_mut().into_iter().enumerate() {
            for (step, row) in pairs.block(i, order).enumerate() {
                for (p, value) in values.row(row).iter().enumerate() {
                    series[p * steps + step] = *value;
                }
            }
        }
        out
    }

    /// [`CrossTemporal::take`] undone: sets the rows of an order.
    fn put(&self, order: &Level<'_>, series: ArrayView2<'_, f64>, values: &mut Array2<f64>) {
        let (pairs, steps) = (self.pairs(), order.len());
        for (i, series) in series.rows().into_iter().enumerate() {
            for (step, row) in pairs.block(i, order).enumerate() {
                for (p, value) in values.row_mut(row).iter_mut().enumerate() {
                    *value = series[p * steps + step];
                }
            }
        }
    }
}
