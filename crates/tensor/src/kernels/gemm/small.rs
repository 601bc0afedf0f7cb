//! Small products: one tile after the other, both operands packed on the stack.

use super::{Matrix, Write};
use crate::Element;
use pulp::{Simd, WithSimd};

/// Rows of a tile.
const MR: usize = 4;

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
pub(super) fn tiled<T: Element, const NR: usize>(
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
