//! Constant sparse matrices.

use crate::kernels::{Write, vectorize};
use crate::{Element, ErrorKind, Result};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A constant sparse matrix, stored by rows; cloning it shares the memory.
///
/// Used by [`sparse_matmul`](crate::sparse_matmul). The transposed matrix that a gradient needs is made at
/// the first one and kept.
///
/// ```
/// use tensor::Csr;
///
/// // [[0, 5], [7, 0]]
/// let matrix = Csr::new([2, 2], vec![0, 1, 2], vec![1, 0], vec![5.0, 7.0])?;
/// assert_eq!((matrix.shape(), matrix.stored()), ([2, 2], 2));
/// let error = Csr::new([2, 2], vec![0, 1, 2], vec![1, 2], vec![5.0, 7.0]).unwrap_err();
/// assert_eq!(error.to_string(), "csr: index 2 at position 1 is out of range: expected less than 2");
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Clone)]
pub struct Csr<T>(Arc<Shared<T>>);

struct Shared<T> {
    shape: [usize; 2],
    rows: Rows<T>,
    transposed: OnceLock<Rows<T>>,
}

/// The stored elements of row i stand at `pointers[i]..pointers[i + 1]`.
pub(crate) struct Rows<T> {
    pointers: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<T>,
}

impl<T: Element> Csr<T> {
    /// A matrix of `shape` rows and columns from its row pointers, and the column and value of every stored
    /// element.
    ///
    /// Row i has the elements `pointers[i]..pointers[i + 1]`, in any order; those at one place add up.
    ///
    /// # Errors
    /// [`ErrorKind::Value`] unless there is one pointer more than rows and one value for each column,
    /// [`ErrorKind::RowPointer`] unless the pointers begin at 0, do not fall and end at the number of stored
    /// elements, [`ErrorKind::Index`] for a column that is not there.
    pub fn new(shape: [usize; 2], pointers: Vec<usize>, columns: Vec<usize>, values: Vec<T>) -> Result<Self> {
        let op = "csr";
        let [rows, width] = shape;
        if pointers.len() != rows.saturating_add(1) {
            let (expected, got) = ("one row pointer more than rows", pointers.len() as f64);
            return Err(ErrorKind::Value { op, expected, got }.into());
        }
        if columns.len() != values.len() {
            let (expected, got) = ("as many values as column indices", values.len() as f64);
            return Err(ErrorKind::Value { op, expected, got }.into());
        }
        let pointer = |expected, position: usize| {
            Err(ErrorKind::RowPointer { op, expected, got: pointers[position], position }.into())
        };
        if pointers[0] != 0 {
            return pointer("row pointers that begin at 0", 0);
        }
        if let Some(row) = pointers.windows(2).position(|pair| pair[0] > pair[1]) {
            return pointer("row pointers that do not fall", row + 1);
        }
        if pointers[rows] != columns.len() {
            return pointer("row pointers that end at the number of stored elements", rows);
        }
        if let Some(position) = columns.iter().position(|&column| column >= width) {
            return Err(ErrorKind::Index { op, index: columns[position], position, bound: width }.into());
        }
        let rows = Rows { pointers, columns, values };
        Ok(Self(Arc::new(Shared { shape, rows, transposed: OnceLock::new() })))
    }

    pub(crate) fn rows(&self) -> &Rows<T> {
        &self.0.rows
    }

    /// The transposed matrix by its rows, made at the first call.
    pub(crate) fn transposed(&self) -> &Rows<T> {
        self.0.transposed.get_or_init(|| self.0.rows.transpose(self.0.shape[1]))
    }
}

impl<T> Csr<T> {
    /// The numbers of rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        self.0.shape
    }

    /// The number of stored elements.
    pub fn stored(&self) -> usize {
        self.0.rows.values.len()
    }
}

// Not derived: a matrix may have millions of elements.
impl<T> fmt::Debug for Csr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csr").field("shape", &self.shape()).field("stored", &self.stored()).finish()
    }
}

/// Columns of a product that are summed at a time.
const BLOCK: usize = 64;

