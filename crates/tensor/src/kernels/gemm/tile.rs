//! The innermost loop: a tile of the result in registers, summed over the inner size, then stored.
#![expect(unsafe_code, reason = "operands and result are reached through pointers, checked once a product")]

use super::lanes::Lanes;
use super::{Finish, Float};
use crate::kernels::Write;
use pulp::{Simd, WithSimd};

/// Vectors in a row of the widest tile.
pub(super) const NV: usize = 2;
/// Rows of `b` that are asked for before a tile reads them where they are.
const AHEAD: usize = 20;
/// From this inner size on the rows that a tile adds to are asked for before the loop that leads to them.
const FAR: usize = 48;

/// Rows of `a` that meet rows of `b`: number (i, k) stands at `i * row + k * step`.
#[derive(Clone, Copy)]
pub(super) struct Left<T> {
    pub(super) start: *const T,
    pub(super) row: usize,
    pub(super) step: usize,
}

/// Runs of `b` as wide as the tile, a `step` apart.
#[derive(Clone, Copy)]
pub(super) struct Right<T> {
    pub(super) start: *const T,
    pub(super) step: usize,
}

/// Where a tile lies in the result: its first number, the distance of its rows, and its columns.
#[derive(Clone, Copy)]
pub(super) struct Place<T> {
    pub(super) start: *mut T,
    pub(super) stride: usize,
    pub(super) columns: usize,
}

/// Rows of the tallest tile: with the operands it fills the registers.
#[inline(always)]
pub(super) const fn height<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { 12 } else { 6 }
}

/// A strip of `rows` rows in tiles of as many as registers hold, and as few vectors as cover its columns.
///
/// With `PANEL` the rows of `a` stand side by side: a distance that is known at compile time saves a chain of
/// additions for addresses. With `COPY` there are as many rows as the tallest tile has, and the rows of `b` are left in the third
/// operand, a panel as wide as the widest tile: packing costs least where the multiplications hide it.
///
/// # Safety
/// `rows` rows and `place.columns` columns of the operands, `depth` deep, and of the result are there, as
/// is the panel; nobody else uses it and the result.
#[inline(always)]
pub(super) unsafe fn strip<T: Lanes<S> + Float, S: Simd, const PANEL: bool, const COPY: bool>(
    simd: S,
    rows: usize,
    depth: usize,
    operands: (Left<T>, Right<T>, *mut T),
    place: Place<T>,
    finish: Finish<'_, T>,
) {
    let (mut left, right, panel) = operands;
    let mut place = place;
    let mut rest = rows;
    while rest > 0 {
        macro_rules! tile {
            ($rows:literal) => {{
                let operands = (left, right, panel);
                if place.columns > T::COUNT {
                    simd.vectorize(Tile::<T, $rows, 2, PANEL, COPY> { depth, operands, place, finish });
                } else {
                    simd.vectorize(Tile::<T, $rows, 1, PANEL, COPY> { depth, operands, place, finish });
                }
                $rows
            }};
        }
        let done = if COPY {
            if S::REGISTER_COUNT >= 32 { tile!(12) } else { tile!(6) }
        } else {
            match rest {
                12.. if S::REGISTER_COUNT >= 32 => tile!(12),
                8.. if S::REGISTER_COUNT >= 32 => tile!(8),
                6.. if S::REGISTER_COUNT < 32 => tile!(6),
                4.. => tile!(4),
                2.. => tile!(2),
                _ => tile!(1),
            }
        };
        rest -= done;
        left.start = left.start.wrapping_add(done * left.row);
        place.start = place.start.wrapping_add(done * place.stride);
    }
}

/// One tile as a function of its own: compiled once, wherever it is called from.
pub(super) struct Tile<'a, T, const MR: usize, const N: usize, const PANEL: bool, const COPY: bool> {
    depth: usize,
    operands: (Left<T>, Right<T>, *mut T),
    place: Place<T>,
    finish: Finish<'a, T>,
}

impl<T: Float, const MR: usize, const N: usize, const PANEL: bool, const COPY: bool> WithSimd
    for Tile<'_, T, MR, N, PANEL, COPY>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        T::tile(simd, self);
    }
}

impl<T, const MR: usize, const N: usize, const PANEL: bool, const COPY: bool>
    Tile<'_, T, MR, N, PANEL, COPY>
{
    /// Sums and stores. Made by [`strip`] alone, whose caller vouches for the operands: `MR` rows, and no
    /// more columns than `N` vectors hold.
    #[inline(always)]
    pub(super) fn run<S: Simd>(self, simd: S)
    where
        T: Lanes<S>,
    {
        let Self { depth, operands, place, finish } = self;
        let whole = place.columns == N * T::COUNT;
        if finish.write == Write::Add && depth >= FAR {
            for i in 0..MR {
                let row = place.start.wrapping_add(i * place.stride);
                prefetch(row);
                prefetch(row.wrapping_add(place.columns - 1));
            }
        }
        // SAFETY: by the caller's promise; with masks where columns do not fill the last vector.
        unsafe {
            if whole {
                let sums = sum::<T, S, MR, N, true, PANEL, COPY>(simd, depth, operands, place);
                store::<T, S, MR, N, true>(simd, sums, place, finish);
            } else {
                let sums = sum::<T, S, MR, N, false, PANEL, COPY>(simd, depth, operands, place);
                store::<T, S, MR, N, false>(simd, sums, place, finish);
            }
        }
    }
}

