//! Functions of one number that mathematics names.

use super::elementwise::{Map, Unary, chain, compose, unary, unary_with};
use crate::op::Sink;
use crate::{Element, Result, Var};
use std::f64::consts::FRAC_2_SQRT_PI;

fn half<T: Element>() -> T {
    T::from_f64(0.5)
}

/// `√(1 - x²)`
fn co<T: Element>(x: T) -> T {
    (T::one() - x * x).sqrt()
}

unary! {
    /// `-x` of every element; derivative -1.
    neg = Neg, |x| -x, |_, _| -T::one(), 3.0 => -3.0, -1.0;

    /// The absolute value of every element; derivative -1 or 1, and 0 at 0.
    abs = Abs, |x| x.abs(), |x, _| x.sign(), -3.0 => 3.0, -1.0;

    /// -1, 0 or 1 by the sign of every element; derivative 0.
    sign = Sign, |x| x.sign(), |_, _| T::zero(), -3.0 => -1.0, 0.0;

    /// The square root of every element, NaN for a negative one; derivative `1 / (2 y)`, infinite at 0.
    sqrt = Sqrt, |x| x.sqrt(), |_, y| half::<T>() / y, 4.0 => 2.0, 0.25;

    /// `1 / √x` of every element; derivative `-y³ / 2`.
    rsqrt = Rsqrt, |x| T::one() / x.sqrt(), |_, y| -half::<T>() * (y * y * y), 4.0 => 0.5, -0.0625;

    /// `x²` of every element; derivative `2 x`.
    square = Square, |x| x * x, |x, _| x + x, 3.0 => 9.0, 6.0;

    /// `e^x` of every element; derivative `e^x`. Of `f32` within 1.2 units of the last place.
    exp = Exp, |x| x.exp(), |_, y| y, 0.0 => 1.0, 1.0, {
        fn values(self, out: &mut [T], x: &[T]) {
            T::exp_all(out, x);
        }
    };

    /// `e^x - 1` of every element, without the loss of digits near 0; derivative `e^x`. Of `f32` within 1.6
    /// units of the last place.
    expm1 = Expm1, |x| x.exp_m1(), |_, y| y + T::one(), 0.0 => 0.0, 1.0, {
        fn values(self, out: &mut [T], x: &[T]) {
            T::exp_m1_all(out, x);
        }
    };

    /// The natural logarithm of every element, -inf for 0 and NaN for a negative one; derivative `1 / x`. Of
    /// `f32` within 0.9 units of the last place.
    ln = Ln, |x| x.ln(), |x, _| T::one() / x, 1.0 => 0.0, 1.0, {
        fn values(self, out: &mut [T], x: &[T]) {
            T::ln_all(out, x);
        }
    };

    /// `ln(1 + x)` of every element, without the loss of digits near 0; derivative `1 / (1 + x)`. Of `f32`
    /// within 2 units of the last place.
    log1p = Log1p, |x| x.ln_1p(), |x, _| T::one() / (T::one() + x), 0.0 => 0.0, 1.0, {
        fn values(self, out: &mut [T], x: &[T]) {
            T::ln_1p_all(out, x);
        }
    };

    /// The sine of every element, in radians; derivative `cos x`.
    sin = Sin, |x| x.sin(), |x, _| x.cos(), 0.0 => 0.0, 1.0;

    /// The cosine of every element, in radians; derivative `-sin x`.
    cos = Cos, |x| x.cos(), |x, _| -x.sin(), 0.0 => 1.0, 0.0;

    /// The tangent of every element, in radians; derivative `1 + y²`.
    tan = Tan, |x| x.tan(), |_, y| T::one() + y * y, 0.0 => 0.0, 1.0;

    /// The inverse sine of every element, in radians, NaN outside of [-1, 1]; derivative `1 / √(1 - x²)`.
    asin = Asin, |x| x.asin(), |x, _| T::one() / co(x), 0.0 => 0.0, 1.0;

    /// The inverse cosine of every element, in radians, NaN outside of [-1, 1]; derivative
    /// `-1 / √(1 - x²)`.
    acos = Acos, |x| x.acos(), |x, _| -T::one() / co(x), 0.0 => std::f64::consts::FRAC_PI_2, -1.0;

    /// The inverse tangent of every element, in radians; derivative `1 / (1 + x²)`.
    atan = Atan, |x| x.atan(), |x, _| T::one() / (T::one() + x * x), 0.0 => 0.0, 1.0;

    /// The hyperbolic sine of every element; derivative `cosh x`.
    sinh = Sinh, |x| x.sinh(), |x, _| x.cosh(), 0.0 => 0.0, 1.0;

    /// The hyperbolic cosine of every element; derivative `sinh x`.
    cosh = Cosh, |x| x.cosh(), |x, _| x.sinh(), 0.0 => 1.0, 0.0;

    /// The hyperbolic tangent of every element; derivative `1 - y²`. Of `f32` within 2 units of the last
    /// place.
    tanh = Tanh, |x| x.tanh(), |_, y| T::one() - y * y, 0.0 => 0.0, 1.0, {
        fn values(self, out: &mut [T], x: &[T]) {
            T::tanh_all(out, x);
        }
    };

    /// The error function `2/√π ∫₀ˣ e^-t² dt` of every element; derivative `2/√π e^-x²`. Of `f32` within 1.5
    /// units of the last place.
    erf = Erf, |x| x.erf(), |x, _| T::from_f64(FRAC_2_SQRT_PI) * (-(x * x)).exp(),
        0.0 => 0.0, std::f64::consts::FRAC_2_SQRT_PI, {
        fn values(self, out: &mut [T], x: &[T]) {
            T::erf_all(out, x);
        }
        fn gradient(self, sink: Sink<'_, T>, g: &[T], x: &[T], _: &[T]) {
            let slope = |g, _, power| chain(g, T::from_f64(FRAC_2_SQRT_PI) * power);
            compose(sink.parts(), (g, x), |x| -(x * x), T::exp_all, slope);
        }
    };

    /// The largest whole number not above every element; derivative 0.
    floor = Floor, |x| x.floor(), |_, _| T::zero(), 2.5 => 2.0, 0.0;

    /// The smallest whole number not below every element; derivative 0.
    ceil = Ceil, |x| x.ceil(), |_, _| T::zero(), 2.5 => 3.0, 0.0;

    /// The nearest whole number to every element, halves to the even one; derivative 0.
    round = Round, |x| x.round_ties_even(), |_, _| T::zero(), 2.5 => 2.0, 0.0;
}

