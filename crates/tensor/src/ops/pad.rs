//! Elements added around an array.

use crate::kernels::{self, Write};
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, ErrorKind, MAX_RANK, Result, Shape, Var};
use std::ops::Range;

/// What [`Var::pad`] puts beside an array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PadMode<T> {
    /// A number.
    Constant(T),
    /// The elements next to the first and last one, mirrored at them: `3 2 | 1 2 3 | 2 1`.
    Reflect,
    /// The first and the last element: `1 1 | 1 2 3 | 3 3`.
    Replicate,
}

/// The array with elements added before and after on each axis.
#[derive(Debug)]
struct Pad<T> {
    amounts: [(usize, usize); MAX_RANK],
    count: usize,
    mode: PadMode<T>,
}

/// An axis of the output.
#[derive(Debug, Clone, Copy)]
struct Padded {
    before: usize,
    /// The input's length.
    length: usize,
    /// The output's length.
    total: usize,
}

impl Padded {
    /// Where an element of the output comes from, if from the input.
    #[inline(always)]
    fn source<T>(&self, i: usize, mode: &PadMode<T>) -> Option<usize> {
        let Self { before, length, .. } = *self;
        match mode {
            PadMode::Constant(_) => i.checked_sub(before).filter(|&i| i < length),
            PadMode::Replicate => Some(i.saturating_sub(before).min(length - 1)),
            // At most one of the two ends is passed, and by less than the length.
            PadMode::Reflect => {
                let i = i.abs_diff(before);
                Some(if i < length { i } else { 2 * (length - 1) - i })
            }
        }
    }

    /// The part of the output that is the input.
    fn middle(&self) -> Range<usize> {
        self.before..self.before + self.length
    }
}

/// Where the rows of the output come from: axes after the last padded one are `inner` elements that stay
/// together, that axis is a row, and the axes before it are the loops.
struct Rows {
    outer: [Padded; MAX_RANK],
    outer_len: usize,
    row: Padded,
    inner: usize,
}

impl Rows {
    /// Calls `f` with the starts of each row in the output and in the input (`None` where all is padding).
    fn each<T>(&self, mode: &PadMode<T>, mut f: impl FnMut(usize, Option<usize>)) {
        let (outer, width) = (&self.outer[..self.outer_len], self.row.total * self.inner);
        let rounds: usize = outer.iter().map(|axis| axis.total).product();
        let mut at = [0; MAX_RANK];
        for round in 0..rounds {
            let row = outer
                .iter()
                .zip(&at)
                .try_fold(0, |row, (axis, &i)| Some(row * axis.length + axis.source(i, mode)?));
            f(round * width, row.map(|row| row * self.row.length * self.inner));
            for (i, axis) in at.iter_mut().zip(outer).rev() {
                *i += 1;
                if *i < axis.total {
                    break;
                }
                *i = 0;
            }
        }
    }

    /// Calls `f` with the positions of each padding element (`inner` numbers) of a row and its source.
    #[inline(always)]
    fn edges<T>(&self, mode: &PadMode<T>, mut f: impl FnMut(usize, Option<usize>)) {
        let middle = self.row.middle();
        for i in (0..middle.start).chain(middle.end..self.row.total) {
            f(i * self.inner, self.row.source(i, mode).map(|source| source * self.inner));
        }
    }
}

impl<T: Element> Pad<T> {
    fn rows(&self, x: &Shape) -> Rows {
        let axis = |i: usize| {
            let (before, after) = self.amounts[i];
            Padded { before, length: x[i], total: before + x[i] + after }
        };
        let last = (0..x.len()).rposition(|i| self.amounts[i] != (0, 0)).unwrap_or(0);
        let mut outer = [Padded { before: 0, length: 1, total: 1 }; MAX_RANK];
        (0..last).for_each(|i| outer[i] = axis(i));
        let row = if x.is_empty() { outer[0] } else { axis(last) };
        Rows { outer, outer_len: last, row, inner: x.iter().skip(last + 1).product() }
    }

