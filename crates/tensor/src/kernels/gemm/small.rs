//! Small products: tiles of registers over operands that are read where they are.
//!
//! Only an operand `b` that is stored by columns is packed first, since its rows are not in one piece.
#![expect(unsafe_code, reason = "bounds are checked once a product instead of once a multiplication")]

use super::lanes::Lanes;
use super::packed::pack_b;
use super::{Matrix, Write};
use crate::kernels::Buffer;
use pulp::{Simd, WithSimd};

/// `out (+)= alpha * a b`
pub(super) struct Small<'a, T> {
    pub(super) out: &'a mut [T],
    pub(super) write: Write,
    pub(super) alpha: T,
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Matrix<'a, T>,
    pub(super) panels: &'a mut Buffer<T>,
}

impl<T: super::packed::Float> WithSimd for Small<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        T::small(simd, self);
    }
}

impl<T> Small<'_, T> {
    #[inline(always)]
    pub(super) fn run<S: Simd>(self, simd: S)
    where
        T: Lanes<S>,
    {
        let Self { out, write, alpha, a, b, panels } = self;
        let width = 2 * T::COUNT;
        let mut job = Job { simd, out, write, alpha, a, n: b.cols };
        if b.col_stride == 1 {
            for j0 in (0..b.cols).step_by(width) {
                job.columns(j0, &b.values[j0..], b.row_stride);
            }
        } else {
            panels.resize(b.rows * b.cols.next_multiple_of(width));
            pack_b(panels, width, b, 0, 0, b.rows);
            for (panel, j0) in panels.chunks_exact(width * b.rows).zip((0..b.cols).step_by(width)) {
                job.columns(j0, panel, width);
            }
        }
    }
}

/// What all tiles of a product share.
struct Job<'a, T, S> {
    simd: S,
    out: &'a mut [T],
    write: Write,
    alpha: T,
    a: Matrix<'a, T>,
    n: usize,
}

impl<T: Lanes<S>, S: Simd> Job<'_, T, S> {
    /// A strip of columns, from `j0` on: tiles of as many rows as there are left and registers allow.
    #[inline(always)]
    fn columns(&mut self, j0: usize, b: &[T], stride: usize) {
        let mut i0 = 0;
        while i0 < self.a.rows {
            let rows = self.a.rows - i0;
            i0 += match rows {
                12.. if S::REGISTER_COUNT >= 32 => self.strip::<12>(i0, j0, b, stride),
                6.. => self.strip::<6>(i0, j0, b, stride),
                4.. => self.strip::<4>(i0, j0, b, stride),
                2.. => self.strip::<2>(i0, j0, b, stride),
                _ => self.strip::<1>(i0, j0, b, stride),
            };
        }
    }

    #[inline(always)]
    fn strip<const MR: usize>(&mut self, i0: usize, j0: usize, b: &[T], stride: usize) -> usize {
        if self.n - j0 > T::COUNT {
            self.tile::<MR, 2>(i0, j0, b, stride);
        } else {
            self.tile::<MR, 1>(i0, j0, b, stride);
        }
        MR
    }

    #[inline(always)]
    fn tile<const MR: usize, const NV: usize>(&mut self, i0: usize, j0: usize, b: &[T], stride: usize) {
        let (simd, a) = (self.simd, self.a);
        let width = (NV * T::COUNT).min(self.n - j0);
        let depth = a.cols;
        assert!((depth - 1) * stride + width <= b.len(), "rows of the second operand");
        let last = (i0 + MR - 1) * a.row_stride + (depth - 1) * a.col_stride;
        assert!(last < a.values.len(), "rows of the first operand");
        let mut sums = [[T::splat(simd, T::zero()); NV]; MR];
        for k in 0..depth {
            // SAFETY: the largest start is that of `k = depth - 1`, whose row was checked to lie inside.
            let row = unsafe { b.get_unchecked(k * stride..k * stride + width) };
            let row: [T::Vector; NV] =
                std::array::from_fn(|v| T::load(simd, &row[(v * T::COUNT).min(width)..]));
            for (i, sums) in sums.iter_mut().enumerate() {
                // SAFETY: no index is above `last`, which was checked to lie inside.
                let x = unsafe { *a.values.get_unchecked((i0 + i) * a.row_stride + k * a.col_stride) };
                let x = T::splat(simd, x);
                for (sum, &b) in sums.iter_mut().zip(&row) {
                    *sum = T::fma(simd, x, b, *sum);
                }
            }
        }
        let alpha = T::splat(simd, self.alpha);
        for (i, sums) in sums.iter().enumerate() {
            let start = (i0 + i) * self.n + j0;
            let mut row = &mut self.out[start..start + width];
            for &sum in sums {
                let (run, rest) = row.split_at_mut(T::COUNT.min(row.len()));
                super::lanes::put(simd, run, sum, self.write, alpha);
                row = rest;
            }
        }
    }
}