unary_with! {
    scale = Scale { factor }, |op, x| x * op.factor, |op, _, _| op.factor;
    shift = Shift { summand }, |op, x| x + op.summand, |_op, _, _| T::one();
    powf = Powf { exponent }, |op, x| x.powf(op.exponent), |op, x, _| power_slope(x, op.exponent);
    clamp = Clamp { low, high }, |op, x| clamped(x, op.low, op.high), |op, x, _| inside(x, op.low, op.high);
}

/// The derivative of `x^e`, without `0 * ∞` for an exponent of 0.
#[inline(always)]
pub(crate) fn power_slope<T: Element>(x: T, exponent: T) -> T {
    if exponent.is_zero() { exponent } else { exponent * x.powf(exponent - T::one()) }
}

/// NaN is below nothing and above nothing, and stays.
#[inline(always)]
fn clamped<T: Element>(x: T, low: T, high: T) -> T {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

#[inline(always)]
fn inside<T: Element>(x: T, low: T, high: T) -> T {
    if x > low && x < high { T::one() } else { T::zero() }
}

impl<'t, T: Element> Var<'t, T> {
    /// `x * factor` of every element; derivative `factor`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0])?;
    /// assert_eq!(x.scale(2.0)?.item()?, 6.0);
    /// assert_eq!((x * 2.0).item()?, 6.0);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`neg`](Self::neg).
    pub fn scale(self, factor: T) -> Result<Self> {
        self.unary(Map(Scale { factor }))
    }

    /// `x + summand` of every element; derivative 1.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0])?;
    /// assert_eq!(x.shift(2.0)?.item()?, 5.0);
    /// assert_eq!((x + 2.0).item()?, 5.0);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`neg`](Self::neg).
    pub fn shift(self, summand: T) -> Result<Self> {
        self.unary(Map(Shift { summand }))
    }

    /// `x` to a power that is a plain number; derivative `e x^(e-1)`, 0 for an exponent of 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0])?;
    /// let y = x.powf(2.0)?;
    /// assert_eq!(y.item()?, 9.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![6.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`neg`](Self::neg).
    pub fn powf(self, exponent: T) -> Result<Self> {
        self.unary(Map(Powf { exponent }))
    }

    /// Every element moved into `[low, high]`; derivative 1 strictly inside, 0 at the bounds and outside.
    ///
    /// For one bound alone give an infinite other one. NaN stays NaN.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![-5.0, 0.5, 1.0])?;
    /// let y = x.clamp(0.0, 1.0)?;
    /// assert_eq!(y.value()?, array![0.0, 0.5, 1.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![0.0, 1.0, 0.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) unless `low <= high`; otherwise as
    /// [`neg`](Self::neg).
    pub fn clamp(self, low: T, high: T) -> Result<Self> {
        if low <= high {
            return self.unary(Map(Clamp { low, high }));
        }
        let expected = "a lower bound that is not above the upper one";
        Err(crate::ErrorKind::Value { op: "clamp", expected, got: low.to_f64() }.into())
    }
}
