//! What normalisations share.

use crate::{ErrorKind, Result};
use tensor::ndarray::ArrayD;
use tensor::{Element, Param, Shape, Tape, Var};

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

/// The parameters that are there, on a tape.
pub(super) fn on<'t, T: Element, const N: usize>(
    tape: &'t Tape<T>,
    params: [&Option<Param<T>>; N],
) -> Result<[Option<Var<'t, T>>; N]> {
    let mut vars = [None; N];
    for (var, param) in vars.iter_mut().zip(params) {
        *var = param.as_ref().map(|param| tape.param(param)).transpose()?;
    }
    Ok(vars)
}