/// # Safety
/// As for [`strip`].
#[inline(always)]
unsafe fn sum<
    T: Lanes<S>,
    S: Simd,
    const MR: usize,
    const N: usize,
    const WHOLE: bool,
    const PANEL: bool,
    const COPY: bool,
>(
    simd: S,
    depth: usize,
    (left, right, panel): (Left<T>, Right<T>, *mut T),
    place: Place<T>,
) -> [[T::Vector; N]; MR] {
    let mask = T::first(simd, place.columns - (N - 1) * T::COUNT);
    // Every third row has its own pointer: one pointer for all would be a chain of additions.
    let mut rows: [*const T; 4] = [left.start; 4];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = left.start.wrapping_add(3 * i * left.row);
    }
    let (mut b, mut panel) = (right.start, panel);
    let mut sums = [[T::splat(simd, T::zero()); N]; MR];
    for _ in 0..depth {
        // SAFETY: by the caller's promise.
        let run = unsafe { load::<T, S, N, WHOLE>(simd, mask, b) };
        if COPY {
            for (v, &run) in run.iter().enumerate() {
                prefetch(b.wrapping_add(AHEAD * right.step + v * T::COUNT));
                // SAFETY: by the caller's promise.
                unsafe { T::store(simd, panel.add(v * T::COUNT), run) };
            }
            panel = panel.wrapping_add(NV * T::COUNT);
        }
        for (i, sums) in sums.iter_mut().enumerate() {
            let x = if PANEL { rows[0].wrapping_add(i) } else { rows[i / 3].wrapping_add(i % 3 * left.row) };
            // SAFETY: by the caller's promise.
            let x = T::splat(simd, unsafe { *x });
            for (sum, &b) in sums.iter_mut().zip(&run) {
                *sum = T::fma(simd, x, b, *sum);
            }
        }
        // Past the end after the last round, where nothing is read.
        for row in &mut rows {
            *row = row.wrapping_add(left.step);
        }
        b = b.wrapping_add(right.step);
    }
    sums
}

/// # Safety
/// As for [`strip`].
#[inline(always)]
unsafe fn store<T: Lanes<S>, S: Simd, const MR: usize, const N: usize, const WHOLE: bool>(
    simd: S,
    sums: [[T::Vector; N]; MR],
    place: Place<T>,
    finish: Finish<'_, T>,
) {
    let mask = T::first(simd, place.columns - (N - 1) * T::COUNT);
    let (alpha, floor) = (T::splat(simd, finish.alpha), T::splat(simd, finish.floor));
    let mut before = [T::splat(simd, T::zero()); N];
    if let Some(bias) = finish.bias {
        // SAFETY: by the caller's promise.
        before = unsafe { load::<T, S, N, WHOLE>(simd, mask, bias.as_ptr()) };
    }
    for (i, sums) in sums.iter().enumerate() {
        let row = place.start.wrapping_add(i * place.stride);
        // SAFETY: by the caller's promise.
        unsafe {
            if finish.write == Write::Add {
                before = load::<T, S, N, WHOLE>(simd, mask, row);
            }
            for v in 0..N {
                let x = T::at_least(simd, floor, T::fma(simd, alpha, sums[v], before[v]));
                let to = row.add(v * T::COUNT);
                if WHOLE || v + 1 < N { T::store(simd, to, x) } else { T::store_some(simd, mask, to, x) }
            }
        }
    }
}

/// A row of a tile: whole vectors, the last one perhaps cut by the mask.
///
/// # Safety
/// So many numbers are there.
#[inline(always)]
unsafe fn load<T: Lanes<S>, S: Simd, const N: usize, const WHOLE: bool>(
    simd: S,
    mask: T::Mask,
    from: *const T,
) -> [T::Vector; N] {
    let mut run = [T::splat(simd, T::zero()); N];
    for (v, x) in run.iter_mut().enumerate() {
        // SAFETY: by the caller's promise.
        unsafe {
            let from = from.add(v * T::COUNT);
            *x = if WHOLE || v + 1 < N { T::load(simd, from) } else { T::load_some(simd, mask, from) };
        }
    }
    run
}

/// Asks for the cache line of an address, which need not be valid.
#[inline(always)]
pub(crate) fn prefetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: part of every x86-64 machine, and a hint that reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
