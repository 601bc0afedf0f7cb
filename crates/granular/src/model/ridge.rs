//! Linear regression in closed form.

use tensor::ndarray::{Array1, Array2, ArrayView2, Axis};

use super::{FittedModel, Model};
use crate::arrays::{expect_extent, expect_finite};
use crate::error::{ErrorKind, Result};
use crate::linalg::{Cholesky, Mat};

/// Below this share of its column's square sum a pivot counts as zero: the columns are then linearly dependent.
const SMALLEST_PIVOT: f64 = 1e-13;

/// Linear regression with a squared penalty: `min Σ |y − c − x B|² + penalty · |B|²`, the intercept c unpenalised.
///
/// A penalty of 0 is plain least squares. One system of d equations serves all k outputs.
///
/// ```
/// use granular::{Model, Ridge};
/// use tensor::ndarray::array;
///
/// // y = 1 + 2x, exactly.
/// let (x, y) = (array![[-1.0], [-1.0], [1.0], [1.0]], array![[-1.0], [-1.0], [3.0], [3.0]]);
/// let line = Ridge::new(0.0)?.fit(x.view(), y.view())?;
/// assert_eq!(line.predict(array![[10.0]].view())?, array![[21.0]]);
/// // Around the means Σ x² = 4 and Σ x y = 8, so B = 8 / (4 + penalty).
/// let flatter = Ridge::new(12.0)?.fit(x.view(), y.view())?;
/// assert_eq!(flatter.predict(array![[10.0]].view())?, array![[6.0]]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ridge {
    penalty: f64,
}

impl Ridge {
    /// A regression with this penalty, at least 0.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a penalty that is negative, infinite or NaN.
    pub fn new(penalty: f64) -> Result<Self> {
        if penalty.is_finite() && penalty >= 0.0 {
            return Ok(Self { penalty });
        }
        let (expected, got) = ("a finite number of at least 0", penalty.to_string());
        Err(ErrorKind::Parameter { name: "ridge penalty", expected, got }.into())
    }
}

impl Model for Ridge {
    /// Solves `(XᵀX + penalty·I) B = XᵀY` around the means.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] when x and y differ in rows; [`ErrorKind::Empty`] without rows;
    /// [`ErrorKind::NotFiniteCell`]; [`ErrorKind::Singular`] when columns of x are linearly dependent and the penalty
    /// is 0.
    fn fit(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        expect_extent("ridge targets", "rows", x.nrows(), y.nrows())?;
        expect_finite("ridge inputs", x)?;
        expect_finite("ridge targets", y)?;
        let empty = || ErrorKind::Empty { what: "rows to fit a ridge regression to" };
        let x_mean = x.mean_axis(Axis(0)).ok_or_else(empty)?;
        let y_mean = y.mean_axis(Axis(0)).ok_or_else(empty)?;
        let (xc, yc) = (&x - &x_mean, &y - &y_mean);
        let gram = xc.t().dot(&xc);
        let d = gram.nrows();
        let penalised = |i, j| gram[[i, j]] + if i == j { self.penalty } else { 0.0 };
        let factor =
            Cholesky::new(Mat::from_fn(d, d, penalised), SMALLEST_PIVOT).ok_or(ErrorKind::Singular {
                what: "ridge",
                size: d,
                hint: "columns of the inputs are linearly dependent, a positive penalty helps",
            })?;
        let moments = xc.t().dot(&yc);
        let mut solution = Mat::from_fn(d, y.ncols(), |i, j| moments[[i, j]]);
        factor.solve(&mut solution);
        let slopes = Array2::from_shape_fn((d, y.ncols()), |(i, j)| solution[(i, j)]);
        let intercept = y_mean - x_mean.dot(&slopes);
        Ok(Box::new(Fitted { slopes, intercept }))
    }
}

struct Fitted {
    slopes: Array2<f64>,
    intercept: Array1<f64>,
}

impl FittedModel for Fitted {
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        expect_extent("ridge inputs", "columns", self.slopes.nrows(), x.ncols())?;
        expect_finite("ridge inputs", x)?;
        Ok(x.dot(&self.slopes) + &self.intercept)
    }
}

#[cfg(test)]
mod tests {
    use tensor::ndarray::array;

    use super::*;

    fn message(result: Result<Box<dyn FittedModel>>) -> String {
        result.err().unwrap().to_string()
    }

    #[test]
    fn refusals() {
        let error = Ridge::new(-1.0).unwrap_err().to_string();
        assert_eq!(error, "ridge penalty: expected a finite number of at least 0, got -1");
        let plain = Ridge::new(0.0).unwrap();
        let twice = array![[1.0, 2.0], [2.0, 4.0], [5.0, 10.0]];
        let y = array![[1.0], [2.0], [3.0]];
        assert_eq!(
            message(plain.fit(twice.view(), y.view())),
            "ridge: the system of 2 equations has no unique solution \
             (columns of the inputs are linearly dependent, a positive penalty helps)"
        );
        assert!(Ridge::new(0.1).unwrap().fit(twice.view(), y.view()).is_ok());
        assert_eq!(
            message(plain.fit(array![[1.0]].view(), y.view())),
            "ridge targets: expected 1 rows, got 3"
        );
        assert_eq!(
            message(plain.fit(Array2::zeros((0, 2)).view(), Array2::zeros((0, 1)).view())),
            "rows to fit a ridge regression to: expected at least one, got none"
        );
        assert_eq!(
            message(plain.fit(array![[1.0], [f64::NAN]].view(), array![[1.0], [1.0]].view())),
            "ridge inputs, row 1, column 0: expected a finite value, got NaN"
        );
        let fitted = plain.fit(array![[1.0], [2.0]].view(), array![[1.0], [2.0]].view()).unwrap();
        let error = fitted.predict(twice.view()).unwrap_err().to_string();
        assert_eq!(error, "ridge inputs: expected 1 columns, got 2");
    }

    #[test]
    fn without_columns_it_is_the_mean() {
        let plain = Ridge::new(0.0).unwrap();
        let fitted = plain.fit(Array2::zeros((2, 0)).view(), array![[1.0, 4.0], [3.0, 4.0]].view()).unwrap();
        assert_eq!(fitted.predict(Array2::zeros((1, 0)).view()).unwrap(), array![[2.0, 4.0]]);
    }
}
