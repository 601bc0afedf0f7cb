//! The gradients by their definition, row by row, without a product that is not in it: for infinite operands,
//! which would show the zeros that the fast kernels multiply between rows, and for tests.

use super::Direct;
use crate::Element;

/// `dw += ` the gradient of the weights of one output channel.
pub(super) fn weigh<T: Element>(direct: &Direct, x: &[T], dy: &[T], channel: usize, dw: &mut [T]) {
    direct.each_row(channel, |row| {
        let products = x[row.x..][..row.len].iter().zip(&dy[row.y..][..row.len]);
        let weight = &mut dw[row.w % direct.depth()];
        *weight = products.fold(*weight, |sum, (&x, &dy)| sum + x * dy);
    });
}

/// `dx += ` the gradient of the input.
pub(super) fn input<T: Element>(direct: &Direct, w: &[T], dy: &[T], dx: &mut [T]) {
    for channel in 0..direct.groups * direct.outputs {
        direct.each_row(channel, |row| {
            let from = &dy[row.y..][..row.len];
            dx[row.x..][..row.len].iter_mut().zip(from).for_each(|(dx, &dy)| *dx += w[row.w] * dy);
        });
    }
}

/// A weight, and the first of some products of it: as many as a row has.
pub(super) struct Row {
    x: usize,
    w: usize,
    y: usize,
    len: usize,
}

impl Direct {
    /// Calls `f` for every output row of one output channel and every weight of it.
    fn each_row(&self, channel: usize, mut f: impl FnMut(Row)) {
        let (slide, inputs) = (&self.slide, self.inputs);
        let group = channel / self.outputs;
        // What tap `k` meets of an axis: the first output and input, and how many.
        let meet = |axis: usize, k: usize| {
            let (ahead, padding) = (k * slide.step[axis], slide.padding[axis]);
            let first = padding.saturating_sub(ahead);
            let end = (slide.input[axis] + padding).saturating_sub(ahead).min(slide.output[axis]);
            (first, first + ahead - padding, end.saturating_sub(first))
        };
        for image in 0..self.batch {
            for input in 0..inputs {
                for ky in 0..slide.taps[0] {
                    for kx in 0..slide.taps[1] {
                        let ((oy, iy, rows), (ox, ix, len)) = (meet(0, ky), meet(1, kx));
                        let x = (image * self.groups + group) * inputs + input;
                        let y = image * self.groups * self.outputs + channel;
                        let w = ((channel * inputs + input) * slide.taps[0] + ky) * slide.taps[1] + kx;
                        for row in 0..rows {
                            let x = (x * slide.input[0] + iy + row) * slide.input[1] + ix;
                            let y = (y * slide.output[0] + oy + row) * slide.output[1] + ox;
                            f(Row { x, w, y, len });
                        }
                    }
                }
            }
        }
    }
}
