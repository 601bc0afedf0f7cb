//! Recurrences over time: all steps as one op, so that the way back through time is a loop and not a tape,
//! and the weight's gradient one product over all steps.

mod gru;
mod lstm;
#[cfg(test)]
mod tests;

use crate::kernels::{Matrix, Walk, Write, move_elements};
use crate::op::{Inputs, Op, Shapes, Sink};
use crate::{Element, Error, ErrorKind, Indices, Result, Shape, Var};
use smallvec::SmallVec;
use std::ops::Range;

/// Where a recurrence such as [`Var::lstm`] begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// At the first step.
    #[default]
    Forward,
    /// At the last step of each sequence, from which it goes back to the first.
    Backward,
}

/// What the recurrences have in common: inputs `[time, batch, gates hidden]`, a weight
/// `[hidden, gates hidden]`, states `[batch, hidden]` and, as the last input, lengths `[batch]`.
#[derive(Debug, Clone, Copy)]
struct Recurrence {
    op: &'static str,
    /// Parts of a step's input, each as long as the state.
    gates: usize,
    direction: Direction,
    /// The position of the lengths among the inputs.
    lengths: Option<usize>,
}

/// The sizes of a recurrence.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    time: usize,
    batch: usize,
    hidden: usize,
    gates: usize,
    direction: Direction,
}

impl Recurrence {
    /// Checks the inputs, of which the states and the bias stand at these positions.
    fn check<T: Element>(
        &self,
        inputs: Shapes<'_, T>,
        states: Range<usize>,
        bias: Option<usize>,
    ) -> Result<Sizes> {
        let (op, x, w) = (self.op, inputs.get(0), inputs.get(1));
        let &[_, batch, width] = &**x else {
            let expected = "an input with three axes, time, batch and gates";
            return Err(ErrorKind::Operand { op, expected, got: *x }.into());
        };
        let fits = w.len() == 2 && w[0] > 0 && w[1] % self.gates == 0 && w[1] / self.gates == w[0];
        if !fits {
            let expected = if self.gates == 4 {
                "a weight with columns for four gates, each as many as it has rows"
            } else {
                "a weight with columns for three gates, each as many as it has rows"
            };
            return Err(ErrorKind::Operand { op, expected, got: *w }.into());
        }
        let disagree =
            |rhs: &Shape, expected| Error::from(ErrorKind::Shapes { op, lhs: *x, rhs: *rhs, expected });
        if width != w[1] {
            return Err(disagree(w, "the input's last axis to be as long as the weight's"));
        }
        for state in states.map(|input| inputs.get(input)) {
            if **state != [batch, w[0]] {
                return Err(disagree(
                    state,
                    "a state for each sequence of the batch, as long as the weight has rows",
                ));
            }
        }
        if let Some(bias) = bias.map(|input| inputs.get(input))
            && **bias != [width]
        {
            return Err(disagree(bias, "a bias as long as the input's last axis"));
        }
        if let Some(lengths) = self.lengths.map(|input| inputs.get(input))
            && **lengths != [batch]
        {
            return Err(disagree(lengths, "one length for each sequence of the batch"));
        }
        Ok(self.of(x, w))
    }

    /// The sizes of inputs that were checked.
    fn of(&self, x: &Shape, w: &Shape) -> Sizes {
        Sizes { time: x[0], batch: x[1], hidden: w[0], gates: self.gates, direction: self.direction }
    }

    fn sizes<T: Element>(&self, inputs: Inputs<'_, T>) -> Sizes {
        self.of(inputs.get(0).shape, inputs.get(1).shape)
    }

    /// How long each sequence is, if that was said.
    fn lengths<'a, T: Element>(&self, inputs: Inputs<'a, T>) -> Option<&'a [usize]> {
        self.lengths.map(|input| inputs.indices(input))
    }

    /// The same after a check.
    fn checked_lengths<'a, T: Element>(&self, inputs: Inputs<'a, T>) -> Result<Option<&'a [usize]>> {
        let (op, time) = (self.op, inputs.get(0).shape[0]);
        let lengths = self.lengths(inputs);
        match lengths.and_then(|lengths| lengths.iter().position(|&length| length > time)) {
            None => Ok(lengths),
            Some(position) => {
                let index = lengths.map_or(0, |lengths| lengths[position]);
                Err(ErrorKind::Index { op, index, position, bound: time + 1 }.into())
            }
        }
    }
}

impl Sizes {
    /// Numbers in the states of one step.
    fn area(&self) -> usize {
        self.batch * self.hidden
    }

    /// Numbers in the gates of one sequence and step.
    fn width(&self) -> usize {
        self.gates * self.hidden
    }

