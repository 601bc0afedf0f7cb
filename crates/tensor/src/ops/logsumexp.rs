//! Logarithms of sums of exponentials, of everything or along some axes.

use super::elementwise::{chain, in_place};
use crate::grouping::Outputs;
use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Axes, Element, Result, Shape, Var};

/// `max + ln Σ e^(x - max)`; saves the sums and the exponentials.
#[derive(Debug)]
struct LogSumExp(&'static str, Axes);

impl<T: Element> Op<T> for LogSumExp {
    fn name(&self) -> &'static str {
        self.0
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.0)?;
        self.1.reduce(self.0, x)
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size() + self.1.grouping(inputs.get(0)).kept()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let grouping = self.1.grouping(x.shape);
        let (sums, powers) = out.saved.split_at_mut(out.values.len());
        grouping.extreme(out.values, x.values, (T::largest, T::larger));
        // An infinite maximum would give ∞ - ∞; without it the exponentials are 0 and ∞, as they should.
        kernels::update(out.values, |max: T| if max.is_finite() { max } else { T::zero() });
        let max = &*out.values;
        grouping.runs(|elements, outputs| {
            let (powers, x) = (&mut powers[elements.clone()], &x.values[elements]);
            match outputs {
                Outputs::One(r) => T::exp_minus(powers, x, max[r]),
                Outputs::Each(r) => {
                    kernels::map2(powers, Write::Store, x, &max[r], |x, max| x - max);
                    in_place(powers, T::exp_all);
                }
            }
        });
        grouping.sum(sums, Write::Store, powers);
        kernels::update1(out.values, sums, |max, sum| max + sum.ln());
        Ok(())
    }

    // dx = g e^(x - max) / Σ e^(x - max); exact also where the result has rounded the logarithm away.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (sums, powers) = step.saved.split_at(step.upstream.len());
        let grouping = self.1.grouping(step.inputs.get(0).shape);
        let g = &mut *step.upstream;
        kernels::update1(g, sums, |g, sum| if sum == T::zero() { T::zero() } else { g / sum });
        grouping.map(sink.parts(), powers, (g, g), |power, g, _| chain(g, power));
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// `ln Σ e^x` of all elements, -inf if there are none; derivative `e^x / Σ e^x`, and 0 where every
    /// element is -inf. The maximum is subtracted first, so that nothing overflows.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1000.0, 1000.0, f64::NEG_INFINITY])?;
    /// let y = x.logsumexp()?;
    /// assert_eq!(y.item()?, 1000.0 + 2f64.ln());
    /// assert_eq!(tape.backward(y)?.wrt(x)?, array![0.5, 0.5, 0.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`relu`](Self::relu).
    pub fn logsumexp(self) -> Result<Self> {
        self.unary(LogSumExp("logsumexp", Axes::ALL))
    }

    /// `ln Σ e^x` along one or more axes, which disappear unless [kept](Axes::keep); derivative as of
    /// [`logsumexp`](Self::logsumexp).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[0.0, 0.0], [5.0, f64::NEG_INFINITY]])?;
    /// assert_eq!(x.logsumexp_axis(1)?.value()?, array![2f64.ln(), 5.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`sum_axis`](Self::sum_axis).
    pub fn logsumexp_axis(self, axes: impl Into<Axes>) -> Result<Self> {
        self.unary(LogSumExp("logsumexp_axis", axes.into()))
    }
}
