//! Ops that repeat elements; their gradients are sums.

use crate::broadcast::{broadcast, reduce};
use crate::grouping::Grouping;
use crate::kernels::{Walk, Write, move_elements};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, MAX_RANK, Result, Shape, Var};

/// The strides of an array that is broadcast to a shape: 0 on repeated axes.
pub(crate) fn repeating(from: &Shape, to: &Shape) -> [isize; MAX_RANK] {
    let (missing, strides) = (to.len() - from.len(), from.strides());
    let mut repeating = [0; MAX_RANK];
    for (axis, &length) in from.iter().enumerate() {
        if length == to[missing + axis] {
            repeating[missing + axis] = strides[axis];
        }
    }
    repeating
}

/// Axes of length 1 and missing leading axes repeated.
#[derive(Debug)]
struct BroadcastTo(Shape);

impl<T: Element> Op<T> for BroadcastTo {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("broadcast_to")?;
        if broadcast("broadcast_to", x, &self.0).ok() != Some(self.0) {
            let expected = "axes, counted from the last, of the new length or of length 1";
            return Err(ErrorKind::Shapes { op: "broadcast_to", lhs: *x, rhs: self.0, expected }.into());
        }
        Ok(self.0)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let (to, from) = (self.0.strides(), repeating(x.shape, &self.0));
        let loops = self.0.iter().enumerate().map(|(i, &length)| (length, [to[i], from[i]]));
        move_elements(out.values, Write::Store, x.values, &Walk::new(loops, [0; 2]));
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        if let Some(sink) = step.grads.of(0) {
            reduce(sink, &step.upstream, &self.0, step.inputs.get(0).shape);
        }
        Ok(())
    }
}

/// The whole array repeated so many times along each axis; counts before the array's axes make new ones.
#[derive(Debug)]
struct Repeat(Shape);

impl Repeat {
    /// How often and how long each axis of the output is, outermost first.
    fn axes(&self, x: &Shape) -> impl Iterator<Item = (usize, usize)> + use<'_> {
        let (x, new) = (*x, self.0.len() - x.len());
        self.0.iter().enumerate().map(move |(i, &count)| (count, if i < new { 1 } else { x[i - new] }))
    }
}

impl<T: Element> Op<T> for Repeat {
    fn name(&self) -> &'static str {
        "repeat"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("repeat")?;
        if self.0.len() < x.len() {
            let (op, expected, got) = ("repeat", x.len(), self.0.len());
            return Err(ErrorKind::Count { op, expected, what: "counts or more, one per axis", got }.into());
        }
        let times = |shape: Shape, (i, (count, length)): (usize, (usize, usize))| {
            shape.with(i, count.saturating_mul(length))
        };
        self.axes(x).enumerate().fold(self.0, times).fits("repeat")
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let (to, from, new) = (out.shape.strides(), x.shape.strides(), self.0.len() - x.shape.len());
        let loops = self.axes(x.shape).enumerate().flat_map(|(i, (count, length))| {
            let stride = if i < new { 0 } else { from[i - new] };
            [(count, [to[i] * length as isize, 0]), (length, [to[i], stride])]
        });
        move_elements(out.values, Write::Store, x.values, &Walk::new(loops, [0; 2]));
        Ok(())
    }

    // Every element has the sum of the gradients of its copies.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (out, write) = sink.parts();
        let copies = |(count, length)| [(count, true), (length, false)];
        Grouping::new(self.axes(step.inputs.get(0).shape).flat_map(copies)).sum(out, write, &step.upstream);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The array repeated to a shape: axes are matched from the last, and an axis of length 1 (or missing)
    /// repeats. The gradient is summed over the repeated axes.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0], [2.0]])?;
    /// let y = x.broadcast_to(&[2, 3])?;
    /// assert_eq!(y.value()?, array![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![[3.0], [3.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] for a shape that the array cannot be broadcast to, [`ErrorKind::Rank`] for
    /// more than eight axes.
    pub fn broadcast_to(self, shape: &[usize]) -> Result<Self> {
        self.unary(BroadcastTo(Shape::join("broadcast_to", [shape])?))
    }

    /// The whole array one after the other, `counts[i]` times along axis `i`: NumPy's `tile`. More counts
    /// than axes make new leading axes. The gradient of an element is the sum over its copies.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0])?;
    /// assert_eq!(x.repeat(&[2])?.value()?, array![1.0, 2.0, 1.0, 2.0].into_dyn());
    /// let y = x.repeat(&[3, 1])?;
    /// assert_eq!(y.value()?, array![[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![3.0, 3.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Count`] for fewer counts than axes, [`ErrorKind::Rank`] for more than eight.
    pub fn repeat(self, counts: &[usize]) -> Result<Self> {
        self.unary(Repeat(Shape::join("repeat", [counts])?))
    }
}
