//! Predictions that were made elsewhere.

use tensor::ndarray::{Array2, ArrayView2};

use super::{FittedModel, Model};
use crate::arrays::{expect_extent, expect_finite};
use crate::error::Result;

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
}

impl Given {
    /// Predictions in the order of the rows they will be asked for.
    ///
    /// # Errors
    /// [`ErrorKind::NotFiniteCell`](crate::ErrorKind::NotFiniteCell).
    pub fn new(predictions: Array2<f64>) -> Result<Self> {
        expect_finite("given predictions", predictions.view())?;
        Ok(Self { predictions })
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
}
