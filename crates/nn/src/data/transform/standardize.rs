//! Columns with mean 0 and deviation 1.

use super::scale::{Scale, check_parts, columns};
use crate::Result;
use tensor::Element;
use tensor::ndarray::{Array, ArrayRef, Dimension};

const OWNER: &str = "standardize";

/// Gives columns mean 0 and standard deviation 1: `y = (x - mean) / deviation`.
///
/// The deviation is that of the population (divided by n); a column of one value keeps its unit and becomes 0.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `axis` | 1 | the axis whose indices are columns: 1 for tables `[rows, columns]` and for the channels of images `[rows, channels, height, width]` | an axis of the data |
///
/// ```
/// use nn::data::Standardize;
/// use nn::tensor::ndarray::array;
///
/// let train = array![[1.0, 5.0], [3.0, 5.0]];
/// let fitted = Standardize::default().fit(&train)?;
/// assert_eq!((fitted.mean(), fitted.deviation()), (&[2.0, 5.0][..], &[1.0, 1.0][..]));
/// let y = fitted.apply(&array![[4.0, 6.0]])?;
/// assert_eq!(y, array![[2.0, 1.0]]);
/// assert_eq!(fitted.invert(&y)?, array![[4.0, 6.0]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standardize {
    /// The axis whose indices are columns.
    pub axis: usize,
}

impl Default for Standardize {
    fn default() -> Self {
        Self { axis: 1 }
    }
}

impl Standardize {
    /// Takes mean and deviation of each column.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) without that axis;
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) without rows, or for a number that is not finite, with its
    /// column; fill missing numbers before, with [`Impute`](super::Impute).
    pub fn fit<T: Element, D: Dimension>(&self, x: &ArrayRef<T, D>) -> Result<FittedStandardize> {
        let columns = columns(OWNER, x, self.axis)?;
        let (shift, unit) = columns.iter().map(|column| moments(column)).unzip();
        Ok(FittedStandardize(Scale { owner: OWNER, axis: self.axis, shift, unit, base: 0.0 }))
    }
}

/// A fitted [`Standardize`].
#[derive(Debug, Clone, PartialEq)]
pub struct FittedStandardize(Scale);

impl FittedStandardize {
    /// From means and deviations that were fitted before, such as those of a file.
    ///
    /// # Errors
    /// [`ErrorKind::Length`](crate::ErrorKind::Length) for different numbers of both;
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a deviation that is not positive and finite;
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a mean that is not finite.
    pub fn from_parts(axis: usize, mean: Vec<f64>, deviation: Vec<f64>) -> Result<Self> {
        check_parts(OWNER, &mean, &deviation, "the deviation")?;
        Ok(Self(Scale { owner: OWNER, axis, shift: mean, unit: deviation, base: 0.0 }))
    }

    /// The mean of each column.
    pub fn mean(&self) -> &[f64] {
        &self.0.shift
    }

    /// The deviation of each column, 1 for one of a single value.
    pub fn deviation(&self) -> &[f64] {
        &self.0.unit
    }

    /// `(x - mean) / deviation`
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for another number of columns;
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a number that is not finite, with its column.
    pub fn apply<T: Element, D: Dimension>(&self, x: &ArrayRef<T, D>) -> Result<Array<T, D>> {
        self.0.apply(x)
    }

    /// `y * deviation + mean`
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn invert<T: Element, D: Dimension>(&self, y: &ArrayRef<T, D>) -> Result<Array<T, D>> {
        self.0.invert(y)
    }
}

/// Mean and deviation, by way of the distance to the first number, which keeps digits of data far from 0.
fn moments(column: &[f64]) -> (f64, f64) {
    let (first, n) = (column[0], column.len() as f64);
    if column.iter().all(|&x| x == first) {
        return (first, 1.0);
    }
    let mean = first + column.iter().map(|x| x - first).sum::<f64>() / n;
    let deviation = (column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    // The squares of very small differences may vanish.
    (mean, if deviation > 0.0 { deviation } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::{Array2, Array4, Axis, array};

    #[test]
    fn constant_columns_keep_their_unit() {
        let x = array![[0.1f32, 7.0], [0.1, 8.0], [0.1, 9.0]];
        let fitted = Standardize::default().fit(&x).unwrap();
        assert_eq!(fitted.deviation()[0], 1.0);
        let y = fitted.apply(&x).unwrap();
        assert!(y.column(0).iter().all(|&y| y == 0.0));
        assert!((y.column(1)[2] - 1.5f32.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn columns_far_from_zero_keep_their_digits() {
        let x = array![[1e9 + 1.0], [1e9 + 2.0], [1e9 + 3.0]];
        let fitted = Standardize::default().fit(&x).unwrap();
        assert!((fitted.deviation()[0] - (2.0f64 / 3.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn channels_of_images_are_columns() {
        let x = Array4::from_shape_fn((3, 2, 4, 5), |(n, c, y, x)| (c * 1000 + n * 20 + y * 5 + x) as f64);
        let fitted = Standardize::default().fit(&x).unwrap();
        assert_eq!(fitted.mean(), [29.5, 1029.5]);
        let y = fitted.apply(&x).unwrap();
        for channel in y.axis_iter(Axis(1)) {
            assert!(channel.mean().unwrap().abs() < 1e-12 && (channel.std(0.0) - 1.0).abs() < 1e-12);
        }
        let back = fitted.invert(&y).unwrap();
        assert!(back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    fn what_cannot_be_scaled_is_named() {
        let fit = |x: Array2<f64>| Standardize::default().fit(&x).unwrap_err().to_string();
        let message = "standardize: expected finite numbers, got NaN in column 1";
        assert_eq!(fit(array![[1.0, 2.0], [3.0, f64::NAN]]), message);
        assert_eq!(fit(Array2::zeros((0, 1))), "standardize: expected one row or more, got none");
        let fitted = Standardize::default().fit(&array![[1.0f32], [2.0]]).unwrap();
        assert_eq!(
            fitted.apply(&array![[1.0f32, 2.0]]).unwrap_err().to_string(),
            "standardize: expected 1 columns on axis 1, got shape [1, 2]"
        );
        assert!(fitted.apply(&array![[f32::INFINITY]]).unwrap_err().to_string().contains("inf in column 0"));
        assert!(fitted.apply(&array![1.0f32]).unwrap_err().to_string().contains("columns on axis 1"));
        assert!(FittedStandardize::from_parts(1, vec![0.0], vec![0.0]).is_err());
        assert!(FittedStandardize::from_parts(1, vec![0.0], vec![]).is_err());
        assert_eq!(FittedStandardize::from_parts(1, vec![1.5], vec![0.5]).unwrap(), fitted);
    }
}
