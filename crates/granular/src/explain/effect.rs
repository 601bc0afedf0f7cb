//! What reconciling did to the forecasts of one level.

use tensor::ndarray::ArrayView2;

use crate::hierarchy::Level;

/// What reconciling did to the forecasts of one level: [`Explanation::levels`](crate::Explanation::levels).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LevelEffect {
    /// The level's name.
    pub level: String,
    /// The number of its nodes.
    pub nodes: usize,
    /// How far its base forecasts were from the sums of the units' ones: `max |ŷ − S b̂|`.
    pub gap_before: f64,
    /// The same of the reconciled ones: 0.
    pub gap_after: f64,
    /// The mean of `|ỹ − ŷ|` over nodes and columns; NaN without columns, as are the other two.
    pub moved_mean: f64,
    /// The root mean square of `ỹ − ŷ`.
    pub moved_rms: f64,
    /// The largest `|ỹ − ŷ|`.
    pub moved_max: f64,
    /// The node where it is; the first one without columns.
    pub moved_node: String,
    /// The mean of its nodes' variances in W, for methods with a W: what is large gives way.
    pub variance: Option<f64>,
    /// Its weight in the sum of all units: 1 for all levels together where forecasts that agree are left alone.
    pub weight: f64,
}

impl LevelEffect {
    /// From base and reconciled forecasts, and the gap before and after.
    pub(super) fn new(
        level: Level<'_>,
        [base, reconciled]: [ArrayView2<'_, f64>; 2],
        [gap_before, gap_after]: [f64; 2],
        variances: Option<&[f64]>,
        weight: f64,
    ) -> Self {
        let (mut sum, mut squares, mut widest) = (0.0, 0.0, (f64::NAN, 0));
        for (position, row) in level.range().enumerate() {
            for (base, reconciled) in base.row(row).iter().zip(reconciled.row(row)) {
                let moved = f64::abs(reconciled - base);
                sum += moved;
                squares += moved * moved;
                if widest.0.is_nan() || moved > widest.0 {
                    widest = (moved, position);
                }
            }
        }
        let count = (level.len() * base.ncols()) as f64;
        Self {
            level: level.name().to_owned(),
            nodes: level.len(),
            gap_before,
            gap_after,
            moved_mean: sum / count,
            moved_rms: f64::sqrt(squares / count),
            moved_max: widest.0,
            moved_node: level.nodes()[widest.1].clone(),
            // Divided before they are added, as large variances could overflow.
            variance: variances.map(|w| w.iter().map(|w| w / level.len() as f64).sum()),
            weight,
        }
    }
}
