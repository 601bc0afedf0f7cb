//! Every public op as a step of a program.

use super::machine::{Machine, Number};
use std::sync::Arc;
use tensor::{
    Activation, Axes, BinaryCrossEntropyConfig, Corners, CrossEntropyConfig, Csr, Ddof, Divisor,
    Interpolation, Norm, Order, PadMode, PoolConfig, Reduction, Resize, Result, Rounding, Slice, Triangle,
    Var, concat, einsum, sparse_matmul, stack,
};
use tensor::{ConvConfig, ConvTransposeConfig};

/// What a step does: choose operands and settings, apply its op, keep the result.
pub(crate) type Step<T> = for<'t, 'b> fn(&mut Machine<'t, 'b, T>) -> Result<()>;

/// The names of the public ops, and two more methods of `Var` and `Tape` that record.
pub(crate) fn table<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let parts = [elementwise(), reductions(), shapes(), selections(), products(), windows(), losses()];
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

const EXPRESSIONS: [&str; 20] = [
    "ij,jk->ik",
    "ij->ji",
    "ii->i",
    "ii",
    "i,j->ij",
    "bij,bjk->bik",
    "...i,i->...",
    "i,i,i->",
    "ij,ij->",
    "->",
    "...ij->...ji",
    "ij,k->",
    "",
    "ij->iij",
    "i..j",
    "...,...->...",
    "aab,b->a",
    "ab,cd,ef->",
    "i->",
    "Ab,bA",
];

fn products<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let steps: [(&str, Step<T>); 11] = [
        ("matmul", |m| with_matrix(m, |a, b| a.matmul(b), |a, n| [last(a, 0), n])),
        ("matmul_nt", |m| with_matrix(m, |a, b| a.matmul_nt(b), |a, n| [n, last(a, 0)])),
        ("matmul_tn", |m| with_matrix(m, |a, b| a.matmul_tn(b), |a, n| [last(a, 1), n])),
        ("dot", |m| {
            let a = m.ranked(1)?;
            let b = m.shaped(&a.shape()?)?;
            m.keep(a.dot(b))
        }),
        ("outer", |m| {
            let (a, b) = (m.ranked(1)?, m.ranked(1)?);
            if m.modest(&[a, b], &[]) { m.keep(a.outer(b)) } else { Ok(()) }
        }),
        ("linear", |m| {
            let (x, weight, bias) = m.layer()?;
            if m.modest(&[x, weight], &[]) { m.keep(x.linear(weight, bias)) } else { Ok(()) }
        }),
        ("linear_with", |m| {
            let (x, weight, bias) = m.layer()?;
            let choices = [Activation::Identity, Activation::Relu, Activation::Sigmoid, Activation::Tanh];
            let activation = m.bytes.pick(&choices);
            if m.modest(&[x, weight], &[]) { m.keep(x.linear_with(weight, bias, activation)) } else { Ok(()) }
        }),
        ("einsum", |m| {
            let expression = m.expression();
            let mut operands = m.several()?;
            if !m.bytes.one_in(4) {
                operands.clear();
                for term in expression.split("->").next().unwrap_or_default().split(',') {
                    let lengths = [2, 3, 1, 4, 2, 3];
                    let of = |letter: u8| lengths[letter as usize % 6];
                    let shape: Vec<_> = term.bytes().filter(u8::is_ascii_alphabetic).map(of).collect();
                    operands.push(m.shaped(&shape)?);
                }
            }
            if m.modest(&operands, &[]) { m.keep(einsum(&expression, &operands)) } else { Ok(()) }
        }),
        ("sparse_matmul", |m| {
            let (rows, columns) = (m.bytes.below(5), m.bytes.below(5));
            let stored = if columns == 0 { 0 } else { m.bytes.below(8) };
            let mut pointers: Vec<_> = (0..=rows).map(|row| row * stored / rows.max(1)).collect();
            if m.bytes.one_in(8) {
                pointers = m.bytes.lengths();
            }
            let places = m.numbers(stored, columns);
            let values = (0..stored).map(|_| m.real()).collect();
            let columns = if m.bytes.one_in(16) { usize::MAX } else { columns };
            let matrix = Csr::new([rows, columns], pointers, places, values)?;
            let width = m.bytes.below(4);
            let x = m.shaped(&[columns, width])?;
            if m.modest(&[x], &[5]) { m.keep(sparse_matmul(&matrix, x)) } else { Ok(()) }
        }),
        ("cholesky", |m| {
            let a = m.definite()?;
            m.keep(a.cholesky())
        }),
        ("solve_triangular", |m| {
            use Triangle::{Lower, LowerTransposed, Upper, UpperTransposed};
            let a = if m.bytes.one_in(2) { m.ranked(2)? } else { m.definite()? };
            let (n, k) = (last(&a.shape()?, 0), m.bytes.below(4));
            let b = m.shaped(&[n, k][..2 - usize::from(k == 0)])?;
            let triangle = m.bytes.pick(&[Lower, Upper, LowerTransposed, UpperTransposed]);
            if m.modest(&[a, b], &[]) { m.keep(a.solve_triangular(b, triangle)) } else { Ok(()) }
        }),
    ];
    let mut steps = steps.to_vec();
    steps.push(("logdet", |m| {
        let a = m.definite()?;
        m.keep(a.logdet())
    }));
    steps
}

