//! Running sums.

use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, Result, Shape, Var};

/// `y_i = x_0 + .. + x_i` along an axis.
#[derive(Debug)]
struct Cumsum(usize);

impl<T: Element> Op<T> for Cumsum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("cumsum")?;
        x.axis("cumsum", self.0)?;
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        for lane in x.shape.lanes(self.0) {
            let mut sum = T::Wide::default();
            for i in lane.positions() {
                sum += x.values[i].widen();
                out.values[i] = T::narrow(sum);
            }
        }
        Ok(())
    }

    // An element is in its own sum and all behind it: dx_i = g_i + .. + g_n.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let shape = step.output.shape;
        let g = &mut *step.upstream;
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        for lane in shape.lanes(self.0) {
            let mut sum = T::Wide::default();
            for i in lane.positions().rev() {
                sum += g[i].widen();
                g[i] = T::narrow(sum);
            }
        }
        sink.map1(g, |g| g);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The running sums `y_i = x_0 + .. + x_i` along an axis; the gradient is summed from the other end,
    /// `dx_i = g_i + .. + g_n`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0])?;
    /// let y = x.cumsum(0)?;
    /// assert_eq!(y.value()?, array![1.0, 3.0, 6.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![3.0, 2.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`](crate::ErrorKind::Axis) for an axis that is not there.
    pub fn cumsum(self, axis: usize) -> Result<Self> {
        self.unary(Cumsum(axis))
    }
}
