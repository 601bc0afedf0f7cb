//! The projection onto the coherent values for a full W, which says how the errors of nodes go together.
//!
//! `M = I − W Cᵀ (C W Cᵀ)⁻¹ C` with C = [I  −A] needs no inverse of W, and one system of the n − m aggregates. Of its
//! finest rows: `b̃ = b̂ − H λ` with `H = (W Cᵀ)_b = W_ba − W_bb Aᵀ` and `(C W Cᵀ) λ = â − A b̂`.

use std::sync::OnceLock;

use tensor::ndarray::Array2;

use super::footing::spread;
use super::preparation::Preparation;
use super::projection::{row_major, spread_onto};
use super::{Footing, Strategy, Weighted, Weights};
use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::linalg::{Cholesky, Mat};

/// Shares of its diagonal that are added to W, one after the other, until it is positive definite.
const JITTERS: [f64; 8] = [0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2];

/// The least square of a pivot, as a share of its diagonal element. A covariance without an inverse leaves rounding
/// there, which grows with the sums in it; the least jitter is well above.
const SMALLEST: f64 = 1e-12;

/// How far `w_ij` and `w_ji` may differ, as a share of `√(w_ii w_jj)`: rounding.
const ASYMMETRY: f64 = 1e-9;

#[derive(Debug)]
pub(super) struct FullProjection {
    w: Array2<f64>,
    jitter: f64,
    /// The diagonal of `C W Cᵀ`, of which the aggregates get the jitter's share too.
    own: Vec<f64>,
    /// W in effect, jitter included. Only what is known of nodes asks for it, so not every forecast pays for n² numbers.
    raised: OnceLock<Mat<f64>>,
    /// H, m × (n − m).
    gain: Mat<f64>,
    system: Cholesky,
}

/// A W of the caller's, any symmetric positive definite matrix.
pub(super) fn custom(
    hierarchy: &Hierarchy,
    w: Array2<f64>,
    preparation: &mut Preparation,
) -> Result<FullProjection> {
    let n = hierarchy.len();
    expect_extent("W", "rows", n, w.nrows())?;
    expect_extent("W", "columns", n, w.ncols())?;
    hierarchy.check_finite(0, w.view())?;
    if let Some((node, &got)) = w.diag().indexed_iter().find(|(_, w)| **w <= 0.0) {
        let (level, node) = hierarchy.named(node);
        return Err(ErrorKind::Variance { level, node, got }.into());
    }
    check_symmetry(hierarchy, &w)?;
    let is_definite = |w: &Array2<f64>, jitter: f64| {
        let k = Mat::from_fn(n, n, |i, j| {
            (w[[i, j]] + w[[j, i]]) / 2.0 + if i == j { jitter * w[[i, i]] } else { 0.0 }
        });
        Cholesky::new(k, SMALLEST).is_some()
    };
    prepare(hierarchy, w, is_definite, preparation)
}

/// A covariance of residuals: symmetric, without negative eigenvalues, but of rank T − 1 only.
pub(super) fn covariance(
    hierarchy: &Hierarchy,
    w: Array2<f64>,
    preparation: &mut Preparation,
) -> Result<FullProjection> {
    prepare(hierarchy, w, |_, _| true, preparation)
}

fn check_symmetry(hierarchy: &Hierarchy, w: &Array2<f64>) -> Result<()> {
    for ((i, j), &got) in w.indexed_iter().filter(|((i, j), _)| j < i) {
        let expected = w[[j, i]];
        if (got - expected).abs() > ASYMMETRY * w[[i, i]].sqrt() * w[[j, j]].sqrt() {
            let ((level, node), (other_level, other)) = (hierarchy.named(i), hierarchy.named(j));
            return Err(ErrorKind::NotSymmetric { level, node, other_level, other, expected, got }.into());
        }
    }
    Ok(())
}

fn prepare(
    hierarchy: &Hierarchy,
    w: Array2<f64>,
    is_definite: impl Fn(&Array2<f64>, f64) -> bool,
    preparation: &mut Preparation,
) -> Result<FullProjection> {
    for jitter in JITTERS {
        if !is_definite(&w, jitter) {
            continue;
        }
        let (gain, system) = assemble(hierarchy, &w, jitter);
        let own: Vec<f64> = (0..system.nrows()).map(|i| system[(i, i)] / (1.0 + jitter)).collect();
        if !is_rounding(hierarchy, &w, &own)
            && let Some(system) = Cholesky::new(system, SMALLEST)
        {
            preparation.jitter = jitter;
            return Ok(FullProjection { w, jitter, own, raised: OnceLock::new(), gain, system });
        }
    }
    let tried = JITTERS[JITTERS.len() - 1];
    Err(ErrorKind::NotPositiveDefinite { what: "W", size: hierarchy.len(), tried }.into())
}

/// Whether an element of the diagonal of `C W Cᵀ` is what is left of larger ones, as where a node has one unit below and
/// the same errors.
fn is_rounding(hierarchy: &Hierarchy, w: &Array2<f64>, own: &[f64]) -> bool {
    let above = hierarchy.aggregate_len();
    let deviation = |node: usize| w[[node, node]].sqrt();
    own.iter().enumerate().any(|(node, own)| {
        let below: f64 = hierarchy.members(node).map(|(unit, s)| s.abs() * deviation(above + unit)).sum();
        *own <= SMALLEST * (deviation(node) + below).powi(2)
    })
}

