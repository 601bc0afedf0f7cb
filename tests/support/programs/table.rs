//! Every public op as a step of a program.

#![allow(clippy::too_many_lines, reason = "lists of one entry per op")]

use super::machine::{Machine, Number};
use super::normalize::normalizations;
use super::products::products;
use super::recurrences::recurrences;
use super::windows::{losses, windows};
use tensor::{Axes, Ddof, Norm, PadMode, Result, Var, concat, stack};

/// What a step does: choose operands and settings, apply its op, keep the result.
pub(crate) type Step<T> = for<'t, 'b> fn(&mut Machine<'t, 'b, T>) -> Result<()>;

/// The names of the public ops, and two more methods of `Var` and `Tape` that record.
pub(crate) fn table<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let parts = [
        elementwise(),
        reductions(),
        shapes(),
        selections(),
        products(),
        recurrences(),
        windows(),
        losses(),
        normalizations(),
    ];
    parts.into_iter().flatten().collect()
}

/// Steps of one operand or two that are broadcast.
macro_rules! simple {
    ($($name:ident)*; $($pair:ident)*) => {
        vec![
            $((stringify!($name), (|m| { let y = m.var()?.$name(); m.keep(y) }) as Step<T>),)*
            $((stringify!($pair), (|m| {
                let (a, b) = (m.var()?, m.partner()?);
                if m.broadcasts(&[a, b]) { m.keep(a.$pair(b)) } else { Ok(()) }
            }) as Step<T>),)*
        ]
    };
}

fn elementwise<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let mut steps: Vec<(&str, Step<T>)> = simple! {
        relu sigmoid logsigmoid silu gelu gelu_tanh neg abs sign sqrt rsqrt square exp expm1 ln log1p sin cos
        tan asin acos atan sinh cosh tanh erf floor ceil round detach;
        add sub mul div pow atan2 maximum minimum equal not_equal greater greater_equal less less_equal
    };
    let settings: [(&str, Step<T>); 10] = [
        ("leaky_relu", |m| with_number(m, |x, a| x.leaky_relu(a))),
        ("elu", |m| with_number(m, |x, a| x.elu(a))),
        ("softplus", |m| with_number(m, |x, a| x.softplus(a))),
        ("scale", |m| with_number(m, |x, a| x.scale(a))),
        ("shift", |m| with_number(m, |x, a| x.shift(a))),
        ("powf", |m| with_number(m, |x, a| x.powf(a))),
        ("clamp", |m| {
            let high = m.real();
            with_number(m, |x, low| x.clamp(low, high))
        }),
        ("masked_fill", |m| {
            let (x, mask, value) = (m.var()?, m.partner()?, m.real());
            if m.broadcasts(&[x, mask]) { m.keep(x.masked_fill(mask, value)) } else { Ok(()) }
        }),
        ("where_cond", |m| {
            let (condition, a, b) = (m.var()?, m.partner()?, m.partner()?);
            if m.broadcasts(&[condition, a, b]) { m.keep(condition.where_cond(a, b)) } else { Ok(()) }
        }),
        ("checkpoint", |m| {
            let x = m.var()?;
            m.keep(m.tape.checkpoint(|x| x[0].square()?.sin(), &[x]))
        }),
    ];
    steps.extend(settings);
    steps
}

fn with_number<T: Number>(
    m: &mut Machine<'_, '_, T>,
    f: impl for<'s> Fn(Var<'s, T>, T) -> Result<Var<'s, T>>,
) -> Result<()> {
    let (x, a) = (m.var()?, m.real());
    m.keep(f(x, a))
}

/// Reductions over all elements and over some axes.
macro_rules! reduced {
    ($($all:ident $some:ident)*) => {
        vec![
            $((stringify!($all), (|m| { let y = m.var()?.$all(); m.keep(y) }) as Step<T>),)*
            $((stringify!($some), (|m| {
                let x = m.var()?;
                let axes = m.reduced();
                m.keep(x.$some(axes))
            }) as Step<T>),)*
        ]
    };
}

