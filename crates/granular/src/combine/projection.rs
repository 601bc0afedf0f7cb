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
//! Both are dense. From [`DENSE`] equations on neither is formed: see [`Sparse`].

use tensor::ndarray::ArrayView2;

use super::footing::spread;
use super::sparse::{Problem, Sparse};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::linalg::{Cholesky, Mat};

use super::{Footing, Strategy, Weighted, Weights};

#[derive(Debug)]
pub(crate) struct Projection {
    variances: Vec<f64>,
    system: System,
}

#[derive(Debug)]
enum System {
    Aggregates(Cholesky),
    Units(Cholesky),
    Sparse(Sparse),
}

/// The largest dense system. One of this size is factorised in a few milliseconds; beyond it the cube tells.
const DENSE: usize = 512;

impl Projection {
    /// Chooses the form by the size of the smaller system; the variances are positive and finite, one for each node.
    pub(super) fn new(hierarchy: &Hierarchy, variances: Vec<f64>) -> Result<Self> {
        if hierarchy.aggregate_len().min(hierarchy.finest_len()) <= DENSE {
            Self::dense(hierarchy, variances)
        } else {
            Self::sparse(hierarchy, variances)
        }
    }

    /// As [`Projection::new`], but a variance may be ∞ for an aggregate, whose forecast then is not read, and 0 for a
    /// unit, which then keeps its forecast.
    pub(crate) fn adjusted(hierarchy: &Hierarchy, variances: Vec<f64>) -> Result<Self> {
        let (above, m) = (hierarchy.aggregate_len(), hierarchy.finest_len());
        let held = variances[above..].contains(&0.0);
        if above <= DENSE || (m <= DENSE && !held) {
            Self::assembled(hierarchy, variances, above <= m || held)
        } else {
            Self::sparse(hierarchy, variances)
        }
    }

    fn sparse(hierarchy: &Hierarchy, variances: Vec<f64>) -> Result<Self> {
        Ok(Self { system: System::Sparse(Sparse::new(hierarchy, &variances)?), variances })
    }

    /// The smaller system.
    fn dense(hierarchy: &Hierarchy, variances: Vec<f64>) -> Result<Self> {
        let by_aggregates = hierarchy.aggregate_len() <= hierarchy.finest_len();
        Self::assembled(hierarchy, variances, by_aggregates)
    }

    /// Assembles and factorises a system.
    fn assembled(hierarchy: &Hierarchy, variances: Vec<f64>, by_aggregates: bool) -> Result<Self> {
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
            System::Sparse(sparse) => sparse.finest(&self.problem(hierarchy, base, k)).0,
        }
    }

    fn try_finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Result<Vec<f64>> {
        match &self.system {
            System::Sparse(sparse) => {
                let (finest, outcome) = sparse.finest(&self.problem(hierarchy, base, k));
                outcome.map(|()| finest)
            }
            _ => Ok(self.finest(hierarchy, base, k)),
        }
    }

    fn footing(&self) -> Footing<'_> {
        Footing::Projection(self)
    }

    /// `Gᵀ u = W⁻¹ S z` with `(Sᵀ W⁻¹ S) z = u`: the same system as on the way there. By aggregates that is λ for them
    /// and `u − Aᵀ λ` for the units, with `(C W Cᵀ) λ = A W_b u`: nothing small is a difference of large numbers.
    fn transposed(&self, hierarchy: &Hierarchy, u: &[f64], k: usize) -> Result<Vec<f64>> {
        match &self.system {
            System::Aggregates(factor) => Ok(self.transposed_by_aggregates(factor, hierarchy, u, k)),
            System::Units(factor) => {
                let mut z = Mat::from_fn(hierarchy.finest_len(), k, |unit, c| u[unit * k + c]);
                factor.solve(&mut z);
                Ok(self.weighed_sums(hierarchy, &row_major(&z), k))
            }
            System::Sparse(sparse) if hierarchy.nesting().is_tree() => {
                Ok(sparse.transposed_tree(&self.problem(hierarchy, u, k)))
            }
            System::Sparse(sparse) => {
                let above = hierarchy.aggregate_len();
                let mut base = vec![0.0; above * k];
                base.extend(u.iter().enumerate().map(|(i, u)| self.variances[above + i / k] * u));
                let (z, outcome) = sparse.finest(&self.problem(hierarchy, &base, k));
                outcome.map(|()| self.weighed_sums(hierarchy, &z, k))
            }
        }
    }
}

