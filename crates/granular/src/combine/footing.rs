//! What a method offers to those that know more of some nodes: see [`crate::Constraints`].

use super::Strategy;
use crate::error::Result;
use crate::hierarchy::Hierarchy;
use crate::linalg::Mat;

/// How statuses of nodes can be added to a method.
#[derive(Debug)]
pub(crate) enum Footing<'a> {
    /// Least squares with a W: missing rows, equalities and bounds all have a meaning.
    Projection(&'a dyn Weighted),
    /// The finest forecasts alone: least squares in which no aggregate counts.
    BottomUp,
    /// Nothing is minimised, so there is nothing to minimise within bounds.
    None,
}

/// A projection `M = I − W Q` with `Q = Cᵀ (C W Cᵀ)⁻¹ C`.
pub(crate) trait Weighted: Strategy {
    fn weights(&self) -> Weights<'_>;

    /// `Q x = W⁻¹ (x − M x)` (n × k) of forecasts x: the force with which each is pulled to where it goes.
    ///
    /// A row of a variance that is ∞ has 0. Computed from multipliers of the constraints rather than by this quotient,
    /// so small variances cost no digits.
    fn pull(&self, hierarchy: &Hierarchy, x: &[f64], k: usize) -> Result<Vec<f64>>;

    /// The same projection with a W in which these nodes go together with no other, and with `jitter` of its diagonal
    /// added; None for a W that is diagonal.
    fn independent(
        &self,
        _hierarchy: &Hierarchy,
        _nodes: &[usize],
        _jitter: f64,
    ) -> Result<Option<Box<dyn Weighted>>> {
        Ok(None)
    }
}

/// W in effect.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Weights<'a> {
    Diagonal(&'a [f64]),
    Full(&'a Mat<f64>),
}

impl Weights<'_> {
    /// The variance of a node.
    pub(crate) fn variance(&self, node: usize) -> f64 {
        match self {
            Self::Diagonal(w) => w[node],
            Self::Full(w) => w[(node, node)],
        }
    }

    /// `|W| |f|` of n forces: the sizes of what their product adds up.
    pub(crate) fn size(&self, force: &[f64]) -> Vec<f64> {
        let of = |node: usize| match self {
            Self::Diagonal(w) => w[node] * force[node].abs(),
            Self::Full(w) => w.col(node).iter().zip(force).map(|(w, f)| (w * f).abs()).sum(),
        };
        (0..force.len()).map(of).collect()
    }

    /// `W f` of forces (n × k, row-major), most of which are 0.
    pub(crate) fn product(&self, force: &[f64], k: usize) -> Vec<f64> {
        let mut out = vec![0.0; force.len()];
        for (at, &force) in force.iter().enumerate().filter(|(_, force)| **force != 0.0) {
            match self {
                Self::Diagonal(w) => out[at] = w[at / k] * force,
                Self::Full(w) => {
                    let column = w.col(at / k);
                    for (out, w) in out.iter_mut().skip(at % k).step_by(k).zip(column.iter()) {
                        *out += w * force;
                    }
                }
            }
        }
        out
    }
}

/// `Cᵀ λ` (n × k) of multipliers of the aggregates (row-major).
pub(super) fn spread(hierarchy: &Hierarchy, multipliers: Vec<f64>, k: usize) -> Vec<f64> {
    let mut out = multipliers;
    let above = out.len();
    out.resize(hierarchy.len() * k, 0.0);
    let (aggregates, finest) = out.split_at_mut(above);
    if k > 0 {
        for (unit, row) in finest.chunks_exact_mut(k).enumerate() {
            hierarchy.above().add_row_product(unit, aggregates, row);
            row.iter_mut().for_each(|value| *value = -*value);
        }
    }
    out
}
