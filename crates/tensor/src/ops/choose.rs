//! Choosing between numbers: the larger and the smaller, comparisons as masks, selection by a mask.
//!
//! A mask is an array of 0 and 1 (any number but 0 counts as true) without a gradient.

use super::arith::{Binary, Zip, binary};
use crate::broadcast::{broadcast, reduce, zip};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, Result, Shape, Var};

fn mask<T: Element>(condition: bool) -> T {
    if condition { T::one() } else { T::zero() }
}

/// Which of two numbers wins: 1 for the first, 0 for the second, a half for a tie.
fn share<T: Element>(first: bool, tie: bool) -> [T; 2] {
    let share = if tie { T::from_f64(0.5) } else { mask(first) };
    [share, T::one() - share]
}

binary! {
    /// The larger of `a` and `b` elementwise, NaN if one of them is; the gradient goes to the larger one and
    /// is shared equally at a tie.
    ///
    /// Against a plain number use [`clamp`](Self::clamp) with one infinite bound, which has derivative 0 at
    /// the bound.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0, 2.0])?, tape.var(&array![3.0, 2.0])?);
    /// let y = a.maximum(b)?;
    /// assert_eq!(y.value()?, array![3.0, 2.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(a)?, array![0.0, 0.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    maximum = Maximum, |a, b| a.larger(b), share(a > b, a == b);

    /// The smaller of `a` and `b` elementwise, NaN if one of them is; the gradient goes to the smaller one
    /// and is shared equally at a tie.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0, 2.0])?, tape.var(&array![3.0, 2.0])?);
    /// let y = a.minimum(b)?;
    /// assert_eq!(y.value()?, array![1.0, 2.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(a)?, array![1.0, 0.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    minimum = Minimum, |a, b| a.smaller(b), share(a < b, a == b);

    /// 1 where `a = b`, else 0; derivatives 0. NaN equals nothing.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0, 2.0])?, tape.constant(&array![2.0])?);
    /// assert_eq!(a.equal(b)?.value()?, array![0.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    equal = Equal, |a, b| mask(a == b), [T::zero(); 2];

    /// 1 where `a` differs from `b`, else 0; derivatives 0. NaN differs from everything.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0, 2.0])?, tape.constant(&array![2.0])?);
    /// assert_eq!(a.not_equal(b)?.value()?, array![1.0, 0.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    not_equal = NotEqual, |a, b| mask(a != b), [T::zero(); 2];

    /// 1 where `a > b`, else 0; derivatives 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0, 2.0])?, tape.constant(&array![1.0])?);
    /// assert_eq!(a.greater(b)?.value()?, array![0.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    greater = Greater, |a, b| mask(a > b), [T::zero(); 2];

    /// 1 where `a >= b`, else 0; derivatives 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0, 0.0])?, tape.constant(&array![1.0])?);
    /// assert_eq!(a.greater_equal(b)?.value()?, array![1.0, 0.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    greater_equal = GreaterEqual, |a, b| mask(a >= b), [T::zero(); 2];

    /// 1 where `a < b`, else 0; derivatives 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0, 0.0])?, tape.constant(&array![1.0])?);
    /// assert_eq!(a.less(b)?.value()?, array![0.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    less = Less, |a, b| mask(a < b), [T::zero(); 2];

    /// 1 where `a <= b`, else 0; derivatives 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let (a, b) = (tape.var(&array![1.0, 2.0])?, tape.constant(&array![1.0])?);
    /// assert_eq!(a.less_equal(b)?.value()?, array![1.0, 0.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    less_equal = LessEqual, |a, b| mask(a <= b), [T::zero(); 2];
}

/// `value` where the mask is true, else the element.
#[derive(Debug, Clone, Copy)]
struct MaskedFill<T> {
    value: T,
}

impl<T: Element> Binary<T> for MaskedFill<T> {
    const NAME: &'static str = "masked_fill";

    #[inline(always)]
    fn value(self, x: T, mask: T) -> T {
        if mask == T::zero() { x } else { self.value }
    }

    #[inline(always)]
    fn slopes(self, _: T, condition: T) -> [T; 2] {
        [mask(condition == T::zero()), T::zero()]
    }

    /// A choice, so that nothing of what was filled over gets through.
    #[inline(always)]
    fn back(self, g: T, _: T, condition: T) -> [T; 2] {
        [if condition == T::zero() { g } else { T::zero() }, T::zero()]
    }
}

/// The first operand where the mask is true, else the second.
#[derive(Debug)]
struct Where;

impl<T: Element> Op<T> for Where {
    fn name(&self) -> &'static str {
        "where_cond"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [mask, a, b] = inputs.exactly("where_cond")?;
        broadcast("where_cond", &broadcast("where_cond", mask, a)?, b)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (mask, a, b) = (inputs.get(0), inputs.get(1), inputs.get(2));
        zip(out.values, out.shape, (mask, a), |_, _, a| a);
        zip(out.values, out.shape, (mask, b), |a, mask, b| if mask == T::zero() { b } else { a });
        Ok(())
    }

    // Selects and never multiplies: 0 * NaN would let the branch not taken through.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (mask, shape) = (step.inputs.get(0), step.output.shape);
        for (input, taken) in [(1, true), (2, false)] {
            let Some(sink) = step.grads.of(input) else { continue };
            let gradient = step.scratch.take(step.upstream.len());
            gradient.copy_from_slice(&step.upstream);
            let keep = |g, mask| if (mask != T::zero()) == taken { g } else { T::zero() };
            zip(gradient, shape, (mask, mask), |g, mask, _| keep(g, mask));
            reduce(sink, gradient, shape, step.inputs.get(input).shape);
        }
        if let Some(sink) = step.grads.of(0) {
            sink.fill(T::zero());
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// `value` where the mask is true, else the element; the gradient passes where the mask is false.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0])?;
    /// let y = x.masked_fill(tape.constant(&array![1.0, 0.0])?, -7.0)?;
    /// assert_eq!(y.value()?, array![-7.0, 2.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![0.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn masked_fill(self, mask: Var<'_, T>, value: T) -> Result<Self> {
        self.binary(Zip(MaskedFill { value }), mask)
    }

    /// With this array as a mask: `a` where it is true, else `b`, all three broadcast. The gradient goes to
    /// the one that was taken and nothing to the other, whatever its value.
    ///
    /// A derivative that is infinite where the branch was not taken does no harm: it is multiplied by a
    /// gradient of exactly 0, which stays 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![16.0, 0.0])?;
    /// let zero = x.equal(tape.constant(&array![0.0])?)?;
    /// let y = zero.where_cond(x.scale(0.5)?, x.sqrt()?.shift(1.0)?)?;
    /// assert_eq!(y.value()?, array![5.0, 0.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![0.125, 0.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn where_cond(self, a: Var<'_, T>, b: Var<'_, T>) -> Result<Self> {
        self.ternary(Where, a, b)
    }
}
