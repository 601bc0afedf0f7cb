//! Reconciling with node statuses.

use tensor::ndarray::{Array2, ArrayView2};

use super::active_set::{Active, Solver, Stop};
use super::problem::Problem;
use super::report::{ActiveBound, ColumnReport, Report};
use super::system::{Dropped, System};
use super::{Constraints, Status, kkt, pivoting};
use crate::coherent::Coherent;
use crate::combine::{Footing, Projection, Reconciler, Weighted, Weights};
use crate::error::{Error, ErrorKind, Result};

/// The KKT residual that is good enough.
const OPTIMAL: f64 = 1e-10;

/// With more bounds, all of them on units, sets of held units are solved for as a whole.
const MANY: usize = 512;

/// Shares of its diagonal that are added to a full W, one after the other, until bounds can be solved for: where W has
/// hardly an inverse, and bounds force values out of what it can explain, forces have no digits.
const JITTERS: [f64; 4] = [0.0, 1e-6, 1e-4, 1e-2];

impl Reconciler {
    /// Combines base forecasts (n × k) with what is known of the nodes: missing ones, known values, bounds.
    ///
    /// Each column is the solution of `min (y − ŷ)ᵀ W⁻¹ (y − ŷ)` over all values that add up, the norm that of the nodes
    /// with a base forecast, subject to the known values and bounds. Nothing known means the plain method.
    ///
    /// | method | W |
    /// | --- | --- |
    /// | a projection, diagonal or full | its own; of a full W, fixed and missing nodes lose their rows and columns |
    /// | `BottomUp` | I for the units, and no aggregate counts: bounds on units clip, others are shared alike |
    /// | `TopDown`, `MiddleOut`, `Erm` | refused, as they minimise nothing |
    ///
    /// Exactness: finest values meet bounds and known values to the last bit. Aggregates are sums of finest values, so they
    /// meet theirs up to rounding, at most 1e-10 of the largest number in the column. The [`Report`] has the KKT residual
    /// of each column, at most 1e-10, or there is an error.
    ///
    /// A full W without an inverse, as the covariance of few columns, may leave no digits for many active bounds: then the
    /// smallest of 1e-6, 1e-4, 1e-2 of its diagonal that mends it is added, and [`Report::jitter`] says so.
    ///
    /// Cost: every active bound and known value takes one application of the projection, for all columns together, and each
    /// column a few systems as large as its active bounds; q missing units take one system of q equations (with a full W,
    /// q missing nodes). Where only units have bounds, more than 512 of them, and W is diagonal, each column takes a few
    /// projections whatever the number of active ones, and for large hierarchies no dense system at all.
    ///
    /// ```
    /// use granular::{Constraints, Hierarchy, Method, Reconciler};
    /// use tensor::ndarray::array;
    ///
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let reconciler = Reconciler::new(&year, Method::Ols)?;
    /// let base = array![[3.0], [6.0], [-3.0]];
    /// let (agreed, report) = reconciler.reconcile_with(base.view(), &Constraints::new(&year).non_negative())?;
    /// // Without the second half, year and first half are one number: the mean of 3 and 6.
    /// let gap = (&agreed.all() - &array![[4.5], [4.5], [0.0]]).mapv(f64::abs).sum();
    /// assert!(gap < 1e-12);
    /// assert_eq!(report.columns()[0].active[0].node, year.node("half[1]")?);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// - As [`Reconciler::reconcile`], but base forecasts of missing and fixed nodes are not read.
    /// - [`ErrorKind::OtherHierarchy`] for constraints of another hierarchy; [`ErrorKind::Parameter`] for a method
    ///   that is neither bottom-up nor a projection.
    /// - [`ErrorKind::Unidentified`] says which units nothing speaks for when too much is missing, and which levels would.
    /// - [`ErrorKind::Contradiction`] names fixed values that exclude each other, [`ErrorKind::Infeasible`] bounds (and
    ///   fixed values) that do.
    /// - [`ErrorKind::Singular`] when missing nodes and variances that differ by many orders leave no digits;
    ///   [`ErrorKind::NoOptimum`] when no KKT residual of 1e-10 was reached within 100 iterations and 3 more for each
    ///   bound (1000 with block pivoting); [`ErrorKind::NotConverged`] as for the plain projection.
    /// - [`ErrorKind::TooManyStatuses`] for more than 4096 missing units, known values and active bounds, or fewer where
    ///   a column of n numbers for each would exceed half a GiB (1566 for M5).
    pub fn reconcile_with(
        &self,
        base: ArrayView2<'_, f64>,
        constraints: &Constraints,
    ) -> Result<(Coherent, Report)> {
        if constraints.hierarchy != *self.hierarchy() {
            return Err(ErrorKind::OtherHierarchy { what: "set of constraints", than: "reconciler" }.into());
        }
        if constraints.is_free() {
            let columns = vec![ColumnReport::default(); base.ncols()];
            return Ok((self.reconcile(base)?, Report { columns, jitter: 0.0 }));
        }
        match self.strategy().footing() {
            Footing::Projection(metric) => {
                let own: Vec<f64> =
                    (0..self.hierarchy().len()).map(|node| metric.weights().variance(node)).collect();
                let full = matches!(metric.weights(), Weights::Full(_));
                with_metric(metric, full, Problem::new(constraints, &own)?, &own, base)
            }
            Footing::BottomUp => {
                let own = bottom_up(constraints);
                let problem = Problem::new(constraints, &own)?;
                let metric = adjusted(&problem, &own)?;
                with_metric(&metric, false, problem, &own, base)
            }
            Footing::None => Err(ErrorKind::Parameter {
                name: "method",
                expected: "bottom-up or a projection for node statuses",
                got: "one that minimises nothing".to_owned(),
            }
            .into()),
        }
    }
}