impl Weighted for Projection {
    fn weights(&self) -> Weights<'_> {
        Weights::Diagonal(&self.variances)
    }

    fn pull(&self, hierarchy: &Hierarchy, x: &[f64], k: usize) -> Result<Vec<f64>> {
        if let System::Aggregates(factor) = &self.system {
            return Ok(spread(hierarchy, self.multipliers(factor, hierarchy, x, k), k));
        }
        // What pulls an aggregate is told by how far it moves, and the units hold against the sum of it.
        let finest = self.try_finest(hierarchy, x, k)?;
        let mut pull = x[..hierarchy.aggregate_len() * k].to_vec();
        for (node, row) in pull.chunks_exact_mut(k).enumerate() {
            let mut sum = vec![0.0; k];
            hierarchy.s().add_row_product(node, &finest, &mut sum);
            for (x, sum) in row.iter_mut().zip(&sum) {
                *x = (*x - sum) / self.variances[node];
            }
        }
        Ok(spread(hierarchy, pull, k))
    }
}

/// Lower triangle of `W_a + A W_b Aᵀ`: unit j adds `w_j a_ij a_lj` for every pair of nodes above it. A node without a
/// forecast has the equation λ = 0.
fn aggregate_system(hierarchy: &Hierarchy, variances: &[f64]) -> Mat<f64> {
    let above = hierarchy.aggregate_len();
    let mut k = Mat::zeros(above, above);
    let counts = |node: &usize| variances[*node].is_finite();
    for (i, &w) in variances[..above].iter().enumerate() {
        k[(i, i)] = if w.is_finite() { w } else { 1.0 };
    }
    for (unit, &w) in variances[above..].iter().enumerate() {
        for (count, (l, a_l)) in hierarchy.above().row(unit).enumerate().filter(|(_, (l, _))| counts(l)) {
            for (i, a_i) in hierarchy.above().row(unit).skip(count).filter(|(i, _)| counts(i)) {
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
    fn problem<'a>(&'a self, hierarchy: &'a Hierarchy, base: &'a [f64], columns: usize) -> Problem<'a> {
        Problem { hierarchy, variances: &self.variances, base, columns }
    }

    /// λ (n − m × k, row-major).
    fn multipliers(&self, factor: &Cholesky, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let above = hierarchy.aggregate_len();
        let (aggregates, bottom) = base.split_at(above * k);
        let mut sum = vec![0.0; k];
        let mut multipliers = Mat::zeros(above, k);
        for node in (0..above).filter(|&node| self.variances[node].is_finite()) {
            sum.fill(0.0);
            hierarchy.s().add_row_product(node, bottom, &mut sum);
            for (c, sum) in sum.iter().enumerate() {
                multipliers[(node, c)] = aggregates[node * k + c] - sum;
            }
        }
        factor.solve(&mut multipliers);
        row_major(&multipliers)
    }

    fn by_aggregates(&self, factor: &Cholesky, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let above = hierarchy.aggregate_len();
        let multipliers = self.multipliers(factor, hierarchy, base, k);
        let mut sum = vec![0.0; k];
        let mut finest = base[above * k..].to_vec();
        for (unit, w) in self.variances[above..].iter().enumerate() {
            sum.fill(0.0);
            hierarchy.above().add_row_product(unit, &multipliers, &mut sum);
            for (b, sum) in finest[unit * k..][..k].iter_mut().zip(&sum) {
                *b += w * sum;
            }
        }
        finest
    }

    fn transposed_by_aggregates(
        &self,
        factor: &Cholesky,
        hierarchy: &Hierarchy,
        u: &[f64],
        k: usize,
    ) -> Vec<f64> {
        let above = hierarchy.aggregate_len();
        let mut multipliers = Mat::zeros(above, k);
        for node in 0..above {
            for (unit, weight) in hierarchy.members(node) {
                let weight = weight * self.variances[above + unit];
                for (c, u) in u[unit * k..][..k].iter().enumerate() {
                    multipliers[(node, c)] += weight * u;
                }
            }
        }
        factor.solve(&mut multipliers);
        spread_onto(hierarchy, &multipliers, u)
    }

    /// `W⁻¹ S z`.
    fn weighed_sums(&self, hierarchy: &Hierarchy, z: &[f64], k: usize) -> Vec<f64> {
        let z = ArrayView2::from_shape((hierarchy.finest_len(), k), z).expect("m · k values were solved for");
        let sums = hierarchy.stack_sums(z);
        sums.iter().enumerate().map(|(i, sum)| sum / self.variances[i / k]).collect()
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

/// λ for the aggregates and `u − Aᵀ λ` for the units.
pub(super) fn spread_onto(hierarchy: &Hierarchy, multipliers: &Mat<f64>, u: &[f64]) -> Vec<f64> {
    let mut out = spread(hierarchy, row_major(multipliers), multipliers.ncols());
    let units = out.len() - u.len();
    out[units..].iter_mut().zip(u).for_each(|(out, u)| *out += u);
    out
}

pub(super) fn row_major(mat: &Mat<f64>) -> Vec<f64> {
    let mut out = vec![0.0; mat.nrows() * mat.ncols()];
    for (c, column) in mat.col_iter().enumerate() {
        for (i, value) in column.iter().enumerate() {
            out[i * mat.ncols() + c] = *value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use tensor::ndarray::Array2;

    use super::*;
    use crate::combine::nesting::sizes;
    use crate::hierarchy::{Aggregator, SummingMatrix};

    /// Keys a (3 values), b (5) and c (4), the finest level crosses all.
    fn crossed() -> Hierarchy {
        let cell = |f: fn(usize) -> usize| (0..60).map(move |row| format!("{}", f(row)));
        Hierarchy::grouped()
            .key("a", cell(|row| row % 3))
            .key("b", cell(|row| row / 3 % 5))
            .key("c", cell(|row| row / 15))
            .level("Total", &[])
            .level("A", &["a"])
            .level("B", &["b"])
            .level("AC", &["a", "c"])
            .level("BC", &["b", "c"])
            .level("Unit", &["a", "b", "c"])
            .build()
            .unwrap()
    }

    fn ladder(orders: &[usize]) -> Hierarchy {
        let names: Vec<String> = orders.iter().map(|order| format!("w{order}")).collect();
        let levels: Vec<(&str, usize)> =
            names.iter().map(String::as_str).zip(orders.iter().copied()).collect();
        Hierarchy::temporal(60, &levels).unwrap()
    }

    /// Weights other than 1: nested ones, zeros, and levels that do not weigh alike.
    fn weighted() -> Vec<Hierarchy> {
        let h = ladder(&[60, 30, 10, 1]);
        let uneven = Aggregator::WeightedMean((0..60).map(|unit| (unit % 4) as f64).collect());
        vec![
            h.aggregated_by(&Aggregator::Mean).unwrap(),
            h.aggregated_by(&Aggregator::Last).unwrap(),
            h.aggregated_by(&uneven).unwrap(),
            h.level_aggregated_by("w30", &uneven).unwrap(),
            h.level_aggregated_by("w10", &Aggregator::First).unwrap(),
            crossed().aggregated_by(&Aggregator::Mean).unwrap(),
            crossed().level_aggregated_by("AC", &Aggregator::Last).unwrap(),
        ]
    }

    /// Levels that leave units out, groups without members, classes with several parents, weights below 0.
    fn out_of_the_ordinary() -> Vec<Hierarchy> {
        let links = |node: usize| {
            (
                format!("n{node}"),
                if node.is_multiple_of(9) { String::new() } else { format!("n{}", node / 3) },
            )
        };
        let forest = Hierarchy::from_parents((0..60).map(links)).unwrap();
        let several =
            |node: usize| [node / 3, node / 4].map(|parent| (format!("n{node}"), format!("n{parent}")));
        let mut list: Vec<(String, String)> = (1..60).flat_map(several).collect();
        list.dedup();
        let taxonomy = Hierarchy::parents_list().links(list).root("n0").several_parents().build().unwrap();
        let weight = |row: usize, column: usize| match row {
            0..5 if row != 2 => ((row * 7 + column * 5) % 4) as f64 - 1.0,
            5.. => f64::from(u8::from(row - 5 == column)),
            _ => 0.0,
        };
        let s = Array2::from_shape_fn((15, 10), |(row, column)| weight(row, column));
        let names = (0..15).map(|row| format!("r{row}"));
        let matrix = SummingMatrix::dense(names, s.view()).unwrap().allow_empty().build().unwrap();
        vec![forest.aggregated_by(&Aggregator::Mean).unwrap(), forest, taxonomy, matrix]
    }

    fn number(seed: usize, i: usize) -> f64 {
        ((i * 37 + seed * 101) % 97) as f64 / 7.0 - 5.0
    }

    fn close(a: &[f64], b: &[f64], within: f64) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= within, "{a} is not {b}");
        }
    }

    #[test]
    fn the_sparse_form_gives_what_the_dense_one_gives() {
        let ladders =
            [ladder(&[60, 30, 10, 1]), ladder(&[60, 20, 15, 12, 4, 1]), ladder(&[1]), ladder(&[6, 2, 1])];
        for h in ladders.into_iter().chain([crossed()]).chain(weighted()).chain(out_of_the_ordinary()) {
            let n = h.len();
            let uneven = (0..n).map(|i| 10f64.powf(number(3, i) / 4.0)).collect();
            let sizes = sizes(&h);
            for variances in [vec![1.0; n], sizes, uneven] {
                // 8 + 4 + 1 columns: every width of the blocks.
                let base: Vec<f64> = (0..n * 13).map(|i| 10.0 * number(1, i)).collect();
                let dense = Projection::dense(&h, variances.clone()).unwrap();
                let sparse = Projection::sparse(&h, variances).unwrap();
                let expected = dense.try_finest(&h, &base, 13).unwrap();
                close(&sparse.try_finest(&h, &base, 13).unwrap(), &expected, 1e-8);
                assert_eq!(sparse.finest(&h, &base, 13), sparse.try_finest(&h, &base, 13).unwrap());
            }
        }
    }

    #[test]
    fn both_forms_have_one_way_back() {
        let ladders = [ladder(&[60, 30, 10, 1]), ladder(&[60, 20, 15, 12, 4, 1]), ladder(&[1])];
        for h in ladders.into_iter().chain([crossed()]).chain(weighted()).chain(out_of_the_ordinary()) {
            let uneven = (0..h.len()).map(|i| 10f64.powf(number(3, i) / 4.0)).collect();
            for variances in [vec![1.0; h.len()], sizes(&h), uneven] {
                let u: Vec<f64> = (0..h.finest_len() * 13).map(|i| number(1, i)).collect();
                let expected =
                    Projection::dense(&h, variances.clone()).unwrap().transposed(&h, &u, 13).unwrap();
                let sparse = Projection::sparse(&h, variances).unwrap();
                close(&sparse.transposed(&h, &u, 13).unwrap(), &expected, 1e-8);
            }
        }
    }

    #[test]
    fn columns_do_not_depend_on_each_other() {
        let h = crossed();
        let sparse = Projection::sparse(&h, vec![1.0; h.len()]).unwrap();
        let base: Vec<f64> = (0..h.len() * 8).map(|i| number(1, i) * 10f64.powi(i as i32 % 8)).collect();
        let together = sparse.try_finest(&h, &base, 8).unwrap();
        for c in 0..8 {
            let alone: Vec<f64> = base.iter().skip(c).step_by(8).copied().collect();
            let alone = sparse.try_finest(&h, &alone, 1).unwrap();
            assert_eq!(alone, together.iter().skip(c).step_by(8).copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn coherent_and_zero_forecasts_come_back() {
        let h = crossed();
        let sparse = Projection::sparse(&h, (0..h.len()).map(|i| 1.0 + (i % 7) as f64).collect()).unwrap();
        assert_eq!(sparse.try_finest(&h, &vec![0.0; h.len()], 1).unwrap(), vec![0.0; 60]);
        assert!(sparse.try_finest(&h, &[], 0).unwrap().is_empty());
        let mut values: Vec<[f64; 1]> = vec![[0.0]; h.len()];
        for (unit, value) in values[h.aggregate_len()..].iter_mut().enumerate() {
            *value = [number(2, unit)];
        }
        h.nesting().sum_up(&h, &mut values);
        let base = values.concat();
        close(&sparse.try_finest(&h, &base, 1).unwrap(), &base[h.aggregate_len()..], 1e-12);
        // Nothing but aggregates: the mean of the units is zero, and it ends all the same.
        let mut above = vec![1.0; h.len()];
        above[h.aggregate_len()..].fill(0.0);
        let expected = Projection::dense(&h, vec![1.0; h.len()]).unwrap().finest(&h, &above, 1);
        let ols = Projection::sparse(&h, vec![1.0; h.len()]).unwrap();
        close(&ols.try_finest(&h, &above, 1).unwrap(), &expected, 1e-9);
    }

    #[test]
    fn hopeless_variances_end_in_an_error() {
        let h = ladder(&[60, 30, 1]);
        let error = Projection::sparse(&h, vec![1e308; h.len()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "projection: the system of 60 equations has no unique solution (the variances differ by too many orders of \
             magnitude)"
        );
    }
}
