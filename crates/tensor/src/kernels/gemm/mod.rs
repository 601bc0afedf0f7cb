//! Matrix products: by plain loops where little is to do, in tiles of registers otherwise.
mod lanes;
mod packed;
mod small;
mod thin;

use super::{Buffer, Write};
use crate::Element;
use packed::Packed;
use std::cell::Cell;

pub(crate) use thin::gemm_plain;

/// Up to this many multiply-adds operands are read where they are.
const SMALL: usize = 64 * 128 * 128;
/// Up to this many multiply-adds a plain loop is faster than packing.
const TINY: usize = 256;
/// From this many multiply-adds on threads share a product.
#[cfg(feature = "rayon")]
const PARALLEL: usize = 1 << 23;
/// Fewer rows, or a shorter inner size, than this are not worth a tile.
const THIN: usize = 4;

/// A matrix inside of a slice: element (i, j) stands at `i * row_stride + j * col_stride`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    values: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
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
    fn split_rows(self, rows: usize) -> (Self, Self) {
        let rest = &self.values[rows * self.row_stride..];
        (Self { rows, ..self }, Self { values: rest, rows: self.rows - rows, ..self })
    }

    /// The first columns and the others.
    #[cfg(feature = "rayon")]
    fn split_cols(self, cols: usize) -> (Self, Self) {
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

/// Checks the sizes and serves products without work or of little work; true if done.
#[inline]
fn trivial<T: Element>(out: &mut [T], write: Write, alpha: T, a: Matrix<'_, T>, b: Matrix<'_, T>) -> bool {
    assert_eq!(a.cols, b.rows, "inner sizes of a product");
    assert_eq!(out.len(), a.rows * b.cols, "size of a product");
    if a.cols == 0 || out.is_empty() {
        if write == Write::Store {
            out.fill(T::zero());
        }
    } else if a.rows * a.cols * b.cols <= TINY {
        thin::tiny(out, write, alpha, a, b);
    } else if (a.rows < THIN || a.cols < THIN) && b.col_stride == 1 {
        thin::rows(out, write, alpha, a, b);
    } else if a.rows < THIN && b.row_stride == 1 && a.col_stride == 1 {
        thin::dots(out, write, alpha, a, b);
    } else {
        return false;
    }
    true
}

macro_rules! product {
    ($name:ident, $t:ident) => {
        /// `out (+)= alpha * a b`
        pub(crate) fn $name(out: &mut [$t], write: Write, alpha: $t, a: Matrix<'_, $t>, b: Matrix<'_, $t>) {
            let (m, k, n) = (a.rows, a.cols, b.cols);
            if trivial(out, write, alpha, a, b) {
                return;
            }
            thread_local! {
                /// Memory for packed operands, so that a product allocates nothing once it is large enough.
                static PANELS: Cell<[Buffer<$t>; 2]> = const { Cell::new([Buffer::new(), Buffer::new()]) };
            }
            if m * k * n <= SMALL {
                let mut panels = PANELS.take();
                let [_, b_panels] = &mut panels;
                pulp::Arch::new().dispatch(small::Small { out, write, alpha, a, b, panels: b_panels });
                PANELS.set(panels);
                return;
            }
            let piece = |product: Packed<'_, $t>| {
                let mut panels = PANELS.take();
                pulp::Arch::new().dispatch(packed::Piece { product, panels: &mut panels });
                PANELS.set(panels);
            };
            let product = Packed { out: packed::Out::new(out, n), write, alpha, a, b };
            #[cfg(feature = "rayon")]
            if m * k * n >= PARALLEL {
                return product.split(rayon::current_num_threads(), &piece);
            }
            piece(product);
        }
    };
}

product!(product_f32, f32);
product!(product_f64, f64);

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers: every order of adding gives the same bits.
    fn values(n: usize, seed: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7 + seed * 13) % 11) as f64 - 5.0).collect()
    }

    fn compare(m: usize, k: usize, n: usize) {
        let (a, b) = (values(m * k, 1), values(k * n, 2));
        let narrow = |v: &[f64]| v.iter().map(|&x| x as f32).collect::<Vec<_>>();
        let (a32, b32) = (narrow(&a), narrow(&b));
        for layout in 0..4 {
            let ta = layout & 1 == 1;
            let tb = layout & 2 == 2;
            let left = if ta { Matrix::new(&a, k, m).t() } else { Matrix::new(&a, m, k) };
            let right = if tb { Matrix::new(&b, n, k).t() } else { Matrix::new(&b, k, n) };
            let left32 = if ta { Matrix::new(&a32, k, m).t() } else { Matrix::new(&a32, m, k) };
            let right32 = if tb { Matrix::new(&b32, n, k).t() } else { Matrix::new(&b32, k, n) };
            for write in [Write::Store, Write::Add] {
                let mut want = vec![3.0; m * n];
                gemm_plain(&mut want, write, -2.0, left, right);
                let mut got = vec![3.0; m * n];
                product_f64(&mut got, write, -2.0, left, right);
                assert_eq!(got, want, "{m}x{k}x{n} layout {layout} {write:?}");
                let mut got = vec![3.0; m * n];
                product_f32(&mut got, write, -2.0, left32, right32);
                assert_eq!(got, narrow(&want), "{m}x{k}x{n} layout {layout} {write:?} f32");
            }
        }
    }

    #[test]
    fn every_kernel_equals_the_plain_product() {
        for (m, k, n) in
            [(0, 3, 2), (2, 0, 3), (1, 1, 1), (1, 10, 5), (32, 10, 5), (1, 300, 70), (300, 1, 70)]
        {
            compare(m, k, n);
        }
        for (m, k, n) in
            [(32, 64, 128), (64, 32, 128), (33, 129, 17), (7, 31, 33), (5, 260, 16), (128, 70, 130)]
        {
            compare(m, k, n);
        }
    }
}
