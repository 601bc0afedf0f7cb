//! From features to heads and back, a copy each.

use tensor::{Backward, Element, ErrorKind, Forward, Inputs, Op, Result, Shape, Shapes};

/// Part `part` of `parts` of the features by head, times a factor: `[n, s, parts heads d]` to
/// `[n, heads, s, d]`.
#[derive(Debug)]
pub(super) struct Split<T> {
    pub(super) part: usize,
    pub(super) parts: usize,
    pub(super) heads: usize,
    pub(super) factor: T,
}

/// The heads of each element side by side: `[n, heads, s, d]` to `[n, s, heads d]`.
#[derive(Debug)]
pub(super) struct Join;

/// Calls `f` with the starts of each run of `d` neighbours: among heads, and among features that are `width`
/// wide.
fn runs([n, heads, s, d]: [usize; 4], width: usize, mut f: impl FnMut(usize, usize)) {
    for item in 0..n {
        for head in 0..heads {
            for i in 0..s {
                f(((item * heads + head) * s + i) * d, (item * s + i) * width + head * d);
            }
        }
    }
}

fn refused(op: &'static str, expected: &'static str, got: Shape) -> tensor::Error {
    ErrorKind::Operand { op, expected, got }.into()
}

impl<T: Element> Split<T> {
    /// The axes of the result and the width of the input.
    fn axes(&self, x: &Shape) -> Result<([usize; 4], usize)> {
        match **x {
            [n, s, width] if width % (self.parts * self.heads) == 0 => {
                Ok(([n, self.heads, s, width / (self.parts * self.heads)], width))
            }
            _ => Err(refused("split_heads", "three axes, the last a multiple of the heads", *x)),
        }
    }
}

impl<T: Element> Op<T> for Split<T> {
    fn name(&self) -> &'static str {
        "split_heads"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("split_heads")?;
        Shape::new(&self.axes(x)?.0)
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let (axes, width) = self.axes(x.shape)?;
        let (d, factor) = (axes[3], self.factor);
        let x = x.values.get(self.part * axes[1] * d..).unwrap_or_default();
        runs(axes, width, |to, from| {
            let run = out.values[to..to + d].iter_mut().zip(&x[from..from + d]);
            run.for_each(|(y, &x)| *y = x * factor);
        });
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (axes, width) = self.axes(step.inputs.get(0).shape)?;
        let (d, factor) = (axes[3], self.factor);
        let Some(sink) = step.grads.of(0) else { return Ok(()) };
        let dx = sink.so_far().get_mut(self.part * axes[1] * d..).unwrap_or_default();
        runs(axes, width, |from, to| {
            let run = dx[to..to + d].iter_mut().zip(&step.upstream[from..from + d]);
            run.for_each(|(dx, &g)| *dx += g * factor);
        });
        Ok(())
    }
}

/// The four axes of heads.
fn by_head(x: &Shape) -> Result<[usize; 4]> {
    <[usize; 4]>::try_from(&**x).map_err(|_| refused("join_heads", "four axes", *x))
}

impl<T: Element> Op<T> for Join {
    fn name(&self) -> &'static str {
        "join_heads"
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x] = inputs.exactly("join_heads")?;
        let [n, heads, s, d] = by_head(x)?;
        Shape::new(&[n, s, heads * d])
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let x = inputs.get(0);
        let axes = by_head(x.shape)?;
        let d = axes[3];
        runs(axes, axes[1] * d, |from, to| {
            out.values[to..to + d].copy_from_slice(&x.values[from..from + d]);
        });
        Ok(())
    }

    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let axes = by_head(step.inputs.get(0).shape)?;
        let d = axes[3];
        let Some(sink) = step.grads.of(0) else { return Ok(()) };
        let (dx, write) = sink.parts();
        runs(axes, axes[1] * d, |to, from| {
            let (dx, g) = (&mut dx[to..to + d], &step.upstream[from..from + d]);
            match write {
                tensor::Write::Store => dx.copy_from_slice(g),
                tensor::Write::Add => dx.iter_mut().zip(g).for_each(|(dx, &g)| *dx += g),
            }
        });
        Ok(())
    }
}
