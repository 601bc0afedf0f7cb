//! Elements in order.

use crate::node::Kind;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var};
use ndarray::{ArrayD, IxDyn};
use std::cmp::Ordering;

/// Which element comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

impl Order {
    /// Values in this order, NaN last.
    fn compare<T: Element>(self, a: T, b: T) -> Ordering {
        let ordering = match self {
            Self::Ascending => a.partial_cmp(&b),
            Self::Descending => b.partial_cmp(&a),
        };
        ordering.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    }
}

/// The first `count` elements of each line along an axis; saves where they stood.
#[derive(Debug)]
struct Sort {
    name: &'static str,
    axis: usize,
    order: Order,
    /// All of them if `None`.
    count: Option<usize>,
}

/// Positions are kept as elements: `f32` holds whole numbers up to here.
const LONGEST: usize = 1 << 24;

/// Whether the type holds every position of a line.
fn fits<T: Element>(length: usize) -> bool {
    let beyond = (LONGEST + 1) as f64;
    length <= LONGEST || T::from_f64(beyond).to_f64() == beyond
}

fn position<T: Element>(x: T) -> usize {
    x.to_f64() as usize
}

impl<T: Element> Op<T> for Sort {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly(self.name)?;
        let op = self.name;
        let length = x[x.axis(op, self.axis)?];
        if !fits::<T>(length) {
            let expected = "at most 2^24 elements along the axis, as many as `f32` can number";
            return Err(ErrorKind::Operand { op, expected, got: *x }.into());
        }
        match self.count {
            Some(got) if got > length => Err(ErrorKind::TooMany { op, axis: self.axis, length, got }.into()),
            count => Ok(x.with(self.axis, count.unwrap_or(length))),
        }
    }

    // The positions of all elements of a line are ordered.
    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0).size()
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let (length, count) = (x.shape[self.axis], out.shape[self.axis]);
        if length == 0 {
            return Ok(());
        }
        // Equal elements are told apart by their positions: stable, whatever the algorithm.
        let lanes = x.shape.lanes(self.axis).zip(out.shape.lanes(self.axis));
        for ((from, to), order) in lanes.zip(out.saved.chunks_exact_mut(length)) {
            order.iter_mut().enumerate().for_each(|(i, place)| *place = T::from_f64(i as f64));
            let at = |place: T| x.values[from.at(position(place))];
            let compare = |a: &T, b: &T| {
                let by_value = self.order.compare(at(*a), at(*b));
                by_value.then_with(|| position(*a).cmp(&position(*b)))
            };
            if count > 0 && count < length {
                order.select_nth_unstable_by(count - 1, compare);
            }
            order[..count].sort_unstable_by(compare);
            for (i, &place) in to.positions().zip(&order[..count]) {
                out.values[i] = at(place);
            }
        }
        Ok(())
    }

    // Each gradient goes back to where its element stood.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (shape, length) = (step.inputs.get(0).shape, step.inputs.get(0).shape[self.axis]);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let out = sink.so_far();
        let lanes = shape.lanes(self.axis).zip(step.output.shape.lanes(self.axis));
        for ((to, from), order) in lanes.zip(step.saved.chunks_exact(length.max(1))) {
            for (i, &place) in from.positions().zip(order) {
                out[to.at(position(place))] += step.upstream[i];
            }
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    fn ordered(self, op: Sort) -> Result<(Self, ArrayD<usize>)> {
        let (axis, length) = (op.axis, self.shape()?.get(op.axis).copied().unwrap_or(0));
        let sorted = self.unary(op)?;
        let inner = self.tape.read("sort")?;
        inner.looked.set(true);
        let node = &inner.nodes[sorted.id as usize];
        let mut indices = ArrayD::zeros(IxDyn(&node.shape));
        if let (Kind::Op(recorded), Some(flat)) = (&node.kind, indices.as_slice_mut()) {
            let lanes = node.shape.lanes(axis).zip(recorded.saved.chunks_exact(length.max(1)));
            for (lane, order) in lanes {
                lane.positions().zip(order).for_each(|(i, &place)| flat[i] = position(place));
            }
        }
        Ok((sorted, indices))
    }

    /// The elements in order along an axis, and where each stood. Each gradient goes back to where its
    /// element stood.
    ///
    /// Equal elements keep their order, NaN comes last in either order. The indices are those of this
    /// recording: a [`replay`](crate::Tape::replay) orders the new values, but changes no array given out.
    ///
    /// ```
    /// # use tensor::{Order, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0, 1.0, 2.0])?;
    /// let (y, indices) = x.sort(0, Order::Ascending)?;
    /// assert_eq!(y.value()?, array![1.0, 2.0, 3.0].into_dyn());
    /// assert_eq!(indices, array![1, 2, 0].into_dyn());
    /// let weights = array![1.0, 10.0, 100.0];
    /// assert_eq!(tape.backward_with(y, &weights)?.wrt(x)?, array![100.0, 1.0, 10.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`] for an axis that is not there, [`ErrorKind::Operand`] for one with more elements
    /// than `f32` can number, 2^24, if that is the element type.
    pub fn sort(self, axis: usize, order: Order) -> Result<(Self, ArrayD<usize>)> {
        self.ordered(Sort { name: "sort", axis, order, count: None })
    }

    /// The first `count` elements of [`sort`](Self::sort), and where each stood: the largest ones for
    /// [`Order::Descending`]. The other elements have gradient 0.
    ///
    /// ```
    /// # use tensor::{Order, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![3.0, 1.0, 2.0])?;
    /// let (y, indices) = x.topk(2, 0, Order::Descending)?;
    /// assert_eq!(y.value()?, array![3.0, 2.0].into_dyn());
    /// assert_eq!(indices, array![0, 2].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![1.0, 0.0, 1.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::TooMany`] for more elements than the axis has; otherwise as [`sort`](Self::sort).
    pub fn topk(self, count: usize, axis: usize, order: Order) -> Result<(Self, ArrayD<usize>)> {
        self.ordered(Sort { name: "topk", axis, order, count: Some(count) })
    }
}
