//! Series of different length.

use super::rows::{check_count, check_range, check_rows};
use super::{Batch, Dataset, Targets};
use crate::{ErrorKind, Result};
use std::ops::Range;
use tensor::Element;
use tensor::ndarray::{Array2, Array3, Axis, Slice};

/// Series `[time, features]` of any length, and a target for each; its batches are padded.
///
/// Loaders put series of like length together with [`Order::ByLength`](super::Order::ByLength) or
/// [`Order::Bucketed`](super::Order::Bucketed).
///
/// ```
/// use nn::data::{Dataset, Sequences};
/// use nn::tensor::ndarray::array;
///
/// let data = Sequences::new(vec![array![[1.0], [2.0]], array![[3.0]]], vec![0, 1])?;
/// let batch = data.batch(&[1, 0])?;
/// assert_eq!(batch.inputs(), &array![[[3.0], [0.0]], [[1.0], [2.0]]]);
/// assert_eq!(batch.lengths(), [1, 2]);
/// assert_eq!(batch.mask(), array![[1.0, 0.0], [1.0, 1.0]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sequences<T> {
    series: Vec<Array2<T>>,
    features: usize,
    targets: Targets<T>,
}

impl<T: Element> Sequences<T> {
    /// Series with as many features each, and their targets.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for another number of targets than series, or a series without steps;
    /// [`ErrorKind::Shape`] for one with another number of features than the first.
    pub fn new(series: Vec<Array2<T>>, targets: impl Into<Targets<T>>) -> Result<Self> {
        let owner = "sequences";
        let targets = targets.into().by_rows(owner)?;
        check_count(owner, "targets", series.len(), targets.len())?;
        let features = series.first().map_or(0, Array2::ncols);
        for (row, each) in series.iter().enumerate() {
            if each.nrows() == 0 {
                let (expected, got) = (String::from("one step or more"), format!("none in row {row}"));
                return Err(ErrorKind::Data { owner, expected, got }.into());
            }
            if each.ncols() != features {
                let expected = format!("{features} features in row {row}");
                return Err(ErrorKind::Shape { owner, expected, got: each.shape().to_vec() }.into());
            }
        }
        Ok(Self { series, features, targets })
    }

    /// The series.
    pub fn series(&self) -> &[Array2<T>] {
        &self.series
    }

    /// The number of features of each step.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }
}

impl<T: Element> Dataset for Sequences<T> {
    type Batch = PaddedSequences<T>;

    fn len(&self) -> usize {
        self.series.len()
    }

    fn batch(&self, rows: &[usize]) -> Result<PaddedSequences<T>> {
        check_rows("sequences", rows, self.series.len())?;
        let lengths: Vec<usize> = rows.iter().map(|&row| self.series[row].nrows()).collect();
        let time = lengths.iter().copied().max().unwrap_or(0);
        let mut inputs = Array3::from_elem((rows.len(), time, self.features), T::zero());
        for (mut out, &row) in inputs.outer_iter_mut().zip(rows) {
            let series = &self.series[row];
            out.slice_axis_mut(Axis(0), Slice::from(..series.nrows())).assign(series);
        }
        Ok(PaddedSequences { inputs, lengths, targets: self.targets.gather(rows) })
    }

    fn row_length(&self, row: usize) -> usize {
        self.series[row].nrows()
    }
}

/// Series of one batch, padded with 0 to the longest.
#[derive(Debug, Clone, PartialEq)]
pub struct PaddedSequences<T> {
    inputs: Array3<T>,
    lengths: Vec<usize>,
    targets: Targets<T>,
}

impl<T: Element> PaddedSequences<T> {
    /// The series, `[batch, time, features]`.
    pub fn inputs(&self) -> &Array3<T> {
        &self.inputs
    }

    /// The number of steps of each series.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }

    /// 1 at the steps of a series and 0 at padding, `[batch, time]`.
    pub fn mask(&self) -> Array2<T> {
        mask_of(&self.lengths, self.inputs.shape()[1])
    }

    /// Whether a step is padding, `[batch, time]`: what attention leaves out.
    pub fn padding(&self) -> Array2<bool> {
        padding_of(&self.lengths, self.inputs.shape()[1])
    }
}

impl<T: Element> Batch for PaddedSequences<T> {
    fn len(&self) -> usize {
        self.lengths.len()
    }

    fn part(&self, rows: Range<usize>) -> Result<Self> {
        check_range("sequences", &rows, self.lengths.len())?;
        Ok(Self {
            inputs: self.inputs.slice_axis(Axis(0), Slice::from(rows.clone())).to_owned(),
            lengths: self.lengths[rows.clone()].to_vec(),
            targets: self.targets.part(rows)?,
        })
    }
}

pub(super) fn padding_of(lengths: &[usize], time: usize) -> Array2<bool> {
    Array2::from_shape_fn((lengths.len(), time), |(row, step)| step >= lengths[row])
}

pub(super) fn mask_of<T: Element>(lengths: &[usize], time: usize) -> Array2<T> {
    padding_of(lengths, time).mapv(|is_padding| if is_padding { T::zero() } else { T::one() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::array;

    #[test]
    fn parts_keep_the_padding_of_the_batch() {
        let series = vec![array![[1.0f32, 2.0]], array![[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]];
        let batch = Sequences::new(series, array![0.5, 1.5]).unwrap().batch(&[0, 1, 0]).unwrap();
        let part = batch.part(0..1).unwrap();
        assert_eq!(part.inputs(), &array![[[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]]);
        assert_eq!((part.lengths(), part.targets()), (&[1][..], &Targets::from(array![0.5])));
        assert_eq!(batch.padding(), array![[false, true, true], [false; 3], [false, true, true]]);
        assert!(batch.part(2..4).is_err());
    }

    #[test]
    fn series_that_do_not_fit_are_named() {
        let message =
            |series, targets: Vec<usize>| Sequences::<f64>::new(series, targets).unwrap_err().to_string();
        let ok = || Array2::zeros((2, 3));
        assert_eq!(message(vec![ok()], vec![]), "sequences: expected 1 targets, one for each row, got 0");
        let empty = vec![ok(), Array2::zeros((0, 3))];
        assert_eq!(message(empty, vec![0, 0]), "sequences: expected one step or more, got none in row 1");
        let narrow = vec![ok(), Array2::zeros((2, 1))];
        assert_eq!(message(narrow, vec![0, 0]), "sequences: expected 3 features in row 1, got shape [2, 1]");
    }
}
