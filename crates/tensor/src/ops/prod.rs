//! Products, of everything or along some axes.

use super::elementwise::chain;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Axes, Element, Result, Shape, Var};

/// `Π` over some axes.
#[derive(Debug)]
struct Prod(&'static str, Axes);

impl<T: Element> Op<T> for Prod {
    fn name(&self) -> &'static str {
        self.0
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.0)?;
        self.1.reduce(self.0, x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        out.values.fill(T::one());
        self.1.grouping(x.shape).fold(out.values, x.values, |product, x| product * x);
        Ok(())
    }

    // The derivative is the product of the other factors: those before and those behind, so that nothing is
    // divided and zeros are no special case.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let x = step.inputs.get(0);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (out, write) = sink.parts();
        let grouping = self.1.grouping(x.shape);
        let memory = step.scratch.take(out.len() + step.upstream.len());
        let (others, running) = memory.split_at_mut(out.len());
        running.fill(T::one());
        grouping.forwards(|i, r| {
            others[i] = running[r];
            running[r] *= x.values[i];
        });
        running.fill(T::one());
        grouping.backwards(|i, r| {
            others[i] *= running[r];
            running[r] *= x.values[i];
        });
        let g = &*step.upstream;
        grouping.map((out, write), others, (g, g), |others, g, _| chain(g, others));
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The product of all elements, 1 if there are none; the derivative of each is the product of the
    /// others, also where some are 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![0.0, 2.0, 3.0])?;
    /// let y = x.prod()?;
    /// assert_eq!(y.item()?, 0.0);
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![6.0, 0.0, 0.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`relu`](Self::relu).
    pub fn prod(self) -> Result<Self> {
        self.unary(Prod("prod", Axes::ALL))
    }

    /// The product along one or more axes, which disappear unless [kept](Axes::keep); derivative as of
    /// [`prod`](Self::prod).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.prod_axis(1)?.value()?, array![2.0, 12.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`sum_axis`](Self::sum_axis).
    pub fn prod_axis(self, axes: impl Into<Axes>) -> Result<Self> {
        self.unary(Prod("prod_axis", axes.into()))
    }
}
