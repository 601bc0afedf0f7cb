//! The normal equations with some rows left out, solved with the factor that the reconciler has.
//!
//! With H = Sᵀ W⁻¹ S, leaving out the rows D (or giving a unit the smaller precision of a prior) makes of it
//! `H′ = H − S_Dᵀ C⁻¹ S_D` with C = diag(c), c = w for a missing row and w / (1 − weight) for one with a prior. By
//! Woodbury's identity, with P = S H⁻¹ Sᵀ,
//!
//! `H′⁻¹ = H⁻¹ + H⁻¹ S_Dᵀ (C − P_DD)⁻¹ S_D H⁻¹`.
//!
//! H⁻¹ itself comes from the projection: the base forecasts that are `W_b g` for the units and 0 above are combined to
//! `H⁻¹ g`. So nothing is factorised anew but a system as large as D.

use tensor::ndarray::ArrayView2;

use crate::combine::Strategy;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::linalg::{Cholesky, Mat};

/// Columns of P that are computed at once.
const BATCH: usize = 64;

pub(super) struct System<'a> {
    pub(super) hierarchy: &'a Hierarchy,
    strategy: &'a dyn Strategy,
    variances: &'a [f64],
    dropped: Vec<usize>,
    /// P_D (n × |D|, row-major) and the factor of `C − P_DD`.
    update: Option<(Vec<f64>, Cholesky)>,
    /// Columns of `P′ = S H′⁻¹ Sᵀ` that were asked for.
    columns: Vec<Option<Vec<f64>>>,
}

impl<'a> System<'a> {
    /// `dropped` holds (node, c).
    pub(super) fn new(
        hierarchy: &'a Hierarchy,
        strategy: &'a dyn Strategy,
        variances: &'a [f64],
        dropped: &[(usize, f64)],
    ) -> Result<Self> {
        let columns = vec![None; hierarchy.len()];
        let nodes = dropped.iter().map(|&(node, _)| node).collect();
        let mut system = Self { hierarchy, strategy, variances, dropped: nodes, update: None, columns };
        if dropped.is_empty() {
            return Ok(system);
        }
        let d = dropped.len();
        let p = system.raw(&system.indicators(&system.dropped), d);
        let t = Mat::from_fn(d, d, |i, j| {
            let (node, c) = dropped[i];
            let p = p[node * d + j];
            if i == j { c - p } else { -p }
        });
        let factor = Cholesky::new(t, 1e-13).ok_or(ErrorKind::Singular {
            what: "missing nodes",
            size: d,
            hint: "the variances differ by too many orders of magnitude",
        })?;
        system.update = Some((p, factor));
        Ok(system)
    }

    /// Whether all rows count as the projection has them.
    pub(super) fn is_whole(&self) -> bool {
        self.update.is_none()
    }

    /// `S H′⁻¹ g` (n × q) of g (m × q), both row-major.
    pub(super) fn solve(&self, g: &[f64], q: usize) -> Vec<f64> {
        let mut y = self.raw(g, q);
        if let Some((p, factor)) = &self.update {
            let d = self.dropped.len();
            let mut z = Mat::from_fn(d, q, |i, c| y[self.dropped[i] * q + c]);
            factor.solve(&mut z);
            for (y, p) in y.chunks_exact_mut(q).zip(p.chunks_exact(d)) {
                for (c, y) in y.iter_mut().enumerate() {
                    *y += p.iter().enumerate().map(|(i, p)| p * z[(i, c)]).sum::<f64>();
                }
            }
        }
        y
    }

    /// The reconciled values (n) of one column of base forecasts, for a whole system: the plain projection.
    pub(super) fn project(&self, base: &[f64]) -> Vec<f64> {
        self.sums(&self.strategy.finest(self.hierarchy, base, 1), 1)
    }

    /// Makes sure that these columns of P′ are there.
    pub(super) fn prepare(&mut self, nodes: &[usize]) {
        let wanted: Vec<usize> = nodes.iter().copied().filter(|&node| self.columns[node].is_none()).collect();
        for nodes in wanted.chunks(BATCH) {
            let q = nodes.len();
            let p = self.solve(&self.indicators(nodes), q);
            for (c, &node) in nodes.iter().enumerate() {
                self.columns[node] = Some(p.iter().skip(c).step_by(q).copied().collect());
            }
        }
    }

    /// A column of P′ that was prepared.
    pub(super) fn column(&self, node: usize) -> &[f64] {
        self.columns[node].as_deref().expect("columns are prepared before they are read")
    }

    /// `Sᵀ f` of n forces.
    pub(super) fn adjoint(&self, forces: &[f64]) -> Vec<f64> {
        let (aggregates, finest) = forces.split_at(self.hierarchy.aggregate_len());
        let mut g = finest.to_vec();
        for (unit, g) in g.iter_mut().enumerate() {
            self.hierarchy.above().add_row_product(unit, aggregates, std::slice::from_mut(g));
        }
        g
    }

    /// `S_Qᵀ` (m × |Q|, row-major).
    fn indicators(&self, nodes: &[usize]) -> Vec<f64> {
        let q = nodes.len();
        let mut g = vec![0.0; self.hierarchy.finest_len() * q];
        for (c, &node) in nodes.iter().enumerate() {
            for (unit, weight) in self.hierarchy.members(node) {
                g[unit * q + c] = weight;
            }
        }
        g
    }

    fn raw(&self, g: &[f64], q: usize) -> Vec<f64> {
        let above = self.hierarchy.aggregate_len();
        let mut base = vec![0.0; self.hierarchy.len() * q];
        let units = base[above * q..].chunks_exact_mut(q).zip(g.chunks_exact(q));
        for ((base, g), w) in units.zip(&self.variances[above..]) {
            base.iter_mut().zip(g).for_each(|(base, g)| *base = w * g);
        }
        self.sums(&self.strategy.finest(self.hierarchy, &base, q), q)
    }

    fn sums(&self, finest: &[f64], q: usize) -> Vec<f64> {
        let finest = ArrayView2::from_shape((self.hierarchy.finest_len(), q), finest);
        let all = self.hierarchy.stack_sums(finest.expect("a strategy gives m · q values"));
        all.into_raw_vec_and_offset().0
    }
}
