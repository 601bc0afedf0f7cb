//! Activations: functions of one number that networks put between their layers.

use super::elementwise::{Map, Unary, chain, compose, ln_1p_exp, unary, unary_with};
use crate::kernels::Write;
use crate::op::Sink;
use crate::{Element, Result, Var};

unary! {
    /// `max(x, 0)` of every element; derivative 1 where x > 0, else 0 (also at 0). NaN stays NaN.
    relu = Relu, |x| if x < T::zero() { T::zero() } else { x }, |_, y| relu_slope(y), 2.0 => 2.0, 1.0;

    /// `1 / (1 + e^-x)` of every element; derivative `y (1 - y)`. Of `f32` within 2.5 units of the last place.
    sigmoid = Sigmoid, |x| x.sigmoid(), |_, y| y * (T::one() - y), 0.0 => 0.5, 0.25, {
        fn values(self, out: &mut [T], x: &[T]) {
            T::sigmoid_all(out, x);
        }
    };

    /// `ln(1 / (1 + e^-x))` of every element, without overflow; derivative `1 - sigmoid(x)`.
    logsigmoid = LogSigmoid, |x| -softplus(-x), |x, _| (-x).sigmoid(), 0.0 => -2f64.ln(), 0.5, {
        fn values(self, out: &mut [T], x: &[T]) {
            compose((out, Write::Store), (x, x), below, ln_1p_exp, |_, x, tail| -(above(-x) + tail));
        }
        fn gradient(self, sink: Sink<'_, T>, g: &[T], x: &[T], _: &[T]) {
            compose(sink.parts(), (g, x), |x| -x, T::sigmoid_all, |g, _, s| chain(g, s));
        }
    };

    /// `x sigmoid(x)` of every element, also called swish; derivative `s (1 + x (1 - s))` with
    /// `s = sigmoid(x)`.
    silu = Silu, |x| x * x.sigmoid(), |x, _| silu_slope(x, x.sigmoid()), 0.0 => 0.0, 0.5, {
        fn values(self, out: &mut [T], x: &[T]) {
            compose((out, Write::Store), (x, x), |x| x, T::sigmoid_all, |_, x, s| x * s);
        }
        fn gradient(self, sink: Sink<'_, T>, g: &[T], x: &[T], _: &[T]) {
            let slope = |g, x, s| chain(g, silu_slope(x, s));
            compose(sink.parts(), (g, x), |x| x, T::sigmoid_all, slope);
        }
    };

    /// `x Φ(x)` of every element with the normal distribution function Φ; derivative `Φ(x) + x φ(x)`.
    ///
    /// Hendrycks and Gimpel 2016, "Gaussian error linear units".
    gelu = Gelu, |x| x * normal(x), |x, _| normal(x) + x * density(x), 0.0 => 0.0, 0.5;

    /// The approximation `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))` of [`gelu`](Self::gelu) of every
    /// element.
    gelu_tanh = GeluTanh, |x| gelu_tanh(x, inner(x).tanh()), |x, _| gelu_tanh_slope(x, inner(x).tanh()),
        0.0 => 0.0, 0.5, {
        fn values(self, out: &mut [T], x: &[T]) {
            compose((out, Write::Store), (x, x), inner, T::tanh_all, |_, x, t| gelu_tanh(x, t));
        }
        fn gradient(self, sink: Sink<'_, T>, g: &[T], x: &[T], _: &[T]) {
            let slope = |g, x, t| chain(g, gelu_tanh_slope(x, t));
            compose(sink.parts(), (g, x), inner, T::tanh_all, slope);
        }
    };
}

unary_with! {
    leaky_relu = LeakyRelu { below }, |op, x| if x < T::zero() { op.below * x } else { x },
        |op, x, _| if x > T::zero() { T::one() } else { op.below };
    elu = Elu { alpha }, |op, x| if x < T::zero() { op.alpha * x.exp_m1() } else { x },
        |op, x, _| if x > T::zero() { T::one() } else { op.alpha * x.exp() }, {
        fn values(self, out: &mut [T], x: &[T]) {
            let outer = move |_, x, power| {
                let below = self.alpha * power;
                if x < T::zero() { below } else { x }
            };
            compose((out, Write::Store), (x, x), |x| x, T::exp_m1_all, outer);
        }
        fn gradient(self, sink: Sink<'_, T>, g: &[T], x: &[T], _: &[T]) {
            let slope = move |g, x, power| {
                let below = self.alpha * power;
                chain(g, if x > T::zero() { T::one() } else { below })
            };
            compose(sink.parts(), (g, x), |x| x, T::exp_all, slope);
        }
    };
    softplus = Softplus { beta }, |op, x| softplus(op.beta * x) / op.beta,
        |op, x, _| (op.beta * x).sigmoid(), {
        fn values(self, out: &mut [T], x: &[T]) {
            let outer = move |_, x: T, tail| (above(self.beta * x) + tail) / self.beta;
            compose((out, Write::Store), (x, x), move |x| below(self.beta * x), ln_1p_exp, outer);
        }
        fn gradient(self, sink: Sink<'_, T>, g: &[T], x: &[T], _: &[T]) {
            compose(sink.parts(), (g, x), move |x| self.beta * x, T::sigmoid_all, |g, _, s| chain(g, s));
        }
    };
}

