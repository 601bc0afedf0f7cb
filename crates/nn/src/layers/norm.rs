//! What normalisations share.

use crate::{ErrorKind, Result};
use tensor::ndarray::ArrayD;
use tensor::{Element, Param, Shape, Var};

/// Refuses a size of 0.
pub(super) fn check_size(owner: &'static str, name: &'static str, size: usize) -> Result<()> {
    if size > 0 {
        return Ok(());
    }
    Err(ErrorKind::Setting { owner, name, expected: "positive", got: 0.0 }.into())
}

/// Refuses what cannot be added to a variance.
pub(super) fn check_eps(owner: &'static str, got: f64) -> Result<()> {
    if got >= 0.0 && got.is_finite() {
        return Ok(());
    }
    Err(ErrorKind::Setting { owner, name: "eps", expected: "finite and not negative", got }.into())
}

/// Refuses the shape of what is normalised together if it has no axes or no elements.
pub(super) fn check_normalized(owner: &'static str, shape: &[usize]) -> Result<()> {
    if !shape.is_empty() && !shape.contains(&0) {
        return Ok(());
    }
    let expected = "at least one axis to normalise over, none of length 0".to_owned();
    Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into())
}

/// Refuses an input whose last axes are not those that are normalised over.
pub(super) fn check_last_axes(owner: &'static str, shape: &Shape, last: &[usize]) -> Result<()> {
    if shape.ends_with(last) {
        return Ok(());
    }
    let expected = format!("{last:?} as the last axes");
    Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into())
}

/// A parameter with one value everywhere, if it is asked for.
pub(super) fn filled<T: Element>(wanted: bool, shape: &[usize], x: f64) -> Result<Option<Param<T>>> {
    Ok(wanted.then(|| Param::new(&ArrayD::from_elem(shape, T::from_f64(x)))).transpose()?)
}

/// One number a channel, `[c]`, as `[c, 1, ..]` for an input `[n, c, ..]` of so many axes.
pub(super) fn per_channel<T: Element>(x: Var<'_, T>, rank: usize) -> Result<Var<'_, T>> {
    if rank <= 2 {
        return Ok(x);
    }
    let mut shape = vec![1; rank - 1];
    shape[0] = x.shape()?.size();
    Ok(x.reshape(&shape)?)
}

/// `x weight + bias` of those that are there, each laid out by `place` first.
pub(super) fn affine<'t, T: Element>(
    x: Var<'t, T>,
    [weight, bias]: [&Option<Param<T>>; 2],
    place: impl Fn(Var<'t, T>) -> Result<Var<'t, T>>,
) -> Result<Var<'t, T>> {
    let tape = x.tape();
    let x = match weight {
        Some(weight) => x.mul(place(tape.param(weight)?)?)?,
        None => x,
    };
    match bias {
        Some(bias) => Ok(x.add(place(tape.param(bias)?)?)?),
        None => Ok(x),
    }
}
