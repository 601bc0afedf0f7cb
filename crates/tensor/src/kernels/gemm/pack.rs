//! Panels: a part of an operand copied so that the innermost loop reads it in one run.
#![expect(unsafe_code, reason = "blocks are turned in vector registers")]

use super::Matrix;
use super::lanes::Lanes;
use super::tile::prefetch;
use crate::Element;
use pulp::Simd;

/// Numbers of a column that are turned before the next columns are looked at: a cache line of f32.
const RUN: usize = 16;
/// Rows and columns of a block that is turned at once.
const BLOCK: usize = 4;

/// A part of an operand: `depth` of its rows from `k0` on, `lanes` of its columns from `l0` on.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) k0: usize,
    pub(super) depth: usize,
    pub(super) l0: usize,
    pub(super) lanes: usize,
}

/// Packs a part into panels of `width` columns, each row of a panel in one piece. What the
/// last one has no columns for is unspecified.
#[inline(always)]
pub(super) fn pack<T: Lanes<S> + Turn, S: Simd>(
    simd: S,
    panels: &mut [T],
    width: usize,
    source: Matrix<'_, T>,
    part: Part,
) {
    let Part { depth, l0, lanes, .. } = part;
    let panels = &mut panels[..lanes.next_multiple_of(width) * depth];
    if source.col_stride == 1 {
        return copy_rows(simd, panels, width, source, part);
    }
    for (panel, l) in panels.chunks_exact_mut(width * depth).zip((l0..l0 + lanes).step_by(width)) {
        let part = Part { l0: l, lanes: width.min(l0 + lanes - l), ..part };
        if source.row_stride == 1 {
            turn_columns(panel, width, source, part);
        } else {
            gather(panel, width, source, part, 0, 0);
        }
    }
}

/// The rows of the source are in one piece each: a run for every panel.
#[inline(always)]
fn copy_rows<T: Lanes<S>, S: Simd>(
    simd: S,
    panels: &mut [T],
    width: usize,
    source: Matrix<'_, T>,
    part: Part,
) {
    let Part { k0, depth, l0, lanes } = part;
    assert!(panels.len() >= lanes.next_multiple_of(width) * depth, "room in the panels");
    assert!(k0 + depth <= source.rows && l0 + lanes <= source.cols, "a part of its operand");
    for run in (0..depth).step_by(RUN) {
        for l in (0..lanes).step_by(width) {
            let len = width.min(lanes - l);
            for k in run..depth.min(run + RUN) {
                let from = source.start().wrapping_add((k0 + k) * source.row_stride + l0 + l);
                prefetch(from.wrapping_add(RUN * source.row_stride));
                let to = panels.as_mut_ptr().wrapping_add(l * depth + k * width);
                // SAFETY: a run of row `k` of the part and of a panel, which were checked to be there.
                unsafe {
                    if len == width {
                        copy_run(simd, from, width, to, width);
                    } else {
                        copy_run(simd, from, len, to, width);
                    }
                }
            }
        }
    }
}

/// Copies a run of `len` numbers, zeros after them up to `width`.
///
/// # Safety
/// So many numbers are there.
#[inline(always)]
unsafe fn copy_run<T: Lanes<S>, S: Simd>(simd: S, from: *const T, len: usize, to: *mut T, width: usize) {
    for v in (0..width).step_by(T::COUNT) {
        // SAFETY: whole vectors where they fit, else those numbers that are there.
        unsafe {
            let (from, to) = (from.wrapping_add(v), to.add(v));
            let run = if len >= v + T::COUNT {
                T::load(simd, from)
            } else {
                T::load_some(simd, T::first(simd, len.saturating_sub(v)), from)
            };
            if width >= v + T::COUNT {
                T::store(simd, to, run);
            } else {
                T::store_some(simd, T::first(simd, width - v), to, run);
            }
        }
    }
}

/// The columns of the source are in one piece each: turned block by block into the rows of one panel.
#[inline(always)]
fn turn_columns<T: Turn>(panel: &mut [T], width: usize, source: Matrix<'_, T>, part: Part) {
    let Part { k0, depth, l0, lanes } = part;
    assert!(panel.len() >= depth * width && lanes <= width, "room in a panel");
    assert!(k0 + depth <= source.rows && l0 + lanes <= source.cols, "a part of its operand");
    let (from, to) = (source.start(), panel.as_mut_ptr());
    let (whole_depth, whole_lanes) = (depth / BLOCK * BLOCK, lanes / BLOCK * BLOCK);
    for run in (0..whole_depth).step_by(RUN) {
        for l in (0..whole_lanes).step_by(BLOCK) {
            for k in (run..whole_depth.min(run + RUN)).step_by(BLOCK) {
                // SAFETY: the block lies inside of the part, the part inside of the operand, and its
                // image inside of the panel, as was checked above.
                unsafe {
                    let from = from.add((l0 + l) * source.col_stride + k0 + k);
                    T::turn(from, source.col_stride, to.add(k * width + l), width);
                }
            }
        }
    }
    gather(panel, width, source, part, whole_depth, 0);
    gather(&mut panel[..whole_depth * width], width, source, part, 0, whole_lanes);
}

/// Number by number, from a row and a column of the part on.
#[inline(always)]
fn gather<T: Element>(
    panel: &mut [T],
    width: usize,
    source: Matrix<'_, T>,
    part: Part,
    row: usize,
    lane: usize,
) {
    for (k, out) in panel.chunks_exact_mut(width).enumerate().skip(row) {
        for (l, out) in out[..part.lanes].iter_mut().enumerate().skip(lane) {
            *out = source.at(part.k0 + k, part.l0 + l);
        }
    }
}

/// Numbers whose blocks can be turned.
pub(super) trait Turn: Element {
    /// Writes a block of four rows as four columns.
    ///
    /// # Safety
    /// Four runs of four numbers are in both places, as far apart as the strides say.
    #[inline(always)]
    unsafe fn turn(from: *const Self, from_stride: usize, to: *mut Self, to_stride: usize) {
        for i in 0..BLOCK {
            for j in 0..BLOCK {
                // SAFETY: by the caller's promise.
                unsafe { *to.add(j * to_stride + i) = *from.add(i * from_stride + j) };
            }
        }
    }
}

impl Turn for f64 {}

impl Turn for f32 {
    /// The compiler would move number by number.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn turn(from: *const Self, from_stride: usize, to: *mut Self, to_stride: usize) {
        use std::arch::x86_64::{_MM_TRANSPOSE4_PS, _mm_loadu_ps, _mm_storeu_ps};
        // SAFETY: by the caller's promise; the instructions are part of every x86-64 machine.
        unsafe {
            let mut a = _mm_loadu_ps(from);
            let mut b = _mm_loadu_ps(from.add(from_stride));
            let mut c = _mm_loadu_ps(from.add(2 * from_stride));
            let mut d = _mm_loadu_ps(from.add(3 * from_stride));
            _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
            _mm_storeu_ps(to, a);
            _mm_storeu_ps(to.add(to_stride), b);
            _mm_storeu_ps(to.add(2 * to_stride), c);
            _mm_storeu_ps(to.add(3 * to_stride), d);
        }
    }
}
