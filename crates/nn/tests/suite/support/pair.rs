//! A small model whose loss every optimizer can lower, and gradients that a test chooses.

use nn::{Fields, GradientMap, Result, fields};
use tensor::ndarray::{ArrayD, array};
use tensor::{Element, Gradients, Param, ParamId, Tape};

/// `tanh(x w + b)`.
#[derive(Debug, Clone)]
pub(crate) struct Pair<T: Element> {
    pub(crate) weight: Param<T>,
    pub(crate) bias: Param<T>,
}

fields!(Pair: weight, bias);

impl<T: Element> Pair<T> {
    /// With first values that have nothing in common.
    pub(crate) fn new() -> Self {
        let weight = array![[0.3, -0.2], [-0.5, 0.4]].mapv(T::from_f64);
        let bias = array![0.1, -0.3].mapv(T::from_f64);
        let (weight, bias) = (Param::new(&weight), Param::new(&bias));
        Self { weight: weight.expect("few axes"), bias: bias.expect("few axes") }
    }

    /// The gradients of the mean square of `tanh(x w + b) - y`.
    pub(crate) fn gradients<'t>(
        &self,
        tape: &'t mut Tape<T>,
        x: &ArrayD<T>,
        y: &ArrayD<T>,
    ) -> Result<Gradients<'t, T>> {
        tape.reset();
        let (weight, bias) = (tape.param(&self.weight)?, tape.param(&self.bias)?);
        let found = tape.constant(x)?.matmul(weight)?.add(bias)?.tanh()?;
        Ok(tape.backward(found.sub(tape.constant(y)?)?.square()?.mean()?)?)
    }

    /// All values, one parameter after the other.
    pub(crate) fn values(&self) -> Vec<T> {
        values(self)
    }
}

/// All parameters' values, one after the other.
pub(crate) fn values<T: Element>(model: &dyn Fields<T>) -> Vec<T> {
    let mut values = Vec::new();
    model.each(&mut |_, field| values.extend_from_slice(field.param.values()));
    values
}

/// Five rows of inputs and of targets.
pub(crate) fn rows<T: Element>() -> (ArrayD<T>, ArrayD<T>) {
    let number = |k: usize| T::from_f64((k as f64 * 2.4).sin());
    let rows = |first: usize| ArrayD::from_shape_fn(vec![5, 2], |at| number(first + 2 * at[0] + at[1]));
    (rows(1), rows(40))
}

/// Gradients that a test chooses.
#[derive(Debug, Clone)]
pub(crate) struct Given<T>(pub(crate) Vec<(ParamId, Vec<T>)>);

impl<T: Element> Given<T> {
    pub(crate) fn new(param: &Param<T>, gradient: &[f64]) -> Self {
        Self(Vec::new()).and(param, gradient)
    }

    pub(crate) fn and(mut self, param: &Param<T>, gradient: &[f64]) -> Self {
        self.0.push((param.id(), gradient.iter().map(|&g| T::from_f64(g)).collect()));
        self
    }
}

impl<T: Element> GradientMap<T> for Given<T> {
    fn of(&self, param: &Param<T>) -> Option<&[T]> {
        self.0.iter().find(|(id, _)| *id == param.id()).map(|(_, gradient)| &**gradient)
    }
}

/// Every number to 1e-9 in f64 and 3e-7 in f32, relative where it is larger than 1.
pub(crate) fn expect<T: Element>(name: &str, got: &[T], want: &[f64]) {
    let tolerance = if size_of::<T>() == 4 { 3e-7 } else { 1e-9 };
    assert_eq!(got.len(), want.len(), "{name}");
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        let far = (got.to_f64() - want).abs() > tolerance * want.abs().max(1.0);
        assert!(!far && !got.is_nan(), "{name}: {got} at {at}, expected {want}");
    }
}
