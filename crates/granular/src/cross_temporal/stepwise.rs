//! One direction after the other: temporal, then cross-sectional, or the other way round.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use tensor::ndarray::{Array2, ArrayView2};

use super::CrossTemporal;
use crate::arrays::rows;
use crate::coherent::Coherent;
use crate::combine::{Method, Reconciler};
use crate::error::{Error, ErrorKind, Result};
use crate::hierarchy::Level;

/// A direction of a cross-temporal structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Across the series, at each order.
    CrossSectional,
    /// Across the orders of time, for each series.
    Temporal,
}

/// Reconciles a cross-temporal structure in steps, each with methods of its own.
///
/// A step is small: at each order a method for the cross-sectional hierarchy, `M_k`, and for each series one for the
/// temporal hierarchy, `M_i`. They are built once, and then applied to any number of forecasts in one of three ways:
///
/// | call | step 1 | step 2 |
/// | --- | --- | --- |
/// | [`Stepwise::tcs`] | each series by its `M_i` | all orders by the mean of the `M_k` |
/// | [`Stepwise::cst`] | each order by its `M_k` | all series by the mean of the `M_i` |
/// | [`Stepwise::iterative`] | each series by its `M_i`, each order by its `M_k`, in turns | |
///
/// One matrix for all of step 2 keeps what step 1 made (Kourentzes & Athanasopoulos 2019): equal sums of equal
/// combinations stay equal. It has to be linear; a method that is not can be in step 1. When all `M_k` are the same,
/// and all `M_i` are, the two directions commute: all three give the same, that of the joint projection with
/// `W = W_cs ⊗ W_te`.
///
/// Partly bottom-up methods are made of the same: `cst` with `Method::BottomUp` for the series is the cross-sectional
/// method at the finest order, added up over time, and `tcs` with `Method::BottomUp` for the orders is the temporal method
/// of the finest series, added up across.
///
/// [`Stepwise::reconciler`] gives the steps the type of every other method. A clone shares the reconcilers.
///
/// It costs a reconciler for each series and each order: what neighbours share with equal methods is built once. The
/// joint projection costs more, and knows of errors that go together in both directions.
///
/// ```
/// use granular::{CrossTemporal, Hierarchy, Method, Stepwise};
/// use tensor::ndarray::array;
///
/// let shops = Hierarchy::grouped().key("shop", ["a", "b"]).level("All", &[]).level("Shop", &["shop"]).build()?;
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let structure = CrossTemporal::new(&shops, &year)?;
/// let years = array![[103.0], [50.0], [44.0]];
/// let halves = array![[50.0, 49.0], [20.0, 30.0], [25.0, 24.0]];
/// let base = structure.periods(&[("year", years.view()), ("half", halves.view())])?;
///
/// let stepwise = Stepwise::new(&structure, |_order| Method::Ols, |_series| Method::Ols)?;
/// let agreed = stepwise.tcs(base.view())?;
/// // The same ols at both orders and for all series: the same as the other way round.
/// let other = stepwise.cst(base.view())?;
/// assert!((&agreed.all() - &other.all()).iter().all(|gap| gap.abs() < 1e-12));
/// # Ok::<(), granular::Error>(())
/// ```
///
/// Kourentzes & Athanasopoulos, *Cross-temporal coherent forecasts for Australian tourism*, Annals of Tourism Research
/// 75 (2019). Di Fonzo & Girolimetto, *Cross-temporal forecast reconciliation*, IJF 39 (2023).
#[derive(Debug, Clone)]
pub struct Stepwise {
    pub(super) structure: CrossTemporal,
    orders: Arc<Reconcilers>,
    series: Arc<Reconcilers>,
    /// The finest rows of the mean `M_i`, m_te × n_te, made when first asked for.
    mean_temporal: Arc<OnceLock<Array2<f64>>>,
}

/// A reconciler for each of a list, kept once for neighbours with equal methods.
struct Reconcilers {
    distinct: Vec<(Reconciler, Range<usize>)>,
}

impl fmt::Debug for Reconcilers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.distinct.iter().map(|(_, range)| range)).finish()
    }
}

impl Reconcilers {
    fn new(
        count: usize,
        mut method: impl FnMut(usize) -> Method,
        prepare: impl Fn(usize, Method) -> Result<Reconciler>,
    ) -> Result<Self> {
        let mut distinct: Vec<(Reconciler, Range<usize>)> = Vec::new();
        let mut last = None;
        for i in 0..count {
            let method = method(i);
            match distinct.last_mut().filter(|_| last.as_ref() == Some(&method)) {
                Some((_, range)) => range.end = i + 1,
                None => distinct.push((prepare(i, method.clone())?, i..i + 1)),
            }
            last = Some(method);
        }
        Ok(Self { distinct })
    }