/// The variances of bottom-up: aggregates are not read, except where they are known.
fn bottom_up(constraints: &Constraints) -> Vec<f64> {
    let above = constraints.hierarchy.aggregate_len();
    let counts =
        |(node, status): (usize, &Status)| node >= above || matches!(status, Status::Fixed(_) | Status::Kept);
    let statuses = constraints.statuses.iter().enumerate();
    statuses.map(|row| if counts(row) { 1.0 } else { f64::INFINITY }).collect()
}

/// The projection without the forecasts of missing aggregates, and with priors of units. A unit that nothing speaks for
/// keeps its variance: the system leaves it out.
fn adjusted(problem: &Problem<'_>, own: &[f64]) -> Result<Projection> {
    let above = problem.hierarchy.aggregate_len();
    let variance = |(node, w): (usize, &f64)| if node >= above && w.is_infinite() { own[node] } else { *w };
    Projection::adjusted(problem.hierarchy, problem.variances.iter().enumerate().map(variance).collect())
}

/// The rows that the metric has and the problem has not.
fn dropped(problem: &Problem<'_>, own: &[f64], full: bool) -> Vec<Dropped> {
    let first = if full { 0 } else { problem.hierarchy.aggregate_len() };
    let missing = |node: usize| match problem.constraints.prior_of(node) {
        None => problem.variances[node].is_infinite().then_some(Dropped { node, stiffness: 0.0 }),
        // An extra variance of w / weight − w.
        Some((_, weight)) => (full && weight < 1.0)
            .then_some(Dropped { node, stiffness: weight / (own[node] * (1.0 - weight)) }),
    };
    (first..own.len()).filter_map(missing).collect()
}

fn with_metric(
    metric: &dyn Weighted,
    full: bool,
    mut problem: Problem<'_>,
    own: &[f64],
    base: ArrayView2<'_, f64>,
) -> Result<(Coherent, Report)> {
    problem.check_base(base)?;
    if !full {
        let changed = problem.variances != own;
        let rebuilt = if changed { Some(adjusted(&problem, own)?) } else { None };
        let metric = rebuilt.as_ref().map_or(metric, |rebuilt| rebuilt);
        return all_columns(metric, full, &mut problem, own, base);
    }
    // What is known for certain says nothing of others' errors, as there is no forecast that it was the error of.
    let known = problem.constraints.statuses.iter().enumerate();
    let known: Vec<usize> =
        known.filter(|(_, status)| matches!(status, Status::Fixed(_))).map(|(node, _)| node).collect();
    let mut jitters = JITTERS.into_iter().peekable();
    loop {
        let jitter = jitters.next().unwrap_or_default();
        let as_it_is = known.is_empty() && jitter == 0.0;
        let rebuilt = if as_it_is { None } else { metric.independent(problem.hierarchy, &known, jitter)? };
        let metric = rebuilt.as_deref().unwrap_or(metric);
        match all_columns(metric, full, &mut problem, own, base) {
            Err(error) if lacks_digits(&error) && jitters.peek().is_some() => {}
            outcome => return outcome.map(|(y, report)| (y, Report { jitter, ..report })),
        }
    }
}

