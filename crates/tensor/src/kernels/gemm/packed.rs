//! Large products: both operands are packed into panels that a tile of registers walks through.
//!
//! The inner size is cut into blocks of `KC`; for each, a block of rows of `a` is packed whole and `b` in
//! groups of columns. Every element of the result is summed over the inner size in the same order whatever
//! the tile it falls into, so its bits do not depend on the number of threads.
//!
//! Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication".
#![expect(unsafe_code, reason = "pieces of one result are written by several threads")]

use super::lanes::Lanes;
use super::pack::{Part, pack};
use super::tile::{Left, NV, Place, Right, height, strip};
use super::{Finish, Float, Matrix, Memory};
use crate::kernels::Buffer;
use pulp::Simd;

/// The inner size of a block.
const KC: usize = 512;
/// Numbers of a block of `a`, which is to stay in the second cache.
const BLOCK: usize = 3 << 16;
/// Panels of `b` that are packed together, so that its rows are read in long runs.
const GROUP: usize = 8;
/// Up to so many bytes of `b` are at hand in the second cache: the first tiles read them where they are.
const AT_HAND: usize = 2 << 20;

/// `a b` and where it goes: rows from `start` on, `stride` apart, and nobody else's.
#[derive(Clone, Copy)]
pub(super) struct Packed<'a, T> {
    pub(super) start: *mut T,
    pub(super) stride: usize,
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Matrix<'a, T>,
    pub(super) finish: Finish<'a, T>,
}

// SAFETY: the pointer stands for an exclusive borrow of its piece of the result; pieces never overlap.
unsafe impl<T: Send + Sync> Send for Packed<'_, T> {}

impl<T: crate::Element> Packed<'_, T> {
    /// Halves the larger side of the result until there are enough pieces for all threads.
    #[cfg(feature = "rayon")]
    pub(super) fn split(self, pieces: usize, leaf: &(impl Fn(Packed<'_, T>) + Sync)) {
        let Self { start, stride, a, b, finish } = self;
        if pieces <= 1 || a.rows.max(b.cols) < 2 * SMALLEST {
            return leaf(self);
        }
        let (first, second) = if a.rows >= b.cols {
            let half = (a.rows / 2).next_multiple_of(SMALLEST);
            let (top, bottom) = a.split_rows(half);
            let start = start.wrapping_add(half * stride);
            (Packed { a: top, ..self }, Packed { start, a: bottom, ..self })
        } else {
            let half = (b.cols / 2).next_multiple_of(SMALLEST);
            let (left, right) = b.split_cols(half);
            let (first, second) = finish.split(half);
            let start = start.wrapping_add(half);
            (Packed { b: left, finish: first, ..self }, Packed { start, b: right, finish: second, ..self })
        };
        rayon::join(move || first.split(pieces / 2, leaf), move || second.split(pieces - pieces / 2, leaf));
    }
}

/// Rows or columns of the smallest piece for a thread: whole tiles of every kind.
#[cfg(feature = "rayon")]
const SMALLEST: usize = 96;

impl<T> Packed<'_, T> {
    #[inline(always)]
    pub(super) fn run<S: Simd>(self, simd: S, memory: Memory<T>)
    where
        T: Lanes<S> + Float,
    {
        let Self { a, b, finish, .. } = self;
        let (m, k, n) = (a.rows, a.cols, b.cols);
        let (tall, width) = (height::<S>(), NV * T::COUNT);
        let in_place = b.col_stride == 1 && k * n * size_of::<T>() <= AT_HAND;
        // Blocks of one size, so that the last one is not a sliver.
        let block = m.div_ceil((m * KC.min(k)).div_ceil(BLOCK)).next_multiple_of(tall);
        let mut panels = memory.take();
        panels[0].resize(block * KC.min(k));
        panels[1].resize(GROUP * width * KC.min(k));
        for k0 in (0..k).step_by(KC) {
            let depth = KC.min(k - k0);
            let finish = finish.block(k0 == 0, k0 + depth == k);
            for i0 in (0..m).step_by(block) {
                let rows = block.min(m - i0);
                // A strip that copies is as tall as a tile.
                let in_place = in_place && rows >= tall;
                pack(simd, &mut panels[0], tall, a.t(), Part { k0, depth, l0: i0, lanes: rows });
                for j0 in (0..n).step_by(GROUP * width) {
                    let columns = (GROUP * width).min(n - j0);
                    if !in_place {
                        pack(simd, &mut panels[1], width, b, Part { k0, depth, l0: j0, lanes: columns });
                    }
                    let area = Area { i0, rows, j0, columns, k0, depth };
                    self.group(simd, &mut panels, in_place, area, finish);
                }
            }
        }
        memory.set(panels);
    }

    /// All tiles of a group of panels. The first tiles of a `b` that is read in place leave its panels.
    #[inline(always)]
    fn group<S: Simd>(
        self,
        simd: S,
        panels: &mut [Buffer<T>; 2],
        in_place: bool,
        area: Area,
        finish: Finish<'_, T>,
    ) where
        T: Lanes<S> + Float,
    {
        let Area { i0, rows, j0, columns, k0, depth } = area;
        let (tall, width) = (height::<S>(), NV * T::COUNT);
        let [a_panels, b_panels] = panels;
        assert!(i0 + rows <= self.a.rows && j0 + columns <= self.b.cols, "tiles in the result");
        let b_start = self.b.start().wrapping_add(k0 * self.b.row_stride + j0);
        for (a, i) in a_panels.chunks_exact(tall * depth).zip((0..rows).step_by(tall)) {
            for (b, j) in b_panels.chunks_exact_mut(width * depth).zip((0..columns).step_by(width)) {
                let left = Left { start: a.as_ptr(), row: 1, step: tall };
                let place = Place {
                    start: self.start.wrapping_add((i0 + i) * self.stride + j0 + j),
                    stride: self.stride,
                    columns: width.min(columns - j),
                };
                let (rows, finish) = (tall.min(rows - i), finish.from(j0 + j));
                let packed = Right { start: b.as_ptr(), step: width };
                // SAFETY: the panels are `depth` deep, as is `b` from `k0` on; rows and columns lie in
                // the piece, as was checked; a panel is as wide as a tile.
                unsafe {
                    if in_place && i == 0 {
                        let right = Right { start: b_start.wrapping_add(j), step: self.b.row_stride };
                        let b = b.as_mut_ptr();
                        strip::<T, S, true, true>(simd, rows, depth, (left, right, b), place, finish);
                    } else {
                        let no_copy = std::ptr::null_mut();
                        strip::<T, S, true, false>(simd, rows, depth, (left, packed, no_copy), place, finish);
                    }
                }
            }
        }
    }
}

/// Rows and columns of the result, and a block of the inner size.
#[derive(Clone, Copy)]
struct Area {
    i0: usize,
    rows: usize,
    j0: usize,
    columns: usize,
    k0: usize,
    depth: usize,
}
