//! What is measured, value by value.

use tensor::ndarray::{Array1, Array2, ArrayView2, Zip};

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
/// | `Coverage` | [`coverage`](crate::coverage()) | the mean | what was promised |
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
    /// How far the forecast itself is from adding up, see [`coherence_gap`](crate::coherence_gap()).
    Gap,
}

impl Metric {
    pub(super) const ALL: [Self; 8] =
        [Self::Rmse, Self::Mae, Self::Mase, Self::Rmsse, Self::Smape, Self::Crps, Self::Coverage, Self::Gap];

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

    /// The metric of each node over the given columns; NaN where it is not defined.
    pub(super) fn nodes(&self, metric: Metric, columns: std::ops::Range<usize>) -> Array1<f64> {
        let part: ArrayView2<'_, f64> = crate::arrays::columns(self.sums.view(), columns.clone());
        let width = columns.len() as f64;
        let node = |(row, &count): (tensor::ndarray::ArrayView1<'_, f64>, &f64)| {
            if metric == Metric::Gap {
                return row.iter().copied().fold(0.0, f64::max);
            }
            let mean = row.sum() / (count * width);
            if metric.is_root() { mean.sqrt() } else { mean }
        };
        part.rows().into_iter().zip(&self.counts).map(node).collect()
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
