//! Arithmetic on two arrays that are broadcast against each other, and the operators `+ - * /`.

use super::elementwise::chain;
use super::functions::power_slope;
use crate::broadcast::{broadcast, reduce, zip};
use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes, Sink};
use crate::pointwise::{Piece, Pointwise};
use crate::{Element, Result, Shape, Var};
use std::{fmt, ops};

/// An elementwise function of two numbers: its value and its two derivatives.
pub(crate) trait Binary<T: Element>: Copy + Send + Sync + fmt::Debug + 'static {
    const NAME: &'static str;
    /// Operands whose gradient is that of the result.
    const PASSES: [bool; 2] = [false; 2];
    fn value(self, a: T, b: T) -> T;
    fn slopes(self, a: T, b: T) -> [T; 2];

    /// The gradients of both operands for the gradient of the result: a product, or a choice.
    #[inline(always)]
    fn back(self, g: T, a: T, b: T) -> [T; 2] {
        self.slopes(a, b).map(|slope| chain(g, slope))
    }
}

/// The loops, the broadcasting, the accumulation and the tape entry of every such function.
#[derive(Debug)]
pub(crate) struct Zip<B>(pub(crate) B);

impl<T: Element, B: Binary<T>> Op<T> for Zip<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [a, b] = inputs.exactly(B::NAME)?;
        broadcast(B::NAME, a, b)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (f, a, b) = (self.0, inputs.get(0), inputs.get(1));
        if a.shape == b.shape {
            self.values(&[a.values, b.values], out.values);
        } else {
            zip(out.values, out.shape, (a, b), |_, a, b| f.value(a, b));
        }
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (f, a, b) = (self.0, step.inputs.get(0), step.inputs.get(1));
        let shape = step.output.shape;
        for side in 0..2 {
            let Some(sink) = step.grads.of(side) else { continue };
            if a.shape == b.shape {
                let (inputs, output) = (&[a.values, b.values][..], step.output.values);
                self.gradient(side, Piece { inputs, output, upstream: &step.upstream }, sink);
                continue;
            }
            let gradient = step.scratch.take(step.upstream.len());
            gradient.copy_from_slice(&step.upstream);
            zip(gradient, shape, (a, b), |g, a, b| f.back(g, a, b)[side]);
            reduce(sink, gradient, shape, step.inputs.get(side).shape);
        }
        Ok(())
    }

    fn pointwise(&self) -> Option<&dyn Pointwise<T>> {
        Some(self)
    }
}

impl<T: Element, B: Binary<T>> Pointwise<T> for Zip<B> {
    fn passes(&self, input: usize) -> bool {
        B::PASSES[input]
    }

    fn values(&self, inputs: &[&[T]], out: &mut [T]) {
        let f = self.0;
        kernels::map2(out, Write::Store, inputs[0], inputs[1], move |a, b| f.value(a, b));
    }

    fn gradient(&self, input: usize, piece: Piece<'_, T>, sink: Sink<'_, T>) {
        let (f, Piece { inputs, upstream, .. }) = (self.0, piece);
        // A constant side, so that the loop computes one derivative alone.
        let operands = (upstream, inputs[0], inputs[1]);
        if input == 0 {
            sink.map3(operands, move |g, a, b| f.back(g, a, b)[0]);
        } else {
            sink.map3(operands, move |g, a, b| f.back(g, a, b)[1]);
        }
    }
}

