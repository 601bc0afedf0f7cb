//! Logarithms of probabilities.

use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, Result, Shape, Var, kernels};

/// `x - ln Σ e^x` along an axis.
#[derive(Debug)]
struct LogSoftmax(usize);

impl<T: Element> Op<T> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("log_softmax")?;
        x.axis("log_softmax", self.0)?;
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let (_, length, inner) = x.shape.around(self.0);
        if x.values.is_empty() {
            return Ok(());
        }
        let blocks = x.values.chunks_exact(length * inner);
        for (x, out) in blocks.zip(out.values.chunks_exact_mut(length * inner)) {
            for lane in 0..inner {
                let line = || x[lane..].iter().step_by(inner);
                let (max, sum) = max_and_sum(line().copied());
                // The maximum is taken off first: 1e8 + ln 2 would round to 1e8 in f32.
                let log = sum.ln();
                for (out, &x) in out[lane..].iter_mut().step_by(inner).zip(line()) {
                    *out = (x - max) - log;
                }
            }
        }
        Ok(())
    }

    // dx = g - softmax(x) Σ g
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (_, length, inner) = step.output.shape.around(self.0);
        let (out, write) = sink.parts();
        if out.is_empty() {
            return Ok(());
        }
        let block = length * inner;
        let g = &mut *step.upstream;
        for (g, y) in g.chunks_exact_mut(block).zip(step.output.values.chunks_exact(block)) {
            for lane in 0..inner {
                let sum = kernels::sum(g[lane..].iter().step_by(inner).copied());
                for (g, &y) in g[lane..].iter_mut().step_by(inner).zip(y[lane..].iter().step_by(inner)) {
                    *g -= y.exp() * sum;
                }
            }
        }
        kernels::map1(out, write, g, |g| g);
        Ok(())
    }
}

/// The largest number x of a line and `Σ e^(x - max)`; NaN if one of them is not a number.
pub(crate) fn max_and_sum<T: Element>(line: impl Iterator<Item = T> + Clone) -> (T, T) {
    let max = line.clone().reduce(T::larger).unwrap_or_default();
    let sum = kernels::sum(line.map(|x| (x - max).exp()));
    (max, sum)
}

impl<'t, T: Element> Var<'t, T> {
    /// `x - ln Σ e^x` along an axis: logarithms of probabilities that add up to 1. Derivative
    /// `g - e^y Σ g`.
    ///
    /// The maximum is subtracted first, so that nothing overflows.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[-781.0, 890.0, -1235.0]])?;
    /// assert_eq!(x.log_softmax(1)?.value()?, array![[-1671.0, 0.0, -2125.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`](crate::ErrorKind::Axis) for an axis that is not there.
    pub fn log_softmax(self, axis: usize) -> Result<Self> {
        self.unary(LogSoftmax(axis))
    }
}