    /// The ranges of members to reconcile together; those of a method that is not linear one by one, as what it
    /// says of a node must be told of the right one.
    fn runs(&self) -> impl Iterator<Item = (&Reconciler, Range<usize>)> {
        self.distinct.iter().flat_map(|(reconciler, range)| {
            let wide = if reconciler.is_linear() { range.len() } else { 1 };
            range.clone().step_by(wide).map(move |start| (reconciler, start..start + wide))
        })
    }

    fn first_not_linear(&self) -> Option<usize> {
        self.distinct.iter().find(|(reconciler, _)| !reconciler.is_linear()).map(|(_, range)| range.start)
    }

    fn of(&self, member: usize) -> &Reconciler {
        let at = self.distinct.partition_point(|(_, range)| range.end <= member);
        &self.distinct[at].0
    }

    fn count(&self) -> usize {
        self.distinct.last().map_or(0, |(_, range)| range.end)
    }
}

impl Stepwise {
    /// Prepares a cross-sectional method for each order and a temporal one for each series, by their names.
    ///
    /// A method with residuals has those of its part: of all series at that order (n_cs × columns of any number), of that
    /// series at all orders (n_te × periods, as [`Hierarchy::periods`](crate::Hierarchy::periods) gives it).
    ///
    /// # Errors
    /// As [`Reconciler::new`], within [`ErrorKind::InLevel`] for an order and [`ErrorKind::InNode`] for a series.
    pub fn new(
        structure: &CrossTemporal,
        mut order: impl FnMut(&str) -> Method,
        mut series: impl FnMut(&str) -> Method,
    ) -> Result<Self> {
        let (cs, te) = (structure.cross_sectional(), structure.temporal());
        let orders: Vec<Level<'_>> = te.levels().collect();
        let at_order =
            |k: usize, method| Reconciler::new(cs, method).map_err(|error| error.in_level(orders[k].name()));
        let of_series =
            |i: usize, method| Reconciler::new(te, method).map_err(|error| error.in_node(&cs.nodes()[i]));
        Ok(Self {
            structure: structure.clone(),
            orders: Arc::new(Reconcilers::new(orders.len(), |k| order(orders[k].name()), at_order)?),
            series: Arc::new(Reconcilers::new(cs.len(), |i| series(&cs.nodes()[i]), of_series)?),
            mean_temporal: Arc::default(),
        })
    }

    /// The structure it was built for.
    #[must_use]
    pub fn structure(&self) -> &CrossTemporal {
        &self.structure
    }

    /// The cross-sectional reconciler of an order.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`].
    pub fn at_order(&self, order: &str) -> Result<&Reconciler> {
        Ok(self.orders.of(self.structure.temporal().level(order)?.position()))
    }

    /// The temporal reconciler of a series, by the name of its cross-sectional node.
    ///
    /// # Errors
    /// As [`Hierarchy::node`](crate::Hierarchy::node).
    pub fn of_series(&self, series: &str) -> Result<&Reconciler> {
        Ok(self.series.of(self.structure.cross_sectional().node(series)?))
    }

    /// Temporal first, then cross-sectional by the mean of the orders' projections (base: n × k periods, n rows in the
    /// order of the joint structure).
    ///
    /// # Errors
    /// As [`Reconciler::reconcile`]; [`ErrorKind::NonlinearPart`] when the method of an order is not linear.
    pub fn tcs(&self, base: ArrayView2<'_, f64>) -> Result<Coherent> {
        let (joint, te) = (self.structure.hierarchy(), self.structure.temporal());
        joint.check_base(base)?;
        self.orders_are_linear()?;
        let mut values = base.to_owned();
        self.temporal_step(&mut values)?;
        // The finest order says all, as one combination for all orders keeps the sums over time.
        let finest = self.structure.take(&te.finest(), values.view());
        let mut mean = Array2::zeros((self.structure.cross_sectional().finest_len(), finest.ncols()));
        for (reconciler, range) in &self.orders.distinct {
            let named = |error: Error| error.in_level(&self.order(range.start));
            let own = reconciler.reconcile(finest.view()).map_err(named)?;
            mean.scaled_add(range.len() as f64 / self.orders.count() as f64, &own.finest());
        }
        self.structure.integrate(mean.view())
    }