/// Declares functions: doc, name, value and the two derivatives.
macro_rules! binary {
    ($(
        $(#[$doc:meta])*
        $name:ident = $op:ident, |$a:ident, $b:ident| $value:expr, $slopes:expr $(, passes $passes:expr)?;
    )*) => {
        $(
            #[derive(Debug, Clone, Copy)]
            struct $op;

            impl<T: Element> Binary<T> for $op {
                const NAME: &'static str = stringify!($name);
                $(const PASSES: [bool; 2] = $passes;)?

                #[inline(always)]
                fn value(self, $a: T, $b: T) -> T {
                    $value
                }

                #[inline(always)]
                fn slopes(self, $a: T, $b: T) -> [T; 2] {
                    // A sum's derivatives read neither operand.
                    let _ = ($a, $b);
                    $slopes
                }
            }
        )*

        #[allow(clippy::should_implement_trait, reason = "the operators panic where the methods return an error")]
        impl<'t, T: Element> Var<'t, T> {
            $(
                $(#[$doc])*
                ///
                /// The shapes are broadcast: axes are matched from the last, and one of length 1 repeats; a
                /// gradient is summed over the repetitions.
                ///
                /// # Errors
                /// [`ErrorKind::Shapes`](crate::ErrorKind::Shapes) for shapes that do not broadcast,
                /// [`ErrorKind::OtherTape`](crate::ErrorKind::OtherTape) for a variable of another tape.
                pub fn $name(self, other: Var<'_, T>) -> Result<Self> {
                    self.binary(Zip($op), other)
                }
            )*
        }
    };
}

pub(crate) use binary;

binary! {
    /// `a + b` elementwise; derivatives 1 and 1.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(&array![[1.0], [2.0]])?;
    /// let b = tape.var(&array![10.0, 20.0])?;
    /// let y = a.add(b)?;
    /// assert_eq!(y.value()?, array![[11.0, 21.0], [12.0, 22.0]].into_dyn());
    /// let gradients = tape.backward(y.sum()?)?;
    /// assert_eq!(gradients.wrt(a)?, array![[2.0], [2.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    add = Add, |a, b| a + b, [T::one(), T::one()], passes [true, true];

    /// `a - b` elementwise; derivatives 1 and -1.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![5.0])?, tape.var(&array![3.0])?);
    /// let y = a.sub(b)?;
    /// assert_eq!(y.item()?, 2.0);
    /// assert_eq!(tape.backward(y)?.wrt(b)?, array![-1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    sub = Sub, |a, b| a - b, [T::one(), -T::one()], passes [true, false];

    /// `a b` elementwise; derivatives b and a.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![5.0])?, tape.var(&array![3.0])?);
    /// let y = a.mul(b)?;
    /// assert_eq!(y.item()?, 15.0);
    /// assert_eq!(tape.backward(y)?.wrt(b)?, array![5.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    mul = Mul, |a, b| a * b, [b, a];

    /// `a / b` elementwise; derivatives `1/b` and `-a/b²`. Division by 0 follows IEEE 754.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![6.0])?, tape.var(&array![2.0])?);
    /// let y = a.div(b)?;
    /// assert_eq!(y.item()?, 3.0);
    /// assert_eq!(tape.backward(y)?.wrt(b)?, array![-1.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    div = Div, |a, b| a / b, [T::one() / b, -(a / b) / b];

    /// `a` to the power of `b` elementwise; derivatives `b a^(b-1)` (0 for b = 0) and `a^b ln a` (0 for
    /// a = 0 and b >= 0).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![3.0])?, tape.var(&array![2.0])?);
    /// let y = a.pow(b)?;
    /// assert_eq!(y.item()?, 9.0);
    /// assert_eq!(tape.backward(y)?.wrt(a)?, array![6.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    pow = Pow, |a, b| a.powf(b), [power_slope(a, b), log_slope(a, b)];

    /// The angle in radians of the point (b, a), the inverse tangent of `a / b` in the right quadrant;
    /// derivatives `b / (a² + b²)` and `-a / (a² + b²)`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![0.0])?, tape.var(&array![2.0])?);
    /// let y = a.atan2(b)?;
    /// assert_eq!(y.item()?, 0.0);
    /// assert_eq!(tape.backward(y)?.wrt(a)?, array![0.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    atan2 = Atan2, |a, b| a.atan2(b), [b / (a * a + b * b), -a / (a * a + b * b)];
}

/// The derivative of `a^b` by b, without `0 * -∞` at a = 0.
#[inline(always)]
fn log_slope<T: Element>(a: T, b: T) -> T {
    if a == T::zero() && b >= T::zero() { T::zero() } else { a.powf(b) * a.ln() }
}

macro_rules! operators {
    ($($operator:ident $method:ident, $scalar:expr;)*) => {
        $(
            impl<'t, T: Element> ops::$operator for Var<'t, T> {
                type Output = Self;

                #[doc = concat!("[`Var::", stringify!($method), "`] as an operator.")]
                ///
                /// # Panics
                /// With the text of the error that the method returns.
                fn $method(self, other: Self) -> Self {
                    Var::$method(self, other).unwrap_or_else(|error| panic!("{error}"))
                }
            }

            impl<'t, T: Element> ops::$operator<T> for Var<'t, T> {
                type Output = Self;

                /// The operator with a number on the right.
                ///
                /// # Panics
                /// With the text of the error that [`Var::scale`] or [`Var::shift`] returns.
                fn $method(self, other: T) -> Self {
                    let f: fn(Self, T) -> Result<Self> = $scalar;
                    f(self, other).unwrap_or_else(|error| panic!("{error}"))
                }
            }
        )*
    };
}

operators! {
    Add add, |a, b| a.shift(b);
    Sub sub, |a, b| a.shift(-b);
    Mul mul, |a, b| a.scale(b);
    Div div, |a, b| a.scale(T::one() / b);
}

impl<T: Element> ops::Neg for Var<'_, T> {
    type Output = Self;

    /// [`Var::neg`] as an operator.
    ///
    /// # Panics
    /// With the text of the error that the method returns.
    fn neg(self) -> Self {
        Var::neg(self).unwrap_or_else(|error| panic!("{error}"))
    }
}
