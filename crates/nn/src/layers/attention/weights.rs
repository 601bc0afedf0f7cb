//! Scores to weights: a softmax over the keys that a query sees.

use tensor::{Backward, Element, ErrorKind, Forward, Inputs, Op, Result, Shape, Shapes, Write};

/// `e^x / Σ e^x` along the last of four axes over what the mask, which is broadcast, has 0 for; 0 elsewhere, and
/// in a row of which nothing or only -inf is left. No gradient goes to the mask.
#[derive(Debug)]
pub(super) struct MaskedSoftmax;

const NAME: &str = "masked_softmax";

/// How far a row of the mask is from the next along each axis, and from one element to the next: 0 where the
/// mask repeats.
fn strides(mask: &Shape) -> [usize; 4] {
    let mut strides = [0; 4];
    let mut stride = 1;
    for (axis, &length) in mask.iter().enumerate().rev() {
        if length != 1 {
            strides[axis] = stride;
        }
        stride *= length;
    }
    strides
}

/// Calls `f` with the number of each row and the start of its mask.
fn rows(shape: &Shape, [a, b, c, _]: [usize; 4], mut f: impl FnMut(usize, usize)) {
    for item in 0..shape[0] {
        for head in 0..shape[1] {
            for query in 0..shape[2] {
                let row = (item * shape[1] + head) * shape[2] + query;
                f(row, item * a + head * b + query * c);
            }
        }
    }
}

impl<T: Element> Op<T> for MaskedSoftmax {
    fn name(&self) -> &'static str {
        NAME
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let [x, mask] = inputs.exactly(NAME)?;
        let fits = x.len() == 4 && mask.len() == 4 && mask.iter().zip(&**x).all(|(m, x)| m == x || *m == 1);
        if !fits {
            let expected = "four axes each, those of the mask of length 1 or as long";
            return Err(ErrorKind::Shapes { op: NAME, lhs: *x, rhs: *mask, expected }.into());
        }
        Ok(*x)
    }

    // A row of scores with -inf for what is not seen.
    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        inputs.get(0)[3]
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, mask) = (inputs.get(0), inputs.get(1));
        let (keys, strides) = (x.shape[3], strides(mask.shape));
        if keys == 0 {
            return Ok(());
        }
        let (seen, unseen) = (out.saved, T::from_f64(f64::NEG_INFINITY));
        rows(x.shape, strides, |row, start| {
            let (x, y) = (&x.values[row * keys..][..keys], &mut out.values[row * keys..][..keys]);
            let mask = &mask.values[start..];
            if strides[3] == 1 {
                for ((seen, &x), &mask) in seen.iter_mut().zip(x).zip(mask) {
                    *seen = if mask == T::zero() { x } else { unseen };
                }
            } else if mask[0] == T::zero() {
                seen.copy_from_slice(x);
            } else {
                seen.fill(unseen);
            }
            let max = T::largest(seen);
            if max == unseen {
                return y.fill(T::zero());
            }
            T::exp_minus(y, seen, max);
            let share = T::one() / T::narrow(T::sum_all(y));
            y.iter_mut().for_each(|y| *y *= share);
        });
        Ok(())
    }

    // dx = y (g - Σ g y)
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let keys = step.output.shape[3].max(1);
        let Some(sink) = step.grads.of(0) else {
            return Ok(());
        };
        let (dx, write) = sink.parts();
        let products = step.scratch.take(keys);
        let rows = step.upstream.chunks_exact(keys).zip(step.output.values.chunks_exact(keys));
        for (dx, (g, y)) in dx.chunks_exact_mut(keys).zip(rows) {
            for ((product, &g), &y) in products.iter_mut().zip(g).zip(y) {
                *product = g * y;
            }
            let sum = T::narrow(T::sum_all(products));
            let values = g.iter().zip(y).map(move |(&g, &y)| y * (g - sum));
            match write {
                Write::Store => dx.iter_mut().zip(values).for_each(|(dx, value)| *dx = value),
                Write::Add => dx.iter_mut().zip(values).for_each(|(dx, value)| *dx += value),
            }
        }
        Ok(())
    }
}
