//! What is measured, value by value.

use std::ops::Range;

use tensor::ndarray::{Array1, Array2, ArrayView1, Zip};

use crate::arrays::{columns, rows};
use crate::hierarchy::{Hierarchy, Level};

/// What an [`Evaluation`](crate::Evaluation) measures.
///
/// | metric | of a node | of a level | good is |
/// | --- | --- | --- | --- |
/// | `Rmse` | [`rmse`](crate::rmse()) | the mean of its nodes | small |
/// | `Mae` | [`mae`](crate::mae()) | the mean | small |
/// | `Mase` | [`mase`](crate::mase()) | the mean | below 1 |
/// | `Rmsse` | [`rmsse`](crate::rmsse()) | the mean | below 1 |
/// | `Smape` | [`smape`](crate::smape()), in percent | the mean | small |
/// | `Crps` | [`crps_samples`](crate::crps_samples()) or [`crps_gaussian`](crate::crps_gaussian()) | the mean | small |
/// | `Coverage` | [`coverage`](crate::coverage()) | the mean | what was promised for single nodes |
/// | `JointCoverage` | the same | the share of columns with all its nodes inside at once | what was promised for levels |
/// | `Gap` | `\|y − S b\|` of the forecast, its largest | the largest | 0 |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metric {
    /// Root mean square error.
    Rmse,
    /// Mean absolute error.
    Mae,
    /// Mean absolute scaled error.
    Mase,
    /// Root mean squared scaled error.
    Rmsse,
    /// Symmetric mean absolute percentage error.
    Smape,
    /// Continuous ranked probability score, of forecasts that were given as distributions.
    Crps,
    /// The share of values inside the region, of forecasts that were given one.
    Coverage,
    /// The share of columns in which all nodes are inside the region at once, of forecasts that were given one.
    JointCoverage,
    /// How far the forecast itself is from adding up, see [`coherence_gap`](crate::coherence_gap()).
    Gap,
}

impl Metric {
    pub(super) const ALL: [Self; 9] = [
        Self::Rmse,
        Self::Mae,
        Self::Mase,
        Self::Rmsse,
        Self::Smape,
        Self::Crps,
        Self::Coverage,
        Self::JointCoverage,
        Self::Gap,
    ];

    /// The usual name, as printed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rmse => "RMSE",
            Self::Mae => "MAE",
            Self::Mase => "MASE",
            Self::Rmsse => "RMSSE",
            Self::Smape => "sMAPE",
            Self::Crps => "CRPS",
            Self::Coverage => "Coverage",
            Self::JointCoverage => "Joint coverage",
            Self::Gap => "Gap",
        }
    }

    /// The means of squares, whose root is taken at the end.
    fn is_root(self) -> bool {
        matches!(self, Self::Rmse | Self::Rmsse)
    }
}

/// A metric value by value (n × k), added up over the origins in which it is defined.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    /// Sums over the origins; for [`Metric::Gap`] the largest.
    sums: Array2<f64>,
    /// For each node the number of origins.
    counts: Array1<f64>,
}

impl Cells {
    /// Values of one origin, defined for every node.
    pub(super) fn new(values: Array2<f64>) -> Self {
        Self { counts: Array1::ones(values.nrows()), sums: values }
    }

    /// Values of one origin over the scale of each node; a node with the scale 0 has none.
    pub(super) fn scaled(values: &Array2<f64>, scales: &[f64]) -> Self {
        let mut cells = Self::new(values.clone());
        for ((mut row, count), &scale) in cells.sums.rows_mut().into_iter().zip(&mut cells.counts).zip(scales)
        {
            if scale > 0.0 {
                row.mapv_inplace(|value| value / scale);
            } else {
                row.fill(0.0);
                *count = 0.0;
            }
        }
        cells
    }

    /// Takes in the values of other origins, of the same shape.
    pub(super) fn absorb(&mut self, other: &Self, metric: Metric) {
        let join: fn(f64, f64) -> f64 = if metric == Metric::Gap { f64::max } else { |a, b| a + b };
        Zip::from(&mut self.sums).and(&other.sums).for_each(|a, b| *a = join(*a, *b));
        self.counts += &other.counts;
    }

    /// The metric of each of some nodes over some steps; NaN where it is not defined.
    pub(super) fn nodes(&self, metric: Metric, nodes: Range<usize>, steps: Range<usize>) -> Array1<f64> {
        let width = steps.len() as f64;
        let part = columns(rows(self.sums.view(), nodes.clone()), steps);
        let node = |(row, &count): (ArrayView1<'_, f64>, &f64)| {
            if metric == Metric::Gap {
                return row.iter().copied().fold(0.0, f64::max);
            }
            let mean = row.sum() / (count * width);
            if metric.is_root() { mean.sqrt() } else { mean }
        };
        let counts = self.counts.iter().skip(nodes.start);
        part.rows().into_iter().zip(counts).map(node).collect()
    }
}

/// Whether all nodes of a level are inside a region at once: for each step, for each origin, for each level.
#[derive(Debug, Clone, Default)]
pub(super) struct Together(Vec<Vec<Vec<bool>>>);

impl Together {
    /// Of one origin; `inside` holds 1 for each value that is, n × k.
    pub(super) fn new(hierarchy: &Hierarchy, inside: &Array2<f64>) -> Self {
        let all = |level: Level<'_>, step: usize| level.range().all(|node| inside[[node, step]] == 1.0);
        let step = |step: usize| vec![hierarchy.levels().map(|level| all(level, step)).collect()];
        Self((0..inside.ncols()).map(step).collect())
    }

    /// Takes in other origins, with as many steps and levels.
    pub(super) fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            mine.extend(theirs.iter().cloned());
        }
    }

    /// The share of some steps at all origins in which all nodes of some levels are inside; NaN without steps.
    pub(super) fn share(&self, levels: &[usize], steps: Range<usize>) -> f64 {
        let columns = || self.0[steps.clone()].iter().flatten();
        let hits = columns().filter(|column| levels.iter().all(|&level| column[level])).count();
        hits as f64 / columns().count() as f64
    }
}

/// The value of several nodes: the largest gap, the mean of everything else over the nodes where it is defined.
pub(super) fn of_nodes(metric: Metric, values: impl Iterator<Item = f64>) -> f64 {
    if metric == Metric::Gap {
        return values.fold(f64::NAN, f64::max);
    }
    let (sum, count) =
        values.filter(|value| !value.is_nan()).fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}
