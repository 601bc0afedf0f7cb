//! Reconciling with node statuses.

use tensor::ndarray::{Array2, ArrayView2};

use super::active_set::{Solver, Stop};
use super::problem::Problem;
use super::report::{ActiveBound, ColumnReport, Report};
use super::system::System;
use super::{Constraints, kkt};
use crate::coherent::Coherent;
use crate::combine::Reconciler;
use crate::error::{ErrorKind, Result};

/// The KKT residual that is good enough.
const OPTIMAL: f64 = 1e-10;

impl Reconciler {
    /// Combines base forecasts (n × k) with what is known of the nodes: missing ones, known values, bounds.
    ///
    /// Each column is the solution of `min Σ (y − ŷ)² / w` over all values that add up, the sum over the nodes with a
    /// base forecast, subject to the fixed values and bounds. Finest values meet theirs to the last bit; aggregates are
    /// sums of finest values, so they meet theirs up to rounding. Nothing known means the plain projection.
    ///
    /// Cost: nothing is factorised anew. q missing nodes take a system of q equations, once; each active bound and fixed
    /// value takes one application of the projection for all columns together; each column then takes a few systems as
    /// large as its active bounds.
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
    ///   that is no projection with a diagonal W, such as bottom-up.
    /// - [`ErrorKind::Unidentified`] says which units nothing speaks for when too much is missing.
    /// - [`ErrorKind::Contradiction`] names fixed values that exclude each other, [`ErrorKind::Infeasible`] bounds (and
    ///   fixed values) that do.
    /// - [`ErrorKind::Singular`] when missing nodes and variances that differ by many orders leave no digits;
    ///   [`ErrorKind::NoOptimum`] when no KKT residual of 1e-10 was reached within 100 iterations and 10 more for each
    ///   bound.
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
            return Ok((self.reconcile(base)?, Report { columns }));
        }
        let variances = self.strategy().variances().ok_or_else(|| ErrorKind::Parameter {
            name: "method",
            expected: "a projection with a diagonal W for node statuses",
            got: "another".to_owned(),
        })?;
        let problem = Problem::new(constraints, variances)?;
        problem.check_base(base)?;
        let dropped = problem.dropped(variances);
        let mut system = System::new(self.hierarchy(), self.strategy(), variances, &dropped)?;
        let mut finest = Array2::zeros((self.hierarchy().finest_len(), base.ncols()));
        let mut report = Report::default();
        for column in 0..base.ncols() {
            let targets = problem.targets(base, column);
            let (values, found) = solve(&problem, &mut system, &targets, column)?;
            finest.column_mut(column).iter_mut().zip(values).for_each(|(to, from)| *to = from);
            report.columns.push(found);
        }
        Ok((self.hierarchy().coherent_from(finest.view())?, report))
    }
}

/// Finest values and report of one column.
fn solve(
    problem: &Problem<'_>,
    system: &mut System<'_>,
    targets: &[f64],
    column: usize,
) -> Result<(Vec<f64>, ColumnReport)> {
    let start = if system.is_whole() {
        system.project(targets)
    } else {
        let pull: Vec<f64> = targets.iter().zip(&problem.precision).map(|(y, p)| y * p).collect();
        system.solve(&system.adjoint(&pull), 1)
    };
    let mut solver = Solver::new(problem, system, start, 1e-12 * problem.scale(targets));
    let stopped = solver.run();
    let mut refinements = 0;
    loop {
        let finest = settled(problem, &solver.y);
        let y = sums(problem, &finest);
        let residual = kkt::residual(problem, solver.system(), targets, &y, &solver.active);
        let iterations = solver.iterations;
        match stopped {
            Err(Stop::Conflict(active)) => return Err(problem.conflict(active).into()),
            Ok(()) if residual.relative <= OPTIMAL => {
                let active = bounds(&solver);
                return Ok((finest, ColumnReport { iterations, active, kkt_residual: residual.relative }));
            }
            Ok(()) if refinements < 3 => {
                refinements += 1;
                solver.refine(&residual.gradient);
            }
            _ => {
                let residual = residual.relative;
                return Err(ErrorKind::NoOptimum { column, iterations, residual }.into());
            }
        }
    }
}

fn bounds(solver: &Solver<'_, '_, '_>) -> Vec<ActiveBound> {
    let held = solver.active.iter().filter(|active| !active.equality);
    let bound = |active: &super::active_set::Active| ActiveBound {
        node: active.node,
        bound: active.target,
        multiplier: active.force,
    };
    let mut bounds: Vec<ActiveBound> = held.map(bound).collect();
    bounds.sort_by_key(|bound| bound.node);
    bounds
}

fn sums(problem: &Problem<'_>, finest: &[f64]) -> Vec<f64> {
    let column = ArrayView2::from_shape((finest.len(), 1), finest).expect("m values make a column");
    problem.hierarchy.stack_sums(column).into_raw_vec_and_offset().0
}

/// The finest values, on their bounds where rounding had left them beside; then moved by the last digits until fixed
/// aggregates are met.
fn settled(problem: &Problem<'_>, y: &[f64]) -> Vec<f64> {
    let above = problem.hierarchy.aggregate_len();
    let mut finest: Vec<f64> =
        (above..y.len()).map(|node| y[node].max(problem.lo[node]).min(problem.hi[node])).collect();
    let fixed: Vec<usize> = problem.equalities.iter().copied().filter(|&node| node < above).collect();
    // How many fixed aggregates a unit is in: moving one that is in few of them disturbs the others least.
    let mut shared = vec![0usize; finest.len()];
    for &node in &fixed {
        problem.hierarchy.members(node).for_each(|(unit, _)| shared[unit] += 1);
    }
    for _ in 0..4 {
        let mut met = true;
        for &node in &fixed {
            met &= nudge(problem, &mut finest, node, &shared);
        }
        if met {
            break;
        }
    }
    finest
}

/// Moves single members of a fixed aggregate until their sum is its value; true if it already was.
fn nudge(problem: &Problem<'_>, finest: &mut [f64], node: usize, shared: &[usize]) -> bool {
    let above = problem.hierarchy.aggregate_len();
    let sum =
        |finest: &[f64]| problem.hierarchy.members(node).fold(0.0, |sum, (unit, w)| sum + w * finest[unit]);
    let value = problem.lo[node];
    if sum(finest) == value {
        return true;
    }
    let mut units: Vec<usize> = problem.hierarchy.members(node).map(|(unit, _)| unit).collect();
    units.sort_by_key(|&unit| shared[unit]);
    for &unit in units.iter().take(16) {
        let old = finest[unit];
        let new = old + (value - sum(finest));
        if new < problem.lo[above + unit]
            || new > problem.hi[above + unit]
            || (new - old).abs() > 1e-9 * value.abs()
        {
            continue;
        }
        finest[unit] = new;
        if sum(finest) == value {
            break;
        }
    }
    false
}
