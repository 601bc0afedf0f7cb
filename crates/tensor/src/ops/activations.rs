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
    gelu = Gelu, |x| x * normal(within(x).erf()), |x, _| normal(within(x).erf()) + x * density(exponent(x).exp()), 0.0 => 0.0, 0.5, {
        fn values(self, out: &mut [T], x: &[T]) {
            compose((out, Write::Store), (x, x), within, T::erf_all, |_, x, erf| x * normal(erf));
        }
        fn gradient(self, sink: Sink<'_, T>, g: &[T], x: &[T], _: &[T]) {
            compose(sink.parts(), (g, x), |x| x, gelu_slopes, |g, _, slope| chain(g, slope));
        }
    };

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

/// `x/√2`, of which the normal distribution takes the error function.
#[inline(always)]
fn within<T: Element>(x: T) -> T {
    x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)
}

/// The normal distribution function at x, given `erf(within(x))`.
#[inline(always)]
fn normal<T: Element>(erf: T) -> T {
    half::<T>() * (T::one() + erf)
}

/// `-x²/2`, of which the normal density takes the power.
#[inline(always)]
fn exponent<T: Element>(x: T) -> T {
    -half::<T>() * x * x
}

/// The normal density at x, given `e^exponent(x)`.
#[inline(always)]
fn density<T: Element>(power: T) -> T {
    T::from_f64(0.398_942_280_401_432_7) * power
}

/// The derivative of gelu, for slices.
fn gelu_slopes<T: Element>(out: &mut [T], x: &[T]) {
    let x_and_density = |_, x, power| x * density(power);
    compose((out, Write::Store), (x, x), exponent, T::exp_all, x_and_density);
    compose((out, Write::Add), (x, x), within, T::erf_all, |_, _, erf| normal(erf));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels;

    /// The slice methods against the functions of one number, over pieces of every kind.
    fn compare<U: Unary<f32>>(op: U) {
        let x: Vec<f32> =
            (0..700).map(|i| (i as f32 - 350.0) * 0.11).chain([f32::NAN, -0.0, 120.0]).collect();
        let whole = |x: &[f32]| {
            let mut y = vec![0.0; x.len()];
            op.values(&mut y, x);
            y
        };
        let y = whole(&x);
        let near = |a: f32, b: f32| (a.is_nan() && b.is_nan()) || (a - b).abs() <= 2e-6 * b.abs().max(0.1);
        for (&x, &y) in x.iter().zip(&y) {
            assert!(near(y, op.value(x)), "{}({x}) is {y} instead of {}", U::NAME, op.value(x));
        }
        for piece in [1, 5, 31, 33, 256, 300] {
            let pieces: Vec<u32> = x.chunks(piece).flat_map(whole).map(f32::to_bits).collect();
            assert!(pieces.iter().zip(&y).all(|(&a, b)| a == b.to_bits()), "{} by {piece}", U::NAME);
        }
        let tape = crate::Tape::new();
        let leaf = tape.var(&ndarray::arr1(&x)).unwrap();
        let gradients = tape.backward(leaf.unary(Map(op)).unwrap().sum().unwrap()).unwrap();
        let mut slopes = vec![0.0; x.len()];
        kernels::map2(&mut slopes, Write::Store, &x, &y, |x, y| op.slope(x, y));
        for (i, &got) in gradients.wrt(leaf).unwrap().iter().enumerate() {
            assert!(near(got, slopes[i]), "{}'({}) is {got} instead of {}", U::NAME, x[i], slopes[i]);
        }
    }

    #[test]
    fn slices_equal_single_numbers() {
        compare(Relu);
        compare(Sigmoid);
        compare(LogSigmoid);
        compare(Silu);
        compare(Gelu);
        compare(GeluTanh);
        compare(Elu { alpha: 0.7 });
        compare(Softplus { beta: 1.3 });
    }
}