fn reductions<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let mut steps: Vec<(&str, Step<T>)> = reduced! {
        sum sum_axis mean mean_axis max max_axis min min_axis prod prod_axis logsumexp logsumexp_axis
    };
    let settings: [(&str, Step<T>); 19] = [
        ("var", |m| with_ddof(m, |x, _, ddof| x.var(ddof))),
        ("var_axis", |m| with_ddof(m, |x, axes, ddof| x.var_axis(axes, ddof))),
        ("std", |m| with_ddof(m, |x, _, ddof| x.std(ddof))),
        ("std_axis", |m| with_ddof(m, |x, axes, ddof| x.std_axis(axes, ddof))),
        ("norm", |m| with_norm(m, |x, _, norm| x.norm(norm))),
        ("norm_axis", |m| with_norm(m, |x, axes, norm| x.norm_axis(axes, norm))),
        ("cumsum", |m| with_axis(m, |x, axis| x.cumsum(axis))),
        ("softmax", |m| with_axis(m, |x, axis| x.softmax(axis))),
        ("log_softmax", |m| with_axis(m, |x, axis| x.log_softmax(axis))),
        ("argmax", |m| m.var()?.argmax().and_then(|answer| m.note([answer]))),
        ("argmin", |m| m.var()?.argmin().and_then(|answer| m.note([answer]))),
        ("argmax_axis", |m| {
            let (x, axis) = (m.var()?, m.bytes.axis());
            m.note(x.argmax_axis(axis)?)
        }),
        ("argmin_axis", |m| {
            let (x, axis) = (m.var()?, m.bytes.axis());
            m.note(x.argmin_axis(axis)?)
        }),
        ("all", |m| m.var()?.all().and_then(|answer| m.note([answer]))),
        ("any", |m| m.var()?.any().and_then(|answer| m.note([answer]))),
        ("all_axis", |m| {
            let (x, axes) = (m.var()?, m.reduced());
            m.note(x.all_axis(axes)?)
        }),
        ("any_axis", |m| {
            let (x, axes) = (m.var()?, m.reduced());
            m.note(x.any_axis(axes)?)
        }),
        ("sort", |m| {
            let (x, axis, order) = (m.var()?, m.bytes.axis(), m.order());
            let (y, indices) = x.sort(axis, order)?;
            m.note(indices)?;
            m.keep(Ok(y))
        }),
        ("topk", |m| {
            let (x, count, axis, order) = (m.var()?, m.bytes.length(), m.bytes.axis(), m.order());
            let (y, indices) = x.topk(count, axis, order)?;
            m.note(indices)?;
            m.keep(Ok(y))
        }),
    ];
    steps.extend(settings);
    steps
}

fn with_axis<T: Number>(
    m: &mut Machine<'_, '_, T>,
    f: impl for<'s> Fn(Var<'s, T>, usize) -> Result<Var<'s, T>>,
) -> Result<()> {
    let (x, axis) = (m.var()?, m.bytes.axis());
    m.keep(f(x, axis))
}

fn with_ddof<T: Number>(
    m: &mut Machine<'_, '_, T>,
    f: impl for<'s> Fn(Var<'s, T>, Axes, Ddof) -> Result<Var<'s, T>>,
) -> Result<()> {
    let (x, axes, ddof) = (m.var()?, m.reduced(), m.bytes.pick(&[Ddof::Population, Ddof::Sample]));
    m.keep(f(x, axes, ddof))
}

fn with_norm<T: Number>(
    m: &mut Machine<'_, '_, T>,
    f: impl for<'s> Fn(Var<'s, T>, Axes, Norm) -> Result<Var<'s, T>>,
) -> Result<()> {
    let (x, axes, p) = (m.var()?, m.reduced(), Norm::P(m.bytes.number()));
    let norm = m.bytes.pick(&[Norm::L1, Norm::L2, p]);
    m.keep(f(x, axes, norm))
}

