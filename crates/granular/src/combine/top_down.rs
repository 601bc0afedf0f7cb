//! Top-down: the forecasts of the first level, shared out among the units by proportions.

use tensor::ndarray::{Array2, ArrayView1, ArrayView2};

use super::nesting::{holders, sizes};
use super::preparation::{Preparation, Replaced};
use super::{Strategy, forecast_proportions};
use crate::arrays::{expect_extent, rows};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Where the proportions of [`Method::TopDown`](crate::Method::TopDown) come from.
///
/// With `b_jt` the history of unit j and `a_t` that of the first level's node above it, the sum of its units:
///
/// | proportions | unit j's share of the node above | levels |
/// | --- | --- | --- |
/// | `AverageProportions(history)` | `(1/T) Σ_t b_jt / a_t` | any, also crossed |
/// | `ProportionAverages(history)` | `Σ_t b_jt / Σ_t a_t` | any, also crossed |
/// | `ForecastProportions` | level by level, `ŷ_i / Σ ŷ` over the children of one node | each nests in the one before |
///
/// A history has one row for each unit (m × T) or for each node (n × T, of which the finest rows are read).
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
    let top = hierarchy.levels().next().expect("a hierarchy has a level");
    let above = holders(hierarchy, top);
    let sums = sums_above(&above, top.len(), finest);
    hierarchy.check_finite(top.range().start, sums.view())?;
    let mut shares = if mean_of_ratios {
        average_proportions(&above, &sums, finest)
    } else {
        proportion_averages(&above, &sums, finest)
    };
    let sizes = sizes(hierarchy);
    for (unit, (share, &node)) in shares.iter_mut().zip(&above).enumerate() {
        if !share.is_finite() {
            *share = 1.0 / sizes[node];
            let (level, node) = hierarchy.named(hierarchy.aggregate_len() + unit);
            preparation.replaced.push(Replaced { level, node, quantity: "proportion", value: *share });
        }
    }
    Ok(Box::new(Shares { above, shares }))
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

fn sums_above(above: &[usize], nodes: usize, finest: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut sums = Array2::zeros((nodes, finest.ncols()));
    for (unit, &node) in finest.rows().into_iter().zip(above) {
        let mut sum = sums.row_mut(node);
        sum += &unit;
    }
    sums
}

/// NaN (0 / 0) for units whose node above is 0 all along.
fn average_proportions(above: &[usize], sums: &Array2<f64>, finest: ArrayView2<'_, f64>) -> Vec<f64> {
    let share = |(unit, &node): (ArrayView1<'_, f64>, &usize)| {
        let (mut total, mut count) = (0.0, 0.0);
        for (b, a) in unit.iter().zip(sums.row(node)).filter(|(_, a)| **a != 0.0) {
            total += b / a;
            count += 1.0;
        }
        total / count
    };
    finest.rows().into_iter().zip(above).map(share).collect()
}

/// Not finite for units whose node above adds up to 0.
fn proportion_averages(above: &[usize], sums: &Array2<f64>, finest: ArrayView2<'_, f64>) -> Vec<f64> {
    let totals: Vec<f64> = sums.rows().into_iter().map(|row| row.sum()).collect();
    finest.rows().into_iter().zip(above).map(|(unit, &node)| unit.sum() / totals[node]).collect()
}