    /// Cross-sectional first, then temporal by the mean of the series' projections (base: n × k periods).
    ///
    /// # Errors
    /// As [`Reconciler::reconcile`]; [`ErrorKind::NonlinearPart`] when the method of a series is not linear.
    pub fn cst(&self, base: ArrayView2<'_, f64>) -> Result<Coherent> {
        let (joint, cs, te) =
            (self.structure.hierarchy(), self.structure.cross_sectional(), self.structure.temporal());
        joint.check_base(base)?;
        self.series_are_linear()?;
        let mut values = base.to_owned();
        self.cross_sectional_step(&mut values)?;
        let (mean, pairs) = (self.mean_temporal(), self.structure.pairs());
        let mut finest = Array2::zeros((joint.finest_len(), base.ncols()));
        for (unit, series) in cs.finest().range().enumerate() {
            for (step, weights) in mean.rows().into_iter().enumerate() {
                let mut out = finest.row_mut(unit * te.finest_len() + step);
                for level in te.levels() {
                    for (node, row) in level.range().zip(pairs.block(series, &level)) {
                        out.scaled_add(weights[node], &values.row(row));
                    }
                }
            }
        }
        joint.coherent_from(finest.view())
    }

    pub(super) fn orders_are_linear(&self) -> Result<()> {
        let Some(order) = self.orders.first_not_linear() else { return Ok(()) };
        let (step, part) = ("cross-sectional step", format!("level `{}`", self.order(order)));
        Err(ErrorKind::NonlinearPart { step, part }.into())
    }

    pub(super) fn series_are_linear(&self) -> Result<()> {
        let Some(series) = self.series.first_not_linear() else { return Ok(()) };
        let node = &self.structure.cross_sectional().nodes()[series];
        let (step, part) = ("temporal step", format!("node `{node}`"));
        Err(ErrorKind::NonlinearPart { step, part }.into())
    }

    /// Every reconciler once, with the name of the first order or series that it is for.
    pub(super) fn parts(&self) -> impl Iterator<Item = (String, &Reconciler)> {
        let orders = self.orders.distinct.iter().map(|(part, range)| (self.order(range.start), part));
        let nodes = self.structure.cross_sectional().nodes();
        orders.chain(self.series.distinct.iter().map(|(part, range)| (nodes[range.start].clone(), part)))
    }

    fn order(&self, position: usize) -> String {
        self.structure
            .temporal()
            .levels()
            .nth(position)
            .map_or_else(String::new, |level| level.name().to_owned())
    }

    fn mean_temporal(&self) -> &Array2<f64> {
        self.mean_temporal.get_or_init(|| {
            let te = self.structure.temporal();
            let mut mean = Array2::zeros((te.finest_len(), te.len()));
            for (reconciler, range) in &self.series.distinct {
                let m = reconciler.projection_matrix();
                let share = range.len() as f64 / self.series.count() as f64;
                mean.scaled_add(share, &rows(m.view(), te.finest().range()));
            }
            mean
        })
    }

    /// Reconciles each series over the orders of time.
    pub(super) fn temporal_step(&self, values: &mut Array2<f64>) -> Result<()> {
        let (cs, te, pairs) =
            (self.structure.cross_sectional(), self.structure.temporal(), self.structure.pairs());
        let periods = values.ncols();
        for (reconciler, range) in self.series.runs() {
            let mut together = Array2::zeros((te.len(), range.len() * periods));
            let places = || {
                let of_series = |(place, i)| te.levels().map(move |level| (place, i, level));
                range.clone().enumerate().flat_map(of_series).flat_map(|(place, i, level)| {
                    level.range().zip(pairs.block(i, &level)).map(move |(node, row)| (place, node, row))
                })
            };
            for (place, node, row) in places() {
                for (p, value) in values.row(row).iter().enumerate() {
                    together[[node, place * periods + p]] = *value;
                }
            }
            let agreed = reconciler
                .reconcile(together.view())
                .map_err(|error| error.in_node(&cs.nodes()[range.start]))?;
            for (place, node, row) in places() {
                for (p, value) in values.row_mut(row).iter_mut().enumerate() {
                    *value = agreed.all()[[node, place * periods + p]];
                }
            }
        }
        Ok(())
    }

    /// Reconciles the series at each order.
    pub(super) fn cross_sectional_step(&self, values: &mut Array2<f64>) -> Result<()> {
        for (k, order) in self.structure.temporal().levels().enumerate() {
            let series = self.structure.take(&order, values.view());
            let agreed =
                self.orders.of(k).reconcile(series.view()).map_err(|error| error.in_level(order.name()))?;
            self.structure.put(&order, agreed.all(), values);
        }
        Ok(())
    }
}
