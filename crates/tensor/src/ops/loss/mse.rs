//! The mean squared error.

use super::not_empty;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var, kernels};

/// `Σ (a - b)² / n`
#[derive(Debug)]
struct Mse;

impl<T: Element> Op<T> for Mse {
    fn name(&self) -> &'static str {
        "mse"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [a, b] = inputs.exactly("mse")?;
        if a != b {
            let expected = "predictions and targets of one shape, since nothing is broadcast";
            return Err(ErrorKind::Shapes { op: "mse", lhs: *a, rhs: *b, expected }.into());
        }
        not_empty("mse", a)?;
        Ok(Shape::SCALAR)
    }

    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (a, b) = (inputs.get(0).values, inputs.get(1).values);
        kernels::map2(out.saved, kernels::Write::Store, a, b, |a, b| (a - b) * (a - b));
        out.values[0] = kernels::sum_slice(out.saved) / T::from_f64(a.len() as f64);
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (a, b) = (step.inputs.get(0).values, step.inputs.get(1).values);
        let factor = step.upstream[0] * T::from_f64(2.0 / a.len() as f64);
        if let Some(sink) = step.grads.of(0) {
            sink.map2(a, b, move |a, b| factor * (a - b));
        }
        if let Some(sink) = step.grads.of(1) {
            sink.map2(a, b, move |a, b| factor * (b - a));
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The mean squared error `Σ (a - b)² / n`: a single number. Derivative `2 (a - b) / n`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let y = tape.var(&array![1.0, 2.0])?;
    /// let loss = y.mse(tape.constant(&array![0.0, 4.0])?)?;
    /// assert_eq!(loss.item()?, 2.5);
    /// assert_eq!(tape.backward(loss)?.wrt(y)?, array![1.0, -2.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] for two shapes, since nothing is broadcast; [`ErrorKind::Operand`] for no
    /// elements.
    pub fn mse(self, target: Var<'_, T>) -> Result<Self> {
        self.binary(Mse, target)
    }
}
