//! From the nodes of one level down, each shared out among its children as their own forecasts are to each other.
//!
//! With q the node above, `ỹ_i = ỹ_q ŷ_i / Σ_{l below q} ŷ_l` (Athanasopoulos, Ahmed & Hyndman 2009). It is not linear
//! in the base forecasts, so no matrix does it.

use std::ops::Range;

use super::Strategy;
use super::nesting::{parents, sizes};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::{Hierarchy, Level};

#[derive(Debug)]
pub(super) struct ForecastProportions {
    /// The nodes of the level that is kept.
    kept: Range<usize>,
    steps: Vec<Step>,
}

/// From one level to the next finer one.
#[derive(Debug)]
struct Step {
    coarse: Range<usize>,
    fine: Range<usize>,
    parents: Vec<usize>,
    /// Each fine node's share of its parent's units: what counts when all children forecast 0.
    shares: Vec<f64>,
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
        parents("middle-out", hierarchy, above, middle)?;
    }
    from_level("middle-out", hierarchy, middle.position())
}

fn from_level(method: &'static str, hierarchy: &Hierarchy, position: usize) -> Result<ForecastProportions> {
    let sizes = sizes(hierarchy);
    let levels: Vec<_> = hierarchy.levels().skip(position).collect();
    let step = |pair: &[Level<'_>]| -> Result<Step> {
        let (coarse, fine) = (pair[0], pair[1]);
        let parents = parents(method, hierarchy, coarse, fine)?;
        let share = |(node, &parent): (usize, &usize)| sizes[node] / sizes[coarse.range().start + parent];
        let shares = fine.range().zip(&parents).map(share).collect();
        Ok(Step { coarse: coarse.range(), fine: fine.range(), parents, shares })
    };
    let steps = levels.windows(2).map(step).collect::<Result<_>>()?;
    Ok(ForecastProportions { kept: levels[0].range(), steps })
}

impl Step {
    /// The sums of the children's forecasts, and whether any is not 0, for each coarse node and column.
    fn sums(&self, base: &[f64], k: usize) -> Vec<(f64, bool)> {
        let mut sums = vec![(0.0, false); self.coarse.len() * k];
        for (child, &parent) in base[self.fine.start * k..].chunks_exact(k).zip(&self.parents) {
            for ((sum, any), y) in sums[parent * k..][..k].iter_mut().zip(child) {
                *sum += y;
                *any |= *y != 0.0;
            }
        }
        sums
    }

    fn down(&self, values: &[f64], base: &[f64], k: usize) -> Vec<f64> {
        let sums = self.sums(base, k);
        let mut out = base[self.fine.start * k..self.fine.end * k].to_vec();
        for ((child, &parent), share) in out.chunks_exact_mut(k).zip(&self.parents).zip(&self.shares) {
            let above = values[parent * k..][..k].iter().zip(&sums[parent * k..][..k]);
            for (y, (value, &(sum, any))) in child.iter_mut().zip(above) {
                *y = value * if any { *y / sum } else { *share };
            }
        }
        out
    }
}

impl Strategy for ForecastProportions {
    fn check(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Result<()> {
        for step in self.steps.iter().filter(|_| k > 0) {
            let sums = step.sums(base, k);
            if let Some(at) = sums.iter().position(|&(sum, any)| any && sum == 0.0) {
                let (level, node) = hierarchy.named(step.coarse.start + at / k);
                let below = hierarchy.level_of(step.fine.start).name().to_owned();
                return Err(ErrorKind::Proportions { level, node, below, column: at % k }.into());
            }
        }
        Ok(())
    }

    fn finest(&self, _: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let mut values = base[self.kept.start * k..self.kept.end * k].to_vec();
        for step in self.steps.iter().filter(|_| k > 0) {
            values = step.down(&values, base, k);
        }
        values
    }

    /// Of the finest level alone, which stays as it is.
    fn transposed(&self, hierarchy: &Hierarchy, u: &[f64], k: usize) -> Result<Vec<f64>> {
        Ok([&vec![0.0; hierarchy.aggregate_len() * k], u].concat())
    }

    fn is_linear(&self) -> bool {
        // Nothing is shared out when the kept level is the finest.
        self.steps.is_empty()
    }
}
