//! Whole slices of an axis, looked up by number.

use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Indices, Result, Shape, Var};

/// Refuses indices that an axis of this length does not have.
pub(crate) fn in_range<'a>(op: &'static str, indices: &'a [usize], bound: usize) -> Result<&'a [usize]> {
    match indices.iter().position(|&index| index >= bound) {
        Some(position) => Err(ErrorKind::Index { op, index: indices[position], position, bound }.into()),
        None => Ok(indices),
    }
}

/// Calls `f` for each index of each block with the places of a run along the indexed axis and along the
/// indices, in runs.
fn runs(outer: usize, length: usize, indices: &[usize], mut f: impl FnMut(usize, usize)) {
    for block in 0..outer {
        for (i, &index) in indices.iter().enumerate() {
            f(block * length + index, block * indices.len() + i);
        }
    }
}

/// Copies a run; a call of `memcpy` for a single number would cost more than the number.
#[inline(always)]
fn copy<T: Element>(out: &mut [T], x: &[T]) {
    match (out, x) {
        ([out], [x]) => *out = *x,
        (out, x) => out.copy_from_slice(x),
    }
}

/// `out[.., i.., ..] = x[.., indices[i..], ..]`
#[derive(Debug)]
struct IndexSelect(usize);

impl<T: Element> Op<T> for IndexSelect {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn indices(&self) -> Option<usize> {
        Some(1)
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, indices] = inputs.exactly("index_select")?;
        let axis = x.axis("index_select", self.0)?;
        Shape::join("index_select", [&x[..axis], indices, &x[axis + 1..]])
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let (outer, length, inner) = x.shape.around(self.0);
        let indices = in_range("index_select", inputs.indices(1), length)?;
        runs(outer, length, indices, |from, to| {
            copy(&mut out.values[to * inner..][..inner], &x.values[from * inner..][..inner]);
        });
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (outer, length, inner) = step.inputs.get(0).shape.around(self.0);
        let indices = in_range("index_select", step.inputs.indices(1), length)?;
        if let Some(sink) = step.grads.of(0) {
            let dx = sink.so_far();
            runs(outer, length, indices, |to, from| {
                let g = &step.upstream[from * inner..][..inner];
                kernels::map1(&mut dx[to * inner..][..inner], Write::Add, g, |g| g);
            });
        }
        Ok(())
    }
}

/// `x`, with `out[.., indices[i], ..] += source[.., i, ..]`
#[derive(Debug)]
struct IndexAdd(usize);

impl<T: Element> Op<T> for IndexAdd {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn indices(&self) -> Option<usize> {
        Some(1)
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, indices, source] = inputs.exactly("index_add")?;
        let (op, axis) = ("index_add", x.axis("index_add", self.0)?);
        if indices.len() != 1 {
            return Err(ErrorKind::Operand { op, expected: "indices with one axis", got: *indices }.into());
        }
        let want = x.with(axis, indices[0]);
        if *source != want {
            let expected = "a source of the array's shape, with as many slices on the axis as indices";
            return Err(ErrorKind::Shapes { op, lhs: want, rhs: *source, expected }.into());
        }
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, source) = (inputs.get(0), inputs.get(2).values);
        let (outer, length, inner) = x.shape.around(self.0);
        let indices = in_range("index_add", inputs.indices(1), length)?;
        out.values.copy_from_slice(x.values);
        runs(outer, length, indices, |to, from| {
            let source = &source[from * inner..][..inner];
            kernels::map1(&mut out.values[to * inner..][..inner], Write::Add, source, |x| x);
        });
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (outer, length, inner) = step.output.shape.around(self.0);
        let indices = in_range("index_add", step.inputs.indices(1), length)?;
        if let Some(sink) = step.grads.of(2) {
            let (out, write) = sink.parts();
            runs(outer, length, indices, |from, to| {
                let g = &step.upstream[from * inner..][..inner];
                kernels::map1(&mut out[to * inner..][..inner], write, g, |g| g);
            });
        }
        step.grads.pass(0, step.upstream);
        Ok(())
    }
}

/// 1 at each index, 0 elsewhere, along a new last axis.
#[derive(Debug)]
struct OneHot(usize);

impl<T: Element> Op<T> for OneHot {
    fn name(&self) -> &'static str {
        "one_hot"
    }

    fn indices(&self) -> Option<usize> {
        Some(0)
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [indices] = inputs.exactly("one_hot")?;
        Shape::join("one_hot", [indices, &[self.0]])
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let indices = in_range("one_hot", inputs.indices(0), self.0)?;
        out.values.fill(T::zero());
        for (row, &index) in indices.iter().enumerate() {
            out.values[row * self.0 + index] = T::one();
        }
        Ok(())
    }

    fn backward(&self, _: Backward<'_, T>) -> Result<()> {
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// Slices of one axis, looked up by number: `x[.., indices, ..]`. The axis gives place to the axes of
    /// the indices, so a table of embeddings `[words, size]` with axis 0 and indices `[batch, time]` gives
    /// `[batch, time, size]`. The gradient of a slice is the sum over the places that it was taken to.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])?;
    /// let y = x.index_select(0, tape.indices(&[2, 0, 2])?)?;
    /// assert_eq!(y.value()?, array![[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]].into_dyn());
    /// let gradients = tape.backward(y.sum()?)?;
    /// assert_eq!(gradients.wrt(x)?, array![[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there; [`ErrorKind::Index`] for an index past its end,
    /// also at [`Tape::replay`](crate::Tape::replay); [`ErrorKind::Rank`] for more than eight axes.
    pub fn index_select(self, axis: usize, indices: Indices<'_, T>) -> Result<Self> {
        self.binary(IndexSelect(axis), indices.0)
    }

    /// The array with slices added on one axis: slice `i` of `source` to slice `indices[i]`, one after the
    /// other where an index repeats. The gradient of `source` is looked up in the result's, that of the
    /// array is the result's.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0])?;
    /// let source = tape.var(&array![10.0, 20.0])?;
    /// let y = x.index_add(0, tape.indices(&[2, 2])?, source)?;
    /// assert_eq!(y.value()?, array![1.0, 2.0, 33.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Operand`] for indices without
    /// exactly one axis, [`ErrorKind::Shapes`] for a source of another shape, [`ErrorKind::Index`] for an
    /// index past the axis's end, also at [`Tape::replay`](crate::Tape::replay).
    pub fn index_add(self, axis: usize, indices: Indices<'_, T>, source: Var<'_, T>) -> Result<Self> {
        self.ternary(IndexAdd(axis), indices.0, source)
    }
}

impl<'t, T: Element> Indices<'t, T> {
    /// 1 at each index and 0 elsewhere, along a new last axis of this length: a constant.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let labels = tape.indices(&[2, 0])?;
    /// assert_eq!(labels.one_hot(3)?.value()?, array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Index`] for an index that is no class, also at [`Tape::replay`](crate::Tape::replay);
    /// [`ErrorKind::Rank`] for more than eight axes.
    pub fn one_hot(self, classes: usize) -> Result<Var<'t, T>> {
        self.0.unary(OneHot(classes))
    }
}
