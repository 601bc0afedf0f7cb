//! Normalisations as steps of a program.

use super::machine::{Machine, Number};
use super::operands::last;
use super::table::Step;
use tensor::{Result, Var};

type Optional<'t, T> = Option<Var<'t, T>>;

/// An operand of this shape, or none.
fn maybe<'t, T: Number>(m: &mut Machine<'t, '_, T>, shape: &[usize]) -> Result<Optional<'t, T>> {
    if m.bytes.one_in(3) { Ok(None) } else { Ok(Some(m.shaped(shape)?)) }
}

/// A value and some of its last axes, or other ones.
fn rows<'t, T: Number>(m: &mut Machine<'t, '_, T>) -> Result<(Var<'t, T>, Vec<usize>)> {
    let x = m.var()?;
    let shape = x.shape()?;
    let axes = if m.bytes.one_in(8) { m.bytes.below(5) } else { 1 + m.bytes.below(shape.len().max(1)) };
    let row = if m.bytes.one_in(8) {
        m.bytes.lengths()
    } else {
        shape[shape.len().saturating_sub(axes)..].to_vec()
    };
    Ok((x, row))
}

/// A value, one number for each of its channels or none, twice.
fn channels<'t, T: Number>(m: &mut Machine<'t, '_, T>) -> Result<(Var<'t, T>, usize, [Optional<'t, T>; 2])> {
    let x = m.var()?;
    let shape = x.shape()?;
    let count = if shape.len() > 1 { shape[1] } else { last(&shape, 0) };
    Ok((x, count, [maybe(m, &[count])?, maybe(m, &[count])?]))
}

pub(super) fn normalizations<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let steps: [(&str, Step<T>); 4] = [
        ("layer_norm", |m| {
            let (x, row) = rows(m)?;
            let (weight, bias, eps) = (maybe(m, &row)?, maybe(m, &row)?, m.real());
            m.keep(x.layer_norm(&row, weight, bias, eps))
        }),
        ("rms_norm", |m| {
            let (x, row) = rows(m)?;
            let (weight, eps) = (maybe(m, &row)?, m.real());
            m.keep(x.rms_norm(&row, weight, eps))
        }),
        ("batch_norm", |m| {
            let (x, _, [weight, bias]) = channels(m)?;
            let eps = m.real();
            m.keep(x.batch_norm(weight, bias, eps).map(|(y, _)| y))
        }),
        ("batch_norm_with", |m| {
            let (x, count, [weight, bias]) = channels(m)?;
            let (statistics, eps) = ([m.shaped(&[count])?, m.shaped(&[count])?], m.real());
            m.keep(x.batch_norm_with(statistics, weight, bias, eps))
        }),
    ];
    steps.to_vec()
}
