//! From the nodes of one level down, each shared out among its children as their own forecasts are to each other.
//!
//! With q the node above, `ỹ_i = ỹ_q ŷ_i / Σ_{l below q} s_l ŷ_l` (Athanasopoulos, Ahmed & Hyndman 2009), where s is the
//! weight of a child in q, 1 for sums. It is not linear in the base forecasts, so no matrix does it.

use super::Strategy;
use super::nesting::{Above, Descent, totals};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

#[derive(Debug)]
pub(super) struct ForecastProportions {
    /// The first row of the level that is kept.
    first: usize,
    /// For each row from there on, what it is given a part of; rows with nothing above keep their own forecast.
    children: Vec<Option<Child>>,
}

#[derive(Debug)]
struct Child {
    /// The row above, counted from `first`, and the child's weight in it.
    parent: usize,
    weight: f64,
    /// The part of its parent that a child has when all children forecast 0.
    share: f64,
}

/// Top-down from the first level.
pub(super) fn top_down(hierarchy: &Hierarchy) -> Result<ForecastProportions> {
    from_level("top-down", hierarchy, 0)
}

/// Down from the level of this name; above it sums.
pub(super) fn middle_out(hierarchy: &Hierarchy, level: &str) -> Result<ForecastProportions> {
    let middle = hierarchy.level(level)?;
    for above in hierarchy.levels().take(middle.position()) {
        // A sum of whole nodes of the middle, or what is kept there would not add up to it.
        let mut descent = Descent::new("middle-out", hierarchy);
        descent.step(above.range())?;
        descent.step(middle.range())?;
    }
    from_level("middle-out", hierarchy, middle.position())
}

fn from_level(method: &'static str, hierarchy: &Hierarchy, position: usize) -> Result<ForecastProportions> {
    let mut descent = Descent::new(method, hierarchy);
    let mut above = Vec::new();
    for level in hierarchy.levels().skip(position) {
        above.extend(descent.step(level.range())?);
    }
    let first = hierarchy.len() - above.len();
    let totals = totals(hierarchy);
    let mut squares = vec![0.0; above.len()];
    for Above { row, weight } in above.iter().flatten() {
        squares[row - first] += weight * weight;
    }
    let child = |(i, above): (usize, Option<Above>)| {
        let Above { row, weight } = above?;
        let parent = row - first;
        // Both add up to the parent: `Σ s share = 1`.
        let share = if totals[row] != 0.0 {
            totals[first + i] / totals[row]
        } else if squares[parent] > 0.0 {
            weight / squares[parent]
        } else {
            0.0
        };
        Some(Child { parent, weight, share })
    };
    let children = above.into_iter().enumerate().map(child).collect();
    Ok(ForecastProportions { first, children })
}

impl ForecastProportions {
    /// The weighted sums of the children's forecasts, and whether any counts and is not 0, for each row and column.
    fn sums(&self, base: &[f64], k: usize) -> Vec<(f64, bool)> {
        let mut sums = vec![(0.0, false); base.len()];
        for (own, child) in base.chunks_exact(k).zip(&self.children) {
            let Some(Child { parent, weight, .. }) = child else { continue };
            for ((sum, any), y) in sums[parent * k..][..k].iter_mut().zip(own) {
                *sum += weight * y;
                *any |= weight * y != 0.0;
            }
        }
        sums
    }
}

impl Strategy for ForecastProportions {
    fn check(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Result<()> {
        if k == 0 || self.is_linear() {
            return Ok(());
        }
        let sums = self.sums(&base[self.first * k..], k);
        let Some(at) = sums.iter().position(|&(sum, any)| any && sum == 0.0) else { return Ok(()) };
        let parent = at / k;
        let is_child = |child: &Option<Child>| child.as_ref().is_some_and(|child| child.parent == parent);
        let child = self.children.iter().position(is_child).expect("a sum has terms");
        let (level, node) = hierarchy.named(self.first + parent);
        let (below, _) = hierarchy.named(self.first + child);
        Err(ErrorKind::Proportions { level, node, below, column: at % k }.into())
    }

    fn finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let base = &base[self.first * k..];
        let mut values = base.to_vec();
        if k > 0 && !self.is_linear() {
            let sums = self.sums(base, k);
            // Parents come before their children.
            for (row, child) in self.children.iter().enumerate() {
                let Some(Child { parent, share, .. }) = child else { continue };
                let (done, rest) = values.split_at_mut(row * k);
                let above = done[parent * k..].iter().zip(&sums[parent * k..]);
                for (y, (value, &(sum, any))) in rest[..k].iter_mut().zip(above) {
                    *y = value * if any { *y / sum } else { *share };
                }
            }
        }
        values.split_off((hierarchy.aggregate_len() - self.first) * k)
    }

    /// Of the finest level alone, which stays as it is.
    fn transposed(&self, hierarchy: &Hierarchy, u: &[f64], k: usize) -> Result<Vec<f64>> {
        Ok([&vec![0.0; hierarchy.aggregate_len() * k], u].concat())
    }

    fn is_linear(&self) -> bool {
        // Nothing is shared out when the kept level is the finest.
        self.children.iter().all(Option::is_none)
    }
}
