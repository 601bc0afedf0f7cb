//! Matrix products: own kernels for small ones, the `gemm` crates for large ones.
//!
//! The crates allocate in every call, which a small step would feel, and start to pay above about a
//! million multiply-adds.
#![expect(unsafe_code, reason = "the gemm crates take raw pointers")]

use super::{Write, vectorize};
use crate::Element;
use gemm_common::Parallelism;
use pulp::{Simd, WithSimd};

/// Up to this many multiply-adds the own kernels are used.
const SMALL: usize = 64 * 128 * 128;
/// Up to this many multiply-adds a plain loop is faster than packing.
const TINY: usize = 256;
/// Rows of a tile.
const MR: usize = 4;

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
    /// Rows and columns.
    pub(crate) fn size(&self) -> [usize; 2] {
        [self.rows, self.cols]
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

/// The slow and obvious product, `out (+)= alpha * a b`: the reference of the others, and the product
/// of element types without a kernel.
pub(crate) fn gemm_plain<T: Element>(
    out: &mut [T],
    write: Write,
    alpha: T,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
) {
    for i in 0..a.rows {
        for j in 0..b.cols {
            let mut sum = T::zero();
            for k in 0..a.cols {
                sum += a.at(i, k) * b.at(k, j);
            }
            let out = &mut out[i * b.cols + j];
            match write {
                Write::Store => *out = alpha * sum,
                Write::Add => *out += alpha * sum,
            }
        }
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
        gemm_plain(out, write, alpha, a, b);
    } else if (a.rows < MR || a.cols < MR) && b.col_stride == 1 {
        vectorize(
            #[inline(always)]
            || rows(out, write, alpha, a, b),
        );
    } else {
        return false;
    }
    true
}

/// Few rows or a short inner size: each row of the result is a sum of rows of `b`.
#[inline(always)]
fn rows<T: Element>(out: &mut [T], write: Write, alpha: T, a: Matrix<'_, T>, b: Matrix<'_, T>) {
    for (i, out) in out.chunks_exact_mut(b.cols).enumerate() {
        if write == Write::Store {
            out.fill(T::zero());
        }
        for k in 0..a.cols {
            let factor = alpha * a.at(i, k);
            let row = &b.values[k * b.row_stride..][..out.len()];
            for (out, &x) in out.iter_mut().zip(row) {
                *out += factor * x;
            }
        }
    }
}

/// One product in tiles of `MR` rows and `NR` columns held in registers, for `KC` of the inner size at
/// a time; both operands are packed on the stack, so any layout costs the same.
struct Tiled<'a, T, const NR: usize, const KC: usize> {
    out: &'a mut [T],
    write: Write,
    alpha: T,
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
}

impl<T: Element, const NR: usize, const KC: usize> WithSimd for Tiled<'_, T, NR, KC> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Without a fused instruction `mul_add` calls a slow function.
        if S::IS_SCALAR {
            simd.vectorize(
                #[inline(always)]
                || self.run::<false>(),
            );
        } else {
            simd.vectorize(
                #[inline(always)]
                || self.run::<true>(),
            );
        }
    }
}

