//! Several arrays as one.

use crate::kernels;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var};

/// Arrays one after the other, along an axis that they have or along a new one.
#[derive(Debug, Clone, Copy)]
enum Join {
    Concat(usize),
    Stack(usize),
}

impl Join {
    const fn op(self) -> &'static str {
        match self {
            Self::Concat(_) => "concat",
            Self::Stack(_) => "stack",
        }
    }

    /// What an array adds to each of the outer blocks of the output: a run of this many elements.
    fn run(self, x: &Shape) -> usize {
        let (Self::Concat(axis) | Self::Stack(axis)) = self;
        x[axis..].iter().product()
    }

    /// The output's shape for a first array and the length of all on the axis.
    fn shape(self, first: &Shape, length: usize) -> Result<Shape> {
        match self {
            Self::Concat(axis) => Ok(first.with(axis, length)),
            Self::Stack(axis) => first.inserting("stack", axis, length),
        }
    }
}

impl<T: Element> Op<T> for Join {
    fn name(&self) -> &'static str {
        self.op()
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let (op, first) = (self.op(), inputs.get(0));
        let mut length = 0;
        for i in 0..inputs.len() {
            let x = inputs.get(i);
            let (expected, agree) = match *self {
                Self::Concat(axis) => {
                    first.axis(op, axis)?;
                    let agree = x.len() == first.len() && x.with(axis, 0) == first.with(axis, 0);
                    length += x.get(axis).copied().unwrap_or(0);
                    ("equal lengths on all axes but the one that is joined", agree)
                }
                Self::Stack(_) => {
                    length += 1;
                    ("equal shapes", x == first)
                }
            };
            if !agree {
                return Err(ErrorKind::Shapes { op, lhs: *first, rhs: *x, expected }.into());
            }
        }
        self.shape(first, length)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let block: usize = (0..inputs.len()).map(|i| self.run(inputs.get(i).shape)).sum();
        let mut start = 0;
        for x in (0..inputs.len()).map(|i| inputs.get(i)) {
            let run = self.run(x.shape);
            if run == 0 {
                continue;
            }
            for (out, x) in out.values.chunks_exact_mut(block).zip(x.values.chunks_exact(run)) {
                out[start..start + run].copy_from_slice(x);
            }
            start += run;
        }
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let inputs = step.inputs;
        let block: usize = (0..inputs.len()).map(|i| self.run(inputs.get(i).shape)).sum();
        let mut start = 0;
        for i in 0..inputs.len() {
            let run = self.run(inputs.get(i).shape);
            // Without elements there is nothing to hand on, but the gradient is there.
            let sink = step.grads.of(i);
            if run == 0 {
                continue;
            }
            if let Some(sink) = sink {
                let (out, write) = sink.parts();
                for (out, g) in out.chunks_exact_mut(run).zip(step.upstream.chunks_exact(block)) {
                    kernels::map1(out, write, &g[start..start + run], |g| g);
                }
            }
            start += run;
        }
        Ok(())
    }
}

fn join<'t, T: Element>(op: Join, inputs: &[Var<'t, T>]) -> Result<Var<'t, T>> {
    let Some(first) = inputs.first() else {
        let (op, what) = (op.op(), "array or more");
        return Err(ErrorKind::Count { op, expected: 1, what, got: 0 }.into());
    };
    first.tape.apply(op, inputs)
}

/// Arrays one after the other along an axis, on all other axes of equal length. Each array's gradient is
/// its part of the result's.
///
/// ```
/// # use tensor::{Tape, concat, ndarray::array};
/// let tape = Tape::<f64>::new();
/// let a = tape.var(&array![[1.0], [2.0]])?;
/// let b = tape.var(&array![[3.0, 4.0], [5.0, 6.0]])?;
/// let y = concat(&[a, b], 1)?;
/// assert_eq!(y.value()?, array![[1.0, 3.0, 4.0], [2.0, 5.0, 6.0]].into_dyn());
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Count`] for no arrays, [`ErrorKind::Axis`] for an axis that is not there,
/// [`ErrorKind::Shapes`] for other lengths that differ.
pub fn concat<'t, T: Element>(inputs: &[Var<'t, T>], axis: usize) -> Result<Var<'t, T>> {
    join(Join::Concat(axis), inputs)
}

/// Arrays of one shape along a new axis, whose place in the result is `axis`. Each array's gradient is its
/// part of the result's.
///
/// ```
/// # use tensor::{Tape, stack, ndarray::array};
/// let tape = Tape::<f64>::new();
/// let (a, b) = (tape.var(&array![1.0, 2.0])?, tape.var(&array![3.0, 4.0])?);
/// assert_eq!(stack(&[a, b], 0)?.value()?, array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
/// assert_eq!(stack(&[a, b], 1)?.value()?, array![[1.0, 3.0], [2.0, 4.0]].into_dyn());
/// # Ok::<(), tensor::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Count`] for no arrays, [`ErrorKind::Shapes`] for shapes that differ, [`ErrorKind::Axis`]
/// for a place past the end, [`ErrorKind::Rank`] for more than eight axes.
pub fn stack<'t, T: Element>(inputs: &[Var<'t, T>], axis: usize) -> Result<Var<'t, T>> {
    join(Join::Stack(axis), inputs)
}
