//! The projection of large hierarchies, without ever forming a system.
//!
//! The finest values solve `K x = Sᵀ W⁻¹ ŷ` with `K = Sᵀ W⁻¹ S`. Let T be the part of K that comes from the longest
//! chain of nested levels (the units are its first): `K = T + R`, and T is solved exactly in two passes
//! ([`Tree`](super::tree::Tree)). If the hierarchy is a tree, R = 0 and that is all. Otherwise the tree's solution is
//! where conjugate gradients start and T is their preconditioner, so the number of iterations depends on the levels
//! left out alone: in exact arithmetic one more than the rank of R (Hestenes & Stiefel, *Methods of conjugate gradients
//! for solving linear systems*, 1952).
//!
//! When to stop: with residual `r = K e` for the error e, every node v has
//! `|(S e)_v|² / w_v ≤ eᵀ K e = rᵀ K⁻¹ r ≤ rᵀ T⁻¹ r`, since `K − T` is positive semidefinite. The last number is at hand
//! in each iteration; see [`EXACTNESS`].

use super::tree::Tree;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Iterations stop when `√(rᵀ T⁻¹ r)` is at most this times the root mean square of the units' forecasts, over the largest
/// `√w_j` of a unit: then each unit is within this times that mean of the exact value, rounding apart, and a node v
/// within `√(w_v / max w_j)` times as much.
const EXACTNESS: f64 = 1e-10;

/// They stop as well when `√(rᵀ T⁻¹ r)` is this small a part of the first one, as what is left is rounding: but only
/// within [`SLACK`] times the above.
const ROUNDING: f64 = 1e-15;
const SLACK: f64 = 10.0;

/// The bound of iterations; the M5 structure needs 21 for ols and 5 for wls_struct.
const ITERATIONS: usize = 1000;

/// What is kept between forecasts.
#[derive(Debug)]
pub(super) struct Sparse {
    tree: Tree,
    /// Whether a node's level is outside the chain.
    outside: Vec<bool>,
}

impl Sparse {
    /// The variances are positive and finite, one for each node; ∞ stands for an aggregate without a forecast, 0 for a
    /// unit that keeps its own.
    pub(super) fn new(hierarchy: &Hierarchy, variances: &[f64]) -> Result<Self> {
        let (nesting, aggregates) = (hierarchy.nesting(), hierarchy.aggregate_len());
        let tree = Tree::new(nesting, variances, aggregates).ok_or(ErrorKind::Singular {
            what: "projection",
            size: hierarchy.finest_len(),
            hint: "the variances differ by too many orders of magnitude",
        })?;
        let mut outside = vec![true; hierarchy.len()];
        outside[aggregates..].fill(false);
        for link in nesting.chain() {
            outside[link.target.clone()].fill(false);
        }
        Ok(Self { tree, outside })
    }

    /// The finest values (m × k) for forecasts of all nodes (n × k), and the error if iterations ended too early.
    pub(super) fn finest(&self, problem: &Problem<'_>) -> (Vec<f64>, Result<()>) {
        let k = problem.columns;
        let mut finest = vec![0.0; problem.hierarchy.finest_len() * k];
        let mut outcome = Ok(());
        let mut at = 0;
        while at < k {
            let (wide, done) = match k - at {
                8.. => (8, self.block::<8>(problem, &mut finest, at)),
                4.. => (4, self.block::<4>(problem, &mut finest, at)),
                _ => (1, self.block::<1>(problem, &mut finest, at)),
            };
            outcome = outcome.and(done);
            at += wide;
        }
        (finest, outcome)
    }

    /// `Gᵀ u` where all levels nest (n × k): `base` of the problem is u, of the units alone (m × k).
    pub(super) fn transposed_tree(&self, problem: &Problem<'_>) -> Vec<f64> {
        let k = problem.columns;
        let mut out = vec![0.0; problem.hierarchy.len() * k];
        let mut at = 0;
        while at < k {
            at += match k - at {
                8.. => self.transposed_block::<8>(problem, &mut out, at),
                4.. => self.transposed_block::<4>(problem, &mut out, at),
                _ => self.transposed_block::<1>(problem, &mut out, at),
            };
        }
        out
    }

