//! Functions of one number, applied to every element.

use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, Result, Shape, Var, kernels};
use std::fmt;

/// An elementwise function: its value, and its derivative given the input `x` and the output `y`.
pub(crate) trait Unary<T: Element>: Copy + Send + fmt::Debug + 'static {
    const NAME: &'static str;
    fn value(self, x: T) -> T;
    fn slope(self, x: T, y: T) -> T;
}

/// The loops, the accumulation and the tape entry of every elementwise function.
#[derive(Debug)]
pub(crate) struct Map<U>(pub(crate) U);

impl<T: Element, U: Unary<T>> Op<T> for Map<U> {
    fn name(&self) -> &'static str {
        U::NAME
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(U::NAME)?;
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let f = self.0;
        kernels::map1(out.values, kernels::Write::Store, inputs.get(0).values, |x| f.value(x));
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let f = self.0;
        if let Some(sink) = step.grads.of(0) {
            let operands = (&*step.upstream, step.inputs.get(0).values, step.output.values);
            sink.map3(operands, |g, x, y| chain(g, f.slope(x, y)));
        }
        Ok(())
    }
}

/// `g * slope`, but 0 where nothing is asked: an infinite slope in a branch that was not taken must not
/// turn into NaN.
#[inline(always)]
pub(crate) fn chain<T: Element>(g: T, slope: T) -> T {
    let product = g * slope;
    if g.is_zero() { g } else { product }
}

/// Declares functions: doc, name, value and derivative; the sweep of gradient checks reads this list.
macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident = $op:ident, |$x:ident| $value:expr, |$a:pat_param, $b:pat_param| $slope:expr;)*) => {
        $(
            #[derive(Debug, Clone, Copy)]
            struct $op;

            impl<T: Element> Unary<T> for $op {
                const NAME: &'static str = stringify!($name);

                #[inline(always)]
                fn value(self, $x: T) -> T {
                    $value
                }

                #[inline(always)]
                fn slope(self, $a: T, $b: T) -> T {
                    $slope
                }
            }
        )*

        #[expect(clippy::should_implement_trait, reason = "the operators panic where the methods return an error")]
        impl<'t, T: Element> Var<'t, T> {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// [`ErrorKind::Content`](crate::ErrorKind::Content) for indices,
                /// [`ErrorKind::Released`](crate::ErrorKind::Released) for a parameter after `backward`.
                pub fn $name(self) -> Result<Self> {
                    self.unary(Map($op))
                }
            )*
        }
    };
}

unary! {
    /// `max(x, 0)` of every element; derivative 1 where x > 0, else 0 (also at 0). NaN stays NaN.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![-1.0, 0.0, 2.0])?;
    /// let y = x.relu()?;
    /// assert_eq!(y.value()?, array![0.0, 0.0, 2.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![0.0, 0.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    relu = Relu, |x| if x < T::zero() { T::zero() } else { x }, |_, y| relu_slope(y);

    /// `1 / (1 + e^-x)` of every element; derivative `y (1 - y)`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![0.0])?;
    /// let y = x.sigmoid()?;
    /// assert_eq!(y.value()?, array![0.5].into_dyn());
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![0.25].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    sigmoid = Sigmoid, |x| sigmoid(x), |_, y| y * (T::one() - y);

    /// The hyperbolic tangent of every element; derivative `1 - y²`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![0.0])?;
    /// let y = x.tanh()?;
    /// assert_eq!(y.item()?, 0.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    tanh = Tanh, |x| x.tanh(), |_, y| T::one() - y * y;

    /// `e^x` of every element; derivative `e^x`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![0.0])?;
    /// let y = x.exp()?;
    /// assert_eq!(y.item()?, 1.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    exp = Exp, |x| x.exp(), |_, y| y;

    /// The natural logarithm of every element; derivative `1 / x`. 0 gives -inf, a negative number NaN.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0])?;
    /// let y = x.ln()?;
    /// assert_eq!(y.value()?[0], 0.0);
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![1.0, 0.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ln = Ln, |x| x.ln(), |x, _| T::one() / x;

    /// `-x` of every element; derivative -1.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0])?;
    /// let y = x.neg()?;
    /// assert_eq!(y.item()?, -3.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![-1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    neg = Neg, |x| -x, |_, _| -T::one();
}

/// Relu's derivative from its output: written as a select, since a branch here is mispredicted on half of
/// the elements.
#[inline(always)]
pub(crate) fn relu_slope<T: Element>(y: T) -> T {
    if y > T::zero() { T::one() } else { T::zero() }
}

/// The logistic function, without overflow on either side.
#[inline(always)]
pub(crate) fn sigmoid<T: Element>(x: T) -> T {
    let e = (if x > T::zero() { -x } else { x }).exp();
    let small = e / (T::one() + e);
    if x > T::zero() { T::one() - small } else { small }
}

/// `x * factor`
#[derive(Debug, Clone, Copy)]
struct Scale<T>(T);

impl<T: Element> Unary<T> for Scale<T> {
    const NAME: &'static str = "scale";

    #[inline(always)]
    fn value(self, x: T) -> T {
        x * self.0
    }

    #[inline(always)]
    fn slope(self, _: T, _: T) -> T {
        self.0
    }
}

/// `x + summand`
#[derive(Debug, Clone, Copy)]
struct Shift<T>(T);

impl<T: Element> Unary<T> for Shift<T> {
    const NAME: &'static str = "shift";

    #[inline(always)]
    fn value(self, x: T) -> T {
        x + self.0
    }

    #[inline(always)]
    fn slope(self, _: T, _: T) -> T {
        T::one()
    }
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
    /// As [`relu`](Self::relu).
    pub fn scale(self, factor: T) -> Result<Self> {
        self.unary(Map(Scale(factor)))
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
    /// As [`relu`](Self::relu).
    pub fn shift(self, summand: T) -> Result<Self> {
        self.unary(Map(Shift(summand)))
    }
}
