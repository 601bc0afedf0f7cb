//! The largest and the smallest element, of everything or along some axes.

use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Axes, Element, Result, Shape, Var};

/// The maximum or minimum over some axes.
#[derive(Debug)]
struct Extreme {
    name: &'static str,
    axes: Axes,
    largest: bool,
}

impl<T: Element> Op<T> for Extreme {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.name)?;
        self.axes.reduce_some(self.name, x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let grouping = self.axes.grouping(x.shape);
        if self.largest {
            grouping.extreme(out.values, x.values, (T::largest, T::larger));
        } else {
            grouping.extreme(out.values, x.values, (T::smallest, T::smaller));
        }
        Ok(())
    }

    // The elements that are equal to the result share its gradient.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let x = step.inputs.get(0);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (out, write) = sink.parts();
        let grouping = self.axes.grouping(x.shape);
        let memory = step.scratch.take(out.len() + step.upstream.len());
        let (chosen, count) = memory.split_at_mut(out.len());
        let y = step.output.values;
        let mark = |x: T, y: T| if x == y || (x.is_nan() && y.is_nan()) { T::one() } else { T::zero() };
        grouping.map((&mut *chosen, Write::Store), x.values, (y, y), |x, y, _| mark(x, y));
        grouping.sum(count, Write::Store, chosen);
        let share = &mut *step.upstream;
        kernels::update1(share, count, |g, count| g / count);
        grouping.map(
            (out, write),
            chosen,
            (share, share),
            |chosen, share, _| {
                if chosen.is_zero() { chosen } else { share }
            },
        );
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    fn extreme(self, name: &'static str, axes: Axes, largest: bool) -> Result<Self> {
        self.unary(Extreme { name, axes, largest })
    }

    /// The largest of all elements; derivative 1 for it and 0 for the others. Equal ones share the
    /// gradient; NaN is larger than any number.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 3.0, 3.0])?;
    /// let y = x.max()?;
    /// assert_eq!(y.item()?, 3.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![0.0, 0.5, 0.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmptyAxis`](crate::ErrorKind::EmptyAxis) if there are no elements.
    pub fn max(self) -> Result<Self> {
        self.extreme("max", Axes::ALL, true)
    }

    /// The largest elements along one or more axes, which disappear unless [kept](Axes::keep); ties and NaN
    /// as for [`max`](Self::max).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [4.0, 3.0]])?;
    /// assert_eq!(x.max_axis(1)?.value()?, array![2.0, 4.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmptyAxis`](crate::ErrorKind::EmptyAxis) for an axis of length 0; otherwise as
    /// [`sum_axis`](Self::sum_axis).
    pub fn max_axis(self, axes: impl Into<Axes>) -> Result<Self> {
        self.extreme("max_axis", axes.into(), true)
    }

    /// The smallest of all elements; derivative 1 for it and 0 for the others. Equal ones share the
    /// gradient; NaN is smaller than any number.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 3.0, 1.0])?;
    /// let y = x.min()?;
    /// assert_eq!(y.item()?, 1.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![0.5, 0.0, 0.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`max`](Self::max).
    pub fn min(self) -> Result<Self> {
        self.extreme("min", Axes::ALL, false)
    }

    /// The smallest elements along one or more axes, which disappear unless [kept](Axes::keep); ties and
    /// NaN as for [`min`](Self::min).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [4.0, 3.0]])?;
    /// assert_eq!(x.min_axis(0)?.value()?, array![1.0, 2.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`max_axis`](Self::max_axis).
    pub fn min_axis(self, axes: impl Into<Axes>) -> Result<Self> {
        self.extreme("min_axis", axes.into(), false)
    }
}
