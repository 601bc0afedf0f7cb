//! NumPy's broadcasting: axes are matched from the last, and an axis of length 1 (or missing) repeats.

use crate::grouping::Grouping;
use crate::kernels::{Write, vectorize};
use crate::op::{Sink, View};
use crate::{Element, ErrorKind, MAX_RANK, Result, Shape};
use std::ops::Range;

/// The shape of an elementwise op on two shapes.
pub(crate) fn broadcast(op: &'static str, lhs: &Shape, rhs: &Shape) -> Result<Shape> {
    if lhs == rhs {
        return Ok(*lhs);
    }
    let mut out = if lhs.len() >= rhs.len() { *lhs } else { *rhs };
    for back in 1..=out.len() {
        let axis = out.len() - back;
        let length = match (from_end(lhs, back), from_end(rhs, back)) {
            (a, b) if a == b => a,
            (1, b) => b,
            (a, 1) => a,
            _ => {
                let expected = "axes of equal length or of length 1, counted from the last";
                return Err(ErrorKind::Shapes { op, lhs: *lhs, rhs: *rhs, expected }.into());
            }
        };
        out = out.with(axis, length);
    }
    Ok(out)
}

fn from_end(shape: &Shape, back: usize) -> usize {
    if back <= shape.len() { shape[shape.len() - back] } else { 1 }
}

/// Loops over an output with two broadcast operands: neighbouring axes on which both operands behave
/// alike are one loop.
pub(crate) struct Loops {
    /// Length, and whether the first and the second operand advance; outermost first.
    axes: [(usize, [bool; 2]); MAX_RANK],
    count: usize,
}

impl Loops {
    pub(crate) fn new(out: &Shape, a: &Shape, b: &Shape) -> Self {
        let mut loops = Self { axes: [(1, [true; 2]); MAX_RANK], count: 0 };
        for back in (1..=out.len()).rev() {
            let length = from_end(out, back);
            if length == 1 {
                continue;
            }
            let advance = [from_end(a, back) == length, from_end(b, back) == length];
            if loops.count > 0 && loops.axes[loops.count - 1].1 == advance {
                loops.axes[loops.count - 1].0 *= length;
            } else {
                loops.axes[loops.count] = (length, advance);
                loops.count += 1;
            }
        }
        loops.count = loops.count.max(1);
        loops
    }

    /// The innermost row: its length, and whether the first and the second operand advance along it.
    #[inline(always)]
    pub(crate) fn row(&self) -> (usize, [bool; 2]) {
        self.axes[self.count - 1]
    }

    /// Calls `f` with the output's start and the operands' starts of every innermost row.
    #[inline(always)]
    pub(crate) fn rows(&self, mut f: impl FnMut(usize, usize, usize)) {
        let outer = &self.axes[..self.count - 1];
        let (row, advance) = self.row();
        let mut strides = [[0; 2]; MAX_RANK];
        let mut stride = advance.map(|advances| if advances { row } else { 1 });
        for (i, &(length, advance)) in outer.iter().enumerate().rev() {
            for operand in 0..2 {
                if advance[operand] {
                    strides[i][operand] = stride[operand];
                    stride[operand] *= length;
                }
            }
        }
        let total: usize = outer.iter().map(|axis| axis.0).product();
        let mut at = [0; MAX_RANK];
        let mut start = [0; 2];
        for index in 0..total {
            f(index * row, start[0], start[1]);
            for i in (0..outer.len()).rev() {
                at[i] += 1;
                start[0] += strides[i][0];
                start[1] += strides[i][1];
                if at[i] < outer[i].0 {
                    break;
                }
                start[0] -= strides[i][0] * at[i];
                start[1] -= strides[i][1] * at[i];
                at[i] = 0;
            }
        }
    }

