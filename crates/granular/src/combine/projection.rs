//! The projection onto the coherent values, for a diagonal W.
//!
//! With S = [A; I] and C = [I  −A], y is coherent when C y = 0, and (Wickramasuriya, Athanasopoulos & Hyndman 2019)
//!
//! `M = S (Sᵀ W⁻¹ S)⁻¹ Sᵀ W⁻¹ = I − W Cᵀ (C W Cᵀ)⁻¹ C`.
//!
//! The second form solves a system of the n − m aggregates, the first one of the m finest units. Only the finest rows
//! of M ŷ are needed, as the aggregates are then set from them. With W = diag(W_a, W_b):
//!
//! - aggregates: `C W Cᵀ = W_a + A W_b Aᵀ`, and `b̃ = b̂ + W_b Aᵀ λ` where `(C W Cᵀ) λ = â − A b̂`;
//! - units: `Sᵀ W⁻¹ S = W_b⁻¹ + Aᵀ W_a⁻¹ A`, and `(Sᵀ W⁻¹ S) b̃ = W_b⁻¹ b̂ + Aᵀ W_a⁻¹ â`.
//!
//! Both are dense for now. A solver which never forms the system would stand here as a third form.

use super::Strategy;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::linalg::{Cholesky, Mat};

#[derive(Debug)]
pub(super) struct Projection {
    variances: Vec<f64>,
    system: System,
}

#[derive(Debug)]
enum System {
    Aggregates(Cholesky),
    Units(Cholesky),
}

impl Projection {
    /// Assembles and factorises the smaller system; the variances are positive and finite, one for each node.
    pub(super) fn new(hierarchy: &Hierarchy, variances: Vec<f64>) -> Result<Self> {
        let by_aggregates = hierarchy.aggregate_len() <= hierarchy.finest_len();
        let k = if by_aggregates {
            aggregate_system(hierarchy, &variances)
        } else {
            unit_system(hierarchy, &variances)
        };
        let size = k.nrows();
        // A smaller pivot is rounding, not information: the answer would add up and still mean nothing.
        let factor = Cholesky::new(k, size as f64 * f64::EPSILON).ok_or(ErrorKind::Singular {
            what: "projection",
            size,
            hint: "the variances differ by too many orders of magnitude",
        })?;
        let system = if by_aggregates { System::Aggregates(factor) } else { System::Units(factor) };
        Ok(Self { variances, system })
    }
}

impl Strategy for Projection {
    fn finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        match &self.system {
            System::Aggregates(factor) => self.by_aggregates(factor, hierarchy, base, k),
            System::Units(factor) => self.by_units(factor, hierarchy, base, k),
        }
    }

    fn variances(&self) -> Option<&[f64]> {
        Some(&self.variances)
    }
}

/// Lower triangle of `W_a + A W_b Aᵀ`: unit j adds `w_j a_ij a_lj` for every pair of nodes above it.
fn aggregate_system(hierarchy: &Hierarchy, variances: &[f64]) -> Mat<f64> {
    let above = hierarchy.aggregate_len();
    let mut k = Mat::zeros(above, above);
    for (i, &w) in variances[..above].iter().enumerate() {
        k[(i, i)] = w;
    }
    for (unit, &w) in variances[above..].iter().enumerate() {
        for (count, (l, a_l)) in hierarchy.above().row(unit).enumerate() {
            for (i, a_i) in hierarchy.above().row(unit).skip(count) {
                k[(i, l)] += w * a_i * a_l;
            }
        }
    }
    k
}

/// Lower triangle of `W_b⁻¹ + Aᵀ W_a⁻¹ A`: node i adds `a_ij a_il / w_i` for every pair of its members.
fn unit_system(hierarchy: &Hierarchy, variances: &[f64]) -> Mat<f64> {
    let (above, m) = (hierarchy.aggregate_len(), hierarchy.finest_len());
    let mut k = Mat::zeros(m, m);
    for (j, w) in variances[above..].iter().enumerate() {
        k[(j, j)] = w.recip();
    }
    for (node, w) in variances[..above].iter().enumerate() {
        for (count, (l, a_l)) in hierarchy.members(node).enumerate() {
            for (j, a_j) in hierarchy.members(node).skip(count) {
                k[(j, l)] += a_j * a_l / w;
            }
        }
    }
    k
}

impl Projection {
    fn by_aggregates(&self, factor: &Cholesky, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let above = hierarchy.aggregate_len();
        let (aggregates, bottom) = base.split_at(above * k);
        let mut sum = vec![0.0; k];
        let mut multipliers = Mat::zeros(above, k);
        for node in 0..above {
            sum.fill(0.0);
            hierarchy.s().add_row_product(node, bottom, &mut sum);
            for (c, sum) in sum.iter().enumerate() {
                multipliers[(node, c)] = aggregates[node * k + c] - sum;
            }
        }
        factor.solve(&mut multipliers);
        let multipliers = row_major(&multipliers);
        let mut finest = bottom.to_vec();
        for (unit, w) in self.variances[above..].iter().enumerate() {
            sum.fill(0.0);
            hierarchy.above().add_row_product(unit, &multipliers, &mut sum);
            for (b, sum) in finest[unit * k..][..k].iter_mut().zip(&sum) {
                *b += w * sum;
            }
        }
        finest
    }

    fn by_units(&self, factor: &Cholesky, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let above = hierarchy.aggregate_len();
        let m = hierarchy.finest_len();
        let scaled: Vec<f64> = base.iter().enumerate().map(|(i, y)| y / self.variances[i / k]).collect();
        let (aggregates, bottom) = scaled.split_at(above * k);
        let mut finest = Mat::zeros(m, k);
        let mut sum = vec![0.0; k];
        for unit in 0..m {
            sum.copy_from_slice(&bottom[unit * k..][..k]);
            hierarchy.above().add_row_product(unit, aggregates, &mut sum);
            for (c, sum) in sum.iter().enumerate() {
                finest[(unit, c)] = *sum;
            }
        }
        factor.solve(&mut finest);
        row_major(&finest)
    }
}

fn row_major(mat: &Mat<f64>) -> Vec<f64> {
    let mut out = vec![0.0; mat.nrows() * mat.ncols()];
    for (c, column) in mat.col_iter().enumerate() {
        for (i, value) in column.iter().enumerate() {
            out[i * mat.ncols() + c] = *value;
        }
    }
    out
}
