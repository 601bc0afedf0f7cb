//! What the solver did.

/// How the values of each column were found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    pub(super) columns: Vec<ColumnReport>,
    pub(super) jitter: f64,
}

impl Report {
    /// One report for each column of the base forecasts.
    #[must_use]
    pub fn columns(&self) -> &[ColumnReport] {
        &self.columns
    }

    /// The share of its diagonal that was added to a full W, beyond what [`Preparation`](crate::Preparation) says, so that
    /// bounds could be solved for; 0 where none was needed.
    #[must_use]
    pub fn jitter(&self) -> f64 {
        self.jitter
    }

    /// The iterations of all columns together.
    #[must_use]
    pub fn iterations(&self) -> usize {
        self.columns.iter().map(|column| column.iterations).sum()
    }

    /// The largest KKT residual of all columns, at most 1e-10.
    #[must_use]
    pub fn kkt_residual(&self) -> f64 {
        self.columns.iter().map(|column| column.kkt_residual).fold(0.0, f64::max)
    }
}

/// How the values of one column were found.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ColumnReport {
    /// Sets of active bounds that were solved for.
    pub iterations: usize,
    /// The bounds that hold values back, in the order of the rows; known values are not among them.
    pub active: Vec<ActiveBound>,
    /// How far the values are from optimal: the larger of the step that the gradient which no multiplier explains would
    /// still make, and of the violation of bounds and known values, both relative to the largest number among the base
    /// forecasts, bounds and values. With a full W, whose inverse is not known, the first is the gap in `y = ŷ + W φ`, relative to
    /// the sizes of what is added there; φ are the multipliers of nodes and of the sums.
    pub kkt_residual: f64,
}

/// A bound that holds a value back.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ActiveBound {
    /// The row of the node.
    pub node: usize,
    /// The bound.
    pub bound: f64,
    /// The Lagrange multiplier of `½ Σ (y − ŷ)² / w`: above 0 at a lower bound, below 0 at an upper one. It says how fast
    /// the minimum grows with the bound.
    pub multiplier: f64,
}
