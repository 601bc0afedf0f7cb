//! Sums and means, of everything or along some axes.

use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Axes, Element, Result, Shape, Var};
use std::any::Any;

/// `Σ` over some axes, or that over the number of elements.
#[derive(Debug)]
struct Sum {
    name: &'static str,
    axes: Axes,
    mean: bool,
}

/// What a sum of everything does with its result, at the end of a chain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Total {
    mean: bool,
}

/// Whether an op is a sum of everything.
pub(crate) fn total<T: Element>(op: &dyn Op<T>) -> Option<Total> {
    let op: &dyn Any = op;
    op.downcast_ref::<Sum>().filter(|sum| sum.axes == Axes::ALL).map(|sum| Total { mean: sum.mean })
}

impl Total {
    /// The result for the sum of `n` elements.
    pub(crate) fn of<T: Element>(self, sum: T::Wide, n: usize) -> T {
        if self.mean { T::narrow(sum) / T::from_f64(n as f64) } else { T::narrow(sum) }
    }

    /// The gradient of each of `n` elements.
    pub(crate) fn slope<T: Element>(self, g: T, n: usize) -> T {
        if self.mean { g / T::from_f64(n as f64) } else { g }
    }
}

impl<T: Element> Op<T> for Sum {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.name)?;
        self.axes.reduce(self.name, x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let grouping = self.axes.grouping(x.shape);
        grouping.sum(out.values, Write::Store, x.values);
        if self.mean {
            let n = T::from_f64(grouping.reduced() as f64);
            kernels::update(out.values, move |sum: T| sum / n);
        }
        Ok(())
    }

    // Every summand has the gradient of its sum.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let grouping = self.axes.grouping(step.inputs.get(0).shape);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        if self.mean {
            let n = T::from_f64(grouping.reduced() as f64);
            kernels::update(&mut step.upstream, move |g| g / n);
        }
        let (out, write) = sink.parts();
        grouping.spread(out, write, &step.upstream);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The sum of all elements, 0 if there are none; derivative 1 for each.
    ///
    /// Long sums of `f32` are joined in `f64`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.sum()?.item()?, 10.0);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`relu`](Self::relu).
    pub fn sum(self) -> Result<Self> {
        self.unary(Sum { name: "sum", axes: Axes::ALL, mean: false })
    }

    /// The sum along one or more axes, which disappear unless [kept](Axes::keep); derivative 1 for each
    /// summand.
    ///
    /// ```
    /// # use tensor::{Axes, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.sum_axis(0)?.value()?, array![4.0, 6.0].into_dyn());
    /// assert_eq!(x.sum_axis([0, 1])?.item()?, 10.0);
    /// assert_eq!(x.sum_axis(Axes::from(1).keep())?.value()?, array![[3.0], [7.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`](crate::ErrorKind::Axis) for an axis that is not there,
    /// [`ErrorKind::Axes`](crate::ErrorKind::Axes) for one named twice.
    pub fn sum_axis(self, axes: impl Into<Axes>) -> Result<Self> {
        self.unary(Sum { name: "sum_axis", axes: axes.into(), mean: false })
    }

    /// The mean of all elements, NaN if there are none; derivative 1/n for each.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.mean()?.item()?, 2.5);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`relu`](Self::relu).
    pub fn mean(self) -> Result<Self> {
        self.unary(Sum { name: "mean", axes: Axes::ALL, mean: true })
    }

    /// The mean along one or more axes, which disappear unless [kept](Axes::keep), NaN along empty ones;
    /// derivative 1/n for each.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.mean_axis(1)?.value()?, array![1.5, 3.5].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`sum_axis`](Self::sum_axis).
    pub fn mean_axis(self, axes: impl Into<Axes>) -> Result<Self> {
        self.unary(Sum { name: "mean_axis", axes: axes.into(), mean: true })
    }
}
