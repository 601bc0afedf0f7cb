//! Columns within a range.

use super::scale::{Scale, check_length, check_parts, columns};
use crate::{ErrorKind, Result};
use tensor::Element;
use tensor::ndarray::{Array, ArrayRef, Dimension};

const OWNER: &str = "min-max";

/// Brings columns into a range: `y = low + (x - min) / (max - min) * (high - low)`.
///
/// A column of one value becomes `low`; what lies outside of the training data lies outside of the range.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `axis` | 1 | the axis whose indices are columns | an axis of the data |
/// | `low`, `high` | 0, 1 | the range | finite, low below high |
///
/// ```
/// use nn::data::MinMax;
/// use nn::tensor::ndarray::array;
///
/// let fitted = MinMax { low: -1.0, ..Default::default() }.fit(&array![[2.0], [4.0], [6.0]])?;
/// let y = fitted.apply(&array![[3.0], [8.0]])?;
/// assert_eq!(y, array![[-0.5], [2.0]]);
/// assert_eq!(fitted.invert(&y)?, array![[3.0], [8.0]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinMax {
    /// The axis whose indices are columns.
    pub axis: usize,
    /// What the smallest number becomes.
    pub low: f64,
    /// What the largest number becomes.
    pub high: f64,
}

impl Default for MinMax {
    fn default() -> Self {
        Self { axis: 1, low: 0.0, high: 1.0 }
    }
}

impl MinMax {
    /// Takes the smallest and the largest number of each column.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a range out of order or so wide that numbers overflow, [`ErrorKind::Shape`]
    /// without that axis; [`ErrorKind::Data`] without rows, or for a number that is not finite, with its
    /// column.
    pub fn fit<T: Element, D: Dimension>(&self, x: &ArrayRef<T, D>) -> Result<FittedMinMax> {
        let columns = columns(OWNER, x, self.axis)?;
        let least = |column: &Vec<f64>| column.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |column: &Vec<f64>| column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        FittedMinMax::from_parts(
            *self,
            columns.iter().map(least).collect(),
            columns.iter().map(most).collect(),
        )
    }
}

/// A fitted [`MinMax`].
#[derive(Debug, Clone, PartialEq)]
pub struct FittedMinMax {
    scale: Scale,
    max: Vec<f64>,
}

impl FittedMinMax {
    /// From smallest and largest numbers that were found before, such as those of a file.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a range or columns out of order or too wide;
    /// [`ErrorKind::Length`] for different numbers of both; [`ErrorKind::Data`] for one that is not finite.
    pub fn from_parts(settings: MinMax, min: Vec<f64>, max: Vec<f64>) -> Result<Self> {
        let MinMax { axis, low, high } = settings;
        let range = high - low;
        if !(range.is_finite() && range > 0.0 && low.is_finite()) {
            let (name, expected) = ("high - low", "positive and finite");
            return Err(ErrorKind::Setting { owner: OWNER, name, expected, got: range }.into());
        }
        let unit = |(min, max): (&f64, &f64)| if min == max { 1.0 } else { (max - min) / range };
        let unit: Vec<f64> = min.iter().zip(&max).map(unit).collect();
        check_length(OWNER, min.len(), max.len())?;
        check_parts(OWNER, &min, &unit, "(max - min) / (high - low)")?;
        Ok(Self { scale: Scale { owner: OWNER, axis, shift: min, unit, base: low }, max })
    }

    /// The smallest number of each column.
    pub fn min(&self) -> &[f64] {
        &self.scale.shift
    }

    /// The largest number of each column.
    pub fn max(&self) -> &[f64] {
        &self.max
    }

    /// `low + (x - min) / (max - min) * (high - low)`
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of columns; [`ErrorKind::Data`] for a number that is not
    /// finite, with its column.
    pub fn apply<T: Element, D: Dimension>(&self, x: &ArrayRef<T, D>) -> Result<Array<T, D>> {
        self.scale.apply(x)
    }

    /// `(y - low) / (high - low) * (max - min) + min`
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn invert<T: Element, D: Dimension>(&self, y: &ArrayRef<T, D>) -> Result<Array<T, D>> {
        self.scale.invert(y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::array;

    #[test]
    fn constant_columns_become_the_lower_end() {
        let settings = MinMax { low: 2.0, high: 3.0, ..MinMax::default() };
        let fitted = settings.fit(&array![[5.0f32, 1.0], [5.0, 2.0]]).unwrap();
        assert_eq!(fitted.apply(&array![[5.0f32, 1.5]]).unwrap(), array![[2.0, 2.5]]);
        assert_eq!(fitted.invert(&array![[2.0f32, 3.0]]).unwrap(), array![[5.0, 2.0]]);
        assert_eq!((fitted.min(), fitted.max()), (&[5.0, 1.0][..], &[5.0, 2.0][..]));
    }

    #[test]
    fn ranges_and_parts_are_checked() {
        let of = |low, high| MinMax { axis: 1, low, high };
        let x = array![[1.0], [2.0]];
        let message = of(1.0, 1.0).fit(&x).unwrap_err().to_string();
        assert_eq!(message, "min-max: expected high - low to be positive and finite, got 0");
        assert!(of(f64::NEG_INFINITY, 1.0).fit(&x).is_err());
        assert!(of(0.0, 1.0).fit(&array![[f64::MIN], [f64::MAX]]).is_err());
        assert!(of(0.0, 1.0).fit(&array![[f64::NAN], [1.0]]).unwrap_err().to_string().contains("column 0"));
        let parts =
            |min: &[f64], max: &[f64]| FittedMinMax::from_parts(of(0.0, 1.0), min.to_vec(), max.to_vec());
        assert!(parts(&[0.0], &[1.0]).is_ok());
        assert!(parts(&[0.0], &[]).is_err() && parts(&[], &[1.0]).is_err() && parts(&[2.0], &[1.0]).is_err());
    }
}
