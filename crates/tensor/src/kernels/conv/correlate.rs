//! The value of a convolution, and the gradient of its input: tiles of output positions by channels, held in
//! registers while the kernel's taps of all input channels are added up.
#![expect(unsafe_code, reason = "bounds are checked once a tile instead of once a multiplication")]

use super::Direct;
use super::lanes::{Lanes, Workspace};
use super::layout::Layout;
use crate::Element;
use crate::kernels::{Buffer, Write};
use pulp::{Simd, WithSimd};

/// About how many positions are computed before they are handed on: they stay in the nearest cache.
const PIECE: usize = 1024;

/// Output channels in a tile, as many as leave registers for the operands, and vectors of positions.
#[inline(always)]
fn tile_size<S: Simd>() -> (usize, usize) {
    if S::REGISTER_COUNT >= 32 { (8, 3) } else { (6, 2) }
}

/// Channels of the next tile, of `left` that are left to do.
#[inline(always)]
fn next<S: Simd>(left: usize) -> usize {
    let (full, _) = tile_size::<S>();
    match left {
        left if left >= full => full,
        4.. => 4,
        2.. => 2,
        _ => 1,
    }
}

/// The weights in the order in which tiles read them: for each tile of each group, for each input channel and
/// tap, the numbers of its output channels.
pub(super) struct Pack<'a, T> {
    pub(super) direct: &'a Direct,
    pub(super) weights: &'a [T],
    /// Whether the weights are those of the convolution whose input's gradient is asked for.
    pub(super) mirrored: bool,
    pub(super) packed: &'a mut Buffer<T>,
}

impl<T: Element> WithSimd for Pack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { direct, weights, mirrored, packed } = self;
        let Direct { groups, inputs, outputs, slide, .. } = *direct;
        let taps = slide.taps[0] * slide.taps[1];
        packed.resize(weights.len());
        let mut packed = packed.iter_mut();
        for group in 0..groups {
            let weights = &weights[group * outputs * inputs * taps..][..outputs * inputs * taps];
            let mut first = 0;
            while first < outputs {
                let count = next::<S>(outputs - first);
                for (input, tap) in (0..inputs).flat_map(|input| (0..taps).map(move |tap| (input, tap))) {
                    for (output, packed) in (first..first + count).zip(&mut packed) {
                        *packed = if mirrored {
                            weights[(input * outputs + output) * taps + taps - 1 - tap]
                        } else {
                            weights[(output * inputs + input) * taps + tap]
                        };
                    }
                }
                first += count;
            }
        }
    }
}

/// `y (+)= bias + x * w` for some images.
pub(super) struct Correlate<'a, T> {
    pub(super) direct: &'a Direct,
    pub(super) layout: Layout,
    pub(super) x: &'a [T],
    pub(super) packed: &'a [T],
    pub(super) bias: Option<&'a [T]>,
    pub(super) y: &'a mut [T],
    pub(super) write: Write,
}

impl<T: Lanes> Correlate<'_, T> {
    /// Shares the images among threads.
    pub(super) fn share(self, arch: pulp::Arch, threads: usize) {
        #[cfg(feature = "rayon")]
        if threads > 1 && self.x.len() > self.layout.images * self.direct.image_sizes().0 {
            let [first, second] = self.halves(threads);
            rayon::join(|| first.share(arch, threads / 2), || second.share(arch, threads - threads / 2));
            return;
        }
        let _ = threads;
        T::with_workspace(|workspace| arch.dispatch(Task { work: self, workspace }));
    }

    /// Two parts of whole runs: at least one run of two or more.
    #[cfg(feature = "rayon")]
    fn halves(self, threads: usize) -> [Self; 2] {
        let Self { direct, layout, x, packed, bias, y, write } = self;
        let (x_image, y_image) = direct.image_sizes();
        let runs = (x.len() / x_image).div_ceil(layout.images);
        let images = (runs * (threads / 2) / threads).max(1) * layout.images;
        let (x, x2) = x.split_at(images * x_image);
        let (y, y2) = y.split_at_mut(images * y_image);
        let first = Self { direct, layout, x, packed, bias, y, write };
        [first, Self { direct, layout, x: x2, packed, bias, y: y2, write }]
    }
}

struct Task<'a, 'w, T> {
    work: Correlate<'a, T>,
    workspace: &'w mut Workspace<T>,
}

impl<T: Lanes> WithSimd for Task<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (_, vectors) = tile_size::<S>();
        if vectors == 3 { self.images::<S, 3>(simd) } else { self.images::<S, 2>(simd) }
    }
}

