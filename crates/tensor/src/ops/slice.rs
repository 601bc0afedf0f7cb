//! Parts of an array, and an array with a part replaced.

use super::arrange::{Arrange, Arranged, Layout};
use super::expand::repeating;
use crate::broadcast::{broadcast, reduce};
use crate::kernels::{Walk, Write, move_elements};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, MAX_RANK, Result, Shape, Slice, Var};
use std::ops::RangeBounds;

/// One slice for each of the first axes.
#[derive(Debug, Clone, Copy)]
struct Slices {
    op: &'static str,
    slices: [Slice; MAX_RANK],
    count: usize,
}

impl Slices {
    fn new(op: &'static str, slices: &[Slice]) -> Result<Self> {
        if slices.len() > MAX_RANK {
            return Err(ErrorKind::Rank { op, got: slices.len() }.into());
        }
        let mut all = [Slice::FULL; MAX_RANK];
        all[..slices.len()].copy_from_slice(slices);
        Ok(Self { op, slices: all, count: slices.len() })
    }
}

impl Arrange for Slices {
    fn name(&self) -> &'static str {
        self.op
    }

    fn layout(&self, x: &Shape) -> Result<Layout> {
        let op = self.op;
        if self.count > x.len() {
            let (what, got) = ("slices or fewer, one per axis", self.count);
            return Err(ErrorKind::Count { op, expected: x.len(), what, got }.into());
        }
        let mut layout = Layout::whole(x);
        for (axis, slice) in self.slices[..self.count].iter().enumerate() {
            let taken = slice.on(op, x[axis])?;
            layout.shape = layout.shape.with(axis, taken.len);
            layout.start += taken.start * layout.strides[axis];
            // A step is used only between elements; a single one may be any number of steps long.
            layout.strides[axis] = if taken.len > 1 { layout.strides[axis] * taken.step } else { 0 };
        }
        Ok(layout)
    }
}

/// `len` elements of an axis, from `start` on.
#[derive(Debug, Clone, Copy)]
struct Narrow {
    op: &'static str,
    axis: usize,
    start: usize,
    len: usize,
}

impl Arrange for Narrow {
    fn name(&self) -> &'static str {
        self.op
    }

    fn layout(&self, x: &Shape) -> Result<Layout> {
        let Self { op, axis, start, len } = *self;
        let (length, end) = (x[x.axis(op, axis)?], start.saturating_add(len));
        if end > length {
            return Err(ErrorKind::Range { op, axis, start, end, length }.into());
        }
        let mut layout = Layout::whole(x);
        layout.shape = x.with(axis, len);
        layout.start = start as isize * layout.strides[axis];
        Ok(layout)
    }
}

/// The array with a slice of it replaced by other values, broadcast to the slice.
#[derive(Debug)]
struct SliceAssign(Slices);

impl SliceAssign {
    /// The walk over the output's slice and over the value.
    fn walk(layout: &Layout, value: &Shape) -> Walk<2> {
        let from = repeating(value, &layout.shape);
        let loops =
            layout.shape.iter().enumerate().map(|(i, &length)| (length, [layout.strides[i], from[i]]));
        Walk::new(loops, [layout.start, 0])
    }
}

