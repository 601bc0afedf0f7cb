//! Inputs and targets as arrays.

use super::rows::{by_rows, check_count, check_range, check_rows, gather, slice_rows};
use super::{Batch, Dataset, Targets};
use crate::Result;
use std::ops::Range;
use tensor::Element;
use tensor::ndarray::{Array, ArrayD, Dimension};

/// Inputs `[rows, ..]` and as many targets: a dataset whose batches are of the same form.
///
/// ```
/// use nn::data::{Dataset, Pair, Targets};
/// use nn::tensor::ndarray::array;
///
/// let data = Pair::new(array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], vec![0, 1, 0])?;
/// let batch = data.batch(&[2, 0])?;
/// assert_eq!(batch.inputs(), &array![[5.0, 6.0], [1.0, 2.0]].into_dyn());
/// assert_eq!(batch.targets(), &Targets::Classes(vec![0, 0]));
///
/// let error = Pair::new(array![[1.0], [2.0]], array![0.5]).unwrap_err();
/// assert_eq!(error.to_string(), "pair: expected 2 targets, one for each row, got 1");
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<T> {
    inputs: ArrayD<T>,
    targets: Targets<T>,
}

impl<T: Element> Pair<T> {
    /// Inputs with rows on the first axis, and the target of each row.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for another number of targets than rows,
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) for an array without axes.
    pub fn new<D: Dimension>(inputs: Array<T, D>, targets: impl Into<Targets<T>>) -> Result<Self> {
        let inputs = by_rows("pair", inputs.into_dyn())?;
        let targets = targets.into().by_rows("pair")?;
        check_count("pair", "targets", inputs.shape()[0], targets.len())?;
        Ok(Self { inputs, targets })
    }

    // The names of both traits: an own method is found without asking which.
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.inputs.shape()[0]
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The inputs, `[rows, ..]`.
    pub fn inputs(&self) -> &ArrayD<T> {
        &self.inputs
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }

    /// Both, to be taken apart.
    pub fn into_parts(self) -> (ArrayD<T>, Targets<T>) {
        (self.inputs, self.targets)
    }

    /// The same targets with other inputs, as an augmentation makes them.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_inputs<D: Dimension>(self, inputs: Array<T, D>) -> Result<Self> {
        Self::new(inputs, self.targets)
    }
}

impl<T: Element> Dataset for Pair<T> {
    type Batch = Self;

    fn len(&self) -> usize {
        Self::len(self)
    }

    fn batch(&self, rows: &[usize]) -> Result<Self> {
        check_rows("pair", rows, self.len())?;
        Ok(Self { inputs: gather(&self.inputs, rows), targets: self.targets.gather(rows) })
    }
}

impl<T: Element> Batch for Pair<T> {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn part(&self, rows: Range<usize>) -> Result<Self> {
        check_range("pair", &rows, self.len())?;
        Ok(Self { inputs: slice_rows(&self.inputs, rows.clone()), targets: self.targets.part(rows)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::{Array1, Array3, array};

    #[test]
    fn any_layout_and_rank_is_kept() {
        let inputs = Array3::from_shape_fn((4, 2, 3), |(i, j, k)| (100 * i + 10 * j + k) as f32);
        let flipped = inputs.clone().permuted_axes([0, 2, 1]);
        let targets = array![[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]].reversed_axes();
        let data = Pair::new(flipped.clone(), targets).unwrap();
        let batch = data.batch(&[3, 1, 3]).unwrap();
        assert_eq!(batch.inputs().shape(), [3, 3, 2]);
        assert_eq!(batch.inputs()[[0, 2, 1]], 312.0);
        assert_eq!(batch.targets(), &Targets::Numbers(array![[3.0, 7.0], [1.0, 5.0], [3.0, 7.0]].into_dyn()));
        assert_eq!(batch.part(1..2).unwrap(), data.batch(&[1]).unwrap());
        assert_eq!(data.inputs(), &flipped.into_dyn());
    }

    #[test]
    fn empty_batches_and_narrow_rows_work() {
        let data = Pair::new(Array1::<f64>::zeros(3), vec![0, 1, 2]).unwrap();
        assert_eq!(data.batch(&[]).unwrap().len(), 0);
        assert!(data.part(2..2).unwrap().is_empty());
        let wide = Pair::new(Array3::<f64>::zeros((2, 0, 4)), vec![0, 1]).unwrap();
        assert_eq!(wide.batch(&[1, 1, 0]).unwrap().inputs().shape(), [3, 0, 4]);
    }

    #[test]
    fn bad_rows_are_refused() {
        let data = Pair::new(array![1.0, 2.0], vec![0, 1]).unwrap();
        let message = data.batch(&[0, 5]).unwrap_err().to_string();
        assert_eq!(message, "pair: expected rows below 2, got row 5 at position 1");
        let backwards = Range { start: 2, end: 1 };
        assert_eq!(
            data.part(backwards).unwrap_err().to_string(),
            "pair: expected rows within 0..2, got 2..1"
        );
        assert!(data.part(1..3).is_err());
        let error = Pair::new(tensor::ndarray::arr0(1.0), vec![0]).unwrap_err();
        assert_eq!(error.to_string(), "pair: expected rows on the first axis, got shape []");
    }
}
