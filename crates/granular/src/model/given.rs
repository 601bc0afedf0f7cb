//! Predictions that were made elsewhere.

use tensor::ndarray::{Array2, ArrayView2};

use super::replay::joined;
use super::{FittedModel, Model, Replay};
use crate::arrays::{columns, expect_extent, expect_finite};
use crate::error::{ErrorKind, Result};

/// Hands out predictions (rows × k) that were made elsewhere: by another tool, by a person, by a file.
///
/// It stands in for the model of a level, so that a level whose forecasts exist already can be reconciled with levels
/// that are fitted here. [`Hierarchy::arrange`](crate::Hierarchy::arrange) puts named rows into order first.
///
/// ```
/// use granular::{Given, Model};
/// use tensor::ndarray::array;
///
/// let budget = Given::new(array![[120.0, 130.0]])?;
/// let fitted = budget.fit(array![[1.0]].view(), array![[2.0]].view())?;
/// assert_eq!(fitted.predict(array![[1.0]].view())?, array![[120.0, 130.0]]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    predictions: Array2<f64>,
    /// Earlier predictions, of the last columns of what the level is fitted to.
    past: Option<Array2<f64>>,
}

impl Given {
    /// Predictions in the order of the rows they will be asked for.
    ///
    /// # Errors
    /// [`ErrorKind::NotFiniteCell`](crate::ErrorKind::NotFiniteCell).
    pub fn new(predictions: Array2<f64>) -> Result<Self> {
        expect_finite("given predictions", predictions.view())?;
        Ok(Self { predictions, past: None })
    }

    /// With what the same tool predicted in the past (rows × T): of the last T columns of the targets, or of the history
    /// where there are no targets. A [`Combine`](crate::Combine) that learns from errors asks for it.
    ///
    /// ```
    /// use granular::{Given, Model};
    /// use tensor::ndarray::{Array2, array};
    ///
    /// let budget = Given::new(array![[120.0]])?.with_past(array![[90.0, 115.0]])?;
    /// let history = array![[80.0, 100.0, 110.0]];
    /// let nothing_after = Array2::zeros((1, 0));
    /// let replay = budget.fit(history.view(), nothing_after.view())?.replay(history.view(), nothing_after.view())?;
    /// assert_eq!(replay.residuals(), array![[10.0, -5.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for another number of rows than the predictions have,
    /// [`ErrorKind::NotFiniteCell`](crate::ErrorKind::NotFiniteCell).
    pub fn with_past(mut self, past: Array2<f64>) -> Result<Self> {
        expect_extent("past predictions", "rows", self.predictions.nrows(), past.nrows())?;
        expect_finite("past predictions", past.view())?;
        self.past = Some(past);
        Ok(self)
    }
}

impl Model for Given {
    fn fit(&self, x: ArrayView2<'_, f64>, _y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        expect_extent("given predictions", "rows", x.nrows(), self.predictions.nrows())?;
        Ok(Box::new(self.clone()))
    }
}

impl FittedModel for Given {
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        expect_extent("given predictions", "rows", x.nrows(), self.predictions.nrows())?;
        Ok(self.predictions.clone())
    }

    fn replay(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Replay> {
        let hint = "given predictions come without their past (`Given::with_past`)";
        let past = self.past.as_ref().ok_or(ErrorKind::NoReplay { hint })?;
        let known = joined(x, y)?;
        expect_extent("past predictions", "rows", known.nrows(), past.nrows())?;
        let (needed, got) = (past.ncols(), known.ncols());
        if got < needed {
            return Err(ErrorKind::TooShort { what: "history of given predictions", needed, got }.into());
        }
        Ok(Replay { actual: columns(known.view(), got - needed..got).to_owned(), predicted: past.clone() })
    }
}