    /// Calls `f` with the positions of every element in the output and in the operands.
    #[inline(always)]
    pub(crate) fn each(&self, mut f: impl FnMut(usize, usize, usize)) {
        let (row, advance) = self.row();
        let [step_a, step_b] = advance.map(usize::from);
        self.rows(|out, a, b| (0..row).for_each(|i| f(out + i, a + i * step_a, b + i * step_b)));
    }
}

/// What to do with the parts of a gradient when an operand's parts are repeated: [`Loops`] meets each of them
/// for the first time in their order.
pub(crate) struct Parts {
    write: Write,
    met: usize,
}

impl Parts {
    pub(crate) fn new(write: Write) -> Self {
        Self { write, met: 0 }
    }

    /// Whether this part is written for the first time, or added to.
    pub(crate) fn write(&mut self, part: &Range<usize>) -> Write {
        let write = if part.start < self.met { Write::Add } else { self.write };
        self.met = self.met.max(part.end);
        write
    }

    /// Parts that were never met have the gradient 0: the other operand was empty.
    pub(crate) fn finish<T: Element>(self, out: &mut [T]) {
        if self.write == Write::Store {
            out[self.met..].fill(T::zero());
        }
    }
}

/// `out[i] = f(out[i], a[i], b[i])` with the operands broadcast to `shape`.
pub(crate) fn zip<T: Element>(
    out: &mut [T],
    shape: &Shape,
    (a, b): (View<'_, T>, View<'_, T>),
    f: impl Fn(T, T, T) -> T,
) {
    if out.is_empty() {
        return;
    }
    let loops = Loops::new(shape, a.shape, b.shape);
    let (row, advance) = loops.row();
    vectorize(
        #[inline(always)]
        || {
            loops.rows(|start, at_a, at_b| {
                let out = &mut out[start..start + row];
                match advance {
                    [true, true] => {
                        let (a, b) = (&a.values[at_a..at_a + row], &b.values[at_b..at_b + row]);
                        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                            *out = f(*out, a, b);
                        }
                    }
                    [true, false] => {
                        let (a, b) = (&a.values[at_a..at_a + row], b.values[at_b]);
                        for (out, &a) in out.iter_mut().zip(a) {
                            *out = f(*out, a, b);
                        }
                    }
                    [false, true] => {
                        let (a, b) = (a.values[at_a], &b.values[at_b..at_b + row]);
                        for (out, &b) in out.iter_mut().zip(b) {
                            *out = f(*out, a, b);
                        }
                    }
                    // Where a third operand made the axis.
                    [false, false] => {
                        let (a, b) = (a.values[at_a], b.values[at_b]);
                        out.iter_mut().for_each(|out| *out = f(*out, a, b));
                    }
                }
            });
        },
    );
}

/// Brings a gradient back to an operand's shape: sums over the axes on which the operand was repeated.
pub(crate) fn reduce<T: Element>(sink: Sink<'_, T>, gradient: &[T], from: &Shape, to: &Shape) {
    let (out, write) = sink.parts();
    let back = |axis| from.len() - axis;
    let axes = (0..from.len()).map(|axis| (from[axis], from_end(to, back(axis)) != from[axis]));
    Grouping::new(axes).sum(out, write, gradient);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(axes: &[usize]) -> Shape {
        Shape::of(axes)
    }

    #[test]
    fn shapes_follow_numpy() {
        for (a, b, want) in [
            (&[2, 3][..], &[3][..], &[2, 3][..]),
            (&[2, 1], &[1, 3], &[2, 3]),
            (&[], &[4], &[4]),
            (&[0], &[1], &[0]),
            (&[5, 1, 2], &[3, 1], &[5, 3, 2]),
        ] {
            assert_eq!(broadcast("add", &shape(a), &shape(b)).unwrap(), shape(want));
            assert_eq!(broadcast("add", &shape(b), &shape(a)).unwrap(), shape(want));
        }
        let error = broadcast("add", &shape(&[2, 3]), &shape(&[2])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "add: shapes [2, 3] and [2] do not agree: expected axes of equal length or of length 1, counted from the last"
        );
    }
}
