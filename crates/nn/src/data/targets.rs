//! What a model should give.

use super::rows::{by_rows, check_range, check_rows, gather, pick, slice_rows};
use crate::Result;
use std::ops::Range;
use tensor::ndarray::{Array, ArrayD, Dimension};

/// What a model should give for each row: numbers, or one of several classes.
///
/// ```
/// use nn::data::Targets;
/// use nn::tensor::ndarray::array;
///
/// let prices: Targets<f32> = array![9.5, 3.0].into();
/// let kinds: Targets<f32> = vec![0, 2].into();
/// assert_eq!((prices.len(), kinds.len()), (2, 2));
/// assert_eq!(kinds, Targets::Classes(vec![0, 2]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Targets<T> {
    /// Numbers, with rows on the first axis: `[rows, ..]`.
    Numbers(ArrayD<T>),
    /// The index of each row's class.
    Classes(Vec<usize>),
}

impl<T: Copy> Targets<T> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(x) => x.shape().first().copied().unwrap_or(0),
            Self::Classes(classes) => classes.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers, if it is numbers.
    pub fn numbers(&self) -> Option<&ArrayD<T>> {
        match self {
            Self::Numbers(numbers) => Some(numbers),
            Self::Classes(_) => None,
        }
    }

    /// The classes, if it is classes.
    pub fn classes(&self) -> Option<&[usize]> {
        match self {
            Self::Numbers(_) => None,
            Self::Classes(classes) => Some(classes),
        }
    }

    /// The targets of these rows, in this order.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a row that is not there.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        check_rows("targets", rows, self.len())?;
        Ok(self.gather(rows))
    }

    /// The targets of a range of rows.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for rows that are not there.
    pub fn part(&self, rows: Range<usize>) -> Result<Self> {
        check_range("targets", &rows, self.len())?;
        Ok(match self {
            Self::Numbers(numbers) => Self::Numbers(slice_rows(numbers, rows)),
            Self::Classes(classes) => Self::Classes(classes[rows].to_vec()),
        })
    }

    pub(super) fn gather(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(numbers) => Self::Numbers(gather(numbers, rows)),
            Self::Classes(classes) => Self::Classes(pick(classes, rows)),
        }
    }

    /// The same with numbers row by row in memory; an array without rows is refused.
    pub(super) fn by_rows(self, owner: &'static str) -> Result<Self> {
        Ok(match self {
            Self::Numbers(numbers) => Self::Numbers(by_rows(owner, numbers)?),
            classes => classes,
        })
    }
}

impl<T, D: Dimension> From<Array<T, D>> for Targets<T> {
    fn from(numbers: Array<T, D>) -> Self {
        Self::Numbers(numbers.into_dyn())
    }
}

impl<T> From<Vec<usize>> for Targets<T> {
    fn from(classes: Vec<usize>) -> Self {
        Self::Classes(classes)
    }
}
