//! A matrix as the operand of a product.

use crate::Element;

/// A matrix inside of a slice: element (i, j) stands at `i * row_stride + j * col_stride`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    pub(super) values: &'a [T],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    pub(super) col_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A matrix stored row by row.
    ///
    /// # Panics
    /// If the slice does not hold `rows * cols` elements; an op checks its shapes before.
    #[inline]
    pub fn new(values: &'a [T], rows: usize, cols: usize) -> Self {
        assert_eq!(values.len(), rows * cols, "a matrix of {rows} rows and {cols} columns");
        Self { values, rows, cols, row_stride: cols, col_stride: 1 }
    }

    /// The same elements seen as the transposed matrix.
    #[inline]
    #[must_use]
    pub fn t(self) -> Self {
        Self {
            values: self.values,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// Where the first element stands. All others are checked to stand in the slice, so kernels may read
    /// them through this pointer.
    #[inline]
    pub(super) fn start(&self) -> *const T {
        if self.rows > 0 && self.cols > 0 {
            let last = (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride;
            assert!(last < self.values.len(), "the last element of a matrix");
        }
        self.values.as_ptr()
    }
}

impl<T: Element> Matrix<'_, T> {
    /// Whether it stands at the beginning of this memory.
    pub(crate) fn is_of(&self, values: &[T]) -> bool {
        std::ptr::eq(self.values.as_ptr(), values.as_ptr())
    }

    /// Rows and columns.
    pub(crate) fn size(&self) -> [usize; 2] {
        [self.rows, self.cols]
    }

    /// The first rows and the others.
    #[cfg(feature = "rayon")]
    pub(super) fn split_rows(self, rows: usize) -> (Self, Self) {
        let rest = &self.values[rows * self.row_stride..];
        (Self { rows, ..self }, Self { values: rest, rows: self.rows - rows, ..self })
    }

    /// The first columns and the others.
    #[cfg(feature = "rayon")]
    pub(super) fn split_cols(self, cols: usize) -> (Self, Self) {
        let (left, right) = self.t().split_rows(cols);
        (left.t(), right.t())
    }

    /// A function of every element, row by row.
    pub(crate) fn map<U>(&self, f: impl Fn(T) -> U) -> Vec<U> {
        (0..self.rows)
            .flat_map(|i| (0..self.cols).map(move |j| (i, j)))
            .map(|(i, j)| f(self.at(i, j)))
            .collect()
    }

    #[inline(always)]
    pub(crate) fn at(&self, i: usize, j: usize) -> T {
        self.values[i * self.row_stride + j * self.col_stride]
    }
}