    /// Refuses padding that an axis cannot give.
    fn admit(&self, x: &Shape) -> Result<()> {
        let op = "pad";
        if self.count != x.len() {
            let (expected, what) = (x.len(), "pairs of amounts, one per axis");
            return Err(ErrorKind::Count { op, expected, what, got: self.count }.into());
        }
        for (axis, &length) in x.iter().enumerate() {
            let amount = self.amounts[axis].0.max(self.amounts[axis].1);
            let expected = match self.mode {
                PadMode::Reflect if amount > 0 && amount >= length => {
                    "fewer than the axis is long, to reflect"
                }
                PadMode::Replicate if amount > 0 && length == 0 => "an element to replicate",
                _ => continue,
            };
            return Err(ErrorKind::Padding { op, axis, amount, length, expected }.into());
        }
        Ok(())
    }
}

impl<T: Element> Op<T> for Pad<T> {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("pad")?;
        self.admit(x)?;
        let longer = |shape: Shape, (i, &(before, after)): (usize, &(usize, usize))| {
            shape.with(i, before.saturating_add(x[i]).saturating_add(after))
        };
        self.amounts[..self.count].iter().enumerate().fold(*x, longer).fits("pad")
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let (rows, mode) = (self.rows(x.shape), &self.mode);
        let (width, inner, middle) = (rows.row.total * rows.inner, rows.inner, rows.row.middle());
        let constant = if let PadMode::Constant(c) = *mode { c } else { T::zero() };
        rows.each(mode, |start, source| {
            let out = &mut out.values[start..start + width];
            let Some(source) = source else {
                return out.fill(constant);
            };
            let x = &x.values[source..source + rows.row.length * inner];
            out[middle.start * inner..middle.end * inner].copy_from_slice(x);
            rows.edges(mode, |to, from| match from {
                Some(from) => out[to..to + inner].copy_from_slice(&x[from..from + inner]),
                None => out[to..to + inner].fill(constant),
            });
        });
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let rows = self.rows(step.inputs.get(0).shape);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let mode = &self.mode;
        let (width, inner, middle) = (rows.row.total * rows.inner, rows.inner, rows.row.middle());
        // Around a constant every element of the input is met once; otherwise some come several times.
        let (dx, write) =
            if let PadMode::Constant(_) = mode { sink.parts() } else { (sink.so_far(), Write::Add) };
        rows.each(mode, |start, source| {
            let Some(source) = source else { return };
            let g = &step.upstream[start..start + width];
            let dx = &mut dx[source..source + rows.row.length * inner];
            kernels::map1(dx, write, &g[middle.start * inner..middle.end * inner], |g| g);
            rows.edges(mode, |at, from| {
                if let Some(from) = from {
                    kernels::map1(&mut dx[from..from + inner], Write::Add, &g[at..at + inner], |g| g);
                }
            });
        });
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The array with `(before, after)` elements added on each axis: one pair per axis, in the order of the
    /// axes (NumPy's order; PyTorch counts from the last). The gradient of an element is the sum over its
    /// copies; a constant has none.
    ///
    /// ```
    /// # use tensor::{PadMode, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![1.0, 2.0, 3.0])?;
    /// let pad = |mode| x.pad(&[(2, 1)], mode);
    /// assert_eq!(pad(PadMode::Constant(9.0))?.value()?, array![9.0, 9.0, 1.0, 2.0, 3.0, 9.0].into_dyn());
    /// assert_eq!(pad(PadMode::Replicate)?.value()?, array![1.0, 1.0, 1.0, 2.0, 3.0, 3.0].into_dyn());
    /// let y = pad(PadMode::Reflect)?;
    /// assert_eq!(y.value()?, array![3.0, 2.0, 1.0, 2.0, 3.0, 2.0].into_dyn());
    /// assert_eq!(tape.backward(y.sum()?)?.wrt(x)?, array![1.0, 3.0, 2.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Count`] unless there is one pair per axis; [`ErrorKind::Padding`] to reflect as many
    /// elements as an axis has or more, or to replicate one of none.
    pub fn pad(self, amounts: &[(usize, usize)], mode: PadMode<T>) -> Result<Self> {
        if amounts.len() > MAX_RANK {
            return Err(ErrorKind::Rank { op: "pad", got: amounts.len() }.into());
        }
        let mut pad = Pad { amounts: [(0, 0); MAX_RANK], count: amounts.len(), mode };
        pad.amounts[..amounts.len()].copy_from_slice(amounts);
        self.unary(pad)
    }
}
