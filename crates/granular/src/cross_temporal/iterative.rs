//! Temporal and cross-sectional reconciliation in turns, until both hold.

use tensor::ndarray::{Array2, ArrayView2};

use super::{Direction, Stepwise};
use crate::arrays::rows;
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::integrate::gaps;
use crate::model::at_least_one;

/// The settings of [`Stepwise::iterative`].
///
/// | name | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `first` | temporal | the direction each iteration begins with | |
/// | `tolerance` | 10⁻⁹ | the gap to stop at, as a share of the largest base forecast | ≥ 0 |
/// | `iterations` | 1000 | the bound, of two steps each | ≥ 1 |
/// | `at_bound` | error | what happens there | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IterativeConfig {
    /// The direction each iteration begins with.
    pub first: Direction,
    /// The gap to stop at, as a share of the largest absolute base forecast.
    pub tolerance: f64,
    /// The largest number of iterations, of two steps each.
    pub iterations: usize,
    /// What happens at the bound.
    pub at_bound: AtBound,
}

impl Default for IterativeConfig {
    fn default() -> Self {
        Self { first: Direction::Temporal, tolerance: 1e-9, iterations: 1000, at_bound: AtBound::Error }
    }
}

/// What happens when iterations come to their bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AtBound {
    /// The call fails with [`ErrorKind::NotConverged`].
    #[default]
    Error,
    /// The last values are added up from the finest and given, and [`Iterations::converged`] is false.
    Report,
}

/// How the iterations went.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Iterations {
    /// The gaps of each iteration.
    pub gaps: Vec<IterationGaps>,
    /// The gap that was asked for, in the units of the forecasts.
    pub needed: f64,
    /// Whether it was reached.
    pub converged: bool,
}

/// How far the values were from adding up in one iteration: the largest difference of a node to the sum of its members.
///
/// Each direction's gap is measured after the step in the other direction, which opens it; after its own step it is
/// closed. An iteration that ends with its first step has the gap 0 in that step's direction.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct IterationGaps {
    /// Across the series, after the temporal step.
    pub cross_sectional: f64,
    /// Across the orders of time, after the cross-sectional step.
    pub temporal: f64,
}

impl Stepwise {
    /// Reconciles in turns, each series by its own method and each order by its own, until both directions hold (base:
    /// n × k periods).
    ///
    /// Nothing is averaged, so the methods need not be linear. The steps stop as soon as the gap that one of them
    /// leaves in the other direction is at most `tolerance` times the largest absolute base forecast; then the aggregates
    /// are added up from the finest values, which moves them by no more than the number of members times the gap. Where
    /// all orders share a projection, or all series do, one iteration is enough.
    ///
    /// ```
    /// use granular::{CrossTemporal, Hierarchy, IterativeConfig, Method, Stepwise};
    /// use tensor::ndarray::{arr1, array};
    ///
    /// let shops = Hierarchy::grouped().key("shop", ["a", "b"]).level("All", &[]).level("Shop", &["shop"]).build()?;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let structure = CrossTemporal::new(&shops, &year)?;
    /// let years = array![[103.0], [50.0], [44.0]];
    /// let halves = array![[50.0, 49.0], [20.0, 30.0], [25.0, 24.0]];
    /// let base = structure.periods(&[("year", years.view()), ("half", halves.view())])?;
    ///
    /// // Shop a knows its year well, and at the year the total is less certain.
    /// let series = |name: &str| Method::Wls(arr1(&[if name == "a" { 0.1 } else { 1.0 }, 1.0, 1.0]));
    /// let order = |name: &str| if name == "year" { Method::WlsStruct } else { Method::Ols };
    /// let stepwise = Stepwise::new(&structure, order, series)?;
    /// let (agreed, iterations) = stepwise.iterative(base.view(), &IterativeConfig::default())?;
    /// assert_eq!(agreed.gaps(), [0.0; 4]);
    /// assert!(iterations.converged && iterations.gaps.len() > 1);
    /// assert!(iterations.gaps[1].temporal < iterations.gaps[0].temporal);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// Di Fonzo & Girolimetto, *Cross-temporal forecast reconciliation*, IJF 39 (2023).
    ///
    /// # Errors
    /// As [`Reconciler::reconcile`](crate::Reconciler::reconcile); [`ErrorKind::Parameter`] for a setting out of its
    /// range; [`ErrorKind::NotConverged`] at the bound, unless [`AtBound::Report`] is asked for.
    pub fn iterative(
        &self,
        base: ArrayView2<'_, f64>,
        config: &IterativeConfig,
    ) -> Result<(Coherent, Iterations)> {
        config.check()?;
        let joint = self.structure.hierarchy();
        joint.check_base(base)?;
        let mut values = base.to_owned();
        let largest = base.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let needed = config.tolerance * largest;
        let mut iterations = Iterations { gaps: Vec::new(), needed, converged: false };
        let mut last = f64::INFINITY;
        while !iterations.converged && iterations.gaps.len() < config.iterations {
            let mut gaps = IterationGaps { cross_sectional: 0.0, temporal: 0.0 };
            for step in config.directions() {
                last = match step {
                    Direction::Temporal => {
                        self.temporal_step(&mut values)?;
                        gaps.cross_sectional = self.cross_sectional_gap(&values);
                        gaps.cross_sectional
                    }
                    Direction::CrossSectional => {
                        self.cross_sectional_step(&mut values)?;
                        gaps.temporal = self.temporal_gap(&values);
                        gaps.temporal
                    }
                };
                iterations.converged = last <= needed;
                if iterations.converged {
                    break;
                }
            }
            iterations.gaps.push(gaps);
        }
        if !iterations.converged && config.at_bound == AtBound::Error {
            let (what, iterations) = ("iterative reconciliation", iterations.gaps.len());
            return Err(ErrorKind::NotConverged { what, iterations, residual: last, needed }.into());
        }
        let coherent = joint.coherent_from(rows(values.view(), joint.finest().range()))?;
        Ok((coherent, iterations))
    }

    fn cross_sectional_gap(&self, values: &Array2<f64>) -> f64 {
        let (cs, te) = (self.structure.cross_sectional(), self.structure.temporal());
        let gap = |order| gaps(cs, self.structure.take(&order, values.view()).view());
        te.levels().flat_map(gap).fold(0.0, f64::max)
    }

    fn temporal_gap(&self, values: &Array2<f64>) -> f64 {
        let (te, pairs) = (self.structure.temporal(), self.structure.pairs());
        let mut widest: f64 = 0.0;
        for i in 0..self.structure.cross_sectional().len() {
            let blocks = te.levels().flat_map(|level| pairs.block(i, &level));
            let series = values.select(tensor::ndarray::Axis(0), &blocks.collect::<Vec<_>>());
            widest = gaps(te, series.view()).into_iter().fold(widest, f64::max);
        }
        widest
    }
}

impl IterativeConfig {
    pub(super) fn check(&self) -> Result<()> {
        at_least_one("iterations", self.iterations)?;
        if self.tolerance >= 0.0 && self.tolerance.is_finite() {
            return Ok(());
        }
        let (expected, got) = ("a finite number of at least 0", self.tolerance.to_string());
        Err(ErrorKind::Parameter { name: "tolerance", expected, got }.into())
    }

    fn directions(&self) -> [Direction; 2] {
        match self.first {
            Direction::Temporal => [Direction::Temporal, Direction::CrossSectional],
            Direction::CrossSectional => [Direction::CrossSectional, Direction::Temporal],
        }
    }
}
