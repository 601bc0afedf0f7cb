//! Several arrays as one.

use crate::kernels::{Walk, Write, move_elements};
use crate::op::{Backward, Forward, Inputs, Op, Shapes, View};
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

    /// Every array with the walk over its part of the output and itself.
    fn parts<'a, T: Element>(self, inputs: Inputs<'a, T>) -> impl Iterator<Item = (View<'a, T>, Walk<2>)> {
        let (Self::Concat(axis) | Self::Stack(axis)) = self;
        let parts = (0..inputs.len()).map(move |i| {
            let x = inputs.get(i);
            // Each of the outer blocks has a run of every array.
            let (outer, run): (usize, usize) =
                (x.shape[..axis].iter().product(), x.shape[axis..].iter().product());
            (x, outer, run)
        });
        let block: usize = parts.clone().map(|(_, _, run)| run).sum();
        let mut start = 0;
        parts.map(move |(x, outer, run)| {
            let loops = [(outer, [block as isize, run as isize]), (run, [1, 1])];
            start += run;
            (x, Walk::new(loops, [(start - run) as isize, 0]))
        })
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
        self.shape(first, length)?.fits(op)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        for (x, walk) in self.parts(inputs) {
            move_elements(out.values, Write::Store, x.values, &walk);
        }
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        for (i, (_, walk)) in self.parts(step.inputs).enumerate() {
            if let Some(sink) = step.grads.of(i) {
                let (out, write) = sink.parts();
                move_elements(out, write, &step.upstream, &walk.reordered([1, 0]));
            }
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
/// [`ErrorKind::Count`] for no arrays, [`ErrorKind::Shapes`] for shapes that differ, [`ErrorKind::Axes`]
/// for a place past the end, [`ErrorKind::Rank`] for more than eight axes.
pub fn stack<'t, T: Element>(inputs: &[Var<'t, T>], axis: usize) -> Result<Var<'t, T>> {
    join(Join::Stack(axis), inputs)
}