fn shapes<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let steps: [(&str, Step<T>); 15] = [
        ("reshape", |m| {
            let x = m.var()?;
            let shape = match m.bytes.byte() % 3 {
                0 => m.bytes.lengths(),
                1 => x.shape()?.iter().rev().copied().collect(),
                _ => vec![x.shape()?.size()],
            };
            m.keep(x.reshape(&shape))
        }),
        ("flatten", |m| {
            let (x, from, to) = (m.var()?, m.bytes.axis(), m.bytes.axis());
            let y = match m.bytes.byte() % 4 {
                0 => x.flatten(..),
                1 => x.flatten(from..),
                2 => x.flatten(from..to),
                _ => x.flatten(from..=to),
            };
            m.keep(y)
        }),
        ("unflatten", |m| {
            let (x, axis) = (m.var()?, m.bytes.axis());
            let length = x.shape()?.get(axis).copied().unwrap_or(1);
            let lengths = match m.bytes.byte() % 4 {
                0 => m.bytes.lengths(),
                1 => vec![length, 1],
                2 => vec![2, length / 2],
                _ => vec![1, 1, length],
            };
            m.keep(x.unflatten(axis, &lengths))
        }),
        ("squeeze", |m| with_axis(m, |x, axis| x.squeeze(axis))),
        ("unsqueeze", |m| with_axis(m, |x, axis| x.unsqueeze(axis))),
        ("permute", |m| {
            let x = m.var()?;
            let n = x.shape()?.len();
            let axes: Vec<_> = if m.bytes.one_in(4) {
                m.bytes.axes()
            } else {
                let turn = m.bytes.below(n.max(1));
                (0..n).map(|axis| (axis + turn) % n).collect()
            };
            m.keep(x.permute(&axes))
        }),
        ("transpose", |m| {
            let (a, b) = (m.bytes.axis(), m.bytes.axis());
            with_number(m, |x, _| x.transpose(a, b))
        }),
        ("flip", |m| {
            let axes = m.bytes.axes();
            with_number(m, |x, _| x.flip(&axes))
        }),
        ("diagonal", |m| {
            let (offset, a, b) = (m.bytes.offset(), m.bytes.axis(), m.bytes.axis());
            with_number(m, |x, _| x.diagonal(offset, a, b))
        }),
        ("broadcast_to", |m| {
            let x = m.var()?;
            let mut shape = m.bytes.lengths();
            if !m.bytes.one_in(4) {
                shape.truncate(1);
                shape.extend(x.shape()?.iter().map(|&n| if n == 1 { 3 } else { n }));
            }
            if m.modest(&[], &shape) { m.keep(x.broadcast_to(&shape)) } else { Ok(()) }
        }),
        ("repeat", |m| {
            let x = m.var()?;
            let counts: Vec<_> = if m.bytes.one_in(4) {
                m.bytes.lengths()
            } else {
                (0..x.shape()?.len()).map(|_| m.bytes.length()).collect()
            };
            if m.modest(&[x], &counts) { m.keep(x.repeat(&counts)) } else { Ok(()) }
        }),
        ("tril", |m| {
            let offset = m.bytes.offset();
            with_number(m, |x, _| x.tril(offset))
        }),
        ("triu", |m| {
            let offset = m.bytes.offset();
            with_number(m, |x, _| x.triu(offset))
        }),
        ("pad", pad),
        ("slice_axes", |m| {
            let (x, slices) = (m.var()?, m.slices());
            m.keep(x.slice_axes(&slices))
        }),
    ];
    steps.to_vec()
}

fn pad<T: Number>(m: &mut Machine<'_, '_, T>) -> Result<()> {
    let x = m.var()?;
    let n = if m.bytes.one_in(8) { m.bytes.below(5) } else { x.shape()?.len() };
    let amounts: Vec<_> = (0..n).map(|_| (m.bytes.padding(), m.bytes.padding())).collect();
    let factors: Vec<_> = amounts.iter().map(|&(a, b)| a.saturating_add(b).saturating_add(1)).collect();
    let constant = PadMode::Constant(m.real());
    let mode = m.bytes.pick(&[constant, PadMode::Reflect, PadMode::Replicate]);
    if m.modest(&[x], &factors) { m.keep(x.pad(&amounts, mode)) } else { Ok(()) }
}