impl<T: Element> Op<T> for SliceAssign {
    fn name(&self) -> &'static str {
        "slice_assign"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, value] = inputs.exactly("slice_assign")?;
        let part = self.0.layout(x)?.shape;
        if broadcast("slice_assign", &part, value).ok() != Some(part) {
            let expected = "values of the slice's shape, or such as are broadcast to it";
            return Err(ErrorKind::Shapes { op: "slice_assign", lhs: part, rhs: *value, expected }.into());
        }
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, value) = (inputs.get(0), inputs.get(1));
        out.values.copy_from_slice(x.values);
        let walk = Self::walk(&self.0.layout(x.shape)?, value.shape);
        move_elements(out.values, Write::Store, value.values, &walk);
        Ok(())
    }

    // The slice's gradient belongs to the value; what was replaced has none.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let layout = self.0.layout(step.output.shape)?;
        if let Some(sink) = step.grads.of(1) {
            let part = step.scratch.take(layout.shape.size());
            move_elements(part, Write::Store, &step.upstream, &layout.walk());
            reduce(sink, part, &layout.shape, step.inputs.get(1).shape);
        }
        let zero = Self::walk(&layout, &Shape::SCALAR);
        move_elements(&mut step.upstream, Write::Store, &[T::zero()], &zero);
        step.grads.pass(0, step.upstream);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// Every `step`-th element of a range of one axis, by NumPy's rules (see [`Slice`]): `x[range:step]`.
    /// The gradient goes back where the elements came from, and is 0 elsewhere.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![0.0, 1.0, 2.0, 3.0, 4.0])?;
    /// assert_eq!(x.slice(0, .., -2)?.value()?, array![4.0, 2.0, 0.0].into_dyn());
    /// let y = x.slice(0, 1..3, 1)?;
    /// assert_eq!(y.value()?, array![1.0, 2.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![0.0, 1.0, 1.0, 0.0, 0.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Value`] for a step of 0.
    pub fn slice(self, axis: usize, range: impl RangeBounds<isize>, step: isize) -> Result<Self> {
        self.shape()?.axis("slice", axis)?;
        let mut slices = [Slice::FULL; MAX_RANK];
        slices[axis] = Slice::new(range, step);
        self.unary(Arranged(Slices::new("slice", &slices[..=axis])?))
    }

    /// A slice of each of the first axes; the others are taken whole.
    ///
    /// ```
    /// # use tensor::{Slice, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])?;
    /// // NumPy's x[1:, ::-2].
    /// let y = x.slice_axes(&[Slice::new(1.., 1), Slice::new(.., -2)])?;
    /// assert_eq!(y.value()?, array![[6.0, 4.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Count`] for more slices than axes, [`ErrorKind::Value`] for a step of 0.
    pub fn slice_axes(self, slices: &[Slice]) -> Result<Self> {
        self.unary(Arranged(Slices::new("slice_axes", slices)?))
    }

    /// The array with a slice of its first axes replaced by `value`, which is broadcast to the slice: a new
    /// array, so nothing that was recorded before changes. The slice's gradient goes to `value` (summed
    /// where it was repeated), that of all other elements to the array.
    ///
    /// ```
    /// # use tensor::{Slice, Tape, ndarray::{arr0, array}};
    /// let tape = Tape::<f64>::new();
    /// let t = tape.var(&array![1.0, 2.0, 3.0, 4.0])?;
    /// let v = tape.var(&arr0(5.0))?;
    /// let y = t.mul(t)?.slice_assign(&[Slice::new(..1, 1)], v)?;
    /// assert_eq!(y.value()?, array![5.0, 4.0, 9.0, 16.0].into_dyn());
    /// let gradients = tape.backward(y.sum()?)?;
    /// assert_eq!(gradients.wrt(t)?, array![0.0, 4.0, 6.0, 8.0].into_dyn());
    /// assert_eq!(gradients.wrt(v)?, arr0(1.0).into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shapes`] for values that cannot be broadcast to the slice; otherwise as
    /// [`slice_axes`](Self::slice_axes).
    pub fn slice_assign(self, slices: &[Slice], value: Var<'_, T>) -> Result<Self> {
        self.binary(SliceAssign(Slices::new("slice_assign", slices)?), value)
    }

    /// `len` elements of one axis, from `start` on. The gradient goes back where they came from, and is 0
    /// elsewhere.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0, 4.0])?;
    /// assert_eq!(x.narrow(0, 1, 2)?.value()?, array![2.0, 3.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Range`] for elements past its end.
    pub fn narrow(self, axis: usize, start: usize, len: usize) -> Result<Self> {
        self.unary(Arranged(Narrow { op: "narrow", axis, start, len }))
    }

    /// One axis in parts of these lengths, which add up to its own.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0])?;
    /// let parts = x.split(0, &[1, 2])?;
    /// assert_eq!(parts[0].value()?, array![1.0].into_dyn());
    /// assert_eq!(parts[1].value()?, array![2.0, 3.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Count`] for lengths with another
    /// sum.
    pub fn split(self, axis: usize, lengths: &[usize]) -> Result<Vec<Self>> {
        let (op, x) = ("split", self.shape()?);
        let expected = x[x.axis(op, axis)?];
        let got = lengths.iter().fold(0, |sum: usize, &len| sum.saturating_add(len));
        if got != expected {
            let what = "elements in all parts together";
            return Err(ErrorKind::Count { op, expected, what, got }.into());
        }
        let mut start = 0;
        let part = |&len: &usize| {
            start += len;
            self.unary(Arranged(Narrow { op, axis, start: start - len, len }))
        };
        lengths.iter().map(part).collect()
    }

    /// One axis in at most so many parts of equal length, the last one shorter if it does not divide:
    /// PyTorch's `chunk`.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0])?;
    /// let parts = x.chunk(0, 2)?;
    /// assert_eq!(parts[0].value()?, array![1.0, 2.0].into_dyn());
    /// assert_eq!(parts[1].value()?, array![3.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Value`] for no parts.
    pub fn chunk(self, axis: usize, parts: usize) -> Result<Vec<Self>> {
        let (op, x) = ("chunk", self.shape()?);
        let length = x[x.axis(op, axis)?];
        if parts == 0 {
            return Err(ErrorKind::Value { op, expected: "at least one part", got: 0.0 }.into());
        }
        let size = length.div_ceil(parts);
        let count = if size == 0 { parts } else { length.div_ceil(size) };
        let part = |i: usize| Narrow { op, axis, start: i * size, len: size.min(length - i * size) };
        (0..count).map(|i| self.unary(Arranged(part(i)))).collect()
    }
}
