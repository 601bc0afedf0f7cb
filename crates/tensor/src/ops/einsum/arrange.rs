//! The one move that einsum needs beside products: axes in another order, on a diagonal, or summed away.

use crate::kernels::Write;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::{Element, Result, Shape};
use smallvec::SmallVec;

/// A loop: how often, and how far apart the elements are.
type Axes = SmallVec<[(usize, usize); 8]>;

/// `out[kept] = Σ_summed x[kept, summed]`, with one loop for each index, whatever axes it runs over.
#[derive(Debug)]
pub(super) struct Arrange {
    shape: Shape,
    kept: Axes,
    summed: Axes,
}

impl Arrange {
    /// The result has this shape and as many elements as `kept` visits.
    pub(super) fn new(
        shape: Shape,
        kept: impl Iterator<Item = (usize, usize)>,
        summed: impl Iterator<Item = (usize, usize)>,
    ) -> Self {
        Self { shape, kept: merge(kept), summed: merge(summed) }
    }
}

/// Neighbouring loops that run over elements at equal distances are one.
fn merge(axes: impl Iterator<Item = (usize, usize)>) -> Axes {
    let mut merged = Axes::new();
    for (length, stride) in axes {
        match merged.last_mut() {
            Some(last) if last.1 == length * stride => *last = (last.0 * length, stride),
            _ => merged.push((length, stride)),
        }
    }
    merged
}

/// Calls `f` with every position that the loops reach, the last loop innermost.
fn walk(axes: &[(usize, usize)], start: usize, f: &mut impl FnMut(usize)) {
    match *axes {
        [] => f(start),
        [(length, stride)] => (0..length).for_each(|i| f(start + i * stride)),
        [(length, stride), ref rest @ ..] => (0..length).for_each(|i| walk(rest, start + i * stride, f)),
    }
}

impl<T: Element> Op<T> for Arrange {
    fn name(&self) -> &'static str {
        "einsum"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        inputs.exactly::<1>("einsum")?;
        Ok(self.shape)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0).values;
        let mut out = out.values.iter_mut();
        walk(&self.kept, 0, &mut |start| {
            let Some(out) = out.next() else { return };
            if self.summed.is_empty() {
                *out = x[start];
                return;
            }
            let mut total = T::Wide::default();
            walk(&self.summed, start, &mut |at| total += x[at].widen());
            *out = T::narrow(total);
        });
        Ok(())
    }

    // Every summand has the gradient of its sum; what lies off a diagonal has none.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let visited: usize = self.kept.iter().chain(&self.summed).map(|axis| axis.0).product();
        let (out, write) = if visited == step.inputs.get(0).values.len() {
            sink.parts()
        } else {
            (sink.so_far(), Write::Add)
        };
        let mut upstream = step.upstream.iter();
        walk(&self.kept, 0, &mut |start| {
            let Some(&g) = upstream.next() else { return };
            walk(&self.summed, start, &mut |at| match write {
                Write::Store => out[at] = g,
                Write::Add => out[at] += g,
            });
        });
        Ok(())
    }
}
