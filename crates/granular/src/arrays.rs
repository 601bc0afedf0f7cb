//! Small helpers over ndarray.

use std::ops::Range;

use tensor::ndarray::{ArrayView2, Axis, Slice};

use crate::error::{ErrorKind, Result};

/// Some rows of an array. (`s!` would do, but expands to code that `forbid(unsafe_code)` refuses.)
pub(crate) fn rows(values: ArrayView2<'_, f64>, range: Range<usize>) -> ArrayView2<'_, f64> {
    values.slice_axis_move(Axis(0), Slice::from(range))
}

/// Some columns of an array.
pub(crate) fn columns(values: ArrayView2<'_, f64>, range: Range<usize>) -> ArrayView2<'_, f64> {
    values.slice_axis_move(Axis(1), Slice::from(range))
}

/// Another extent than expected is an error.
pub(crate) fn expect_extent(
    what: &'static str,
    axis: &'static str,
    expected: usize,
    got: usize,
) -> Result<()> {
    if got == expected { Ok(()) } else { Err(ErrorKind::Shape { what, axis, expected, got }.into()) }
}

/// A value that is NaN or infinite is an error.
pub(crate) fn expect_finite(what: &'static str, values: ArrayView2<'_, f64>) -> Result<()> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), &value)) => Err(ErrorKind::NotFiniteCell { what, row, column, value }.into()),
    }
}
