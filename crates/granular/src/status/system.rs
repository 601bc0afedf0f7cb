//! How values answer to forecasts and forces, rows without a forecast included.
//!
//! With forces f on nodes, the optimum is `y = M x` of `x = t + W f`. A missing row d has no forecast; what is put in its
//! place must pull nowhere: with `Q = Cᵀ (C W Cᵀ)⁻¹ C`, the force that keeps each row where it goes is `f − Q x`, and for
//! the rows D that are missing it is to be 0. A prior p with the extra variance δ lets it be `(t_d − p) / δ`. So
//!
//! `x_D = p + (W f)_D + z`, `(diag(1/δ) + Q_DD) z = f_D − (Q x⁰)_D`, where x⁰ is x with z = 0.
//!
//! No inverse of W is needed, nothing cancels where variances are small, and nothing is factorised anew but a system as
//! large as D.

use std::borrow::Cow;

use tensor::ndarray::ArrayView2;

use crate::combine::Weighted;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::linalg::{Cholesky, Mat};

/// Columns that are computed at once.
const BATCH: usize = 64;

/// The most columns of n numbers that are kept: the systems of bounds are dense, in work of their cube.
const COLUMNS: usize = 4096;

/// The most numbers in all of them, half a GiB.
const NUMBERS: usize = 1 << 26;

/// A row that is missing, and 1/δ: 0 without a prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dropped {
    pub(super) node: usize,
    pub(super) stiffness: f64,
}

pub(super) struct System<'a> {
    pub(super) hierarchy: &'a Hierarchy,
    pub(super) metric: &'a dyn Weighted,
    pub(super) dropped: Vec<Dropped>,
    /// `diag(1/δ) + Q_DD`.
    factor: Option<Cholesky>,
    /// Columns of P, the answers to a force of 1 on a node, that were asked for.
    columns: Vec<Option<Vec<f64>>>,
    held: usize,
}

/// What stands in for forecasts, and what was added for those that are missing.
pub(super) struct Completed {
    pub(super) x: Vec<f64>,
    pub(super) z: Vec<f64>,
}

impl<'a> System<'a> {
    pub(super) fn new(
        hierarchy: &'a Hierarchy,
        metric: &'a dyn Weighted,
        dropped: Vec<Dropped>,
    ) -> Result<Self> {
        let columns = vec![None; hierarchy.len()];
        let held = dropped.len();
        let mut system = Self { hierarchy, metric, dropped, factor: None, columns, held };
        if held == 0 {
            return Ok(system);
        }
        system.check_size()?;
        let nodes: Vec<usize> = system.dropped.iter().map(|dropped| dropped.node).collect();
        let mut q = Mat::zeros(held, held);
        for (batch, some) in nodes.chunks(BATCH).enumerate() {
            let pull = metric.pull(hierarchy, &indicators(hierarchy, some), some.len())?;
            for (i, &node) in nodes.iter().enumerate() {
                for c in 0..some.len() {
                    q[(i, batch * BATCH + c)] = pull[node * some.len() + c];
                }
            }
        }
        for (i, dropped) in system.dropped.iter().enumerate() {
            q[(i, i)] += dropped.stiffness;
        }
        system.factor = Some(Cholesky::new(q, 1e-13).ok_or(ErrorKind::Singular {
            what: "missing nodes",
            size: held,
            hint: "the variances differ by too many orders of magnitude",
        })?);
        Ok(system)
    }

    /// The values (n × q) for forecasts and forces (n × q, row-major), both of them with rows of 0 where nothing is known.
    pub(super) fn answer(&self, base: &[f64], force: &[f64], q: usize) -> Result<Vec<f64>> {
        let completed = self.complete(base, force, q)?;
        let x = self.settled(completed, base, force, q)?;
        self.project(&x, q)
    }

    /// How the values (n) move when missing rows get the forecasts that take these forces (|D|) from them.
    pub(super) fn relieve(&self, forces: &[f64]) -> Result<Vec<f64>> {
        let mut x = vec![0.0; self.hierarchy.len()];
        if let Some(factor) = &self.factor {
            let mut z = Mat::from_fn(forces.len(), 1, |i, _| forces[i]);
            factor.solve(&mut z);
            self.dropped.iter().enumerate().for_each(|(i, dropped)| x[dropped.node] = z[(i, 0)]);
        }
        self.project(&x, 1)
    }

