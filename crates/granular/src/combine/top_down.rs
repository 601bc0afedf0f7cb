//! Top-down: the forecasts of the first level, shared out among the units by proportions.

use tensor::ndarray::{Array2, ArrayView1, ArrayView2};

use super::nesting::Descent;
use super::preparation::{Preparation, Replaced};
use super::{Strategy, forecast_proportions};
use crate::arrays::{expect_extent, rows};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Where the proportions of [`Method::TopDown`](crate::Method::TopDown) come from.
///
/// With `b_jt` the history of unit j and `a_t` that of the first level's node above it, the (weighted) sum of its units:
///
/// | proportions | unit j's share of the node above | levels |
/// | --- | --- | --- |
/// | `AverageProportions(history)` | `(1/T) Σ_t b_jt / a_t` | any, also crossed |
/// | `ProportionAverages(history)` | `Σ_t b_jt / Σ_t a_t` | any, also crossed |
/// | `ForecastProportions` | level by level, `ŷ_i / Σ ŷ` over the children of one node | each nests in the one before |
///
/// A history has one row for each unit (m × T) or for each node (n × T, of which the finest rows are read). A unit that
/// lies in no node of the first level keeps its own forecast.
///
/// Gross & Sohl, *Disaggregation methods to expedite product line forecasting*, J. Forecasting 9 (1990);
/// Athanasopoulos, Ahmed & Hyndman, *Hierarchical forecasts for Australian domestic tourism*, IJF 25 (2009).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TopDown {
    /// The mean of the historical proportions. Columns where the node above is 0 are left out.
    AverageProportions(Array2<f64>),
    /// The proportion of the historical means.
    ProportionAverages(Array2<f64>),
    /// The proportions of the base forecasts themselves. Children that all forecast 0 share by their number of units.
    ForecastProportions,
}

/// Fixed shares: unit j gets `shares[j]` of node `above[j]`.
#[derive(Debug)]
struct Shares {
    above: Vec<usize>,
    shares: Vec<f64>,
}

impl Strategy for Shares {
    fn finest(&self, _: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        let mut finest = Vec::with_capacity(self.shares.len() * k);
        for (&above, share) in self.above.iter().zip(&self.shares) {
            finest.extend(base[above * k..][..k].iter().map(|y| share * y));
        }
        finest
    }

    fn transposed(&self, hierarchy: &Hierarchy, u: &[f64], k: usize) -> Result<Vec<f64>> {
        let mut out = vec![0.0; hierarchy.len() * k];
        for ((&above, share), unit) in self.above.iter().zip(&self.shares).zip(u.chunks_exact(k.max(1))) {
            for (out, u) in out[above * k..][..k].iter_mut().zip(unit) {
                *out += share * u;
            }
        }
        Ok(out)
    }
}

pub(super) fn prepare(
    hierarchy: &Hierarchy,
    method: &TopDown,
    preparation: &mut Preparation,
) -> Result<Box<dyn Strategy>> {
    let (history, mean_of_ratios) = match method {
        TopDown::AverageProportions(history) => (history.view(), true),
        TopDown::ProportionAverages(history) => (history.view(), false),
        TopDown::ForecastProportions => return Ok(Box::new(forecast_proportions::top_down(hierarchy)?)),
    };
    let finest = finest_rows(hierarchy, history)?;
    let top = hierarchy.levels().next().expect("a hierarchy has a level").range();
    let mut descent = Descent::new("top-down", hierarchy);
    descent.step(top.clone())?;
    let above = descent.into_units();
    let sums = sums_above(&above, top.len(), finest);
    hierarchy.check_finite(0, sums.view())?;
    let mut shares = if mean_of_ratios {
        average_proportions(&above, &sums, finest)
    } else {
        proportion_averages(&above, &sums, finest)
    };
    for (unit, (share, above)) in shares.iter_mut().zip(&above).enumerate() {
        if let (false, Some((node, weight))) = (share.is_finite(), above) {
            *share = even_share(hierarchy, *node, *weight);
            let (level, node) = hierarchy.named(hierarchy.aggregate_len() + unit);
            preparation.replaced.push(Replaced { level, node, quantity: "proportion", value: *share });
        }
    }
    let own = hierarchy.finest().range();
    let above = above.into_iter().zip(own).map(|(above, own)| above.map_or(own, |(node, _)| node)).collect();
    Ok(Box::new(Shares { above, shares }))
}

/// What a unit is given when history says nothing: the same as all others of the node, so that they add up to it.
fn even_share(hierarchy: &Hierarchy, node: usize, weight: f64) -> f64 {
    let weights = || hierarchy.members(node).map(|(_, weight)| weight);
    let (total, squares) = (weights().sum::<f64>(), weights().map(|weight| weight * weight).sum::<f64>());
    match (total, squares) {
        (0.0, 0.0) => 0.0,
        (0.0, _) => weight / squares,
        _ => total.recip(),
    }
}

/// The checked history of the units.
fn finest_rows<'a>(hierarchy: &Hierarchy, history: ArrayView2<'a, f64>) -> Result<ArrayView2<'a, f64>> {
    if history.ncols() == 0 {
        return Err(ErrorKind::TooShort { what: "history", needed: 1, got: 0 }.into());
    }
    let finest =
        if history.nrows() == hierarchy.len() { rows(history, hierarchy.finest().range()) } else { history };
    expect_extent("history", "rows", hierarchy.finest_len(), finest.nrows())?;
    hierarchy.check_finite(hierarchy.aggregate_len(), finest)?;
    Ok(finest)
}

/// For each unit the row of its node in the first level, and its weight there.
type AboveUnits = [Option<(usize, f64)>];

fn sums_above(above: &AboveUnits, nodes: usize, finest: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut sums = Array2::zeros((nodes, finest.ncols()));
    for (unit, above) in finest.rows().into_iter().zip(above) {
        if let Some((node, weight)) = above {
            sums.row_mut(*node).scaled_add(*weight, &unit);
        }
    }
    sums
}

/// NaN (0 / 0) for units whose node above is 0 all along; 1 for units with nothing above.
fn average_proportions(above: &AboveUnits, sums: &Array2<f64>, finest: ArrayView2<'_, f64>) -> Vec<f64> {
    let share = |(unit, above): (ArrayView1<'_, f64>, &Option<(usize, f64)>)| {
        let Some((node, _)) = above else { return 1.0 };
        let (mut total, mut count) = (0.0, 0.0);
        for (b, a) in unit.iter().zip(sums.row(*node)).filter(|(_, a)| **a != 0.0) {
            total += b / a;
            count += 1.0;
        }
        total / count
    };
    finest.rows().into_iter().zip(above).map(share).collect()
}

/// Not finite for units whose node above adds up to 0; 1 for units with nothing above.
fn proportion_averages(above: &AboveUnits, sums: &Array2<f64>, finest: ArrayView2<'_, f64>) -> Vec<f64> {
    let totals: Vec<f64> = sums.rows().into_iter().map(|row| row.sum()).collect();
    let share = |(unit, above): (ArrayView1<'_, f64>, &Option<(usize, f64)>)| {
        above.map_or(1.0, |(node, _)| unit.sum() / totals[node])
    };
    finest.rows().into_iter().zip(above).map(share).collect()
}
