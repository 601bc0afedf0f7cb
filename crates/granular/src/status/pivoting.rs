//! Bounds on very many units: block principal pivoting.
//!
//! A set of units is held on its bounds, the others are free. Holding a unit is a variance of 0, so the projection itself
//! solves for a set: in time of the aggregates' system or, for large hierarchies, of a few passes, never of the number of
//! held units. All units that are on the wrong side change sides at once: free ones beyond a bound are held, held ones
//! that pull are freed. While the number of wrong ones falls this is fast; where it has not for a few times, only the last
//! wrong one changes, which always ends (Júdice & Pires, *A block principal pivoting algorithm for large-scale strictly
//! monotone linear complementarity problems*, Computers & Operations Research 21, 1994, after Murty 1974).

use tensor::ndarray::ArrayView2;

use super::active_set::Active;
use super::kkt::{gradient, ratio, widest};
use super::problem::Problem;
use crate::combine::{Projection, Strategy};
use crate::error::{ErrorKind, Result};

/// The most sets that are tried.
const LIMIT: usize = 1000;

/// How often the number of wrong units may fail to fall.
const PATIENCE: usize = 5;

/// The share of its terms' sizes below which a multiplier is rounding.
const FLAT: f64 = 1e-11;

/// The optimum of one column.
pub(super) struct Optimum {
    pub(super) finest: Vec<f64>,
    pub(super) active: Vec<Active>,
    pub(super) iterations: usize,
    pub(super) residual: f64,
}

/// The side of its bounds on which a unit is held: −1 for the upper one, 1 for the lower, 0 when it is free.
type Side = i8;

/// Solves a problem in which only units have bounds or fixed values, none is without a forecast, and W is diagonal.
pub(super) fn solve(problem: &Problem<'_>, targets: &[f64], optimal: f64, column: usize) -> Result<Optimum> {
    let above = problem.hierarchy.aggregate_len();
    let tolerance = 1e-12 * problem.scale(targets);
    let mut sides: Vec<Side> = vec![0; problem.hierarchy.finest_len()];
    problem.equalities.iter().for_each(|node| sides[node - above] = 1);
    let (mut fewest, mut patience) = (usize::MAX, PATIENCE);
    let mut last = f64::INFINITY;
    for iterations in 1..=LIMIT {
        let mut optimum = held(problem, targets, &sides, optimal)?;
        optimum.iterations = iterations;
        last = optimum.residual;
        let wrong = wrong(problem, &optimum, targets, &sides, tolerance);
        if wrong.is_empty() {
            if last > optimal || last.is_nan() {
                break;
            }
            optimum.finest = problem.within(&optimum.finest);
            return Ok(optimum);
        }
        if wrong.len() < fewest {
            (fewest, patience) = (wrong.len(), PATIENCE);
        } else {
            patience = patience.saturating_sub(1);
        }
        let changing = if patience > 0 { &wrong[..] } else { &wrong[wrong.len() - 1..] };
        changing.iter().for_each(|&(unit, side)| sides[unit] = side);
    }
    Err(ErrorKind::NoOptimum { column, iterations: LIMIT, residual: last }.into())
}

/// The optimum with these units held, refined while it is not good enough.
fn held(problem: &Problem<'_>, targets: &[f64], sides: &[Side], optimal: f64) -> Result<Optimum> {
    let above = problem.hierarchy.aggregate_len();
    let (mut base, mut variances) = (targets.to_vec(), problem.variances.clone());
    for (unit, side) in sides.iter().enumerate().filter(|(_, side)| **side != 0) {
        base[above + unit] = if *side > 0 { problem.lo[above + unit] } else { problem.hi[above + unit] };
        variances[above + unit] = 0.0;
    }
    let projection = Projection::adjusted(problem.hierarchy, variances.clone())?;
    let mut finest = projection.try_finest(problem.hierarchy, &base, 1)?;
    let mut refinements = 0;
    loop {
        let (active, left) = multipliers(problem, targets, &finest, sides);
        let push: Vec<f64> =
            left.iter().zip(&variances).map(|(g, w)| if *g == 0.0 { 0.0 } else { g * w }).collect();
        let step = projection.try_finest(problem.hierarchy, &push, 1)?;
        let longest = step.iter().map(|step| step.abs()).fold(0.0, widest);
        let scale = finest.iter().map(|y| y.abs()).fold(problem.scale(targets), widest);
        let relative = ratio(longest, scale);
        if relative <= optimal || refinements == 3 {
            return Ok(Optimum { finest, active, iterations: 0, residual: relative });
        }
        refinements += 1;
        finest.iter_mut().zip(&step).for_each(|(y, more)| *y += more);
    }
}

