//! The error of forecasts beside that of the last season.

use super::input::{at_least, data, pairs, same};
use super::sum::Mean;
use crate::{Metric, Result};
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

const NAME: &str = "mase";

/// The mean absolute error of forecasts over that of the naive forecast within the training series, which
/// repeats the value of a season ago: `(Σ |prediction - target| / n) / (Σ_t |y_t - y_(t-m)| / (N - m))`. Below
/// 1 the forecast is better than that. Hyndman and Koehler 2006, "Another look at measures of forecast
/// accuracy".
///
/// ```
/// use nn::{Mase, Metric};
/// use tensor::ndarray::array;
///
/// // The naive forecast is off by 2, 1 and 3: 2 on average.
/// let mut mase = Mase::new(&[1.0, 3.0, 2.0, 5.0], 1)?;
/// mase.update(&array![5.0, 6.0], &array![6.0, 6.0])?;
/// assert_eq!(mase.value()?, 0.25);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mase {
    /// The error of the naive forecast.
    scale: f64,
    mean: Mean,
}

impl Mase {
    /// With the scale of this training series, for a season of so many steps: 1 for none.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a season of 0;
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a series that is not longer than a season, is not
    /// finite, or does not change from season to season, so that there is nothing to divide by.
    pub fn new<T: Element>(training: &[T], season: usize) -> Result<Self> {
        at_least(NAME, "the season", 1, season)?;
        if training.len() <= season {
            let expected = format!("a training series longer than a season of {season}");
            return data(NAME, expected, format!("{} numbers", training.len()));
        }
        if let Some((at, x)) = training.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            return data(NAME, "a finite training series", format!("{x} at position {at}"));
        }
        let mut mean = Mean::default();
        let pairs = training.iter().zip(&training[season..]);
        mean.extend(pairs.map(|(before, now)| (now.to_f64() - before.to_f64()).abs()));
        match mean.value(NAME)? {
            0.0 => data(NAME, "a training series that changes from season to season", "one that does not"),
            scale => Ok(Self { scale, mean: Mean::default() }),
        }
    }
}

impl Metric for Mase {
    type Target<T: Element, D: Dimension> = ArrayRef<T, D>;

    fn update<T: Element, D: Dimension>(
        &mut self,
        prediction: &ArrayRef<T, D>,
        target: &ArrayRef<T, D>,
    ) -> Result<()> {
        self.mean.extend(pairs(NAME, prediction, target)?.into_iter().map(|(x, t)| (x - t).abs()));
        Ok(())
    }

    fn value(&self) -> Result<f64> {
        Ok(self.mean.value(NAME)? / self.scale)
    }

    fn reset(&mut self) {
        self.mean = Mean::default();
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        same(NAME, &self.scale, &other.scale)?;
        self.mean.merge(&other.mean);
        Ok(())
    }
}
