//! Ops that move elements and change none.

use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, MAX_RANK, Result, Shape, Var};

/// The same elements in the same order under another shape.
#[derive(Debug)]
struct Reshape(Shape);

impl<T: Element> Op<T> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("reshape")?;
        if x.size() != self.0.size() {
            let (op, shape, expected, got) = ("reshape", self.0, self.0.size(), x.size());
            return Err(ErrorKind::Length { op, shape, expected, got }.into());
        }
        Ok(self.0)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        out.values.copy_from_slice(inputs.get(0).values);
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        step.grads.pass(0, step.upstream);
        Ok(())
    }
}

/// Two axes exchanged.
#[derive(Debug)]
struct Transpose(usize, usize);

/// How an array looks around two axes `a < b` that are exchanged: five loops, the second and fourth of
/// which change places.
struct Exchange {
    outer: usize,
    first: usize,
    middle: usize,
    second: usize,
    inner: usize,
}

impl Exchange {
    fn new(shape: &Shape, a: usize, b: usize) -> Self {
        let (a, b) = (a.min(b), a.max(b));
        let size = |axes: &[usize]| axes.iter().product();
        if a == b {
            return Self { outer: shape.size(), first: 1, middle: 1, second: 1, inner: 1 };
        }
        Self {
            outer: size(&shape[..a]),
            first: shape[a],
            middle: size(&shape[a + 1..b]),
            second: shape[b],
            inner: size(&shape[b + 1..]),
        }
    }

    fn reversed(self) -> Self {
        Self { first: self.second, second: self.first, ..self }
    }

    fn run<T: Element>(&self, out: &mut [T], write: Write, x: &[T]) {
        let &Self { outer, first, middle, second, inner } = self;
        let mut rows = out.chunks_exact_mut(inner.max(1));
        for block in 0..outer {
            for s in 0..second {
                for m in 0..middle {
                    for f in 0..first {
                        let start = (((block * first + f) * middle + m) * second + s) * inner;
                        if let Some(row) = rows.next() {
                            kernels::map1(row, write, &x[start..start + inner], |x| x);
                        }
                    }
                }
            }
        }
    }
}

impl<T: Element> Op<T> for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("transpose")?;
        let (a, b) = (x.axis("transpose", self.0)?, x.axis("transpose", self.1)?);
        Ok(x.with(a, x[b]).with(b, x[a]))
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        Exchange::new(x.shape, self.0, self.1).run(out.values, Write::Store, x.values);
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let exchange = Exchange::new(step.inputs.get(0).shape, self.0, self.1);
        let (out, write) = sink.parts();
        exchange.reversed().run(out, write, &step.upstream);
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The same elements, row by row, under another shape with as many.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.reshape(&[4])?.value()?, array![1.0, 2.0, 3.0, 4.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Length`] for a shape with another number of elements, [`ErrorKind::Rank`] for more
    /// than eight axes.
    pub fn reshape(self, shape: &[usize]) -> Result<Self> {
        if shape.len() > MAX_RANK {
            return Err(ErrorKind::Rank { op: "reshape", got: shape.len() }.into());
        }
        self.unary(Reshape(Shape::of(shape)))
    }

    /// The array with two axes exchanged; a matrix is transposed by `transpose(0, 1)`.
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
        self.unary(Transpose(a, b))
    }
}