/// W with `jitter` times its diagonal, and for the aggregates as much of that of `C W Cᵀ`, as [`assemble`] has it.
fn raised(w: &Array2<f64>, jitter: f64, own: &[f64]) -> Mat<f64> {
    Mat::from_fn(w.nrows(), w.ncols(), |i, j| {
        let even = 0.5 * w[[i, j]] + 0.5 * w[[j, i]];
        let more = jitter * (w[[i, i]] + own.get(i).copied().unwrap_or(0.0));
        if i == j { even + more } else { even }
    })
}

/// H and `C W Cᵀ`, a column for each aggregate, for W with `1 + jitter` times its diagonal.
///
/// The jitter raises the diagonal of `C W Cᵀ` too, which is what a larger variance of the aggregates does (`W_aa` is in
/// it, and H does not know `W_aa`): aggregates whose own variance is small would gain too little from their share.
fn assemble(hierarchy: &Hierarchy, w: &Array2<f64>, jitter: f64) -> (Mat<f64>, Mat<f64>) {
    let (n, above) = (hierarchy.len(), hierarchy.aggregate_len());
    let w = w.as_standard_layout();
    let w: Vec<&[f64]> = w.as_slice().expect("standard layout is contiguous").chunks_exact(n).collect();
    let mut gain = Mat::zeros(n - above, above);
    let mut system = Mat::zeros(above, above);
    // A column of W Cᵀ. W is symmetric, and its rows are what lies in line.
    let mut column = vec![0.0; n];
    for l in 0..above {
        column.fill(0.0);
        let members = hierarchy.members(l).map(|(unit, weight)| (above + unit, -weight));
        for (node, weight) in members.chain([(l, 1.0)]) {
            for (sum, w) in column.iter_mut().zip(w[node]) {
                *sum += weight * w;
            }
            column[node] += weight * jitter * w[node][node];
        }
        let finest = &column[above..];
        for (unit, value) in finest.iter().enumerate() {
            gain[(unit, l)] = *value;
        }
        // Of the system the lower triangle is read.
        for (p, value) in column[..above].iter().enumerate().skip(l) {
            let below: f64 = hierarchy.members(p).map(|(unit, weight)| weight * finest[unit]).sum();
            system[(p, l)] = value - below;
        }
        system[(l, l)] *= 1.0 + jitter;
    }
    (gain, system)
}

impl Strategy for FullProjection {
    fn finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let multipliers = self.multipliers(hierarchy, base, k);
        let mut finest = base[hierarchy.aggregate_len() * k..].to_vec();
        for (c, multipliers) in multipliers.col_iter().enumerate() {
            for (gain, multiplier) in self.gain.col_iter().zip(multipliers.iter()) {
                for (unit, gain) in gain.iter().enumerate() {
                    finest[unit * k + c] -= gain * multiplier;
                }
            }
        }
        finest
    }

    fn footing(&self) -> Footing<'_> {
        Footing::Projection(self)
    }

    /// With `λ = −(C W Cᵀ)⁻¹ Hᵀ u`: λ for the aggregates, `u − Aᵀ λ` for the units.
    fn transposed(&self, hierarchy: &Hierarchy, u: &[f64], k: usize) -> Result<Vec<f64>> {
        let above = hierarchy.aggregate_len();
        let mut multipliers = Mat::zeros(above, k);
        for (node, gain) in self.gain.col_iter().enumerate() {
            for (unit, gain) in gain.iter().enumerate() {
                for c in 0..k {
                    multipliers[(node, c)] -= gain * u[unit * k + c];
                }
            }
        }
        self.system.solve(&mut multipliers);
        Ok(spread_onto(hierarchy, &multipliers, u))
    }
}

impl Weighted for FullProjection {
    fn weights(&self) -> Weights<'_> {
        Weights::Full(self.raised())
    }

    fn pull(&self, hierarchy: &Hierarchy, x: &[f64], k: usize) -> Result<Vec<f64>> {
        Ok(spread(hierarchy, row_major(&self.multipliers(hierarchy, x, k)), k))
    }

    fn independent(
        &self,
        hierarchy: &Hierarchy,
        nodes: &[usize],
        jitter: f64,
    ) -> Result<Option<Box<dyn Weighted>>> {
        let (n, w) = (hierarchy.len(), self.raised());
        let mut alone = vec![false; n];
        nodes.iter().for_each(|&node| alone[node] = true);
        let w = Array2::from_shape_fn((n, n), |(i, j)| match i == j {
            true => w[(i, i)] * (1.0 + jitter),
            false if alone[i] || alone[j] => 0.0,
            false => w[(i, j)],
        });
        Ok(Some(Box::new(covariance(hierarchy, w, &mut Preparation::default())?)))
    }
}

impl FullProjection {
    fn raised(&self) -> &Mat<f64> {
        self.raised.get_or_init(|| raised(&self.w, self.jitter, &self.own))
    }

    /// λ, (n − m) × k.
    fn multipliers(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Mat<f64> {
        let above = hierarchy.aggregate_len();
        let (aggregates, bottom) = base.split_at(above * k);
        let mut multipliers = Mat::zeros(above, k);
        let mut sum = vec![0.0; k];
        for node in 0..above {
            sum.fill(0.0);
            hierarchy.s().add_row_product(node, bottom, &mut sum);
            for (c, sum) in sum.iter().enumerate() {
                multipliers[(node, c)] = aggregates[node * k + c] - sum;
            }
        }
        self.system.solve(&mut multipliers);
        multipliers
    }
}