impl<T: Element, const NR: usize, const KC: usize> Tiled<'_, T, NR, KC> {
    #[inline(always)]
    fn run<const FUSED: bool>(mut self) {
        let mut a_panel = [[T::zero(); MR]; KC];
        let mut b_panel = [[T::zero(); NR]; KC];
        for k0 in (0..self.a.cols).step_by(KC) {
            let depth = KC.min(self.a.cols - k0);
            for j0 in (0..self.b.cols).step_by(NR) {
                self.pack_b(&mut b_panel[..depth], k0, j0);
                for i0 in (0..self.a.rows).step_by(MR) {
                    self.pack_a(&mut a_panel[..depth], i0, k0);
                    let tile = tile::<T, NR, FUSED>(&a_panel[..depth], &b_panel[..depth]);
                    self.store(&tile, i0, j0);
                }
            }
            self.write = Write::Add;
        }
    }

    #[inline(always)]
    fn pack_b(&self, panel: &mut [[T; NR]], k0: usize, j0: usize) {
        let width = NR.min(self.b.cols - j0);
        for (k, row) in panel.iter_mut().enumerate() {
            if self.b.col_stride == 1 {
                let start = (k0 + k) * self.b.row_stride + j0;
                row[..width].copy_from_slice(&self.b.values[start..start + width]);
            } else {
                for (j, x) in row[..width].iter_mut().enumerate() {
                    *x = self.b.at(k0 + k, j0 + j);
                }
            }
            row[width..].fill(T::zero());
        }
    }

    #[inline(always)]
    fn pack_a(&self, panel: &mut [[T; MR]], i0: usize, k0: usize) {
        let height = MR.min(self.a.rows - i0);
        for (k, column) in panel.iter_mut().enumerate() {
            for (i, x) in column.iter_mut().enumerate() {
                *x = if i < height { self.a.at(i0 + i, k0 + k) } else { T::zero() };
            }
        }
    }

    #[inline(always)]
    fn store(&mut self, tile: &[[T; NR]; MR], i0: usize, j0: usize) {
        let (height, width) = (MR.min(self.a.rows - i0), NR.min(self.b.cols - j0));
        for (i, sums) in tile.iter().take(height).enumerate() {
            let start = (i0 + i) * self.b.cols + j0;
            let out = &mut self.out[start..start + width];
            match self.write {
                Write::Store => out.iter_mut().zip(sums).for_each(|(out, &sum)| *out = self.alpha * sum),
                Write::Add => out.iter_mut().zip(sums).for_each(|(out, &sum)| *out += self.alpha * sum),
            }
        }
    }
}

#[inline(always)]
fn tile<T: Element, const NR: usize, const FUSED: bool>(a: &[[T; MR]], b: &[[T; NR]]) -> [[T; NR]; MR] {
    let mut sums = [[T::zero(); NR]; MR];
    for (a, b) in a.iter().zip(b) {
        for (sums, &a) in sums.iter_mut().zip(a) {
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum = if FUSED { a.mul_add(b, *sum) } else { *sum + a * b };
            }
        }
    }
    sums
}

#[inline]
fn tiled<T: Element, const NR: usize>(
    out: &mut [T],
    write: Write,
    alpha: T,
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
) {
    // A short inner size gets panels that are cheaper to clear.
    if a.cols <= 32 {
        pulp::Arch::new().dispatch(Tiled::<T, NR, 32> { out, write, alpha, a, b });
    } else {
        pulp::Arch::new().dispatch(Tiled::<T, NR, 128> { out, write, alpha, a, b });
    }
}

fn threads() -> Parallelism {
    #[cfg(feature = "rayon")]
    return Parallelism::Rayon(0);
    #[cfg(not(feature = "rayon"))]
    Parallelism::None
}

macro_rules! product {
    ($name:ident, $t:ident, $krate:ident, $narrow:literal, $wide:literal) => {
        /// `out (+)= alpha * a b`
        pub(crate) fn $name(out: &mut [$t], write: Write, alpha: $t, a: Matrix<'_, $t>, b: Matrix<'_, $t>) {
            let (m, k, n) = (a.rows, a.cols, b.cols);
            if trivial(out, write, alpha, a, b) {
                return;
            }
            if m * k * n <= SMALL {
                return if n <= $narrow {
                    tiled::<$t, $narrow>(out, write, alpha, a, b)
                } else {
                    tiled::<$t, $wide>(out, write, alpha, a, b)
                };
            }
            let add = write == Write::Add;
            // The crate does not exchange operands for a result stored by rows and is 2 to 4 times
            // slower on one, so it is given the transposed product: n x m, stored by columns.
            // SAFETY: `trivial` checked that the inner sizes agree and that `out` holds m * n elements; a
            // `Matrix` holds all elements that its sizes and strides reach, by construction; `out` is
            // borrowed exclusively, so it overlaps neither operand.
            unsafe {
                ::$krate::gemm::$t::get_gemm_fn()(
                    n,
                    m,
                    k,
                    out.as_mut_ptr(),
                    n as isize,
                    1,
                    add,
                    b.values.as_ptr(),
                    b.row_stride as isize,
                    b.col_stride as isize,
                    a.values.as_ptr(),
                    a.row_stride as isize,
                    a.col_stride as isize,
                    if add { 1.0 } else { 0.0 },
                    alpha,
                    false,
                    false,
                    false,
                    threads(),
                );
            }
        }
    };
}

product!(product_f32, f32, gemm_f32, 16, 32);
product!(product_f64, f64, gemm_f64, 8, 16);

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
