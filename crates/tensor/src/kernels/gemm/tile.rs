//! The innermost loop: a tile of the result in registers, summed over the inner size, then stored.
#![expect(unsafe_code, reason = "operands and result are reached through pointers, checked once a product")]

use super::Finish;
use super::lanes::Lanes;
use crate::kernels::Write;
use pulp::Simd;

/// Rows of `a` that meet rows of `b`: number (i, k) stands at `i * row + k * step`.
#[derive(Clone, Copy)]
pub(super) struct Left<T> {
    pub(super) start: *const T,
    pub(super) row: usize,
    pub(super) step: usize,
}

/// Runs of `b`, a `step` apart, as wide as the tile.
#[derive(Clone, Copy)]
pub(super) struct Right<T> {
    pub(super) start: *const T,
    pub(super) step: usize,
}

/// Where a tile lies in the result: its first number, the distance of its rows and its columns.
#[derive(Clone, Copy)]
pub(super) struct Place<T> {
    pub(super) start: *mut T,
    pub(super) stride: usize,
    pub(super) columns: usize,
}

/// A strip of `rows` rows in tiles of as many as registers hold, and as few vectors as cover its columns.
///
/// With `PADDED` whole vectors of `b` may be read.
///
/// # Safety
/// `rows` rows and `place.columns` columns of the operands, `depth` deep, and of the result are there;
/// nobody else uses the result, whose columns are those of `finish` from `j0` on.
#[inline(always)]
pub(super) unsafe fn strip<T: Lanes<S>, S: Simd, const PADDED: bool>(
    simd: S,
    rows: usize,
    depth: usize,
    operands: (Left<T>, Right<T>),
    place: Place<T>,
    finish: Finish<'_, T>,
) {
    let (mut left, right) = operands;
    let mut place = place;
    let mut rest = rows;
    while rest > 0 {
        macro_rules! tile {
            ($rows:literal) => {{
                // SAFETY: these rows are part of those that the caller vouches for.
                unsafe {
                    if place.columns > T::COUNT {
                        tile::<T, S, $rows, 2, PADDED>(simd, depth, (left, right), place, finish);
                    } else {
                        tile::<T, S, $rows, 1, PADDED>(simd, depth, (left, right), place, finish);
                    }
                }
                $rows
            }};
        }
        let done = match rest {
            12.. if S::REGISTER_COUNT >= 32 => tile!(12),
            8.. if S::REGISTER_COUNT >= 32 => tile!(8),
            6.. if S::REGISTER_COUNT < 32 => tile!(6),
            4.. => tile!(4),
            2.. => tile!(2),
            _ => tile!(1),
        };
        rest -= done;
        left.start = left.start.wrapping_add(done * left.row);
        place.start = place.start.wrapping_add(done * place.stride);
    }
}

/// Rows of the largest tile: with the operands it fills the registers.
#[inline(always)]
pub(super) const fn height<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 12 } else { 6 }
}

/// # Safety
/// As for [`strip`], with `MR` rows and no more columns than `NV` vectors hold.
#[inline(always)]
unsafe fn tile<T: Lanes<S>, S: Simd, const MR: usize, const NV: usize, const PADDED: bool>(
    simd: S,
    depth: usize,
    operands: (Left<T>, Right<T>),
    place: Place<T>,
    finish: Finish<'_, T>,
) {
    let (left, right) = operands;
    let whole = place.columns == NV * T::COUNT;
    // SAFETY: by the caller's promise; with masks where columns do not fill the last vector.
    unsafe {
        let sums = if PADDED || whole {
            sum::<T, S, MR, NV, true>(simd, depth, left, right, place)
        } else {
            sum::<T, S, MR, NV, false>(simd, depth, left, right, place)
        };
        match (finish.write, whole) {
            (Write::Store, true) => store::<T, S, MR, NV, false, true>(simd, sums, place, finish),
            (Write::Store, false) => store::<T, S, MR, NV, false, false>(simd, sums, place, finish),
            (Write::Add, true) => store::<T, S, MR, NV, true, true>(simd, sums, place, finish),
            (Write::Add, false) => store::<T, S, MR, NV, true, false>(simd, sums, place, finish),
        }
    }
}

/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn sum<T: Lanes<S>, S: Simd, const MR: usize, const NV: usize, const WHOLE: bool>(
    simd: S,
    depth: usize,
    left: Left<T>,
    right: Right<T>,
    place: Place<T>,
) -> [[T::Vector; NV]; MR] {
    let mask = T::first(simd, place.columns - (NV - 1) * T::COUNT);
    let (mut a, mut b) = (left.start, right.start);
    let mut sums = [[T::splat(simd, T::zero()); NV]; MR];
    if depth >= FAR {
        for i in 0..MR {
            let row = place.start.wrapping_add(i * place.stride);
            prefetch(row);
            prefetch(row.wrapping_add(place.columns - 1));
        }
    }
    for _ in 0..depth {
        let row: [T::Vector; NV] = std::array::from_fn(|v| {
            // SAFETY: by the caller's promise; the last vector has as many columns as the mask.
            unsafe {
                let from = b.add(v * T::COUNT);
                if WHOLE || v + 1 < NV { T::load(simd, from) } else { T::load_some(simd, mask, from) }
            }
        });
        for (i, sums) in sums.iter_mut().enumerate() {
            // SAFETY: by the caller's promise.
            let x = T::splat(simd, unsafe { *a.add(i * left.row) });
            for (sum, &b) in sums.iter_mut().zip(&row) {
                *sum = T::fma(simd, x, b, *sum);
            }
        }
        // Past the end after the last round, where nothing is read.
        a = a.wrapping_add(left.step);
        b = b.wrapping_add(right.step);
    }
    sums
}

/// From this inner size on the rows of the result are fetched before the loop that leads to them.
const FAR: usize = 48;

/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn store<
    T: Lanes<S>,
    S: Simd,
    const MR: usize,
    const NV: usize,
    const ADD: bool,
    const WHOLE: bool,
>(
    simd: S,
    sums: [[T::Vector; NV]; MR],
    place: Place<T>,
    finish: Finish<'_, T>,
) {
    let mask = T::first(simd, place.columns - (NV - 1) * T::COUNT);
    let load = |from: *const T, v: usize| {
        // SAFETY: by the caller's promise; the last vector has as many columns as the mask.
        unsafe {
            let from = from.add(v * T::COUNT);
            if WHOLE || v + 1 < NV { T::load(simd, from) } else { T::load_some(simd, mask, from) }
        }
    };
    let bias: [T::Vector; NV] = match finish.bias {
        Some(bias) => std::array::from_fn(|v| load(bias.as_ptr(), v)),
        None => [T::splat(simd, T::zero()); NV],
    };
    let (alpha, floor) = (T::splat(simd, finish.alpha), T::splat(simd, finish.floor));
    for i in 0..MR {
        let row = place.start.wrapping_add(i * place.stride);
        for v in 0..NV {
            let before = if ADD { load(row, v) } else { bias[v] };
            let x = T::at_least(simd, floor, T::fma(simd, alpha, sums[i][v], before));
            // SAFETY: as for the load.
            unsafe {
                let to = row.add(v * T::COUNT);
                if WHOLE || v + 1 < NV { T::store(simd, to, x) } else { T::store_some(simd, mask, to, x) }
            }
        }
    }
}

/// Asks for the cache line of an address, which need not be valid.
#[inline(always)]
pub(in crate::kernels) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: part of every x86-64 machine, and a hint that reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
