//! Convolutions, pooling, up-sampling and losses as steps of a program.

use super::machine::{Machine, Number};
use super::operands::last;
use super::table::Step;
use std::sync::Arc;
use tensor::{BinaryCrossEntropyConfig, CrossEntropyConfig, Reduction, Result, Var};
use tensor::{
    ConvConfig, ConvTransposeConfig, Corners, Divisor, Interpolation, PoolConfig, Resize, Rounding,
};

/// An op with `N` spatial axes.
type Windowed<T, C> = for<'s> fn(Var<'s, T>, Var<'s, T>, Option<Var<'s, T>>, C) -> Result<Var<'s, T>>;

fn conv<T: Number, const N: usize>(m: &mut Machine<'_, '_, T>, f: Windowed<T, ConvConfig<N>>) -> Result<()> {
    let x = m.ranked(N + 2)?;
    let channels = last(&x.shape()?, N);
    let groups = m.bytes.pick(&[1, 1, 1, channels, 2, 1, 0, 1, usize::MAX]);
    let out = m.bytes.below(3) * groups.min(4) + usize::from(m.bytes.one_in(16));
    let mut shape = vec![out, channels / groups.max(1)];
    shape.extend((0..N).map(|_| m.bytes.pick(&[1, 2, 3, 1, 2, 0])));
    let kernel = m.shaped(&shape)?;
    let bias = if m.bytes.one_in(2) { Some(m.shaped(&[out])?) } else { None };
    let mut settings = || [(); N].map(|()| m.bytes.setting());
    let (stride, dilation) = (settings(), settings());
    let padding = [(); N].map(|()| m.bytes.padding());
    let config = ConvConfig { stride, padding, dilation, groups };
    if m.modest(&[x, kernel], &[]) { m.keep(f(x, kernel, bias, config)) } else { Ok(()) }
}

fn conv_transpose<T: Number, const N: usize>(
    m: &mut Machine<'_, '_, T>,
    f: Windowed<T, ConvTransposeConfig<N>>,
) -> Result<()> {
    let x = m.ranked(N + 2)?;
    let channels = last(&x.shape()?, N);
    let groups = m.bytes.pick(&[1, 1, 1, channels, 2, 1, 0, 1, usize::MAX]);
    let out = m.bytes.below(3) + usize::from(m.bytes.one_in(16));
    let mut shape = vec![channels, out];
    shape.extend((0..N).map(|_| m.bytes.pick(&[1, 2, 3, 1, 2, 0])));
    let kernel = m.shaped(&shape)?;
    let bias = if m.bytes.one_in(2) { Some(m.shaped(&[out * groups.min(4)])?) } else { None };
    // A stride of 2^30 is allowed, and its result would fill the memory.
    let mut settings = || [(); N].map(|()| m.bytes.pick(&[1, 1, 2, 1, 3, 1, 0, 1, 1, usize::MAX]));
    let (stride, dilation) = (settings(), settings());
    let padding = [(); N].map(|()| m.bytes.padding());
    let output_padding = [(); N].map(|()| m.bytes.padding());
    let config = ConvTransposeConfig { stride, padding, output_padding, dilation, groups };
    if m.modest(&[x, kernel], &[4; N]) { m.keep(f(x, kernel, bias, config)) } else { Ok(()) }
}

fn pool<T: Number, const N: usize>(
    m: &mut Machine<'_, '_, T>,
    f: for<'s> fn(Var<'s, T>, PoolConfig<N>) -> Result<Var<'s, T>>,
) -> Result<()> {
    let x = m.ranked(N + 2)?;
    let config = PoolConfig {
        kernel: [(); N].map(|()| m.bytes.pick(&[1, 2, 3, 2, 1, 2, 4, 0, 2, 1 << 30, usize::MAX])),
        stride: [(); N].map(|()| m.bytes.setting()),
        padding: [(); N].map(|()| m.bytes.pick(&[0, 1, 0, 0, 2, 1 << 29, 0, usize::MAX])),
        rounding: m.bytes.pick(&[Rounding::Floor, Rounding::Ceil]),
        divisor: m.bytes.pick(&[Divisor::Window, Divisor::Inside]),
    };
    // A kernel and a padding of 2^29 make so many windows, unless the stride is as long.
    let long = |n: &usize| *n >= 1 << 29 && *n <= 1 << 30;
    if config.padding.iter().any(long) && !config.stride.iter().all(long) {
        return Ok(());
    }
    if m.modest(&[x], &[8]) { m.keep(f(x, config)) } else { Ok(()) }
}

fn adaptive<T: Number, const N: usize>(
    m: &mut Machine<'_, '_, T>,
    f: for<'s> fn(Var<'s, T>, [usize; N]) -> Result<Var<'s, T>>,
) -> Result<()> {
    let x = m.ranked(N + 2)?;
    let size = [(); N].map(|()| m.bytes.length());
    if m.modest(&[x], &size) { m.keep(f(x, size)) } else { Ok(()) }
}

