//! Normalisation as one op each: mean 0 and variance 1, then a scale and a shift.

mod batch;
mod channels;
mod layer;

use crate::kernels::{self, Write};
use crate::{Element, ErrorKind, Result, Shape};

pub use batch::BatchStatistics;

/// Products that are added up at once: clearing memory for more would be felt in short rows.
const PIECE: usize = 256;

/// `Σ f(a[i], b[i])` of slices of one length, joined in the wide type.
#[inline(always)]
fn wide_sum_of<T: Element>(a: &[T], b: &[T], f: impl Fn(T, T) -> T + Copy) -> T::Wide {
    let mut total = T::Wide::default();
    let mut values = [T::zero(); PIECE];
    for (a, b) in a.chunks(PIECE).zip(b.chunks(PIECE)) {
        let values = &mut values[..a.len()];
        kernels::map2(values, Write::Store, a, b, f);
        total += kernels::wide_sum(values);
    }
    total
}

/// Refuses an `eps` that cannot be added to a variance.
fn check_eps<T: Element>(op: &'static str, eps: T) -> Result<()> {
    if eps >= T::zero() && eps.is_finite() {
        return Ok(());
    }
    Err(ErrorKind::Value { op, expected: "an `eps` that is finite and at least 0", got: eps.to_f64() }.into())
}

/// Refuses a weight, a bias or a statistic of another shape than this.
fn check_shape(op: &'static str, got: &Shape, shape: &Shape, expected: &'static str) -> Result<()> {
    if got == shape {
        return Ok(());
    }
    Err(ErrorKind::Shapes { op, lhs: *shape, rhs: *got, expected }.into())
}
