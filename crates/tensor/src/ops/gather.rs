//! Single elements looked up and written by their number on an axis.

use super::expand::repeating;
use super::index::in_range;
use crate::broadcast::broadcast;
use crate::kernels::{self, Walk};
use crate::op::{Backward, Forward, Inputs, Op, Shapes, Sink};
use crate::{Element, Error, ErrorKind, Indices, Result, Shape, Var};

/// Every element of an output, and where it stands in an array that is indexed on one axis.
struct Places {
    /// Over the output row by row, the array with the indexed axis standing still, and the indices.
    walk: Walk<3>,
    /// By how much the array advances on the indexed axis.
    stride: isize,
}

impl Places {
    /// For an output of this shape, the array and the indices each with its strides.
    fn new(out: &Shape, axis: usize, x: &[isize], stride: isize, indices: &[isize]) -> Self {
        let to = out.strides();
        let of_x = |i: usize| if i == axis { 0 } else { x[i] };
        let loops = out.iter().enumerate().map(|(i, &length)| (length, [to[i], of_x(i), indices[i]]));
        Self { walk: Walk::new(loops, [0; 3]), stride }
    }

    /// Indices of the output's shape, at most as long as the array on the other axes.
    fn within(x: &Shape, axis: usize, indices: &Shape) -> Self {
        let strides = x.strides();
        Self::new(indices, axis, &strides, strides[axis], &indices.strides())
    }

    /// From the last to the first.
    fn backwards(self) -> Self {
        Self { walk: self.walk.backwards(), ..self }
    }

    /// Calls `f` with each position in the output and in the array.
    #[inline(always)]
    fn each(&self, indices: &[usize], mut f: impl FnMut(usize, usize)) {
        self.walk.rows(|[to, x, at], (length, [to_step, x_step, step])| {
            for i in 0..length as isize {
                let index = indices[(at + i * step) as usize] as isize;
                f((to + i * to_step) as usize, (x + i * x_step + index * self.stride) as usize);
            }
        });
    }
}

/// `out[.., i, ..] = x[.., indices[.., i, ..], ..]`
#[derive(Debug)]
struct Gather {
    axis: usize,
    rule: Rule,
}

/// How the shapes of array and indices go together on the other axes.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// The indices are at most as long: PyTorch's `gather`.
    Within,
    /// They are broadcast: NumPy's `take_along_axis`.
    Broadcast,
}

impl Gather {
    const fn op(&self) -> &'static str {
        match self.rule {
            Rule::Within => "gather",
            Rule::Broadcast => "take_along_axis",
        }
    }

    fn shape(&self, x: &Shape, indices: &Shape) -> Result<Shape> {
        let (op, axis) = (self.op(), x.axis(self.op(), self.axis)?);
        same_rank(op, x, indices)?;
        match self.rule {
            Rule::Within => {
                within(op, axis, x, indices)?;
                Ok(*indices)
            }
            Rule::Broadcast => {
                let expected = "other axes than the indexed one of equal length or of length 1";
                let refused =
                    |_: Error| Error::from(ErrorKind::Shapes { op, lhs: *x, rhs: *indices, expected });
                broadcast(op, &x.with(axis, indices[axis]), indices).map_err(refused)
            }
        }
    }

    fn places(&self, x: &Shape, indices: &Shape, out: &Shape) -> Places {
        match self.rule {
            Rule::Within => Places::within(x, self.axis, indices),
            Rule::Broadcast => {
                let stride = x.strides()[self.axis];
                Places::new(out, self.axis, &repeating(x, out), stride, &repeating(indices, out))
            }
        }
    }
}

fn same_rank(op: &'static str, x: &Shape, indices: &Shape) -> Result<()> {
    if x.len() == indices.len() {
        return Ok(());
    }
    let expected = "indices with as many axes as the array";
    Err(ErrorKind::Shapes { op, lhs: *x, rhs: *indices, expected }.into())
}

fn within(op: &'static str, axis: usize, x: &Shape, indices: &Shape) -> Result<()> {
    if indices.iter().zip(x.iter()).enumerate().all(|(i, (indices, x))| i == axis || indices <= x) {
        return Ok(());
    }
    let expected = "indices at most as long as the array on all axes but the indexed one";
    Err(ErrorKind::Shapes { op, lhs: *x, rhs: *indices, expected }.into())
}

impl<T: Element> Op<T> for Gather {
    fn name(&self) -> &'static str {
        self.op()
    }

    fn indices(&self) -> Option<usize> {
        Some(1)
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, indices] = inputs.exactly(self.op())?;
        self.shape(x, indices)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let indices = in_range(self.op(), inputs.indices(1), x.shape[self.axis])?;
        let places = self.places(x.shape, inputs.get(1).shape, out.shape);
        places.each(indices, |count, place| out.values[count] = x.values[place]);
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let shape = step.inputs.get(0).shape;
        let indices = in_range(self.op(), step.inputs.indices(1), shape[self.axis])?;
        if let Some(sink) = step.grads.of(0) {
            let dx = sink.so_far();
            let places = self.places(shape, step.inputs.get(1).shape, step.output.shape);
            places.each(indices, |count, place| dx[place] += step.upstream[count]);
        }
        Ok(())
    }
}

/// `x`, with `out[.., indices[.., i, ..], ..] = source[.., i, ..]` or `+=`.
#[derive(Debug)]
struct Scatter {
    axis: usize,
    write: Put,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    Replace,
    Add,
}

impl Scatter {
    const fn op(&self) -> &'static str {
        match self.write {
            Put::Replace => "scatter",
            Put::Add => "scatter_add",
        }
    }
}

