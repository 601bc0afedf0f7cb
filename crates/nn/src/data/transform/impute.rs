//! Missing numbers.

use crate::data::rows::{beside, check_rows};
use crate::{ErrorKind, Result};
use tensor::Element;
use tensor::ndarray::{Array2, ArrayRef2, Axis};

const OWNER: &str = "impute";

/// What takes the place of a missing number.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Fill {
    /// The mean of the column.
    #[default]
    Mean,
    /// The median of the column, the mean of the middle two for an even number.
    Median,
    /// The same number everywhere.
    Constant(f64),
}

/// Whether columns tell what was missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Indicator {
    /// No.
    #[default]
    None,
    /// One column more for each column with missing numbers in training: 1 where one was missing.
    Columns,
}

/// Fills missing numbers, which are NaN, by what their column holds in training.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `fill` | `Mean` | what takes the place of a missing number | a finite constant |
/// | `indicator` | `None` | whether further columns tell what was missing | |
///
/// ```
/// use nn::data::{Impute, Indicator};
/// use nn::tensor::ndarray::array;
///
/// let train = array![[1.0, 5.0], [f64::NAN, 6.0], [3.0, 7.0]];
/// let fitted = Impute { indicator: Indicator::Columns, ..Default::default() }.fit(&train)?;
/// assert_eq!(fitted.apply(&train)?, array![[1.0, 5.0, 0.0], [2.0, 6.0, 1.0], [3.0, 7.0, 0.0]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Impute {
    /// What takes the place of a missing number.
    pub fill: Fill,
    /// Whether further columns tell what was missing.
    pub indicator: Indicator,
}

impl Impute {
    /// Takes the number that fills each column.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a constant that is not finite; [`ErrorKind::Data`] for an infinite number, or
    /// a column without numbers where they are needed, with its index.
    pub fn fit<T: Element>(&self, x: &ArrayRef2<T>) -> Result<FittedImpute> {
        let mut fitted = FittedImpute { fill: Vec::new(), indicated: Vec::new() };
        for (column, values) in x.axis_iter(Axis(1)).enumerate() {
            let known: Vec<f64> = values.iter().map(|x| x.to_f64()).filter(|x| !x.is_nan()).collect();
            if let Some(x) = known.iter().find(|x| x.is_infinite()) {
                return Err(refuse("finite or missing numbers", format!("{x} in column {column}")));
            }
            fitted.fill.push(self.number(column, &known)?);
            if self.indicator == Indicator::Columns && known.len() < values.len() {
                fitted.indicated.push(column);
            }
        }
        Ok(fitted)
    }

    fn number(&self, column: usize, known: &[f64]) -> Result<f64> {
        if let Fill::Constant(x) = self.fill {
            if !x.is_finite() {
                let (name, expected) = ("the constant", "finite");
                return Err(ErrorKind::Setting { owner: OWNER, name, expected, got: x }.into());
            }
            return Ok(x);
        }
        if known.is_empty() {
            return Err(refuse("a number in each column", format!("none in column {column}")));
        }
        Ok(match self.fill {
            Fill::Median => median(known),
            _ => known[0] + known.iter().map(|x| x - known[0]).sum::<f64>() / known.len() as f64,
        })
    }
}

/// A fitted [`Impute`].
#[derive(Debug, Clone, PartialEq)]
pub struct FittedImpute {
    fill: Vec<f64>,
    indicated: Vec<usize>,
}

impl FittedImpute {
    /// From numbers that were found before, such as those of a file, and the columns that are indicated.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a number that is not finite, or a column that is not there.
    pub fn from_parts(fill: Vec<f64>, indicated: Vec<usize>) -> Result<Self> {
        check_rows(OWNER, &indicated, fill.len())?;
        match fill.iter().position(|x| !x.is_finite()) {
            Some(column) => Err(refuse("finite numbers", format!("{} in column {column}", fill[column]))),
            None => Ok(Self { fill, indicated }),
        }
    }

    /// What takes the place of a missing number, by column.
    pub fn fill(&self) -> &[f64] {
        &self.fill
    }

    /// The columns that have an indicator, in the order of the indicators.
    pub fn indicated(&self) -> &[usize] {
        &self.indicated
    }

    /// The table `[rows, columns]` without missing numbers, and the indicators to its right.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of columns.
    pub fn apply<T: Element>(&self, x: &ArrayRef2<T>) -> Result<Array2<T>> {
        if x.ncols() != self.fill.len() {
            let expected = format!("{} columns", self.fill.len());
            return Err(ErrorKind::Shape { owner: OWNER, expected, got: x.shape().to_vec() }.into());
        }
        let mut filled = x.to_owned();
        for (mut column, &fill) in filled.axis_iter_mut(Axis(1)).zip(&self.fill) {
            column.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = T::from_f64(fill));
        }
        let missing = |x: T| if x.is_nan() { T::one() } else { T::zero() };
        let indicators = x.select(Axis(1), &self.indicated).mapv(missing);
        Ok(beside(&[filled.view(), indicators.view()]))
    }
}

fn median(known: &[f64]) -> f64 {
    let mut sorted = known.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

fn refuse(expected: &str, got: String) -> crate::Error {
    ErrorKind::Data { owner: OWNER, expected: expected.to_owned(), got }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::array;

    const NAN: f64 = f64::NAN;

    #[test]
    fn medians_and_constants_fill() {
        let x = array![[1.0, NAN], [9.0, 4.0], [NAN, NAN], [2.0, 6.0]];
        let of = |fill| Impute { fill, ..Impute::default() }.fit(&x).unwrap();
        assert_eq!(of(Fill::Median).fill(), [2.0, 5.0]);
        assert_eq!(of(Fill::Mean).fill(), [4.0, 5.0]);
        let y = of(Fill::Constant(-1.0)).apply(&x).unwrap();
        assert_eq!(y, array![[1.0, -1.0], [9.0, 4.0], [-1.0, -1.0], [2.0, 6.0]]);
    }

    #[test]
    fn indicators_are_those_of_training() {
        let train = array![[1.0f32, 2.0], [f32::NAN, 3.0]];
        let fitted = Impute { indicator: Indicator::Columns, ..Impute::default() }.fit(&train).unwrap();
        assert_eq!(fitted.indicated(), [0]);
        let y = fitted.apply(&array![[5.0f32, f32::NAN]]).unwrap();
        assert_eq!(y, array![[5.0, 2.5, 0.0]]);
    }

    #[test]
    fn columns_without_numbers_are_named() {
        let x = array![[1.0, NAN], [2.0, NAN]];
        let message = Impute::default().fit(&x).unwrap_err().to_string();
        assert_eq!(message, "impute: expected a number in each column, got none in column 1");
        let zero = Impute { fill: Fill::Constant(0.0), ..Impute::default() };
        assert!(zero.fit(&x).is_ok());
        assert!(Impute { fill: Fill::Constant(NAN), ..zero }.fit(&x).is_err());
        let infinite = Impute::default().fit(&array![[f64::INFINITY]]).unwrap_err().to_string();
        assert!(infinite.ends_with("got inf in column 0"));
        let fitted = Impute::default().fit(&array![[1.0], [2.0]]).unwrap();
        assert!(fitted.apply(&x).unwrap_err().to_string().contains("1 columns"));
        assert_eq!(FittedImpute::from_parts(vec![1.5], vec![]).unwrap(), fitted);
        assert!(FittedImpute::from_parts(vec![1.5], vec![1]).is_err());
        assert!(FittedImpute::from_parts(vec![NAN], vec![]).is_err());
    }
}