impl<T: Lanes> Task<'_, '_, T> {
    #[inline(always)]
    fn images<S: Simd, const NV: usize>(self, simd: S) {
        let Self { work: Correlate { direct, layout, x, packed, bias, y, write }, workspace } = self;
        let Direct { groups, inputs, outputs, .. } = *direct;
        let (x_image, y_image) = direct.image_sizes();
        let (x_group, y_group) = (x_image / groups, y_image / groups);
        let plane = layout.plane(NV * T::count::<S>());
        workspace.planes.resize(inputs * plane);
        workspace.planes.fill(T::zero());
        let runs = x.chunks(layout.images * x_image).zip(y.chunks_mut(layout.images * y_image));
        for (x, y) in runs {
            let images = x.len() / x_image;
            for group in 0..groups {
                for (channel, to) in workspace.planes.chunks_exact_mut(plane).enumerate() {
                    let from = &x[group * x_group + channel * (x_group / inputs)..];
                    layout.pad(simd, to, from, x_image, images);
                }
                let size = packed.len() / groups;
                let run = Run {
                    simd,
                    layout,
                    inputs,
                    planes: &workspace.planes,
                    plane,
                    end: layout.run(images),
                    packed: &packed[group * size..][..size],
                    bias: bias.map(|bias| &bias[group * outputs..][..outputs]),
                };
                run.compute::<NV>(&mut workspace.rows, (&mut y[group * y_group..], y_image, write), outputs);
            }
        }
    }
}

/// What all tiles of one run have in common.
struct Run<'a, T, S> {
    simd: S,
    layout: Layout,
    inputs: usize,
    planes: &'a [T],
    plane: usize,
    /// Positions of the run.
    end: usize,
    packed: &'a [T],
    bias: Option<&'a [T]>,
}

impl<T: Lanes, S: Simd> Run<'_, T, S> {
    /// Computes the run piece by piece, all channels of each, and hands the results on to y.
    #[inline(always)]
    fn compute<const NV: usize>(
        &self,
        rows: &mut Buffer<T>,
        (y, stride, write): (&mut [T], usize, Write),
        outputs: usize,
    ) {
        let width = NV * T::count::<S>();
        let piece = PIECE / width * width;
        let (full, _) = tile_size::<S>();
        let [height, across] = self.layout.slide.output;
        let depth = self.packed.len() / outputs;
        rows.resize(full * piece);
        for first in (0..self.end).step_by(piece) {
            let length = piece.min(self.end - first);
            let mut channel = 0;
            while channel < outputs {
                let count = next::<S>(outputs - channel);
                let weights = &self.packed[channel * depth..][..count * depth];
                let rows = &mut rows[..count * piece];
                match count {
                    8 => self.piece::<8, NV>(rows, first, length, weights, channel),
                    6 => self.piece::<6, NV>(rows, first, length, weights, channel),
                    4 => self.piece::<4, NV>(rows, first, length, weights, channel),
                    2 => self.piece::<2, NV>(rows, first, length, weights, channel),
                    _ => self.piece::<1, NV>(rows, first, length, weights, channel),
                }
                for (i, row) in rows.chunks_exact(piece).enumerate() {
                    let y = &mut y[(channel + i) * height * across..];
                    self.layout.collect(self.simd, (y, stride, write), &row[..length], first);
                }
                channel += count;
            }
        }
    }

    /// `MR` channels of a piece, a row each.
    #[inline(always)]
    fn piece<const MR: usize, const NV: usize>(
        &self,
        rows: &mut [T],
        first: usize,
        length: usize,
        weights: &[T],
        channel: usize,
    ) {
        let (simd, lanes) = (self.simd, T::count::<S>());
        let size = rows.len() / MR;
        let start: [T::Vector<S>; MR] =
            std::array::from_fn(|i| T::splat(simd, self.bias.map_or(T::zero(), |bias| bias[channel + i])));
        for at in (0..length).step_by(NV * lanes) {
            let tile = self.tile::<MR, NV>(first + at, weights, start);
            for (i, sums) in tile.iter().enumerate() {
                let (row, _) = T::vectors_mut::<S>(&mut rows[i * size + at..][..NV * lanes]);
                row.copy_from_slice(sums);
            }
        }
    }

    /// `NV` vectors of positions of `MR` channels.
    #[inline(always)]
    fn tile<const MR: usize, const NV: usize>(
        &self,
        at: usize,
        weights: &[T],
        start: [T::Vector<S>; MR],
    ) -> [[T::Vector<S>; NV]; MR] {
        let (simd, lanes, layout) = (self.simd, T::count::<S>(), &self.layout);
        let [high, wide] = layout.slide.taps;
        let last = at + (self.inputs - 1) * self.plane + layout.ahead([high - 1, wide - 1]);
        assert!(last + NV * lanes <= self.planes.len(), "a tile inside of the planes");
        let mut sums = start.map(|start| [start; NV]);
        let mut weights = weights.chunks_exact(MR);
        let [down, across] = [layout.ahead([1, 0]), layout.ahead([0, 1])];
        for channel in 0..self.inputs {
            for ky in 0..high {
                let from = at + channel * self.plane + ky * down;
                for (kx, weights) in (0..wide).zip(&mut weights) {
                    let from = from + kx * across;
                    // SAFETY: `from <= last`, and the vectors from `last` on were checked to lie inside.
                    let x = unsafe { self.planes.get_unchecked(from..from + NV * lanes) };
                    let (x, _) = T::vectors::<S>(x);
                    for (sums, &weight) in sums.iter_mut().zip(weights) {
                        let weight = T::splat(simd, weight);
                        for (sum, &x) in sums.iter_mut().zip(x) {
                            *sum = T::fma(simd, weight, x, *sum);
                        }
                    }
                }
            }
        }
        sums
    }
}
