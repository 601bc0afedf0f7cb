//! The triangles of matrices.

use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var};
use std::ops::Range;

/// What lies on one side of a diagonal, itself included; 0 on the other side.
#[derive(Debug, Clone, Copy)]
enum Triangle {
    Lower(isize),
    Upper(isize),
}

impl Triangle {
    const fn op(self) -> &'static str {
        match self {
            Self::Lower(_) => "tril",
            Self::Upper(_) => "triu",
        }
    }

    /// The columns that are kept of one row.
    fn kept(self, row: usize, columns: usize) -> Range<usize> {
        let up_to = |column: isize| usize::try_from(column).unwrap_or(0).min(columns);
        let row = row as isize;
        match self {
            Self::Lower(offset) => 0..up_to(offset.saturating_add(row).saturating_add(1)),
            Self::Upper(offset) => up_to(offset.saturating_add(row))..columns,
        }
    }

    /// `out (+)=` the triangle of `x`.
    fn run<T: Element>(self, out: &mut [T], write: Write, x: &[T], shape: &Shape) {
        let (&[.., rows, columns], false) = (&**shape, x.is_empty()) else {
            return;
        };
        for (i, (out, x)) in out.chunks_exact_mut(columns).zip(x.chunks_exact(columns)).enumerate() {
            let kept = self.kept(i % rows, columns);
            if write == Write::Store {
                out[..kept.start].fill(T::zero());
                out[kept.end..].fill(T::zero());
            }
            kernels::map1(&mut out[kept.clone()], write, &x[kept], |x| x);
        }
    }
}

impl<T: Element> Op<T> for Triangle {
    fn name(&self) -> &'static str {
        self.op()
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let op = self.op();
        let [x] = inputs.exactly(op)?;
        if x.len() < 2 {
            return Err(ErrorKind::Operand { op, expected: "matrices (two axes or more)", got: *x }.into());
        }
        Ok(*x)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        self.run(out.values, Write::Store, inputs.get(0).values, out.shape);
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        if let Some(sink) = step.grads.of(0) {
            let (out, write) = sink.parts();
            self.run(out, write, &step.upstream, step.output.shape);
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The lower triangles of matrices (the last two axes): `x[i, j]` where `j <= i + offset`, 0 elsewhere.
    /// The derivative is 1 where an element is kept, else 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.tril(0)?.value()?, array![[1.0, 0.0], [3.0, 4.0]].into_dyn());
    /// assert_eq!(x.tril(-1)?.value()?, array![[0.0, 0.0], [3.0, 0.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for fewer than two axes.
    pub fn tril(self, offset: isize) -> Result<Self> {
        self.unary(Triangle::Lower(offset))
    }

    /// The upper triangles of matrices (the last two axes): `x[i, j]` where `j >= i + offset`, 0 elsewhere.
    /// The derivative is 1 where an element is kept, else 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(x.triu(0)?.value()?, array![[1.0, 2.0], [0.0, 4.0]].into_dyn());
    /// assert_eq!(x.triu(1)?.value()?, array![[0.0, 2.0], [0.0, 0.0]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] for fewer than two axes.
    pub fn triu(self, offset: isize) -> Result<Self> {
        self.unary(Triangle::Upper(offset))
    }
}