impl<T: Element> Op<T> for Scatter {
    fn name(&self) -> &'static str {
        self.op()
    }

    fn indices(&self) -> Option<usize> {
        Some(1)
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let (op, [x, indices, source]) = (self.op(), inputs.exactly(self.op())?);
        let axis = x.axis(op, self.axis)?;
        same_rank(op, x, indices)?;
        within(op, axis, x, indices)?;
        if indices != source {
            let expected = "a source with one number per index";
            return Err(ErrorKind::Shapes { op, lhs: *indices, rhs: *source, expected }.into());
        }
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, source) = (inputs.get(0), inputs.get(2));
        let indices = in_range(self.op(), inputs.indices(1), x.shape[self.axis])?;
        out.values.copy_from_slice(x.values);
        let places = Places::within(x.shape, self.axis, source.shape);
        match self.write {
            Put::Replace => places.each(indices, |count, place| out.values[place] = source.values[count]),
            Put::Add => places.each(indices, |count, place| out.values[place] += source.values[count]),
        }
        Ok(())
    }

    // What is added has the gradient of its place. What replaces has it unless it was replaced in turn, so
    // the places are visited from the last; the array has none there.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (axis, shape) = (self.axis, step.inputs.get(2).shape);
        let indices = in_range(self.op(), step.inputs.indices(1), step.output.shape[axis])?;
        let places = Places::within(step.output.shape, axis, shape);
        let g = &mut step.upstream;
        match (self.write, step.grads.of(2).map(Sink::parts)) {
            (Put::Add, Some((out, write))) => {
                places.each(indices, |count, place| kernels::put(&mut out[count], write, g[place]));
            }
            (Put::Add, None) => {}
            (Put::Replace, Some((out, write))) => places.backwards().each(indices, |count, place| {
                kernels::put(&mut out[count], write, std::mem::take(&mut g[place]));
            }),
            (Put::Replace, None) => places.each(indices, |_, place| g[place] = T::zero()),
        }
        step.grads.pass(0, step.upstream);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// Elements of one axis, each looked up by its own number: `out[i, j] = x[indices[i, j], j]` for axis 0,
    /// `x[i, indices[i, j]]` for axis 1. The result has the shape of the indices, which have as many axes as
    /// the array and are nowhere longer but on the indexed axis (PyTorch's rule; for NumPy's see
    /// [`take_along_axis`](Self::take_along_axis)). The gradient of an element is the sum over the places
    /// that it was taken to.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// let y = x.gather(1, tape.indices_nd(&array![[1, 1, 0], [0, 0, 0]])?)?;
    /// assert_eq!(y.value()?, array![[2.0, 2.0, 1.0], [3.0, 3.0, 3.0]].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![[1.0, 2.0], [3.0, 0.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there; [`ErrorKind::Shapes`] for indices of another shape;
    /// [`ErrorKind::Index`] for an index past the axis's end, also at [`Tape::replay`](crate::Tape::replay).
    pub fn gather(self, axis: usize, indices: Indices<'_, T>) -> Result<Self> {
        self.binary(Gather { axis, rule: Rule::Within }, indices.0)
    }

    /// As [`gather`](Self::gather), but array and indices are broadcast on all axes but the indexed one:
    /// NumPy's rule, and PyTorch's `take_along_dim`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// let y = x.take_along_axis(1, tape.indices_nd(&array![[1]])?)?;
    /// assert_eq!(y.value()?, array![[2.0], [4.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub fn take_along_axis(self, axis: usize, indices: Indices<'_, T>) -> Result<Self> {
        self.binary(Gather { axis, rule: Rule::Broadcast }, indices.0)
    }

    /// The array with elements replaced: `out[indices[i, j], j] = source[i, j]` for axis 0. Where an index
    /// repeats, the last one in row-major order stays. `source` has the shape of the indices, which go with
    /// the array as in [`gather`](Self::gather). The gradient of a replaced element is 0, that of `source`
    /// is looked up in the result's, 0 where it did not stay.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0])?;
    /// let source = tape.var(&array![10.0, 20.0])?;
    /// let y = x.scatter(0, tape.indices(&[2, 2])?, source)?;
    /// assert_eq!(y.value()?, array![1.0, 2.0, 20.0].into_dyn());
    /// let gradients = tape.backward(y.sum()?)?;
    /// assert_eq!(gradients.wrt(x)?, array![1.0, 1.0, 0.0].into_dyn());
    /// assert_eq!(gradients.wrt(source)?, array![0.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`gather`](Self::gather); [`ErrorKind::Shapes`] also for a source without one number per index.
    pub fn scatter(self, axis: usize, indices: Indices<'_, T>, source: Var<'_, T>) -> Result<Self> {
        self.ternary(Scatter { axis, write: Put::Replace }, indices.0, source)
    }

    /// The array with elements added: `out[indices[i, j], j] += source[i, j]` for axis 0, one after the
    /// other where an index repeats. Shapes as in [`scatter`](Self::scatter). The gradient of `source` is
    /// looked up in the result's, that of the array is the result's.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0])?;
    /// let source = tape.var(&array![10.0, 20.0])?;
    /// let y = x.scatter_add(0, tape.indices(&[2, 2])?, source)?;
    /// assert_eq!(y.value()?, array![1.0, 2.0, 33.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`scatter`](Self::scatter).
    pub fn scatter_add(self, axis: usize, indices: Indices<'_, T>, source: Var<'_, T>) -> Result<Self> {
        self.ternary(Scatter { axis, write: Put::Add }, indices.0, source)
    }
}
