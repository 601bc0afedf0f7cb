//! Functions of one number, applied to every element.

use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes, Sink};
use crate::pointwise::{Piece, Pointwise};
use crate::{Element, Result, Shape};
use std::fmt;

/// An elementwise function: its value, and its derivative given the input `x` and the output `y`.
pub(crate) trait Unary<T: Element>: Copy + Send + Sync + fmt::Debug + 'static {
    const NAME: &'static str;
    fn value(self, x: T) -> T;
    fn slope(self, x: T, y: T) -> T;

    /// The values of a piece of an array.
    #[inline]
    fn values(self, out: &mut [T], x: &[T]) {
        kernels::map1(out, Write::Store, x, move |x| self.value(x));
    }

    /// Contributes the gradient of a piece of an array.
    #[inline]
    fn gradient(self, sink: Sink<'_, T>, g: &[T], x: &[T], y: &[T]) {
        sink.map3((g, x, y), move |g, x, y| chain(g, self.slope(x, y)));
    }
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
        self.0.values(out.values, inputs.get(0).values);
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        if let Some(sink) = step.grads.of(0) {
            self.0.gradient(sink, &step.upstream, step.inputs.get(0).values, step.output.values);
        }
        Ok(())
    }

    fn pointwise(&self) -> Option<&dyn Pointwise<T>> {
        Some(self)
    }
}

impl<T: Element, U: Unary<T>> Pointwise<T> for Map<U> {
    fn values(&self, inputs: &[&[T]], out: &mut [T]) {
        self.0.values(out, inputs[0]);
    }

    fn gradient(&self, _: usize, piece: Piece<'_, T>, sink: Sink<'_, T>) {
        self.0.gradient(sink, piece.upstream, piece.inputs[0], piece.output);
    }
}

/// Elements per round of [`compose`]: intermediate results stay in the nearest cache.
const TILE: usize = 256;

/// Slices that a function is applied to: from the second to the first.
pub(crate) type Vectorised<T> = fn(&mut [T], &[T]);

/// `out (+)= outer(g, x, inner(argument(x)))`, where `inner` is fast for slices.
pub(crate) fn compose<T: Element>(
    (out, write): (&mut [T], Write),
    (g, x): (&[T], &[T]),
    argument: impl Fn(T) -> T + Copy,
    inner: Vectorised<T>,
    outer: impl Fn(T, T, T) -> T + Copy,
) {
    let (mut arguments, mut images) = ([T::zero(); TILE], [T::zero(); TILE]);
    for ((out, g), x) in out.chunks_mut(TILE).zip(g.chunks(TILE)).zip(x.chunks(TILE)) {
        let (arguments, images) = (&mut arguments[..x.len()], &mut images[..x.len()]);
        kernels::map1(arguments, Write::Store, x, argument);
        inner(images, arguments);
        kernels::map3(out, write, (g, x, images), outer);
    }
}

/// `values[i] = f(values[i])`, where `f` is fast for slices.
pub(crate) fn in_place<T: Element>(values: &mut [T], f: Vectorised<T>) {
    let mut arguments = [T::zero(); TILE];
    for values in values.chunks_mut(TILE) {
        let arguments = &mut arguments[..values.len()];
        arguments.copy_from_slice(values);
        f(values, arguments);
    }
}

/// `ln(1 + e^a)` for `a <= 0`.
pub(crate) fn ln_1p_exp<T: Element>(out: &mut [T], a: &[T]) {
    let mut powers = [T::zero(); TILE];
    for (out, a) in out.chunks_mut(TILE).zip(a.chunks(TILE)) {
        let powers = &mut powers[..a.len()];
        T::exp_all(powers, a);
        T::ln_1p_all(out, powers);
    }
}

/// `g * slope`, but 0 where nothing is asked: an infinite slope in a branch that was not taken must not
/// turn into NaN.
#[inline(always)]
pub(crate) fn chain<T: Element>(g: T, slope: T) -> T {
    let product = g * slope;
    if g.is_zero() { g } else { product }
}

/// Declares functions: doc, name, value, derivative, a point for the example (argument, value, slope), and
/// methods for slices that are faster than one element after the other.
macro_rules! unary {
    ($(
        $(#[$doc:meta])*
        $name:ident = $op:ident, |$x:ident| $value:expr, |$a:pat_param, $b:pat_param| $slope:expr,
        $point:literal => $at:expr, $rise:expr $(, { $($methods:tt)* })?;
    )*) => {
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

                $($($methods)*)?
            }
        )*

        #[allow(clippy::should_implement_trait, reason = "the operators panic where the methods return an error")]
        impl<'t, T: Element> Var<'t, T> {
            $(
                $(#[$doc])*
                ///
                /// ```
                /// # use tensor::{Tape, ndarray::array};
                /// let tape = Tape::<f64>::new();
                #[doc = concat!("let x = tape.var(&array![", stringify!($point), "])?;")]
                #[doc = concat!("let y = x.", stringify!($name), "()?;")]
                #[doc = concat!("assert_eq!(y.item()?, ", stringify!($at), ");")]
                #[doc = concat!(
                    "assert_eq!(tape.backward(y)?.wrt(x)?, array![", stringify!($rise), "].into_dyn());"
                )]
                /// # Ok::<(), tensor::Error>(())
                /// ```
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

pub(crate) use unary;

/// Declares functions with settings: doc, name, fields, value and derivative of `self`, and methods for slices.
macro_rules! unary_with {
    ($(
        $(#[$doc:meta])*
        $name:ident = $op:ident { $($field:ident),+ },
        |$this:ident, $x:ident| $value:expr, |$that:ident, $a:pat_param, $b:pat_param| $slope:expr
        $(, { $($methods:tt)* })?;
    )*) => {
        $(
            #[derive(Debug, Clone, Copy)]
            struct $op<T> {
                $($field: T),+
            }

            impl<T: Element> Unary<T> for $op<T> {
                const NAME: &'static str = stringify!($name);

                #[inline(always)]
                fn value(self, $x: T) -> T {
                    let $this = self;
                    $value
                }

                #[inline(always)]
                fn slope(self, $a: T, $b: T) -> T {
                    let $that = self;
                    $slope
                }

                $($($methods)*)?
            }
        )*
    };
}

pub(crate) use unary_with;
