//! Ops that look at an array along other strides: each says where its elements lie, and the loop, its
//! reverse and the tape entry exist once.

use crate::axes::{distinct, list};
use crate::kernels::{Walk, Write, move_elements};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, MAX_RANK, Result, Shape, Var};
use std::fmt;

/// Where the elements of an op's output lie in its input; none appears twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) shape: Shape,
    pub(crate) start: isize,
    pub(crate) strides: [isize; MAX_RANK],
}

impl Layout {
    /// Every element of an array where it is.
    pub(crate) fn whole(x: &Shape) -> Self {
        Self { shape: *x, start: 0, strides: x.strides() }
    }

    /// The walk over the output, row by row, and over the input.
    pub(crate) fn walk(&self) -> Walk<2> {
        let out = self.shape.strides();
        let loops = self.shape.iter().enumerate().map(|(i, &length)| (length, [out[i], self.strides[i]]));
        Walk::new(loops, [0, self.start])
    }
}

/// A way to look at an array.
pub(crate) trait Arrange: Copy + Send + fmt::Debug + 'static {
    fn name(&self) -> &'static str;

    /// The output's shape and where its elements lie in an input of this shape.
    fn layout(&self, x: &Shape) -> Result<Layout>;
}

/// The elements of a view, copied. The gradient goes back where they came from, and is 0 elsewhere.
#[derive(Debug)]
pub(crate) struct Arranged<A>(pub(crate) A);

impl<T: Element, A: Arrange> Op<T> for Arranged<A> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.0.name())?;
        Ok(self.0.layout(x)?.shape)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        move_elements(out.values, Write::Store, x.values, &self.0.layout(x.shape)?.walk());
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let layout = self.0.layout(step.inputs.get(0).shape)?;
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        // A view of all elements leaves none to be cleared.
        let (out, write) = if layout.shape.size() == step.inputs.get(0).values.len() {
            sink.parts()
        } else {
            (sink.so_far(), Write::Add)
        };
        move_elements(out, write, &step.upstream, &layout.walk().reordered([1, 0]));
        Ok(())
    }
}

/// The axes in another order: axis `i` of the output is axis `axes[i]` of the input.
#[derive(Debug, Clone, Copy)]
struct Permute(Shape);

impl Arrange for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn layout(&self, x: &Shape) -> Result<Layout> {
        if self.0.len() != x.len() {
            return Err(each_once("permute", self.0, x));
        }
        distinct("permute", self.0, x)?;
        let (mut layout, strides) = (Layout::whole(x), x.strides());
        for (i, &axis) in self.0.iter().enumerate() {
            layout.shape = layout.shape.with(i, x[axis]);
            layout.strides[i] = strides[axis];
        }
        Ok(layout)
    }
}

#[cold]
fn each_once(op: &'static str, axes: Shape, shape: &Shape) -> crate::Error {
    ErrorKind::Axes { op, expected: "each axis once", axes, shape: *shape }.into()
}

/// Two axes exchanged.
#[derive(Debug, Clone, Copy)]
struct Transpose(usize, usize);

impl Arrange for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn layout(&self, x: &Shape) -> Result<Layout> {
        let (a, b) = (x.axis("transpose", self.0)?, x.axis("transpose", self.1)?);
        let mut layout = Layout::whole(x);
        layout.shape = x.with(a, x[b]).with(b, x[a]);
        layout.strides.swap(a, b);
        Ok(layout)
    }
}

/// Some axes backwards.
#[derive(Debug, Clone, Copy)]
struct Flip(Shape);

impl Arrange for Flip {
    fn name(&self) -> &'static str {
        "flip"
    }

    fn layout(&self, x: &Shape) -> Result<Layout> {
        distinct("flip", self.0, x)?;
        let mut layout = Layout::whole(x);
        for &axis in self.0.iter() {
            layout.start += layout.strides[axis] * (x[axis] as isize - 1);
            layout.strides[axis] = -layout.strides[axis];
        }
        Ok(layout)
    }
}

/// The elements whose second index is the first plus an offset.
#[derive(Debug, Clone, Copy)]
struct Diagonal {
    offset: isize,
    axes: [usize; 2],
}

impl Arrange for Diagonal {
    fn name(&self) -> &'static str {
        "diagonal"
    }

    fn layout(&self, x: &Shape) -> Result<Layout> {
        let [a, b] = self.axes;
        distinct("diagonal", Shape::of(&[a, b]), x)?;
        let (rows, cols, strides) = (x[a] as isize, x[b] as isize, x.strides());
        // Above the main diagonal it starts on the first row, below it on the first column.
        let (row, col) = (self.offset.saturating_neg().max(0), self.offset.max(0));
        let length = rows.saturating_sub(row).min(cols.saturating_sub(col)).max(0);
        let mut layout = Layout { shape: Shape::SCALAR, start: 0, strides: [0; MAX_RANK] };
        for axis in (0..x.len()).filter(|axis| !self.axes.contains(axis)) {
            layout.strides[layout.shape.len()] = strides[axis];
            layout.shape = layout.shape.inserting("diagonal", layout.shape.len(), x[axis])?;
        }
        layout.strides[layout.shape.len()] = strides[a] + strides[b];
        layout.shape = layout.shape.inserting("diagonal", layout.shape.len(), length as usize)?;
        if length > 0 {
            layout.start = row * strides[a] + col * strides[b];
        }
        Ok(layout)
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The axes in another order: axis `i` of the result is axis `axes[i]`. The gradient is permuted back.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]])?;
    /// let y = x.permute(&[2, 0, 1])?;
    /// assert_eq!(y.value()?, array![[[1.0], [4.0]], [[2.0], [5.0]], [[3.0], [6.0]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Axes`] unless each is named once.
    pub fn permute(self, axes: &[usize]) -> Result<Self> {
        self.unary(Arranged(Permute(list("permute", axes)?)))
    }

    /// The array with two axes exchanged; a matrix is transposed by `transpose(0, 1)`. The gradient is
    /// transposed back.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.transpose(0, 1)?.value()?, array![[1.0, 3.0], [2.0, 4.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there.
    pub fn transpose(self, a: usize, b: usize) -> Result<Self> {
        self.unary(Arranged(Transpose(a, b)))
    }

    /// The elements in reverse order along some axes. The gradient is flipped back.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.flip(&[1])?.value()?, array![[2.0, 1.0], [4.0, 3.0]].into_dyn());
    /// assert_eq!(x.flip(&[0, 1])?.value()?, array![[4.0, 3.0], [2.0, 1.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Axes`] for one named twice.
    pub fn flip(self, axes: &[usize]) -> Result<Self> {
        self.unary(Arranged(Flip(list("flip", axes)?)))
    }

    /// The elements `x[.., i, .., i + offset, ..]` of two axes, which disappear; the diagonal becomes the
    /// last axis. A positive offset is above the main diagonal of rows `a` and columns `b`, a negative one
    /// below; one past the corner gives an empty axis. The gradient goes to the diagonal, 0 elsewhere.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])?;
    /// assert_eq!(x.diagonal(0, 0, 1)?.value()?, array![1.0, 5.0].into_dyn());
    /// let above = x.diagonal(1, 0, 1)?;
    /// assert_eq!(above.value()?, array![2.0, 6.0].into_dyn());
    /// let gradients = tape.backward(above.sum()?)?;
    /// assert_eq!(gradients.wrt(x)?, array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Axes`] for one axis twice.
    pub fn diagonal(self, offset: isize, a: usize, b: usize) -> Result<Self> {
        self.unary(Arranged(Diagonal { offset, axes: [a, b] }))
    }
}