/// An axis length, counted from the last.
pub(crate) fn last(shape: &[usize], back: usize) -> usize {
    shape.len().checked_sub(back + 1).map_or(2, |axis| shape[axis])
}

fn with_matrix<T: Number>(
    m: &mut Machine<'_, '_, T>,
    f: impl for<'s> Fn(Var<'s, T>, Var<'s, T>) -> Result<Var<'s, T>>,
    shape: impl Fn(&[usize], usize) -> [usize; 2],
) -> Result<()> {
    let (a, n) = (m.var()?, m.bytes.below(5));
    let b = m.shaped(&shape(&a.shape()?, n))?;
    if m.modest(&[a, b], &[]) { m.keep(f(a, b)) } else { Ok(()) }
}

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

fn windows<T: Number>() -> Vec<(&'static str, Step<T>)> {
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

fn losses<T: Number>() -> Vec<(&'static str, Step<T>)> {
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

impl<'t, T: Number> Machine<'t, '_, T> {
    fn real(&mut self) -> T {
        let byte = self.bytes.byte();
        T::make(self.bytes.number(), f64::from(byte % 3))
    }

    /// A second operand: any value, one of the last one's shape, or one that is broadcast against it.
    fn partner(&mut self) -> Result<Var<'t, T>> {
        let shape = self.values.last().map_or(Ok(tensor::Shape::SCALAR), |x| x.shape())?;
        match self.bytes.byte() % 4 {
            0 => self.shaped(&shape),
            1 => self.shaped(&shape[shape.len().min(1)..]),
            2 => {
                let shape: Vec<_> = shape.iter().map(|&n| if self.bytes.one_in(2) { 1 } else { n }).collect();
                self.shaped(&shape)
            }
            _ => self.var(),
        }
    }

    fn reduced(&mut self) -> Axes {
        let axes = Axes::from(&self.bytes.axes()[..]);
        let axes = if self.bytes.one_in(6) { Axes::ALL } else { axes };
        if self.bytes.one_in(2) { axes.keep() } else { axes }
    }

    fn order(&mut self) -> Order {
        self.bytes.pick(&[Order::Ascending, Order::Descending])
    }

    fn step(&mut self) -> isize {
        self.bytes.pick(&[1, -1, 2, -2, 1, 3, -3, 0, 1, isize::MAX, isize::MIN])
    }

    fn slices(&mut self) -> Vec<Slice> {
        (0..self.bytes.below(5)).map(|_| Slice::new(self.bytes.range(), self.step())).collect()
    }

    fn several(&mut self) -> Result<Vec<Var<'t, T>>> {
        (0..self.bytes.below(4)).map(|_| self.var()).collect()
    }

    /// A value, one of its axes, and its shape with another length of that axis.
    fn along(&mut self) -> Result<(Var<'t, T>, usize, Vec<usize>)> {
        let (x, axis) = (self.var()?, self.bytes.axis());
        let mut shape = x.shape()?.to_vec();
        if let Some(length) = shape.get_mut(axis) {
            *length = self.bytes.below(4);
        }
        if self.bytes.one_in(6) {
            shape = (0..self.bytes.below(5)).map(|_| self.bytes.below(4)).collect();
        }
        Ok((x, axis, shape))
    }

    /// Input, weight and bias of a linear layer.
    fn layer(&mut self) -> Result<(Var<'t, T>, Var<'t, T>, Var<'t, T>)> {
        let (x, n) = (self.var()?, self.bytes.below(4));
        let weight = self.shaped(&[last(&x.shape()?, 0), n])?;
        Ok((x, weight, self.shaped(&[n])?))
    }

    /// Most often a positive definite matrix, alone or in a batch.
    fn definite(&mut self) -> Result<Var<'t, T>> {
        let a = if self.bytes.one_in(4) { self.var()? } else { self.ranked(2)? };
        let n = last(&a.shape()?, 1);
        if self.bytes.one_in(6) || !self.modest(&[a], &[n]) || n > 16 {
            return Ok(a);
        }
        let wide: Vec<T> =
            (0..n * n).map(|i| T::from_f64(if i % (n + 1) == 0 { 50.0 } else { 0.0 })).collect();
        let wide = tensor::ndarray::Array2::from_shape_vec((n, n), wide).expect("n rows of n");
        a.matmul_nt(a)?.add(self.tape.constant(&wide)?)
    }

    fn expression(&mut self) -> String {
        if !self.bytes.one_in(3) {
            return self.bytes.pick(&EXPRESSIONS).to_string();
        }
        let letters = b"aabbcijk,,,->.. Z1";
        (0..self.bytes.below(12)).map(|_| char::from(self.bytes.pick(letters))).collect()
    }
}
