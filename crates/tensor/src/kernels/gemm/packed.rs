//! Large products: both operands are packed into panels that a tile of registers walks through.
//!
//! The inner size is cut into blocks of `KC`; for each, `a` is packed whole and `b` in groups of columns.
//! Every element of the result is summed over the inner size in the same order whatever the tile it falls
//! into, so its bits do not depend on the number of threads.
//!
//! Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication".
#![expect(unsafe_code, reason = "pieces of one result are written by several threads")]

use super::lanes::Lanes;
use super::small::Small;
use super::{Matrix, Write};
use crate::kernels::Buffer;
use pulp::{Simd, WithSimd};

/// The inner size of a block.
const KC: usize = 512;
/// Vectors in a row of a tile.
const NV: usize = 2;
/// Panels of `b` that are packed together, so that its rows are read in long runs.
const GROUP: usize = 8;

/// The numbers of a result that one piece of the work writes: every row from `start` on, `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Out<T> {
    start: *mut T,
    stride: usize,
}

// SAFETY: it stands for an exclusive borrow; pieces of one result never overlap.
unsafe impl<T: Send> Send for Out<T> {}

impl<T> Out<T> {
    pub(super) fn new(out: &mut [T], stride: usize) -> Self {
        Self { start: out.as_mut_ptr(), stride }
    }

    /// The piece that starts at a row and a column.
    #[cfg(feature = "rayon")]
    fn from(self, row: usize, column: usize) -> Self {
        Self { start: self.start.wrapping_add(row * self.stride + column), stride: self.stride }
    }

    /// A part of one row.
    ///
    /// # Safety
    /// The numbers lie in the piece, and no other slice of them is alive.
    #[inline(always)]
    unsafe fn row<'a>(self, i: usize, columns: std::ops::Range<usize>) -> &'a mut [T] {
        // SAFETY: by the caller's promise these numbers are part of the borrow that `new` was given.
        unsafe {
            std::slice::from_raw_parts_mut(self.start.add(i * self.stride + columns.start), columns.len())
        }
    }
}

/// `out (+)= alpha * a b`
pub(super) struct Packed<'a, T> {
    pub(super) out: Out<T>,
    pub(super) write: Write,
    pub(super) alpha: T,
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Matrix<'a, T>,
}

impl<T: crate::Element> Packed<'_, T> {
    /// Halves the larger side of the result until there are enough pieces for all threads.
    #[cfg(feature = "rayon")]
    pub(super) fn split(self, pieces: usize, leaf: &(impl Fn(Packed<'_, T>) + Sync)) {
        let Self { out, write, alpha, a, b } = self;
        if pieces <= 1 || a.rows.max(b.cols) < 2 * SMALLEST {
            return leaf(self);
        }
        let ((a, out), (a2, b, b2, out2)) = if a.rows >= b.cols {
            let half = (a.rows / 2).next_multiple_of(SMALLEST);
            let (top, bottom) = a.split_rows(half);
            ((top, out), (bottom, b, b, out.from(half, 0)))
        } else {
            let half = (b.cols / 2).next_multiple_of(SMALLEST);
            let (left, right) = b.split_cols(half);
            ((a, out), (a, left, right, out.from(0, half)))
        };
        let first = Packed { out, write, alpha, a, b };
        let second = Packed { out: out2, write, alpha, a: a2, b: b2 };
        rayon::join(|| first.split(pieces / 2, leaf), || second.split(pieces - pieces / 2, leaf));
    }
}

/// Rows or columns of the smallest piece for a thread: whole tiles of every kind.
#[cfg(feature = "rayon")]
const SMALLEST: usize = 96;

/// One piece of the work, and memory for its panels.
pub(super) struct Piece<'a, T> {
    pub(super) product: Packed<'a, T>,
    pub(super) panels: &'a mut [Buffer<T>; 2],
}

/// What the two float types need; vectors of any instruction set.
pub(super) trait Float: crate::Element {
    fn run<S: Simd>(simd: S, product: Piece<'_, Self>);
    fn small<S: Simd>(simd: S, product: Small<'_, Self>);
}

impl Float for f32 {
    #[inline(always)]
    fn run<S: Simd>(simd: S, product: Piece<'_, Self>) {
        product.run(simd);
    }

    #[inline(always)]
    fn small<S: Simd>(simd: S, product: Small<'_, Self>) {
        product.run(simd);
    }
}

impl Float for f64 {
    #[inline(always)]
    fn run<S: Simd>(simd: S, product: Piece<'_, Self>) {
        product.run(simd);
    }

    #[inline(always)]
    fn small<S: Simd>(simd: S, product: Small<'_, Self>) {
        product.run(simd);
    }
}

impl<T: Float> WithSimd for Piece<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        T::run(simd, self);
    }
}