fn upsample<T: Number, const N: usize>(
    m: &mut Machine<'_, '_, T>,
    f: for<'s> fn(Var<'s, T>, Resize<N>, Interpolation) -> Result<Var<'s, T>>,
) -> Result<()> {
    let x = m.ranked(N + 2)?;
    let size = [(); N].map(|()| m.bytes.length());
    let scale = [(); N].map(|()| m.bytes.number());
    let interpolation = m.bytes.pick(&[
        Interpolation::Nearest,
        Interpolation::Linear(Corners::Edges),
        Interpolation::Linear(Corners::Centers),
    ]);
    // A scale of 1e10 is refused by its result, as long as there is an axis to scale.
    let resize = m.bytes.pick(&[Resize::Size(size), Resize::Scale(scale)]);
    if m.modest(&[x], &size) && m.modest(&[x], &[5; N]) {
        m.keep(f(x, resize, interpolation))
    } else {
        Ok(())
    }
}

pub(super) fn windows<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let steps: [(&str, Step<T>); 14] = [
        ("conv1d", |m| conv::<T, 1>(m, |x, w, b, config| x.conv1d(w, b, config))),
        ("conv2d", |m| conv::<T, 2>(m, |x, w, b, config| x.conv2d(w, b, config))),
        ("conv_transpose1d", |m| {
            conv_transpose::<T, 1>(m, |x, w, b, config| x.conv_transpose1d(w, b, config))
        }),
        ("conv_transpose2d", |m| {
            conv_transpose::<T, 2>(m, |x, w, b, config| x.conv_transpose2d(w, b, config))
        }),
        ("avg_pool1d", |m| pool::<T, 1>(m, |x, config| x.avg_pool1d(config))),
        ("avg_pool2d", |m| pool::<T, 2>(m, |x, config| x.avg_pool2d(config))),
        ("max_pool1d", |m| pool::<T, 1>(m, |x, config| x.max_pool1d(config))),
        ("max_pool2d", |m| pool::<T, 2>(m, |x, config| x.max_pool2d(config))),
        ("adaptive_avg_pool1d", |m| adaptive::<T, 1>(m, |x, size| x.adaptive_avg_pool1d(size))),
        ("adaptive_avg_pool2d", |m| adaptive::<T, 2>(m, |x, size| x.adaptive_avg_pool2d(size))),
        ("adaptive_max_pool1d", |m| adaptive::<T, 1>(m, |x, size| x.adaptive_max_pool1d(size))),
        ("adaptive_max_pool2d", |m| adaptive::<T, 2>(m, |x, size| x.adaptive_max_pool2d(size))),
        ("upsample1d", |m| upsample::<T, 1>(m, |x, resize, how| x.upsample1d(resize, how))),
        ("upsample2d", |m| upsample::<T, 2>(m, |x, resize, how| x.upsample2d(resize, how))),
    ];
    steps.to_vec()
}

pub(super) fn losses<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let steps: [(&str, Step<T>); 5] = [
        ("mse", |m| {
            let x = m.var()?;
            let target = m.shaped(&x.shape()?)?;
            m.keep(x.mse(target))
        }),
        ("cross_entropy", |m| {
            let x = m.ranked(2)?;
            let shape = x.shape()?;
            let labels = m.indices(&[last(&shape, 1)], last(&shape, 0))?;
            m.keep(x.cross_entropy(labels))
        }),
        ("cross_entropy_with", |m| {
            let x = m.ranked(2)?;
            let shape = x.shape()?;
            let labels = m.indices(&[last(&shape, 1)], last(&shape, 0))?;
            let config = classes(m, last(&shape, 0));
            m.keep(x.cross_entropy_with(labels, &config))
        }),
        ("cross_entropy_soft", |m| {
            let x = m.ranked(2)?;
            let shape = x.shape()?;
            let targets = m.shaped(&shape)?;
            let config = classes(m, last(&shape, 0));
            m.keep(x.cross_entropy_soft(targets, &config))
        }),
        ("binary_cross_entropy_with_logits", |m| {
            let x = m.var()?;
            let shape = x.shape()?;
            let targets = m.shaped(&shape)?;
            let (weights, pos_weight) = (weights(m, last(&shape, 0)), weights(m, last(&shape, 0)));
            let reduction = m.bytes.pick(&[Reduction::Mean, Reduction::None, Reduction::Sum]);
            let config = BinaryCrossEntropyConfig { weights, pos_weight, reduction };
            m.keep(x.binary_cross_entropy_with_logits(targets, &config))
        }),
    ];
    steps.to_vec()
}

fn weights<T: Number>(m: &mut Machine<'_, '_, T>, count: usize) -> Option<Arc<[f64]>> {
    if m.bytes.one_in(2) {
        return None;
    }
    let (wild, count) = (m.bytes.one_in(8), if m.bytes.one_in(8) { m.bytes.below(5) } else { count });
    Some((0..count).map(|i| if wild { m.bytes.number() } else { 0.5 * i as f64 }).collect())
}

fn classes<T: Number>(m: &mut Machine<'_, '_, T>, count: usize) -> CrossEntropyConfig {
    CrossEntropyConfig {
        weights: weights(m, count),
        ignore_index: m.bytes.pick(&[None, None, Some(0), Some(1), None, Some(usize::MAX)]),
        label_smoothing: m.bytes.pick(&[0.0, 0.0, 0.1, 1.0, 0.0, -0.1, 2.0, f64::NAN]),
        reduction: m.bytes.pick(&[Reduction::Mean, Reduction::None, Reduction::Sum]),
    }
}