    /// The steps in the order of the recurrence, each with the one before.
    fn order(&self) -> impl DoubleEndedIterator<Item = (usize, Option<usize>)> + use<> {
        // An empty batch may have any number of steps.
        let (time, direction) = (if self.batch == 0 { 0 } else { self.time }, self.direction);
        (0..time).map(move |taken| match direction {
            Direction::Forward => (taken, taken.checked_sub(1)),
            Direction::Backward => (time - 1 - taken, (taken > 0).then(|| time - taken)),
        })
    }

    /// Where the states of a step stand.
    fn states(&self, step: usize) -> Range<usize> {
        step * self.area()..(step + 1) * self.area()
    }

    /// Where the gates of a step stand.
    fn inputs(&self, step: usize) -> Range<usize> {
        let size = self.batch * self.width();
        step * size..(step + 1) * size
    }

    fn weight<'a, T: Element>(&self, values: &'a [T]) -> Matrix<'a, T> {
        Matrix::new(values, self.hidden, self.width())
    }

    /// Numbers of the transposed weight that the way back copies: from a few sequences and two steps on,
    /// products that read it row by row are worth it.
    fn copied(&self) -> usize {
        const SEQUENCES: usize = 4;
        if self.batch < SEQUENCES || self.time < 2 { 0 } else { self.hidden * self.width() }
    }

    /// The transposed weight, in memory for as many numbers as are [`copied`](Self::copied).
    fn transposed<'a, T: Element>(&self, copy: &'a mut [T], weight: &'a [T]) -> Matrix<'a, T> {
        if copy.is_empty() {
            return self.weight(weight).t();
        }
        let loops = [(self.width(), [self.hidden as isize, 1]), (self.hidden, [1, self.width() as isize])];
        move_elements(copy, Write::Store, weight, &Walk::new(loops, [0, 0]));
        Matrix::new(copy, self.width(), self.hidden)
    }

    /// Gates of one step or more.
    fn gates<'a, T: Element>(&self, values: &'a [T]) -> Matrix<'a, T> {
        Matrix::new(values, values.len() / self.width(), self.width())
    }

    /// States of one step or more.
    fn rows<'a, T: Element>(&self, values: &'a [T]) -> Matrix<'a, T> {
        Matrix::new(values, values.len() / self.hidden, self.hidden)
    }

    /// The states of a step to write, and those before it to read.
    fn step<'a, T>(
        &self,
        all: &'a mut [T],
        initial: &'a [T],
        (step, before): (usize, Option<usize>),
    ) -> (&'a mut [T], &'a [T]) {
        let Some(before) = before else {
            return (&mut all[self.states(step)], initial);
        };
        let (low, high) = all.split_at_mut(step.max(before) * self.area());
        if step > before {
            (&mut high[..self.area()], &low[self.states(before)])
        } else {
            (&mut low[self.states(step)], &high[..self.area()])
        }
    }

    /// Contributes the gradient of the weight, `Σ hᵀ G` over all steps with the states before each.
    fn weight_gradient<T: Element>(&self, sink: Sink<'_, T>, (initial, states): (&[T], &[T]), g: &[T]) {
        let Some((first, _)) = self.order().next() else {
            sink.so_far();
            return;
        };
        let (out, write) = sink.parts();
        T::gemm(out, write, T::one(), self.rows(initial).t(), self.gates(&g[self.inputs(first)]));
        if self.time > 1 {
            let (last, one) = (self.time - 1, self.batch * self.width());
            let (before, g) = match self.direction {
                Direction::Forward => (&states[..last * self.area()], &g[one..]),
                Direction::Backward => (&states[self.area()..self.time * self.area()], &g[..last * one]),
            };
            T::gemm(out, Write::Add, T::one(), self.rows(before).t(), self.gates(g));
        }
    }
}

/// Whether a sequence takes a step, or has ended before it.
fn runs(lengths: Option<&[usize]>, sequence: usize, step: usize) -> bool {
    lengths.is_none_or(|lengths| step < lengths[sequence])
}

impl<'t, T: Element> Var<'t, T> {
    /// Records a recurrence with lengths as the last input.
    fn recurrent<O: Op<T>>(
        self,
        op: O,
        others: &[Option<Var<'_, T>>],
        lengths: Option<Indices<'_, T>>,
    ) -> Result<Self> {
        let mut ids: SmallVec<[u32; 5]> = SmallVec::from_slice(&[self.id]);
        for other in others.iter().copied().flatten().chain(lengths.map(|lengths| lengths.0)) {
            ids.push(self.tape.own(op.name(), other)? as u32);
        }
        let mut inner = self.tape.write(op.name())?;
        Ok(self.tape.wrap(inner.record(op, &ids)?))
    }
}