fn half<T: Element>() -> T {
    T::from_f64(0.5)
}

/// Relu's derivative from its output: written as a select, since a branch here is mispredicted on half of
/// the elements.
#[inline(always)]
pub(crate) fn relu_slope<T: Element>(y: T) -> T {
    if y > T::zero() { T::one() } else { T::zero() }
}

/// `ln(1 + e^x)`, without overflow, and smooth at 0 for numbers that carry a derivative.
#[inline(always)]
pub(crate) fn softplus<T: Element>(x: T) -> T {
    above(x) + below(x).exp().ln_1p()
}

/// `max(x, 0)`, the part of a softplus that may be large.
#[inline(always)]
fn above<T: Element>(x: T) -> T {
    if x > T::zero() { x } else { T::zero() }
}

/// `-|x|`, whose power is at most 1.
#[inline(always)]
fn below<T: Element>(x: T) -> T {
    if x > T::zero() { -x } else { x }
}

#[inline(always)]
fn silu_slope<T: Element>(x: T, s: T) -> T {
    s * (T::one() + x * (T::one() - s))
}

/// The normal distribution function.
fn normal<T: Element>(x: T) -> T {
    half::<T>() * (T::one() + (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

/// The normal density.
fn density<T: Element>(x: T) -> T {
    T::from_f64(0.398_942_280_401_432_7) * (-half::<T>() * x * x).exp()
}

/// The factor `√(2/π)` and the cubic one of gelu's approximation.
const SLOPE: f64 = 0.797_884_560_802_865_4;
const CUBIC: f64 = 0.044_715;

#[inline(always)]
fn inner<T: Element>(x: T) -> T {
    T::from_f64(SLOPE) * (x + T::from_f64(CUBIC) * x * x * x)
}

/// The value, and below the derivative, given `t = tanh(inner(x))`.
#[inline(always)]
fn gelu_tanh<T: Element>(x: T, t: T) -> T {
    half::<T>() * x * (T::one() + t)
}

#[inline(always)]
fn gelu_tanh_slope<T: Element>(x: T, t: T) -> T {
    let one = T::one();
    let rise = T::from_f64(SLOPE) * (one + T::from_f64(3.0 * CUBIC) * x * x);
    half::<T>() * (one + t) + half::<T>() * x * (one - t * t) * rise
}

impl<'t, T: Element> Var<'t, T> {
    /// `x` where x > 0 and `below * x` elsewhere; derivative 1 or `below` (also at 0).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![-2.0, 3.0])?;
    /// assert_eq!(x.leaky_relu(0.5)?.value()?, array![-1.0, 3.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`relu`](Self::relu).
    pub fn leaky_relu(self, below: T) -> Result<Self> {
        self.unary(Map(LeakyRelu { below }))
    }

    /// `x` where x > 0 and `alpha (e^x - 1)` elsewhere; derivative 1 or `alpha e^x` (also at 0).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![0.0, 3.0])?;
    /// assert_eq!(x.elu(1.0)?.value()?, array![0.0, 3.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`relu`](Self::relu).
    pub fn elu(self, alpha: T) -> Result<Self> {
        self.unary(Map(Elu { alpha }))
    }

    /// `ln(1 + e^(beta x)) / beta`, a smooth relu, without overflow; derivative `sigmoid(beta x)`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![0.0, 800.0])?;
    /// assert_eq!(x.softplus(1.0)?.value()?, array![2f64.ln(), 800.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) unless `beta > 0`; otherwise as
    /// [`relu`](Self::relu).
    pub fn softplus(self, beta: T) -> Result<Self> {
        if beta > T::zero() {
            return self.unary(Map(Softplus { beta }));
        }
        let expected = "a beta above 0";
        Err(crate::ErrorKind::Value { op: "softplus", expected, got: beta.to_f64() }.into())
    }
}