/// Whether a W with a larger diagonal would help.
fn lacks_digits(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NoOptimum { .. } | ErrorKind::Singular { .. })
}

fn all_columns(
    metric: &dyn Weighted,
    full: bool,
    problem: &mut Problem<'_>,
    own: &[f64],
    base: ArrayView2<'_, f64>,
) -> Result<(Coherent, Report)> {
    let mut system = System::new(problem.hierarchy, metric, dropped(problem, own, full))?;
    let limited = problem.equalities.len() + problem.inequalities.len();
    let by_units = !full && system.dropped.is_empty() && !problem.limits_aggregates();
    let mut finest = Array2::zeros((problem.hierarchy.finest_len(), base.ncols()));
    let mut report = Report::default();
    for column in 0..base.ncols() {
        let targets = problem.targets(base, column);
        problem.keep(&targets)?;
        let (values, found) = if by_units && limited > MANY {
            pivoted(problem, &targets, column)?
        } else {
            solve(problem, &mut system, &targets, column)?
        };
        finest.column_mut(column).iter_mut().zip(values).for_each(|(to, from)| *to = from);
        report.columns.push(found);
    }
    Ok((problem.hierarchy.coherent_from(finest.view())?, report))
}

/// Finest values and report of one column, by block pivoting.
fn pivoted(problem: &Problem<'_>, targets: &[f64], column: usize) -> Result<(Vec<f64>, ColumnReport)> {
    let optimum = pivoting::solve(problem, targets, OPTIMAL, column)?;
    let (iterations, kkt_residual) = (optimum.iterations, optimum.residual);
    let active = bounds(&optimum.active);
    Ok((optimum.finest, ColumnReport { iterations, active, kkt_residual }))
}

/// Finest values and report of one column, by the dual active set.
fn solve(
    problem: &Problem<'_>,
    system: &mut System<'_>,
    targets: &[f64],
    column: usize,
) -> Result<(Vec<f64>, ColumnReport)> {
    let scale = problem.scale(targets);
    let start = system.answer(targets, &vec![0.0; targets.len()], 1)?;
    let mut solver = Solver::new(problem, system, start, 1e-12 * scale);
    match solver.run(scale) {
        Err(Stop::Conflict(active)) => return Err(problem.conflict(active).into()),
        Err(Stop::Failed(error)) => return Err(error),
        Ok(()) | Err(Stop::Exhausted) => {}
    }
    let mut refinements = 0;
    loop {
        let finest = solver.finest();
        let y = sums(problem, &finest);
        let residual = kkt::residual(problem, solver.system(), targets, &y, &solver.active)?;
        let iterations = solver.iterations;
        if residual.relative <= OPTIMAL && signs_are_right(&solver.active) {
            let active = bounds(&solver.active);
            return Ok((finest, ColumnReport { iterations, active, kkt_residual: residual.relative }));
        }
        if refinements == 3 {
            return Err(ErrorKind::NoOptimum { column, iterations, residual: residual.relative }.into());
        }
        refinements += 1;
        solver.refine(&residual);
    }
}

/// Whether no bound pulls, rounding apart.
fn signs_are_right(active: &[Active]) -> bool {
    let largest = active.iter().map(|active| active.force.abs()).fold(0.0, f64::max);
    active.iter().all(|active| active.equality || active.sign * active.force >= -OPTIMAL * largest)
}

fn bounds(active: &[Active]) -> Vec<ActiveBound> {
    let held = active.iter().filter(|active| !active.equality);
    let bound =
        |active: &Active| ActiveBound { node: active.node, bound: active.target, multiplier: active.force };
    let mut bounds: Vec<ActiveBound> = held.map(bound).collect();
    bounds.sort_by_key(|bound| bound.node);
    bounds
}

fn sums(problem: &Problem<'_>, finest: &[f64]) -> Vec<f64> {
    let column = ArrayView2::from_shape((finest.len(), 1), finest).expect("m values make a column");
    problem.hierarchy.stack_sums(column).into_raw_vec_and_offset().0
}