impl<T> Piece<'_, T> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S)
    where
        T: Lanes<S>,
    {
        // Two vectors a row and as many rows as leave registers for the operands.
        if S::REGISTER_COUNT >= 32 {
            self.blocks::<S, 12>(simd);
        } else {
            self.blocks::<S, 6>(simd);
        }
    }

    #[inline(always)]
    fn blocks<S: Simd, const MR: usize>(self, simd: S)
    where
        T: Lanes<S>,
    {
        let Self { product: Packed { out, mut write, alpha, a, b }, panels: [a_panels, b_panels] } = self;
        let (m, k, n, width) = (a.rows, a.cols, b.cols, NV * T::COUNT);
        a_panels.resize(m.next_multiple_of(MR) * KC.min(k));
        b_panels.resize(GROUP * width * KC.min(k));
        for k0 in (0..k).step_by(KC) {
            let depth = KC.min(k - k0);
            for (panel, i0) in a_panels.chunks_exact_mut(MR * depth).zip((0..m).step_by(MR)) {
                pack_a::<T, MR>(panel, a, i0, k0);
            }
            for group in (0..n).step_by(GROUP * width) {
                let columns = (GROUP * width).min(n - group);
                pack_b(&mut b_panels[..columns.next_multiple_of(width) * depth], width, b, k0, group, depth);
                for (a_panel, i0) in a_panels.chunks_exact(MR * depth).zip((0..m).step_by(MR)) {
                    for (b_panel, j0) in
                        b_panels.chunks_exact(width * depth).zip((group..group + columns).step_by(width))
                    {
                        let tile = tile::<T, S, MR>(simd, a_panel, b_panel);
                        let place = Place { i0, j0, height: MR.min(m - i0), width: width.min(n - j0) };
                        store::<T, S, MR>(simd, &tile, out, place, write, alpha);
                    }
                }
            }
            write = Write::Add;
        }
    }
}

/// Rows `i0..` of `a`, interleaved: the `MR` numbers that meet one row of `b` stand together.
#[inline(always)]
fn pack_a<T: crate::Element, const MR: usize>(panel: &mut [T], a: Matrix<'_, T>, i0: usize, k0: usize) {
    let height = MR.min(a.rows - i0);
    if height < MR {
        panel.fill(T::zero());
    }
    if a.row_stride == 1 {
        for (k, column) in panel.chunks_exact_mut(MR).enumerate() {
            let start = (k0 + k) * a.col_stride + i0;
            column[..height].copy_from_slice(&a.values[start..start + height]);
        }
    } else {
        let depth = panel.len() / MR;
        for i in 0..height {
            let row = &a.values[(i0 + i) * a.row_stride + k0 * a.col_stride..];
            let row = row.iter().step_by(a.col_stride).take(depth);
            panel[i..].iter_mut().step_by(MR).zip(row).for_each(|(out, &x)| *out = x);
        }
    }
}

/// Columns `j0..` of `b` in panels of `width`, each row of a panel in one piece, zeros at the end.
#[inline(always)]
pub(super) fn pack_b<T: crate::Element>(
    panels: &mut [T],
    width: usize,
    b: Matrix<'_, T>,
    k0: usize,
    j0: usize,
    depth: usize,
) {
    let columns = (b.cols - j0).min(panels.len());
    if b.col_stride == 1 {
        for k in 0..depth {
            let start = (k0 + k) * b.row_stride + j0;
            let row = &b.values[start..start + columns.min(b.cols - j0)];
            for (panel, run) in panels.chunks_exact_mut(width * depth).zip(row.chunks(width)) {
                let out = &mut panel[k * width..(k + 1) * width];
                out[..run.len()].copy_from_slice(run);
                out[run.len()..].fill(T::zero());
            }
        }
        return;
    }
    for (panel, j1) in panels.chunks_exact_mut(width * depth).zip((j0..b.cols).step_by(width)) {
        let count = width.min(b.cols - j1);
        if count < width {
            panel.fill(T::zero());
        }
        for j in 0..count {
            let column = &b.values[k0 * b.row_stride + (j1 + j) * b.col_stride..];
            let column = column.iter().step_by(b.row_stride).take(depth);
            panel[j..].iter_mut().step_by(width).zip(column).for_each(|(out, &x)| *out = x);
        }
    }
}

/// The product of two panels, held in registers.
#[inline(always)]
fn tile<T: Lanes<S>, S: Simd, const MR: usize>(simd: S, a: &[T], b: &[T]) -> [[T::Vector; NV]; MR] {
    let mut sums = [[T::splat(simd, T::zero()); NV]; MR];
    for (a, b) in a.chunks_exact(MR).zip(b.chunks_exact(NV * T::COUNT)) {
        let row: [T::Vector; NV] =
            std::array::from_fn(|v| T::load(simd, &b[v * T::COUNT..(v + 1) * T::COUNT]));
        for (sums, &a) in sums.iter_mut().zip(a) {
            let a = T::splat(simd, a);
            for (sum, &b) in sums.iter_mut().zip(&row) {
                *sum = T::fma(simd, a, b, *sum);
            }
        }
    }
    sums
}

/// Where a tile lies in the result, and how much of it.
#[derive(Clone, Copy)]
struct Place {
    i0: usize,
    j0: usize,
    height: usize,
    width: usize,
}

#[inline(always)]
fn store<T: Lanes<S>, S: Simd, const MR: usize>(
    simd: S,
    tile: &[[T::Vector; NV]; MR],
    out: Out<T>,
    place: Place,
    write: Write,
    alpha: T,
) {
    let alpha = T::splat(simd, alpha);
    for (i, sums) in tile.iter().enumerate() {
        if i >= place.height {
            break;
        }
        // SAFETY: a tile lies inside of its piece, and this is the only slice of it.
        let mut row = unsafe { out.row(place.i0 + i, place.j0..place.j0 + place.width) };
        for &sum in sums {
            let (run, rest) = row.split_at_mut(T::COUNT.min(row.len()));
            super::lanes::put(simd, run, sum, write, alpha);
            row = rest;
        }
    }
}
