//! Sums and means, of everything or along one axis.

use crate::broadcast::sum_axes;
use crate::kernels::Write;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, MAX_RANK, Result, Shape, Var, kernels};

/// `factor * Σ` over one axis or over all.
#[derive(Debug)]
struct Sum {
    name: &'static str,
    axis: Option<usize>,
    mean: bool,
}

impl Sum {
    fn factor<T: Element>(&self, shape: &Shape) -> T {
        if !self.mean {
            return T::one();
        }
        let count = self.axis.map_or(shape.size(), |axis| shape[axis]);
        T::from_f64(1.0 / count as f64)
    }
}

impl<T: Element> Op<T> for Sum {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.name)?;
        match self.axis {
            None => Ok(Shape::SCALAR),
            Some(axis) => Ok(x.without(x.axis(self.name, axis)?)),
        }
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        match self.axis {
            None => out.values[0] = kernels::sum_slice(x.values),
            Some(axis) => {
                let mut summed = [false; MAX_RANK];
                summed[axis] = true;
                sum_axes(out.values, Write::Store, x.values, x.shape, &summed[..x.shape.len()]);
            }
        }
        if self.mean {
            let factor = self.factor(x.shape);
            kernels::update(out.values, |sum: T| sum * factor);
        }
        Ok(())
    }

    // Every summand has the gradient of its sum, times the factor.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let shape = step.inputs.get(0).shape;
        let factor = self.factor::<T>(shape);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let Some(axis) = self.axis else {
            sink.fill(step.upstream[0] * factor);
            return Ok(());
        };
        let (out, write) = sink.parts();
        let (_, length, inner) = shape.around(axis);
        if out.is_empty() {
            return Ok(());
        }
        for (block, g) in out.chunks_exact_mut(length * inner).zip(step.upstream.chunks_exact(inner)) {
            for row in block.chunks_exact_mut(inner) {
                kernels::map1(row, write, g, |g| g * factor);
            }
        }
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
        self.unary(Sum { name: "sum", axis: None, mean: false })
    }

    /// The sum along one axis, which disappears; derivative 1 for each summand.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.sum_axis(0)?.value()?, array![4.0, 6.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`](crate::ErrorKind::Axis) for an axis that is not there.
    pub fn sum_axis(self, axis: usize) -> Result<Self> {
        self.unary(Sum { name: "sum_axis", axis: Some(axis), mean: false })
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
        self.unary(Sum { name: "mean", axis: None, mean: true })
    }

    /// The mean along one axis, which disappears; derivative 1/n for each.
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
    /// [`ErrorKind::Axis`](crate::ErrorKind::Axis) for an axis that is not there.
    pub fn mean_axis(self, axis: usize) -> Result<Self> {
        self.unary(Sum { name: "mean_axis", axis: Some(axis), mean: true })
    }
}
