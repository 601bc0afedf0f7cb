//! The projection on nested levels: exact, in two passes.
//!
//! With a diagonal W the projection minimises `Σ (y_v − ŷ_v)² / w_v` over values that add up. In a tree the best cost of
//! a node's whole branch, as a function of the node's value t, is a parabola `(t − a)² / q`, up to a constant:
//!
//! - a unit has `a = ŷ`, `q = w`;
//! - below a node whose children have weights s, branches join to `A = Σ s_c a_c`, `Q = Σ s_c² q_c`; with its own
//!   forecast, `a = A + g (ŷ − A)` and `q = g w`, where `g = Q / (Q + w)`.
//!
//! At a root `t = a` is the best; a node's children then share what is left over, `t_c = a_c + (s_c q_c / Q) (t − A)`.
//! A node without members has A = Q = g = 0 and stays 0.

use crate::hierarchy::{Nesting, add};

/// The weights of both passes, for the levels of a [`Nesting::chain`].
#[derive(Debug)]
pub(super) struct Tree {
    /// g of each aggregate.
    gain: Vec<f64>,
    /// `s_c q_c / Q` of each node below another.
    share: Vec<f64>,
}

impl Tree {
    /// None when variances are so far apart that a weight is no number.
    pub(super) fn new(nesting: &Nesting, variances: &[f64], aggregates: usize) -> Option<Self> {
        let mut q = variances.to_vec();
        let mut joined = vec![0.0; aggregates];
        let mut tree = Self { gain: vec![0.0; aggregates], share: vec![0.0; variances.len()] };
        for link in nesting.chain() {
            link.each(|row, parent, weight| joined[parent] += weight * weight * q[row]);
            link.each(|row, parent, weight| {
                // All children may weigh nothing, or all units may be held: there is nothing to share then.
                let nothing = weight == 0.0 || joined[parent] == 0.0;
                tree.share[row] = if nothing { 0.0 } else { weight * q[row] / joined[parent] };
            });
            for node in link.target.clone() {
                let gain = joined[node] / (joined[node] + variances[node]);
                tree.gain[node] = gain;
                q[node] = if variances[node].is_finite() { gain * variances[node] } else { joined[node] };
            }
        }
        let sound = |weights: &[f64]| weights.iter().all(|weight| weight.is_finite());
        (sound(&tree.gain) && sound(&tree.share)).then_some(tree)
    }

    /// Replaces forecasts of all nodes (n rows) by the projected ones; levels outside the chain are neither read nor
    /// written. `sums` is working space, a row for each aggregate.
    pub(super) fn solve<const W: usize>(
        &self,
        nesting: &Nesting,
        values: &mut [[f64; W]],
        sums: &mut [[f64; W]],
    ) {
        for link in nesting.chain() {
            sums[link.target.clone()].fill([0.0; W]);
            link.each(|row, parent, weight| add(&mut sums[parent], &values[row], weight));
            let target = link.target.clone();
            for ((value, sum), gain) in
                values[target.clone()].iter_mut().zip(&sums[target.clone()]).zip(&self.gain[target])
            {
                for (value, sum) in value.iter_mut().zip(sum) {
                    *value = sum + gain * (*value - sum);
                }
            }
        }
        for link in nesting.chain().iter().rev() {
            for (value, sum) in values[link.target.clone()].iter().zip(&mut sums[link.target.clone()]) {
                for (value, sum) in value.iter().zip(sum) {
                    *sum = value - *sum;
                }
            }
            link.each(|row, parent, _| add(&mut values[row], &sums[parent], self.share[row]));
        }
    }

    /// The transposed map of [`Tree::solve`]'s finest values: takes u in the finest rows and zeros above, and leaves what
    /// the forecast of each node has in it. Each step of both passes the other way round, last one first.
    pub(super) fn solve_transposed<const W: usize>(
        &self,
        nesting: &Nesting,
        values: &mut [[f64; W]],
        sums: &mut [[f64; W]],
    ) {
        for link in nesting.chain() {
            sums[link.target.clone()].fill([0.0; W]);
            link.each(|row, parent, _| add(&mut sums[parent], &values[row], self.share[row]));
            let target = link.target.clone();
            for (value, sum) in values[target.clone()].iter_mut().zip(&sums[target]) {
                add(value, sum, 1.0);
            }
        }
        for link in nesting.chain().iter().rev() {
            let target = link.target.clone();
            for ((value, sum), gain) in
                values[target.clone()].iter_mut().zip(&mut sums[target.clone()]).zip(&self.gain[target])
            {
                for (value, sum) in value.iter_mut().zip(sum) {
                    *sum = (1.0 - gain) * *value - *sum;
                    *value *= gain;
                }
            }
            link.each(|row, parent, weight| add(&mut values[row], &sums[parent], weight));
        }
    }
}
