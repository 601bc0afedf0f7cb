//! Some rows of a dataset.

use super::Dataset;
use super::rows::{check_rows, pick};
use crate::Result;
use rand::rngs::ChaCha8Rng;

/// Some rows of a dataset, made by [`Dataset::subset`].
#[derive(Debug, Clone)]
pub struct Subset<D> {
    inner: D,
    rows: Vec<usize>,
}

impl<D: Dataset> Subset<D> {
    pub(super) fn new(inner: D, rows: Vec<usize>) -> Result<Self> {
        check_rows("subset", &rows, inner.len())?;
        Ok(Self { inner, rows })
    }

    /// The rows of the whole dataset that are here.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The whole dataset.
    pub fn inner(&self) -> &D {
        &self.inner
    }

    fn translate(&self, rows: &[usize]) -> Result<Vec<usize>> {
        check_rows("subset", rows, self.rows.len())?;
        Ok(pick(&self.rows, rows))
    }
}

impl<D: Dataset> Dataset for Subset<D> {
    type Batch = D::Batch;

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn batch(&self, rows: &[usize]) -> Result<D::Batch> {
        self.inner.batch(&self.translate(rows)?)
    }

    fn training_batch(&self, rows: &[usize], rng: &mut ChaCha8Rng) -> Result<D::Batch> {
        self.inner.training_batch(&self.translate(rows)?, rng)
    }

    fn row_length(&self, row: usize) -> usize {
        self.inner.row_length(self.rows[row])
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pair;
    use super::*;
    use tensor::ndarray::array;

    #[test]
    fn subsets_of_subsets_find_their_rows() {
        let data = Pair::new(array![[0.0f64], [1.0], [2.0], [3.0]], vec![0, 1, 2, 3]).unwrap();
        let outer = data.subset(vec![3, 1, 2]).unwrap();
        let inner = (&outer).subset(vec![2, 0]).unwrap();
        assert_eq!(inner.batch(&[0, 1, 0]).unwrap().inputs(), &array![[2.0], [3.0], [2.0]].into_dyn());
        assert_eq!((inner.rows(), inner.inner().rows()), (&[2, 0][..], &[3, 1, 2][..]));
    }

    #[test]
    fn rows_that_are_not_there_are_named() {
        let data = Pair::new(array![[0.0f64], [1.0]], vec![0, 1]).unwrap();
        let error = (&data).subset(vec![0, 2]).unwrap_err();
        assert_eq!(error.to_string(), "subset: expected rows below 2, got row 2 at position 1");
        let subset = data.subset(vec![0]).unwrap();
        let error = subset.batch(&[1]).unwrap_err();
        assert_eq!(error.to_string(), "subset: expected rows below 1, got row 1 at position 0");
    }
}