    fn transposed_block<const W: usize>(&self, problem: &Problem<'_>, out: &mut [f64], at: usize) -> usize {
        let &Problem { hierarchy, base, columns, .. } = problem;
        let aggregates = hierarchy.aggregate_len();
        let mut work = vec![[0.0; W]; aggregates];
        work.extend(
            base.chunks_exact(columns).map(|row| -> [f64; W] { std::array::from_fn(|c| row[at + c]) }),
        );
        self.tree.solve_transposed(hierarchy.nesting(), &mut work, &mut vec![[0.0; W]; aggregates]);
        for (to, from) in out.chunks_exact_mut(columns).zip(&work) {
            to[at..at + W].copy_from_slice(from);
        }
        W
    }

    /// Solves W columns side by side, from column `at`: an index read serves all of them. None depends on another.
    fn block<const W: usize>(&self, problem: &Problem<'_>, finest: &mut [f64], at: usize) -> Result<()> {
        let &Problem { hierarchy, variances, base, columns } = problem;
        let (nesting, aggregates) = (hierarchy.nesting(), hierarchy.aggregate_len());
        let base: Vec<[f64; W]> =
            base.chunks_exact(columns).map(|row| std::array::from_fn(|c| row[at + c])).collect();
        let mut work = base.clone();
        let mut sums = vec![[0.0; W]; aggregates];
        self.tree.solve(nesting, &mut work, &mut sums);
        let mut outcome = Ok(());
        if !nesting.is_tree() {
            let x = work[aggregates..].to_vec();
            let mut solver = Gradients { sparse: self, hierarchy, variances, x, work, sums };
            outcome = solver.run(&base);
            work = solver.work;
            work[aggregates..].copy_from_slice(&solver.x);
        }
        for (to, from) in finest.chunks_exact_mut(columns).zip(&work[aggregates..]) {
            to[at..at + W].copy_from_slice(from);
        }
        outcome
    }
}

/// What is to be solved: forecasts of all nodes (n × columns, row-major), and the diagonal of W.
pub(super) struct Problem<'a> {
    pub(super) hierarchy: &'a Hierarchy,
    pub(super) variances: &'a [f64],
    pub(super) base: &'a [f64],
    pub(super) columns: usize,
}

/// Conjugate gradients on W columns.
struct Gradients<'a, const W: usize> {
    sparse: &'a Sparse,
    hierarchy: &'a Hierarchy,
    variances: &'a [f64],
    /// The finest values so far.
    x: Vec<[f64; W]>,
    /// Space for all nodes, and for the aggregates.
    work: Vec<[f64; W]>,
    sums: Vec<[f64; W]>,
}

