//! Rows of which most numbers are 0.

use super::rows::{check_count, check_rows};
use super::{Dataset, Pair, Targets};
use crate::{ErrorKind, Result};
use tensor::ndarray::Array2;
use tensor::{Csr, Element};

/// A table `[rows, columns]` of which most numbers are 0, such as the terms of texts; the others are stored.
///
/// ```
/// use nn::data::SparseRows;
/// use nn::tensor::ndarray::array;
///
/// let rows = SparseRows::new(4, [vec![(1, 5.0)], vec![], vec![(0, 6.0), (3, 7.0)]])?;
/// assert_eq!(rows.dense(), array![[0.0, 5.0, 0.0, 0.0], [0.0; 4], [6.0, 0.0, 0.0, 7.0]]);
/// assert_eq!(rows.row(2).collect::<Vec<_>>(), [(0, 6.0), (3, 7.0)]);
/// assert_eq!(rows.csr().stored(), 3);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SparseRows<T> {
    width: usize,
    /// Where each row ends.
    ends: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<T>,
}

impl<T: Element> SparseRows<T> {
    /// A table of this many columns from the columns and numbers of each row.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a column that is not there, or unless a row's columns rise.
    pub fn new(width: usize, rows: impl IntoIterator<Item = Vec<(usize, T)>>) -> Result<Self> {
        let mut table = Self { width, ends: Vec::new(), columns: Vec::new(), values: Vec::new() };
        for (row, entries) in rows.into_iter().enumerate() {
            let rises = entries.windows(2).all(|pair| pair[0].0 < pair[1].0);
            if !rises || entries.last().is_some_and(|&(column, _)| column >= width) {
                let expected = format!("rising columns below {width}");
                let columns: Vec<usize> = entries.iter().map(|&(column, _)| column).collect();
                let got = format!("{columns:?} in row {row}");
                return Err(ErrorKind::Data { owner: "sparse rows", expected, got }.into());
            }
            table.push(entries);
        }
        Ok(table)
    }

    /// An entry whose columns rise and are below the width.
    fn push(&mut self, entries: impl IntoIterator<Item = (usize, T)>) {
        let (columns, values): (Vec<usize>, Vec<T>) = entries.into_iter().unzip();
        self.columns.extend(columns);
        self.values.extend(values);
        self.ends.push(self.columns.len());
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Columns and numbers that are stored of a row, by rising column; nothing of a row that is not there.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, T)> {
        let start = if row == 0 { 0 } else { self.ends.get(row - 1).copied().unwrap_or(0) };
        let end = self.ends.get(row).copied().unwrap_or(start);
        self.columns[start..end].iter().copied().zip(self.values[start..end].iter().copied())
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a row that is not there.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        check_rows("sparse rows", rows, self.len())?;
        let mut picked =
            Self { width: self.width, ends: Vec::new(), columns: Vec::new(), values: Vec::new() };
        rows.iter().for_each(|&row| picked.push(self.row(row)));
        Ok(picked)
    }

    /// The same as a matrix for [`sparse_matmul`](tensor::sparse_matmul).
    pub fn csr(&self) -> Csr<T> {
        self.matrix()
    }

    /// The same with every 0.
    pub fn dense(&self) -> Array2<T> {
        self.dense_of(&(0..self.len()).collect::<Vec<_>>())
    }

    fn matrix(&self) -> Csr<T> {
        let pointers = std::iter::once(0).chain(self.ends.iter().copied()).collect();
        let shape = [self.len(), self.width];
        Csr::new(shape, pointers, self.columns.clone(), self.values.clone())
            .expect("columns were checked, and each row ends where the next begins")
    }

    fn dense_of(&self, rows: &[usize]) -> Array2<T> {
        let mut dense = Array2::from_elem((rows.len(), self.width), T::zero());
        for (mut out, &row) in dense.outer_iter_mut().zip(rows) {
            self.row(row).for_each(|(column, value)| out[column] = value);
        }
        dense
    }
}

/// Sparse inputs and as many targets; each batch is made dense when it is asked for.
///
/// ```
/// use nn::data::{Dataset, SparsePair, SparseRows};
/// use nn::tensor::ndarray::array;
///
/// let rows = SparseRows::new(3, [vec![(2, 1.0)], vec![(0, 4.0)]])?;
/// let batch = SparsePair::new(rows, vec![0, 1])?.batch(&[1])?;
/// assert_eq!(batch.inputs(), &array![[4.0, 0.0, 0.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SparsePair<T> {
    inputs: SparseRows<T>,
    targets: Targets<T>,
}

impl<T: Element> SparsePair<T> {
    /// Inputs, and the target of each row.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for another number of targets than rows.
    pub fn new(inputs: SparseRows<T>, targets: impl Into<Targets<T>>) -> Result<Self> {
        let targets = targets.into().by_rows("sparse pair")?;
        check_count("sparse pair", "targets", inputs.len(), targets.len())?;
        Ok(Self { inputs, targets })
    }

    /// The inputs.
    pub fn inputs(&self) -> &SparseRows<T> {
        &self.inputs
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }
}

impl<T: Element> Dataset for SparsePair<T> {
    type Batch = Pair<T>;

    fn len(&self) -> usize {
        self.inputs.len()
    }

    fn batch(&self, rows: &[usize]) -> Result<Pair<T>> {
        check_rows("sparse pair", rows, self.inputs.len())?;
        Pair::new(self.inputs.dense_of(rows), self.targets.gather(rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::Tape;
    use tensor::ndarray::array;

    fn rows() -> SparseRows<f32> {
        SparseRows::new(3, [vec![], vec![(0, 1.0), (2, 2.0)], vec![(1, 3.0)], vec![]]).unwrap()
    }

    #[test]
    fn rows_are_selected_and_multiplied() {
        let picked = rows().select(&[2, 0, 1]).unwrap();
        assert_eq!(picked.dense(), array![[0.0, 3.0, 0.0], [0.0; 3], [1.0, 0.0, 2.0]]);
        assert_eq!((picked.len(), picked.width(), rows().row(9).count()), (3, 3, 0));
        let tape = Tape::new();
        let w = tape.constant(&array![[1.0f32], [10.0], [100.0]]).unwrap();
        let y = tensor::sparse_matmul(&picked.csr(), w).unwrap();
        assert_eq!(y.value().unwrap(), array![[30.0], [0.0], [201.0]].into_dyn());
    }

    #[test]
    fn columns_are_checked() {
        let message = |entries| SparseRows::<f64>::new(2, [vec![], entries]).unwrap_err().to_string();
        assert_eq!(
            message(vec![(0, 1.0), (2, 1.0)]),
            "sparse rows: expected rising columns below 2, got [0, 2] in row 1"
        );
        assert!(message(vec![(1, 1.0), (1, 2.0)]).contains("[1, 1] in row 1"));
        assert!(rows().select(&[4]).is_err());
        assert!(SparsePair::new(rows(), vec![0]).unwrap_err().to_string().contains("expected 4 targets"));
        assert!(SparsePair::new(rows(), vec![0; 4]).unwrap().batch(&[4]).is_err());
    }
}
