//! Panels: a part of an operand copied so that the innermost loop reads it in one run.
#![expect(unsafe_code, reason = "blocks are turned in vector registers")]

use super::Matrix;
use super::tile::prefetch;
use crate::Element;

/// Rows that are asked for before they are copied.
const AHEAD: usize = 12;
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

/// Packs a part into panels of `width` columns, each row of a panel in one piece; zeros fill the last one.
#[inline(always)]
pub(super) fn pack<T: Turn>(panels: &mut [T], width: usize, source: Matrix<'_, T>, part: Part) {
    let Part { depth, l0, lanes, .. } = part;
    let panels = &mut panels[..lanes.next_multiple_of(width) * depth];
    if source.col_stride == 1 {
        return copy_rows(panels, width, source, part);
    }
    for (panel, l) in panels.chunks_exact_mut(width * depth).zip((l0..l0 + lanes).step_by(width)) {
        let lanes = width.min(l0 + lanes - l);
        if lanes < width {
            panel.fill(T::zero());
        }
        let part = Part { l0: l, lanes, ..part };
        if source.row_stride == 1 {
            turn_columns(panel, width, source, part);
        } else {
            gather(panel, width, source, part, 0, 0);
        }
    }
}

/// The rows of the source are in one piece each: a run for every panel.
#[inline(always)]
fn copy_rows<T: Element>(panels: &mut [T], width: usize, source: Matrix<'_, T>, part: Part) {
    let Part { k0, depth, l0, lanes } = part;
    for k in 0..depth {
        let start = (k0 + k) * source.row_stride + l0;
        for line in (start..start + lanes).step_by(RUN) {
            prefetch(source.values.as_ptr().wrapping_add(line + AHEAD * source.row_stride));
        }
        let runs = source.values[start..start + lanes].chunks_exact(width);
        let (rest, mut to) = (runs.remainder(), k * width);
        for run in runs {
            panels[to..to + width].copy_from_slice(run);
            to += width * depth;
        }
        if !rest.is_empty() {
            panels[to..to + rest.len()].copy_from_slice(rest);
            panels[to + rest.len()..to + width].fill(T::zero());
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
            let mut rows: [_; BLOCK] = std::array::from_fn(|i| _mm_loadu_ps(from.add(i * from_stride)));
            let [a, b, c, d] = &mut rows;
            _MM_TRANSPOSE4_PS(a, b, c, d);
            for (j, row) in rows.into_iter().enumerate() {
                _mm_storeu_ps(to.add(j * to_stride), row);
            }
        }
    }
}
