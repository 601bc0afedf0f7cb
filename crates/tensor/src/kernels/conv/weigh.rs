//! The gradient of a kernel: every weight's is the scalar product of a run of the output's gradient and a run
//! of the input, shifted by the weight's tap. Vectors run along positions, and tiles of output channels by
//! weights are held in registers.
#![expect(unsafe_code, reason = "bounds are checked once a tile instead of once a multiplication")]

use super::Direct;
use super::lanes::{Lanes, Workspace};
use super::layout::Layout;
use super::plain;
use crate::kernels::Buffer;
use pulp::{Simd, WithSimd};
use std::ops::Range;

/// Bytes of a row that are multiplied at once: the rows of a tile stay in the nearest cache.
const PIECE: usize = 8192;
/// Output channels of a tile; threads share whole tiles.
const CHANNELS: usize = 4;

/// `dw += ` the gradient of the weights of some output channels, given that of y.
pub(super) struct Weigh<'a, T> {
    pub(super) direct: &'a Direct,
    pub(super) x: &'a [T],
    pub(super) dy: &'a [T],
    /// The first of the output channels.
    pub(super) channel: usize,
    pub(super) dw: &'a mut [T],
}

impl<T: Lanes> Weigh<'_, T> {
    /// Shares the output channels among threads: each sums over all images, in the order of one thread.
    pub(super) fn share(self, arch: pulp::Arch, threads: usize) {
        #[cfg(feature = "rayon")]
        if threads > 1 && self.dw.len() > CHANNELS * self.direct.depth() {
            let [first, second] = self.halves(threads);
            rayon::join(|| first.share(arch, threads / 2), || second.share(arch, threads - threads / 2));
            return;
        }
        let _ = threads;
        T::with_workspace(|workspace| arch.dispatch(Task { work: self, workspace }));
    }

    /// Two parts of whole tiles: at least one tile of two or more.
    #[cfg(feature = "rayon")]
    fn halves(self, threads: usize) -> [Self; 2] {
        let Self { direct, x, dy, channel, dw } = self;
        let tiles = (dw.len() / direct.depth()).div_ceil(CHANNELS);
        let channels = (tiles * (threads / 2) / threads).max(1) * CHANNELS;
        let (dw, dw2) = dw.split_at_mut(channels * direct.depth());
        [Self { direct, x, dy, channel, dw }, Self { direct, x, dy, channel: channel + channels, dw: dw2 }]
    }
}

struct Task<'a, 'w, T> {
    work: Weigh<'a, T>,
    workspace: &'w mut Workspace<T>,
}

impl<T: Lanes> WithSimd for Task<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { work: Weigh { direct, x, dy, channel, dw }, workspace } = self;
        let depth = direct.depth();
        let end = channel + dw.len() / depth;
        workspace.weights.resize(dw.len());
        workspace.weights.fill(T::zero());
        let mut first = channel;
        while first < end {
            // Up to the end of the group.
            let last = ((first / direct.outputs + 1) * direct.outputs).min(end);
            let Workspace { planes, rows, weights } = &mut *workspace;
            let sums = &mut weights[(first - channel) * depth..(last - channel) * depth];
            Group::new::<T>(simd, direct, first).sum((x, dy), sums, (planes, rows));
            first = last;
        }
        for (i, (dw, sums)) in
            dw.chunks_exact_mut(depth).zip(workspace.weights.chunks_exact(depth)).enumerate()
        {
            // Between rows the input meets zeros that stand for no output; only infinity times 0 shows it.
            if sums.iter().any(|sum| sum.is_nan()) {
                plain::weigh(direct, x, dy, channel + i, dw);
            } else {
                dw.iter_mut().zip(sums).for_each(|(dw, &sum)| *dw += sum);
            }
        }
    }
}

/// The output channels `first..` of one group.
struct Group<'a, S> {
    simd: S,
    direct: &'a Direct,
    layout: Layout,
    first: usize,
    /// From one plane of the input to the next, and from one row of the output's gradient to the next.
    plane: usize,
    row: usize,
}

impl<'a, S: Simd> Group<'a, S> {
    #[inline(always)]
    fn new<T: Lanes>(simd: S, direct: &'a Direct, first: usize) -> Self {
        let layout = Layout::new(direct.slide, direct.batch, PIECE / size_of::<T>());
        let width = T::count::<S>();
        let row = layout.run(layout.images).next_multiple_of(width);
        Self { simd, direct, layout, first, plane: layout.plane(width), row }
    }

