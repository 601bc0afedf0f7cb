//! What a fitted model would have predicted for outcomes that are known.

use tensor::ndarray::{Array2, ArrayView2, Axis, concatenate};

use super::FittedModel;
use crate::arrays::{columns, expect_extent};
use crate::error::{ErrorKind, Result};

/// Predictions beside what came, rows × T each: the errors that a combination learns from.
///
/// The columns of several levels are laid over each other from the last one back.
///
/// ```
/// use granular::{FittedModel, Model, Ridge};
/// use tensor::ndarray::array;
///
/// let (x, y) = (array![[0.0], [2.0]], array![[1.0, 0.0], [3.0, 0.0]]);
/// let replay = Ridge::new(0.0)?.fit(x.view(), y.view())?.replay(x.view(), y.view())?;
/// assert_eq!(replay.actual, y);
/// assert!(replay.residuals().iter().all(|e| e.abs() < 1e-12), "two points lie on a line");
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// What came.
    pub actual: Array2<f64>,
    /// What the model predicts for the same columns.
    pub predicted: Array2<f64>,
}

impl Replay {
    /// Replays a model that forecasts the columns after a history: for every column t that has `shortest` columns before
    /// it, the first step it predicts from the columns before t alone. It may have been fitted on all of them.
    ///
    /// Cost: T predictions.
    ///
    /// ```
    /// use granular::{FittedModel, Model, SeasonalNaive};
    /// use tensor::ndarray::{Array2, array};
    ///
    /// let history = array![[1.0, 2.0, 4.0, 7.0]];
    /// let naive = SeasonalNaive::new(1, 3)?.fit(history.view(), Array2::zeros((1, 0)).view())?;
    /// // The same is its own `replay`.
    /// let replay = granular::Replay::of_history(&*naive, history.view(), 1)?;
    /// assert_eq!(replay.predicted, array![[1.0, 2.0, 4.0]]);
    /// assert_eq!(replay.residuals(), array![[1.0, 2.0, 3.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooShort`] for no more than `shortest` columns; [`ErrorKind::Shape`] when the model predicts another
    /// number of rows or no column; what the model says.
    pub fn of_history(
        model: &(impl FittedModel + ?Sized),
        history: ArrayView2<'_, f64>,
        shortest: usize,
    ) -> Result<Self> {
        let (rows, total) = history.dim();
        if total <= shortest {
            let needed = shortest.saturating_add(1);
            return Err(ErrorKind::TooShort { what: "history to replay", needed, got: total }.into());
        }
        let mut predicted = Array2::zeros((rows, total - shortest));
        for (column, origin) in (shortest..total).enumerate() {
            let steps = model.predict(columns(history, 0..origin))?;
            expect_extent("predictions", "rows", rows, steps.nrows())?;
            if steps.ncols() == 0 {
                return Err(ErrorKind::Empty { what: "predicted columns" }.into());
            }
            predicted.column_mut(column).assign(&steps.column(0));
        }
        Ok(Self { actual: columns(history, shortest..total).to_owned(), predicted })
    }

    /// `actual − predicted`.
    #[must_use]
    pub fn residuals(&self) -> Array2<f64> {
        &self.actual - &self.predicted
    }

    /// The default of [`FittedModel::replay`]: `predict(x)` beside y.
    pub(super) fn of_rows(
        model: &(impl FittedModel + ?Sized),
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        if y.ncols() == 0 {
            let hint = "there are no targets beside the inputs, and the model does not say how it forecasts a \
                        history (`FittedModel::replay`)";
            return Err(ErrorKind::NoReplay { hint }.into());
        }
        let predicted = model.predict(x)?;
        expect_extent("predictions", "rows", y.nrows(), predicted.nrows())?;
        expect_extent("predictions", "columns", y.ncols(), predicted.ncols())?;
        Ok(Self { actual: y.to_owned(), predicted })
    }

    /// The last columns.
    pub(crate) fn last(&self, count: usize) -> (ArrayView2<'_, f64>, ArrayView2<'_, f64>) {
        let total = self.actual.ncols();
        let part = total - count..total;
        (columns(self.actual.view(), part.clone()), columns(self.predicted.view(), part))
    }
}

/// A history and its continuation as one.
pub(super) fn joined(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    expect_extent("continuation", "rows", x.nrows(), y.nrows())?;
    Ok(concatenate(Axis(1), &[x, y]).expect("x and y have the same rows"))
}
