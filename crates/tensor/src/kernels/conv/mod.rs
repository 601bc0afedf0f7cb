//! Convolutions with a stride of 1, computed where the images are: no matrix is built.
//!
//! Images are copied into padded planes (see [`layout`]), as many images as make a run of one or two thousand
//! positions, at least one, and the channels of one group at a time. Each thread keeps that memory:
//!
//! | | numbers |
//! | --- | --- |
//! | planes | `inputs * images * (height + padding) * (width + padding)`, and what the last taps read ahead |
//! | rows of results | 8 channels of at most 1024 positions |
//! | for the gradient of the kernel | a row of a run's length per output channel, and a number per weight |
//!
//! and one copy of the weights. 16 -> 32 channels of 28 x 28 with 3 x 3 taps in f32 take 0.1 MB forward and
//! 0.35 MB back, whatever the batch; the column matrix of one image would take 0.45 MB.
//!
//! Every number of a result is added up in one order wherever it stands in a tile and whichever thread computes
//! it, so bits depend on the instruction set alone.

mod correlate;
mod lanes;
mod layout;
mod plain;
#[cfg(test)]
mod tests;
mod weigh;

use super::Write;
use crate::Element;
use correlate::{Correlate, Pack};
use lanes::Lanes;
use layout::Layout;
use std::any::Any;
use weigh::Weigh;

pub(crate) use layout::Slide;

/// About how many positions of a result make a run.
const RUN: usize = 1024;
/// From this many multiply-adds on threads share a convolution.
#[cfg(feature = "rayon")]
const PARALLEL: usize = 1 << 22;

/// What is convolved with what: x `[batch, groups * inputs, ..]`, w `[groups * outputs, inputs, ..]`,
/// y `[batch, groups * outputs, ..]`. No length is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Direct {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) slide: Slide,
}

impl Direct {
    /// Positions of one channel of x.
    fn read(&self) -> usize {
        self.slide.input.iter().product()
    }

    /// Positions of one channel of y.
    fn positions(&self) -> usize {
        self.slide.output.iter().product()
    }

    /// Numbers that one element of y is summed from.
    fn depth(&self) -> usize {
        self.inputs * self.slide.taps[0] * self.slide.taps[1]
    }

    /// Numbers of one image of x and of y.
    fn image_sizes(&self) -> (usize, usize) {
        (self.groups * self.inputs * self.read(), self.groups * self.outputs * self.positions())
    }

    fn check(&self, x: usize, w: usize, y: usize) {
        let (x_image, y_image) = self.image_sizes();
        assert!(x > 0 && y > 0 && w > 0, "a convolution with something to do");
        assert_eq!([x, y], [self.batch * x_image, self.batch * y_image], "numbers of images");
        assert_eq!(w, self.groups * self.outputs * self.depth(), "numbers of a kernel");
    }

    /// The part of all multiply-adds that are of use: the others fall between rows, or after the last.
    pub(crate) fn useful(&self) -> f64 {
        let layout = Layout::new(self.slide, self.batch, RUN);
        let run = layout.run(layout.images).next_multiple_of(48);
        (layout.images * self.positions()) as f64 / run as f64
    }

    /// The threads that are worth their start.
    fn threads(&self) -> usize {
        #[cfg(feature = "rayon")]
        if self.batch * self.groups * self.outputs * self.positions() * self.depth() >= PARALLEL {
            return rayon::current_num_threads();
        }
        1
    }
}

/// Input (or gradient), kernel, and one number per channel of the result to start from.
type Operands<'a, T> = (&'a [T], &'a [T], Option<&'a [T]>);
/// Where to write, and whether to add.
type Out<'a, T> = (&'a mut [T], Write);

/// The kernels of one element type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Convolutions<T> {
    /// `y (+)= bias + x * w`, of `(x, w, bias)`.
    pub(crate) forward: fn(pulp::Arch, &Direct, Operands<'_, T>, Out<'_, T>),
    /// `dx (+)= bias + ` the gradient of x, of `(dy, w, bias)`: the value of a transposed convolution has a bias.
    pub(crate) input: fn(pulp::Arch, &Direct, Operands<'_, T>, Out<'_, T>),
    /// `dw += ` the gradient of w, of `[dy, x]`.
    pub(crate) weight: fn(pulp::Arch, &Direct, [&[T]; 2], &mut [T]),
}

impl<T: Lanes> Convolutions<T> {
    const KERNELS: Self = Self { forward: forward::<T>, input: input::<T>, weight: weight::<T> };
}

// Statics, so that the kernels are compiled here and not again by every user of this crate.
static F32: Convolutions<f32> = Convolutions::KERNELS;
static F64: Convolutions<f64> = Convolutions::KERNELS;

/// The kernels of an element type, if it has them: those of the machine do.
pub(crate) fn convolutions<T: Element>() -> Option<Convolutions<T>> {
    let all: [&dyn Any; 2] = [&F32, &F64];
    all.into_iter().find_map(|kernels| kernels.downcast_ref().copied())
}

fn forward<T: Lanes>(
    arch: pulp::Arch,
    direct: &Direct,
    (x, w, bias): Operands<'_, T>,
    (y, write): Out<'_, T>,
) {
    direct.check(x.len(), w.len(), y.len());
    correlate(arch, direct, (x, w, bias), false, (y, write));
}

fn input<T: Lanes>(
    arch: pulp::Arch,
    direct: &Direct,
    (dy, w, bias): Operands<'_, T>,
    (dx, write): Out<'_, T>,
) {
    direct.check(dx.len(), w.len(), dy.len());
    if w.iter().all(|w| w.is_finite()) {
        let Direct { inputs, outputs, slide, .. } = *direct;
        let back = Direct { inputs: outputs, outputs: inputs, slide: slide.mirrored(), ..*direct };
        return correlate(arch, &back, (dy, w, bias), true, (dx, write));
    }
    // Infinity times the zeros around dy would show.
    let channels = direct.groups * direct.inputs;
    for (channel, dx) in dx.chunks_exact_mut(direct.read()).enumerate() {
        let start = bias.map_or(T::zero(), |bias| bias[channel % channels]);
        match write {
            Write::Store => dx.fill(start),
            Write::Add => dx.iter_mut().for_each(|dx| *dx += start),
        }
    }
    plain::input(direct, w, dy, dx);
}

fn correlate<T: Lanes>(
    arch: pulp::Arch,
    direct: &Direct,
    (x, weights, bias): Operands<'_, T>,
    mirrored: bool,
    (y, write): Out<'_, T>,
) {
    let mut kept = T::with_workspace(|workspace| std::mem::take(&mut workspace.weights));
    arch.dispatch(Pack { direct, weights, mirrored, packed: &mut kept });
    let packed: &[T] = &kept;
    let threads = direct.threads();
    let mut layout = Layout::new(direct.slide, direct.batch, RUN);
    layout.images = layout.images.min(direct.batch.div_ceil(threads));
    Correlate { direct, layout, x, packed, bias, y, write }.share(arch, threads);
    T::with_workspace(|workspace| workspace.weights = kept);
}

fn weight<T: Lanes>(arch: pulp::Arch, direct: &Direct, [dy, x]: [&[T]; 2], dw: &mut [T]) {
    direct.check(x.len(), dw.len(), dy.len());
    Weigh { direct, x, dy, channel: 0, dw }.share(arch, direct.threads());
}
