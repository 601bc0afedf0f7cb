//! The loops over channels: axis 1 of an array, with runs of neighbours where there are more axes.

use super::wide_sum_of;
use crate::kernels::{self, Write};
use crate::{Element, Shape};
use std::ops::Range;

/// The channels of an array: runs of `inner` elements.
#[derive(Clone, Copy)]
pub(super) struct Channels {
    outer: usize,
    pub(super) count: usize,
    pub(super) inner: usize,
}

impl Channels {
    pub(super) fn of(shape: &Shape) -> Self {
        let (outer, count, inner) = shape.around(1);
        Self { outer, count, inner }
    }

    /// The elements of each.
    pub(super) fn size(self) -> usize {
        self.outer * self.inner
    }

    /// The runs of one.
    pub(super) fn runs(self, channel: usize) -> impl Iterator<Item = Range<usize>> {
        (0..self.outer).map(move |i| {
            let start = (i * self.count + channel) * self.inner;
            start..start + self.inner
        })
    }
}

/// Means and variances of columns; `squares` is as long as x.
pub(super) fn column_statistics<T: Element>(x: &[T], squares: &mut [T], mean: &mut [T], var: &mut [T]) {
    let count = mean.len();
    let n = T::from_f64((x.len() / count) as f64);
    kernels::sum_columns(mean, Write::Store, x);
    kernels::update(mean, move |sum| sum / n);
    for (squares, x) in squares.chunks_exact_mut(count).zip(x.chunks_exact(count)) {
        kernels::map2(squares, Write::Store, x, mean, |x, mean| (x - mean) * (x - mean));
    }
    kernels::sum_columns(var, Write::Store, squares);
    kernels::update(var, move |sum| sum / n);
}

/// Mean and variance of one channel.
pub(super) fn statistics<T: Element>(channels: Channels, channel: usize, x: &[T]) -> (T, T) {
    let n = T::from_f64(channels.size() as f64);
    let mut sum = T::Wide::default();
    channels.runs(channel).for_each(|run| sum += kernels::wide_sum(&x[run]));
    let mean = T::narrow(sum) / n;
    let mut squares = T::Wide::default();
    for run in channels.runs(channel) {
        squares += wide_sum_of(&x[run.clone()], &x[run], move |x, _| (x - mean) * (x - mean));
    }
    (mean, T::narrow(squares) / n)
}

/// `Σ g` and `Σ g (x - mean)` of every channel; `products` is as long as x for columns.
pub(super) fn sums<T: Element>(
    channels: Channels,
    [g, x, mean]: [&[T]; 3],
    products: &mut [T],
    [plain, centered]: [&mut [T]; 2],
) {
    if channels.inner == 1 {
        let rows = g.chunks_exact(channels.count).zip(x.chunks_exact(channels.count));
        for (products, (g, x)) in products.chunks_exact_mut(channels.count).zip(rows) {
            kernels::map3(products, Write::Store, (g, x, mean), |g, x, mean| g * (x - mean));
        }
        kernels::sum_columns(plain, Write::Store, g);
        return kernels::sum_columns(centered, Write::Store, products);
    }
    for (channel, &mean) in mean.iter().enumerate() {
        let (mut sum, mut along) = (T::Wide::default(), T::Wide::default());
        for run in channels.runs(channel) {
            sum += kernels::wide_sum(&g[run.clone()]);
            along += wide_sum_of(&g[run.clone()], &x[run], move |g, x| g * (x - mean));
        }
        (plain[channel], centered[channel]) = (T::narrow(sum), T::narrow(along));
    }
}

/// `dx (+)= scale (g - even - (x - mean) tilt)`; `row` is as long as there are channels.
pub(super) fn contribute_batch<T: Element>(
    channels: Channels,
    (dx, write): (&mut [T], Write),
    [g, x]: [&[T]; 2],
    [mean, scale, even, tilt]: [&[T]; 4],
    row: &mut [T],
) {
    let count = channels.count;
    if channels.inner == 1 {
        let rows = g.chunks_exact(count).zip(x.chunks_exact(count));
        for (dx, (g, x)) in dx.chunks_exact_mut(count).zip(rows) {
            kernels::map3(row, Write::Store, (x, mean, tilt), |x, mean, tilt| (x - mean) * tilt);
            kernels::update1(row, even, |row, even| row + even);
            kernels::map3(dx, write, (g, row, scale), |g, row, scale| scale * (g - row));
        }
        return;
    }
    for channel in 0..count {
        let (mean, scale, even, tilt) = (mean[channel], scale[channel], even[channel], tilt[channel]);
        for run in channels.runs(channel) {
            let (g, x) = (&g[run.clone()], &x[run.clone()]);
            kernels::map2(&mut dx[run], write, g, x, move |g, x| scale * ((g - even) - (x - mean) * tilt));
        }
    }
}

/// `dx (+)= scale g`
pub(super) fn contribute_given<T: Element>(
    channels: Channels,
    (dx, write): (&mut [T], Write),
    g: &[T],
    scale: &[T],
) {
    if channels.inner == 1 {
        for (dx, g) in dx.chunks_exact_mut(channels.count).zip(g.chunks_exact(channels.count)) {
            kernels::map2(dx, write, g, scale, |g, scale| g * scale);
        }
        return;
    }
    for (channel, &scale) in scale.iter().enumerate() {
        for run in channels.runs(channel) {
            kernels::map1(&mut dx[run.clone()], write, &g[run], move |g| g * scale);
        }
    }
}