    /// Adds up `sums`, those of each output channel in a row.
    #[inline(always)]
    fn sum<T: Lanes>(
        &self,
        (x, dy): (&[T], &[T]),
        sums: &mut [T],
        (planes, rows): (&mut Buffer<T>, &mut Buffer<T>),
    ) {
        let Self { simd, direct, layout, first, .. } = *self;
        let ((x_image, y_image), inputs) = (direct.image_sizes(), direct.inputs);
        let (x_channel, y_channel) = (direct.read(), direct.positions());
        planes.resize(inputs * self.plane);
        planes.fill(T::zero());
        rows.resize(sums.len() / direct.depth() * self.row);
        let group = first / direct.outputs * inputs;
        let runs = x.chunks(layout.images * x_image).zip(dy.chunks(layout.images * y_image));
        for (run, (x, dy)) in runs.enumerate() {
            let images = x.len() / x_image;
            if run == 0 || images < layout.images {
                rows.fill(T::zero());
            }
            for (channel, plane) in planes.chunks_exact_mut(self.plane).enumerate() {
                layout.pad(simd, plane, &x[(group + channel) * x_channel..], x_image, images);
            }
            for (channel, row) in rows.chunks_exact_mut(self.row).enumerate() {
                layout.lay_out(simd, row, &dy[(first + channel) * y_channel..], y_image, images);
            }
            let end = layout.run(images).next_multiple_of(T::count::<S>());
            let piece = PIECE / size_of::<T>();
            for from in (0..end).step_by(piece) {
                self.piece(planes, rows, from..end.min(from + piece), sums);
            }
        }
    }

    /// Adds what some positions contribute.
    #[inline(always)]
    fn piece<T: Lanes>(&self, planes: &[T], rows: &[T], at: Range<usize>, sums: &mut [T]) {
        let tall = CHANNELS * self.direct.depth();
        for (rows, sums) in rows.chunks(CHANNELS * self.row).zip(sums.chunks_mut(tall)) {
            if rows.len() == CHANNELS * self.row {
                self.columns::<T, CHANNELS>(planes, rows, &at, sums);
                continue;
            }
            for (rows, sums) in rows.chunks(self.row).zip(sums.chunks_mut(self.direct.depth())) {
                self.columns::<T, 1>(planes, rows, &at, sums);
            }
        }
    }

    #[inline(always)]
    fn columns<T: Lanes, const MR: usize>(
        &self,
        planes: &[T],
        rows: &[T],
        at: &Range<usize>,
        sums: &mut [T],
    ) {
        // As many weights as leave registers for the operands.
        if S::REGISTER_COUNT >= 32 {
            self.tiles::<T, MR, 6>(planes, rows, at, sums);
        } else {
            self.tiles::<T, MR, 3>(planes, rows, at, sums);
        }
    }

    /// All weights of `MR` output channels, `NC` at a time.
    #[inline(always)]
    fn tiles<T: Lanes, const MR: usize, const NC: usize>(
        &self,
        planes: &[T],
        rows: &[T],
        at: &Range<usize>,
        sums: &mut [T],
    ) {
        let depth = self.direct.depth();
        let mut taps = Taps { group: self, channel: 0, tap: [0, 0] };
        for column in (0..depth).step_by(NC) {
            let count = NC.min(depth - column);
            let mut shifts = [0; NC];
            shifts[..count].iter_mut().for_each(|shift| *shift = taps.next());
            let tile = self.tile::<T, MR, NC>(planes, rows, at, shifts);
            for (tile, sums) in tile.iter().zip(sums.chunks_exact_mut(depth)) {
                for (&vector, sum) in tile.iter().zip(&mut sums[column..column + count]) {
                    *sum += T::total(self.simd, vector);
                }
            }
        }
    }

    #[inline(always)]
    fn tile<T: Lanes, const MR: usize, const NC: usize>(
        &self,
        planes: &[T],
        rows: &[T],
        at: &Range<usize>,
        shifts: [usize; NC],
    ) -> [[T::Vector<S>; NC]; MR] {
        let (simd, lanes) = (self.simd, T::count::<S>());
        let last = shifts.iter().fold(0, |last, &shift| last.max(shift));
        assert!(at.end.is_multiple_of(lanes) && at.start.is_multiple_of(lanes), "whole vectors");
        assert!(
            last + at.end <= planes.len() && (MR - 1) * self.row + at.end <= rows.len(),
            "runs in memory"
        );
        let mut sums = [[T::splat(simd, T::zero()); NC]; MR];
        for at in at.clone().step_by(lanes) {
            let x: [T::Vector<S>; NC] = std::array::from_fn(|j| {
                // SAFETY: `at + lanes` is at most the range's end, for which the largest shift was checked.
                let x = unsafe { planes.get_unchecked(shifts[j] + at..shifts[j] + at + lanes) };
                T::vectors::<S>(x).0[0]
            });
            for (i, sums) in sums.iter_mut().enumerate() {
                let row = i * self.row + at;
                // SAFETY: as above, checked for the last row.
                let dy = unsafe { rows.get_unchecked(row..row + lanes) };
                let dy = T::vectors::<S>(dy).0[0];
                for (sum, &x) in sums.iter_mut().zip(&x) {
                    *sum = T::fma(simd, dy, x, *sum);
                }
            }
        }
        sums
    }
}

/// How far ahead each weight reads, in the order of the weights.
struct Taps<'a, S> {
    group: &'a Group<'a, S>,
    channel: usize,
    tap: [usize; 2],
}

impl<S: Simd> Taps<'_, S> {
    #[inline(always)]
    fn next(&mut self) -> usize {
        let Group { layout, plane, .. } = self.group;
        let ahead = self.channel * plane + layout.ahead(self.tap);
        let [high, wide] = layout.slide.taps;
        let [y, x] = &mut self.tap;
        *x += 1;
        if *x == wide {
            (*y, *x) = (*y + 1, 0);
        }
        if *y == high {
            *y = 0;
            self.channel += 1;
        }
        ahead
    }
}
