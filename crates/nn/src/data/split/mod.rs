//! Which rows train and which validate.

mod folds;
mod groups;
mod holdout;
mod parts;

pub use folds::KFold;
pub use holdout::Holdout;

/// Rows to train on and rows to validate with; no row is on both sides.
///
/// [`Dataset::subset`](super::Dataset::subset) makes a dataset of either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Rows to train on, in rising order.
    pub train: Vec<usize>,
    /// Rows to validate with, in rising order.
    pub validation: Vec<usize>,
}

impl Split {
    /// The split of `rows` rows whose validation rows are those marked.
    fn by(rows: usize, is_validation: impl Fn(usize) -> bool) -> Self {
        let (validation, train) = (0..rows).partition(|&row| is_validation(row));
        Self { train, validation }
    }
}
