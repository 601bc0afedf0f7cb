//! Where the numbers of an image stand in a padded plane.
//!
//! Each row is followed by its padding, which is also the padding in front of the next row, and each image
//! by rows of padding that are also those above the next image. So the images of one channel are one flat
//! run, in which a tap of the kernel is one distance for all output positions: vectors run on over the ends
//! of rows, and what they compute in the columns of padding is dropped.

use super::lanes::Lanes;
use crate::kernels::Write;
use pulp::Simd;

/// How a kernel slides over an image with a stride of 1, per axis: output position `o` meets input position
/// `o + k step - padding` with tap `k`. The output is as long as it can be, and the padding is shorter than
/// the kernel, so that both directions read no further than the padding goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slide {
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) taps: [usize; 2],
    pub(crate) step: [usize; 2],
    pub(crate) padding: [usize; 2],
}

impl Slide {
    /// From the output back to the input: the kernel is read from its end.
    pub(super) fn mirrored(&self) -> Self {
        let padding = [0, 1].map(|i| (self.taps[i] - 1) * self.step[i] - self.padding[i]);
        Self { input: self.output, output: self.input, padding, ..*self }
    }
}

/// Images of one channel in one flat run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) slide: Slide,
    /// Images in a run.
    pub(super) images: usize,
    /// From one row to the next.
    row: usize,
    /// From one image to the next.
    image: usize,
}

impl Layout {
    /// As many images in a run as make it about `target` numbers long.
    pub(super) fn new(slide: Slide, batch: usize, target: usize) -> Self {
        let row = slide.input[1] + slide.padding[1];
        let image = row * (slide.input[0] + slide.padding[0]);
        Self { slide, images: (target / image).clamp(1, batch.max(1)), row, image }
    }

    /// The distance that a tap reads ahead.
    pub(super) fn ahead(&self, tap: [usize; 2]) -> usize {
        tap[0] * self.slide.step[0] * self.row + tap[1] * self.slide.step[1]
    }

    /// Output positions of some images, those between rows included, without what follows the last row.
    pub(super) fn run(&self, images: usize) -> usize {
        let [height, width] = self.slide.output;
        (images - 1) * self.image + (height - 1) * self.row + width
    }

    /// The size of a plane that is read in whole tiles of `width` positions.
    pub(super) fn plane(&self, width: usize) -> usize {
        let last = self.slide.taps.map(|taps| taps - 1);
        let inner = self.images * self.image + self.slide.padding[0] * self.row + self.slide.padding[1];
        let read = self.run(self.images).next_multiple_of(width) + self.ahead(last);
        // An odd number of cache lines: the same position of many planes does not share a set of the cache.
        let line = 16;
        (inner.max(read).div_ceil(line) | 1) * line
    }

    /// Copies one channel of some images into its place in a plane.
    #[inline(always)]
    pub(super) fn pad<T: Lanes, S: Simd>(
        &self,
        simd: S,
        plane: &mut [T],
        x: &[T],
        stride: usize,
        images: usize,
    ) {
        let first = self.slide.padding[0] * self.row + self.slide.padding[1];
        self.spread(simd, &mut plane[first..], (x, stride), self.slide.input, images);
    }

    /// Copies one channel of some results to where they are computed in a run.
    #[inline(always)]
    pub(super) fn lay_out<T: Lanes, S: Simd>(
        &self,
        simd: S,
        run: &mut [T],
        y: &[T],
        stride: usize,
        images: usize,
    ) {
        self.spread(simd, run, (y, stride), self.slide.output, images);
    }

    #[inline(always)]
    fn spread<T: Lanes, S: Simd>(
        &self,
        simd: S,
        to: &mut [T],
        (from, stride): (&[T], usize),
        [height, width]: [usize; 2],
        images: usize,
    ) {
        for image in 0..images {
            let rows = from[image * stride..][..height * width].chunks_exact(width);
            let to = &mut to[image * self.image..];
            for (y, row) in rows.enumerate() {
                move_row(simd, &mut to[y * self.row..][..width], row, Write::Store);
            }
        }
    }

    /// Hands the results at positions `first..` of a run on to one channel of y.
    #[inline(always)]
    pub(super) fn collect<T: Lanes, S: Simd>(
        &self,
        simd: S,
        (y, stride, write): (&mut [T], usize, Write),
        run: &[T],
        first: usize,
    ) {
        let ([height, width], end) = (self.slide.output, first + run.len());
        let (mut image, mut row) = (first / self.image, first % self.image / self.row);
        let mut start = image * self.image + row * self.row;
        while start < end {
            let (from, to) = (start.max(first), (start + width).min(end));
            if row < height && from < to {
                let out = image * stride + row * width + (from - start);
                move_row(simd, &mut y[out..out + to - from], &run[from - first..to - first], write);
            }
            (row, start) = (row + 1, start + self.row);
            if row * self.row == self.image {
                (image, row) = (image + 1, 0);
            }
        }
    }
}

/// Stores or adds a short run of numbers.
#[inline(always)]
fn move_row<T: Lanes, S: Simd>(simd: S, to: &mut [T], from: &[T], write: Write) {
    let ((whole, part), (from, from_part)) = (T::vectors_mut::<S>(to), T::vectors::<S>(from));
    for (to, &from) in whole.iter_mut().zip(from) {
        *to = if write == Write::Add { T::plus(simd, *to, from) } else { from };
    }
    if !part.is_empty() {
        let mut vector = T::load_part(simd, from_part);
        if write == Write::Add {
            vector = T::plus(simd, T::load_part(simd, part), vector);
        }
        T::store_part(simd, part, vector);
    }
}