/// The multipliers of the held units, which take up the whole gradient there, and the gradient that is left.
fn multipliers(
    problem: &Problem<'_>,
    targets: &[f64],
    finest: &[f64],
    sides: &[Side],
) -> (Vec<Active>, Vec<f64>) {
    let above = problem.hierarchy.aggregate_len();
    let column = ArrayView2::from_shape((finest.len(), 1), finest).expect("m values make a column");
    let y = problem.hierarchy.stack_sums(column).into_raw_vec_and_offset().0;
    let whole = gradient(problem, targets, &y, &[]);
    let held = sides.iter().enumerate().filter(|(_, side)| **side != 0);
    let active: Vec<Active> = held
        .map(|(unit, &side)| {
            let node = above + unit;
            let target = if side > 0 { problem.lo[node] } else { problem.hi[node] };
            let equality = problem.lo[node] == problem.hi[node];
            Active { node, sign: f64::from(side), target, equality, force: -whole[node] }
        })
        .collect();
    let left = gradient(problem, targets, &y, &active);
    (active, left)
}

/// Units on the wrong side, and the side they change to.
fn wrong(
    problem: &Problem<'_>,
    optimum: &Optimum,
    targets: &[f64],
    sides: &[Side],
    tolerance: f64,
) -> Vec<(usize, Side)> {
    let above = problem.hierarchy.aggregate_len();
    // A multiplier is a sum over the nodes above: what is small against the largest of its terms is rounding.
    let largest =
        (0..targets.len()).map(|node| problem.precision(node) * targets[node].abs()).fold(0.0, widest);
    let mut wrong = Vec::new();
    for active in &optimum.active {
        let own = problem.precision(active.node) * (active.target.abs() + targets[active.node].abs());
        if !active.equality && active.sign * active.force < -FLAT * own.max(largest * 1e-3) {
            wrong.push((active.node - above, 0));
        }
    }
    for &node in &problem.inequalities {
        let (unit, y) = (node - above, optimum.finest[node - above]);
        if sides[unit] == 0 && problem.violation(node, y) > tolerance {
            wrong.push((unit, if y < problem.lo[node] { 1 } else { -1 }));
        }
    }
    wrong.sort_unstable();
    wrong
}

#[cfg(test)]
mod tests {
    use tensor::ndarray::Array2;

    use super::*;
    use crate::combine::{Method, Reconciler};
    use crate::hierarchy::Hierarchy;
    use crate::status::{Constraints, Status};

    fn number(seed: usize, i: usize) -> f64 {
        ((i * 37 + seed * 101) % 97) as f64 / 7.0 - 6.0
    }

    fn crossed() -> Hierarchy {
        let cell = |f: fn(usize) -> usize| (0..60).map(move |row| format!("{}", f(row)));
        Hierarchy::grouped()
            .key("a", cell(|row| row % 3))
            .key("b", cell(|row| row / 3 % 5))
            .key("c", cell(|row| row / 15))
            .level("Total", &[])
            .level("A", &["a"])
            .level("AC", &["a", "c"])
            .level("BC", &["b", "c"])
            .level("Unit", &["a", "b", "c"])
            .build()
            .unwrap()
    }

    #[test]
    fn gives_what_the_dual_active_set_gives() {
        let ladder = Hierarchy::temporal(60, &[("w", 20), ("v", 15), ("u", 6), ("unit", 1)]).unwrap();
        for (seed, h) in [crossed(), ladder].into_iter().enumerate() {
            let above = h.aggregate_len();
            let status = |node: usize| match (node < above, node % 5) {
                (true, 0) => Status::Missing,
                (true, _) => Status::Free,
                (false, 0) => Status::Bounded { lo: number(4, node), hi: number(4, node) + 2.0 },
                (false, 1) => Status::Fixed(number(5, node)),
                (false, 2) => Status::Bounded { lo: f64::NEG_INFINITY, hi: 1.0 },
                (false, _) => Status::Bounded { lo: 0.0, hi: f64::INFINITY },
            };
            let statuses: Vec<Status> = (0..h.len()).map(status).collect();
            let known = Constraints::from_statuses(&h, &statuses).unwrap();
            let base = Array2::from_shape_fn((h.len(), 3), |(i, c)| 3.0 * number(seed + c, i));
            let (y, report) =
                Reconciler::new(&h, Method::Ols).unwrap().reconcile_with(base.view(), &known).unwrap();
            let problem = Problem::new(&known, &vec![1.0; h.len()]).unwrap();
            for column in 0..3 {
                let targets = problem.targets(base.view(), column);
                let optimum = solve(&problem, &targets, 1e-10, column).unwrap();
                assert!(optimum.residual <= 1e-10 && optimum.iterations < 30);
                for (a, b) in optimum.finest.iter().zip(y.finest().column(column)) {
                    assert!((a - b).abs() < 1e-10, "{a} is not {b}");
                }
                let held: Vec<usize> =
                    optimum.active.iter().filter(|a| !a.equality).map(|a| a.node).collect();
                let others: Vec<usize> = report.columns()[column].active.iter().map(|a| a.node).collect();
                assert_eq!(held, others);
            }
        }
    }
}
