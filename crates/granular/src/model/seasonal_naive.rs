//! The forecast to beat: next season is like the last.

use tensor::ndarray::{Array2, ArrayView2};

use super::replay::joined;
use super::{FittedModel, Model, Replay};
use crate::error::{ErrorKind, Result};
use crate::metrics::seasonal_naive;

/// Repeats the last season of a history (rows × T) over the horizon; nothing is learnt.
///
/// ```
/// use granular::{Model, SeasonalNaive};
/// use tensor::ndarray::{Array2, array};
///
/// let history = array![[9.0, 9.0, 1.0, 2.0]];
/// let model = SeasonalNaive::new(2, 3)?;
/// let fitted = model.fit(history.view(), Array2::zeros((1, 0)).view())?;
/// assert_eq!(fitted.predict(history.view())?, array![[1.0, 2.0, 1.0]]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeasonalNaive {
    season: usize,
    horizon: usize,
}

impl SeasonalNaive {
    /// Repeats the last `season` columns over `horizon` steps, both at least 1.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] when one is 0.
    pub fn new(season: usize, horizon: usize) -> Result<Self> {
        at_least_one("season", season)?;
        at_least_one("horizon", horizon)?;
        Ok(Self { season, horizon })
    }
}

/// Refuses 0.
pub(crate) fn at_least_one(name: &'static str, value: usize) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(ErrorKind::Parameter { name, expected: "at least 1", got: value.to_string() }.into())
}

impl Model for SeasonalNaive {
    fn fit(&self, _x: ArrayView2<'_, f64>, _y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        Ok(Box::new(*self))
    }
}

impl FittedModel for SeasonalNaive {
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        seasonal_naive(x, self.season, self.horizon)
    }

    fn replay(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Replay> {
        Replay::of_history(self, joined(x, y)?.view(), self.season)
    }
}