    /// `M x`.
    fn project(&self, x: &[f64], q: usize) -> Result<Vec<f64>> {
        let finest = self.metric.try_finest(self.hierarchy, x, q)?;
        let finest = ArrayView2::from_shape((self.hierarchy.finest_len(), q), &finest);
        let all = self.hierarchy.stack_sums(finest.expect("a strategy gives m · q values"));
        Ok(all.into_raw_vec_and_offset().0)
    }

    /// The same x with `W (f − Q x)` in place of `W f`, which is near to what x is projected to: where a force moves a node
    /// by much less than its variance, digits would be lost on the way from the one to the other.
    fn settled(&self, completed: Completed, base: &[f64], force: &[f64], q: usize) -> Result<Vec<f64>> {
        if force.iter().all(|force| *force == 0.0) {
            return Ok(completed.x);
        }
        let force = self.carried(force, q);
        let pull = self.metric.pull(self.hierarchy, &completed.x, q)?;
        let holding: Vec<f64> = force.iter().zip(&pull).map(|(f, pull)| f - pull).collect();
        let mut x = self.metric.weights().product(&holding, q);
        x.iter_mut().zip(base).for_each(|(x, base)| *x += base);
        for (dropped, z) in self.dropped.iter().zip(completed.z.chunks_exact(q)) {
            x[dropped.node * q..].iter_mut().zip(z).for_each(|(x, z)| *x += z);
        }
        Ok(x)
    }

    /// x for forecasts and forces; the forecast of a missing row is its prior.
    pub(super) fn complete(&self, base: &[f64], force: &[f64], q: usize) -> Result<Completed> {
        let force = &*self.carried(force, q);
        let mut x = self.metric.weights().product(force, q);
        x.iter_mut().zip(base).for_each(|(x, base)| *x += base);
        let mut z = vec![0.0; self.dropped.len() * q];
        if let Some(factor) = &self.factor {
            let pull = self.metric.pull(self.hierarchy, &x, q)?;
            let mut right = Mat::from_fn(self.dropped.len(), q, |i, c| {
                let at = self.dropped[i].node * q + c;
                force[at] - pull[at]
            });
            factor.solve(&mut right);
            for (i, dropped) in self.dropped.iter().enumerate() {
                for c in 0..q {
                    z[i * q + c] = right[(i, c)];
                    x[dropped.node * q + c] += right[(i, c)];
                }
            }
        }
        Ok(Completed { x, z })
    }

    /// A force on an aggregate that does not count, so that nothing says how far it moves, is one on its units.
    fn carried<'f>(&self, force: &'f [f64], q: usize) -> Cow<'f, [f64]> {
        let weights = self.metric.weights();
        let above = self.hierarchy.aggregate_len();
        let mut carried = Cow::Borrowed(force);
        for node in (0..above).filter(|&node| weights.variance(node).is_infinite()) {
            for c in (0..q).filter(|c| force[node * q + c] != 0.0) {
                let carried = carried.to_mut();
                carried[node * q + c] = 0.0;
                for (unit, weight) in self.hierarchy.members(node) {
                    carried[(above + unit) * q + c] += weight * force[node * q + c];
                }
            }
        }
        carried
    }

    /// Makes sure that the columns of these nodes are there.
    pub(super) fn prepare(&mut self, nodes: &[usize]) -> Result<()> {
        let wanted: Vec<usize> = nodes.iter().copied().filter(|&node| self.columns[node].is_none()).collect();
        self.held += wanted.len();
        self.check_size()?;
        for nodes in wanted.chunks(BATCH) {
            let q = nodes.len();
            let force = indicators(self.hierarchy, nodes);
            let p = self.answer(&vec![0.0; force.len()], &force, q)?;
            for (c, &node) in nodes.iter().enumerate() {
                self.columns[node] = Some(p.iter().skip(c).step_by(q).copied().collect());
            }
        }
        Ok(())
    }

    /// A column of P that was prepared.
    pub(super) fn column(&self, node: usize) -> &[f64] {
        self.columns[node].as_deref().expect("columns are prepared before they are read")
    }

    fn check_size(&self) -> Result<()> {
        let limit = COLUMNS.min(NUMBERS / self.hierarchy.len());
        if self.held <= limit {
            return Ok(());
        }
        let (count, nodes) = (self.held, self.hierarchy.len());
        Err(ErrorKind::TooManyStatuses { count, nodes, limit }.into())
    }
}

/// A force of 1 on each of these nodes: n × q.
fn indicators(hierarchy: &Hierarchy, nodes: &[usize]) -> Vec<f64> {
    let q = nodes.len();
    let mut force = vec![0.0; hierarchy.len() * q];
    for (c, &node) in nodes.iter().enumerate() {
        force[node * q + c] = 1.0;
    }
    force
}