fn selections<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let steps: [(&str, Step<T>); 14] = [
        ("slice", |m| {
            let (x, axis, range, step) = (m.var()?, m.bytes.axis(), m.bytes.range(), m.step());
            m.keep(x.slice(axis, range, step))
        }),
        ("slice_assign", |m| {
            let (x, slices) = (m.var()?, m.slices());
            let place = x.slice_axes(&slices)?.shape()?;
            let value = m.shaped(&place)?;
            m.keep(x.slice_assign(&slices, value))
        }),
        ("narrow", |m| {
            let (x, axis, start, len) = (m.var()?, m.bytes.axis(), m.bytes.axis(), m.bytes.length());
            m.keep(x.narrow(axis, start, len))
        }),
        ("split", |m| {
            let (x, axis) = (m.var()?, m.bytes.axis());
            let mut lengths = m.bytes.lengths();
            if !m.bytes.one_in(4) {
                let length = x.shape()?.get(axis).copied().unwrap_or(0);
                lengths = vec![length / 2, length - length / 2];
            }
            m.keep_all(x.split(axis, &lengths))
        }),
        ("chunk", |m| {
            let (x, axis, parts) = (m.var()?, m.bytes.axis(), m.bytes.length());
            m.keep_all(x.chunk(axis, parts))
        }),
        ("concat", |m| {
            let (mut inputs, axis) = (m.several()?, m.bytes.axis());
            if !m.bytes.one_in(4)
                && let Some(&first) = inputs.first()
            {
                inputs.truncate(1);
                let shape = first.shape()?;
                let shape: Vec<_> =
                    shape.iter().enumerate().map(|(i, &n)| if i == axis { 2 } else { n }).collect();
                inputs.push(m.shaped(&shape)?);
            }
            m.keep(concat(&inputs, axis))
        }),
        ("stack", |m| {
            let (inputs, axis) = (m.several()?, m.bytes.axis());
            m.keep(stack(&inputs, axis))
        }),
        ("gather", |m| {
            let (x, axis, shape) = m.along()?;
            let indices = m.indices(&shape, x.shape()?.get(axis).copied().unwrap_or(2))?;
            m.keep(x.gather(axis, indices))
        }),
        ("take_along_axis", |m| {
            let (x, axis, shape) = m.along()?;
            let indices = m.indices(&shape, x.shape()?.get(axis).copied().unwrap_or(2))?;
            if !m.broadcasts(&[x]) {
                return Ok(());
            }
            m.keep(x.take_along_axis(axis, indices))
        }),
        ("scatter", |m| {
            let (x, axis, shape) = m.along()?;
            let indices = m.indices(&shape, x.shape()?.get(axis).copied().unwrap_or(2))?;
            let source = m.shaped(&shape)?;
            m.keep(x.scatter(axis, indices, source))
        }),
        ("scatter_add", |m| {
            let (x, axis, shape) = m.along()?;
            let indices = m.indices(&shape, x.shape()?.get(axis).copied().unwrap_or(2))?;
            let source = m.shaped(&shape)?;
            m.keep(x.scatter_add(axis, indices, source))
        }),
        ("index_select", |m| {
            let (x, axis, shape) = m.along()?;
            let count = shape.get(axis).copied().unwrap_or(1);
            let indices = m.indices(&[count], x.shape()?.get(axis).copied().unwrap_or(2))?;
            if !m.modest(&[x], &[5]) {
                return Ok(());
            }
            m.keep(x.index_select(axis, indices))
        }),
        ("index_add", |m| {
            let (x, axis, shape) = m.along()?;
            let count = shape.get(axis).copied().unwrap_or(1);
            let like = x.shape()?;
            let indices = m.indices(&[count], like.get(axis).copied().unwrap_or(2))?;
            let shape: Vec<_> =
                like.iter().enumerate().map(|(i, &n)| if i == axis { count } else { n }).collect();
            let source = m.shaped(&shape)?;
            m.keep(x.index_add(axis, indices, source))
        }),
        ("one_hot", |m| {
            let shape = m.bytes.lengths();
            let classes = m.bytes.length();
            if !m.modest(&[], &shape) {
                return Ok(());
            }
            let indices = m.indices(&shape, classes.min(8))?;
            m.keep(indices.one_hot(classes))
        }),
    ];
    steps.to_vec()
}