impl<T: Element> Rows<T> {
    /// The elements of a row: column and value.
    #[inline(always)]
    fn row(&self, row: usize) -> impl Iterator<Item = (usize, T)> + Clone {
        let range = self.pointers[row]..self.pointers[row + 1];
        self.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// A counting sort by columns: elements of one row stay in order.
    fn transpose(&self, columns: usize) -> Self {
        let mut pointers = vec![0; columns + 1];
        self.columns.iter().for_each(|&column| pointers[column + 1] += 1);
        (0..columns).for_each(|column| pointers[column + 1] += pointers[column]);
        let mut next = pointers.clone();
        let mut rows = vec![0; self.columns.len()];
        let mut values = vec![T::zero(); self.columns.len()];
        for row in 0..self.pointers.len() - 1 {
            for (column, value) in self.row(row) {
                (rows[next[column]], values[next[column]]) = (row, value);
                next[column] += 1;
            }
        }
        Self { pointers, columns: rows, values }
    }

    /// `out (+)= S x` for x with `width` columns.
    pub(crate) fn multiply(&self, out: &mut [T], write: Write, x: &[T], width: usize) {
        if width == 0 {
            return;
        }
        vectorize(
            #[inline(always)]
            || {
                for (row, out) in out.chunks_exact_mut(width).enumerate() {
                    if width == 1 {
                        let mut sum = T::Wide::default();
                        self.row(row).for_each(|(column, value)| sum += (value * x[column]).widen());
                        put(&mut out[0], write, sum);
                    } else {
                        self.multiply_row(row, out, write, x);
                    }
                }
            },
        );
    }

    #[inline(always)]
    fn multiply_row(&self, row: usize, out: &mut [T], write: Write, x: &[T]) {
        let width = out.len();
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut sums = [T::Wide::default(); BLOCK];
            for (column, value) in self.row(row) {
                let x = &x[column * width + block * BLOCK..][..out.len()];
                sums.iter_mut().zip(x).for_each(|(sum, &x)| *sum += (value * x).widen());
            }
            out.iter_mut().zip(sums).for_each(|(out, sum)| put(out, write, sum));
        }
    }
}

#[inline(always)]
fn put<T: Element>(out: &mut T, write: Write, sum: T::Wide) {
    match write {
        Write::Store => *out = T::narrow(sum),
        Write::Add => *out += T::narrow(sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that repeat nowhere near, as a dense matrix and as a sparse one with rows in a wild order.
    fn matrices(rows: usize, columns: usize) -> (Vec<f64>, Csr<f64>) {
        let mut dense = vec![0.0; rows * columns];
        let (mut pointers, mut at, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in 0..rows {
            for k in 0..row % 4 {
                let (column, value) = ((7 * row + 5 * k * k) % columns, (row + 3 * k) as f64 - 2.0);
                dense[row * columns + column] += value;
                at.push(column);
                values.push(value);
            }
            pointers.push(at.len());
        }
        (dense, Csr::new([rows, columns], pointers, at, values).unwrap())
    }

    #[test]
    fn products_equal_dense_ones() {
        for (rows, columns, width) in [(9, 5, 1), (9, 5, 3), (4, 11, 64), (6, 3, 130), (1, 1, 2)] {
            let (dense, sparse) = matrices(rows, columns);
            for transposed in [false, true] {
                let (m, n) = if transposed { (columns, rows) } else { (rows, columns) };
                let matrix = if transposed { sparse.transposed() } else { sparse.rows() };
                let x: Vec<f64> = (0..n * width).map(|i| (i % 13) as f64).collect();
                let mut want = vec![0.0; m * width];
                for i in 0..m {
                    for (k, j) in (0..n).flat_map(|k| (0..width).map(move |j| (k, j))) {
                        let a = if transposed { dense[k * columns + i] } else { dense[i * columns + k] };
                        want[i * width + j] += a * x[k * width + j];
                    }
                }
                let mut got = vec![f64::NAN; m * width];
                matrix.multiply(&mut got, Write::Store, &x, width);
                assert_eq!(got, want);
                matrix.multiply(&mut got, Write::Add, &x, width);
                assert!(got.iter().zip(&want).all(|(got, want)| *got == 2.0 * want));
            }
        }
    }

    #[test]
    fn the_transposed_matrix_is_made_once() {
        let (_, matrix) = matrices(9, 5);
        let copy = matrix.clone();
        assert!(std::ptr::eq(matrix.transposed(), copy.transposed()));
        assert_eq!(format!("{copy:?}"), "Csr { shape: [9, 5], stored: 12 }");
    }

    #[test]
    fn f32_sums_keep_their_digits() {
        let n = 1 << 20;
        let whole = Csr::new([1, n], vec![0, n], (0..n).collect(), vec![1.0f32; n]).unwrap();
        for width in [1, 2] {
            let mut out = vec![0.0; width];
            whole.rows().multiply(&mut out, Write::Store, &vec![0.1; n * width], width);
            assert!((f64::from(out[0]) / (n as f64 * f64::from(0.1f32)) - 1.0).abs() < 1e-7, "{out:?}");
        }
    }
}