impl<const W: usize> Gradients<'_, W> {
    /// Improves x, the solution of the chain, to the one of all levels.
    fn run(&mut self, base: &[[f64; W]]) -> Result<()> {
        let aggregates = self.hierarchy.aggregate_len();
        self.first_residual(base);
        let mut r = self.work[aggregates..].to_vec();
        self.precondition(&r);
        let mut p = self.work[aggregates..].to_vec();
        let mut rz = dot(&r, &p);
        let needed = self.needed(base, &rz);
        let mut iterations = 0;
        while iterations < ITERATIONS {
            // A column that is done stands still, so it does not matter which others are solved with it.
            let open: [bool; W] = std::array::from_fn(|c| rz[c] > needed[c]);
            if !open.contains(&true) {
                break;
            }
            self.apply(&p);
            let pq = dot(&p, &self.work[aggregates..]);
            let step: [f64; W] = std::array::from_fn(|c| if open[c] { rz[c] / pq[c] } else { 0.0 });
            if step.iter().any(|step| !step.is_finite()) {
                break;
            }
            self.advance(&step, &p, &mut r);
            self.precondition(&r);
            let next = dot(&r, &self.work[aggregates..]);
            let turn: [f64; W] = std::array::from_fn(|c| if open[c] { next[c] / rz[c] } else { 0.0 });
            for (p, z) in p.iter_mut().zip(&self.work[aggregates..]) {
                for ((p, z), turn) in p.iter_mut().zip(z).zip(&turn) {
                    *p = z + turn * *p;
                }
            }
            rz = next;
            iterations += 1;
        }
        verdict(iterations, &rz, &needed)
    }

    /// `x += step p` and `r −= step q`, with `q = K p` in the finest rows of `work`.
    fn advance(&mut self, step: &[f64; W], p: &[[f64; W]], r: &mut [[f64; W]]) {
        let q = &self.work[self.hierarchy.aggregate_len()..];
        for (((x, r), p), q) in self.x.iter_mut().zip(r).zip(p).zip(q) {
            for ((x, p), step) in x.iter_mut().zip(p).zip(step) {
                *x += step * p;
            }
            for ((r, q), step) in r.iter_mut().zip(q).zip(step) {
                *r -= step * q;
            }
        }
    }

    /// `Sᵀ W⁻¹ (ŷ − S x)` in the finest rows of `work`. The chain adds nothing, as x is its exact solution.
    fn first_residual(&mut self, base: &[[f64; W]]) {
        let (nesting, aggregates) = (self.hierarchy.nesting(), self.hierarchy.aggregate_len());
        nesting.sum_up(self.hierarchy, &mut self.work);
        let rows = self.work.iter_mut().zip(base).zip(self.variances).zip(&self.sparse.outside);
        for (((row, base), w), &outside) in rows {
            for (value, base) in row.iter_mut().zip(base) {
                *value = if outside { (base - *value) / w } else { 0.0 };
            }
        }
        debug_assert!(self.work[aggregates..].iter().flatten().all(|&value| value == 0.0));
        nesting.spread_down(self.hierarchy, &mut self.work);
    }

    /// `T⁻¹ r`: the tree's solution for forecasts `w r` of the units and 0 of the aggregates.
    fn precondition(&mut self, r: &[[f64; W]]) {
        let aggregates = self.hierarchy.aggregate_len();
        self.work[..aggregates].fill([0.0; W]);
        let rows = self.work[aggregates..].iter_mut().zip(r).zip(&self.variances[aggregates..]);
        for ((row, r), w) in rows {
            *row = r.map(|r| w * r);
        }
        self.sparse.tree.solve(self.hierarchy.nesting(), &mut self.work, &mut self.sums);
    }

    /// `K p = Sᵀ W⁻¹ S p`.
    fn apply(&mut self, p: &[[f64; W]]) {
        let nesting = self.hierarchy.nesting();
        self.work[self.hierarchy.aggregate_len()..].copy_from_slice(p);
        nesting.sum_up(self.hierarchy, &mut self.work);
        for (row, w) in self.work.iter_mut().zip(self.variances) {
            // A unit that is held has no variance, and no direction goes along it.
            *row = if *w > 0.0 { row.map(|value| value / w) } else { [0.0; W] };
        }
        nesting.spread_down(self.hierarchy, &mut self.work);
    }

    /// How small `rᵀ T⁻¹ r` must become.
    fn needed(&self, base: &[[f64; W]], first: &[f64; W]) -> [f64; W] {
        let aggregates = self.hierarchy.aggregate_len();
        let largest = self.variances[aggregates..].iter().copied().fold(0.0, f64::max);
        let (units, all) = (mean_squares(&base[aggregates..]), mean_squares(base));
        std::array::from_fn(|c| {
            let scale = if units[c] > 0.0 { units[c] } else { all[c] };
            let exact = if largest > 0.0 { EXACTNESS.powi(2) * scale / largest } else { 0.0 };
            exact.max((ROUNDING.powi(2) * first[c]).min(SLACK.powi(2) * exact))
        })
    }
}

fn mean_squares<const W: usize>(rows: &[[f64; W]]) -> [f64; W] {
    dot(rows, rows).map(|sum| sum / rows.len() as f64)
}

fn dot<const W: usize>(a: &[[f64; W]], b: &[[f64; W]]) -> [f64; W] {
    let mut sum = [0.0; W];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sum
}

/// An error for the first column that is not exact enough.
fn verdict<const W: usize>(iterations: usize, rz: &[f64; W], needed: &[f64; W]) -> Result<()> {
    let missed = |rz: f64, needed: f64| rz.is_nan() || rz > needed || !needed.is_finite();
    match rz.iter().zip(needed).find(|&(&rz, &needed)| missed(rz, needed)) {
        None => Ok(()),
        Some((rz, needed)) => {
            let (what, residual, needed) = ("projection", rz.sqrt(), needed.sqrt());
            Err(ErrorKind::NotConverged { what, iterations, residual, needed }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_exact_enough_is_an_error() {
        assert!(verdict(3, &[1.0, 0.0], &[1.0, 0.0]).is_ok());
        let error = verdict(1000, &[0.0, 4.0], &[1.0, 0.25]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "projection: 1000 iterations leave a residual of 2e0, expected at most 5e-1"
        );
        assert!(verdict(3, &[f64::NAN], &[1.0]).is_err());
        assert!(verdict(3, &[1.0], &[f64::INFINITY]).is_err());
        assert!(verdict(3, &[1.0], &[f64::NAN]).is_err());
    }
}
