//! Rows of arrays: the first axis.

use crate::{ErrorKind, Result};
use std::ops::Range;
use tensor::ndarray::{Array2, ArrayD, ArrayView2, Axis, concatenate};

/// Refuses rows that are not there.
pub(super) fn check_rows(owner: &'static str, rows: &[usize], len: usize) -> Result<()> {
    match rows.iter().position(|&row| row >= len) {
        None => Ok(()),
        Some(position) => {
            let expected = format!("rows below {len}");
            let got = format!("row {} at position {position}", rows[position]);
            Err(ErrorKind::Data { owner, expected, got }.into())
        }
    }
}

/// Refuses a range that is not inside of `len` rows.
pub(super) fn check_range(owner: &'static str, rows: &Range<usize>, len: usize) -> Result<()> {
    if rows.start <= rows.end && rows.end <= len {
        return Ok(());
    }
    let (expected, got) = (format!("rows within 0..{len}"), format!("{rows:?}"));
    Err(ErrorKind::Data { owner, expected, got }.into())
}

/// Refuses a number of rows that is not the expected one.
pub(super) fn check_count(owner: &'static str, what: &str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    let (expected, got) = (format!("{expected} {what}, one for each row"), got.to_string());
    Err(ErrorKind::Data { owner, expected, got }.into())
}

/// The elements at these places, which were checked.
pub(super) fn pick<A: Clone>(values: &[A], rows: &[usize]) -> Vec<A> {
    rows.iter().map(|&row| values[row].clone()).collect()
}

/// The shape of one row.
pub(super) fn row_shape<A>(x: &ArrayD<A>) -> &[usize] {
    &x.shape()[1..]
}

/// The array with its elements row by row in memory, or the error of an array without rows.
pub(super) fn by_rows<A: Copy>(owner: &'static str, x: ArrayD<A>) -> Result<ArrayD<A>> {
    if x.ndim() == 0 {
        let expected = String::from("rows on the first axis");
        return Err(ErrorKind::Shape { owner, expected, got: Vec::new() }.into());
    }
    Ok(if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned() })
}

/// These rows of an array, which were checked.
pub(super) fn gather<A: Copy>(x: &ArrayD<A>, rows: &[usize]) -> ArrayD<A> {
    let width: usize = row_shape(x).iter().product();
    let x = x.as_standard_layout();
    let values = x.as_slice().expect("the standard layout is one slice");
    let mut picked = Vec::with_capacity(rows.len() * width);
    rows.iter().for_each(|&row| picked.extend_from_slice(&values[row * width..][..width]));
    let shape = with_rows(rows.len(), &x.shape()[1..]);
    ArrayD::from_shape_vec(shape, picked).expect("every row has the same width")
}

/// A range of rows of an array, which was checked.
pub(super) fn slice_rows<A: Copy>(x: &ArrayD<A>, rows: Range<usize>) -> ArrayD<A> {
    gather(x, &rows.collect::<Vec<_>>())
}

/// `[rows, ..row]`
pub(super) fn with_rows(rows: usize, row: &[usize]) -> Vec<usize> {
    let mut shape = vec![rows];
    shape.extend_from_slice(row);
    shape
}

/// Tables side by side, which have the same rows.
pub(super) fn beside<A: Clone>(tables: &[ArrayView2<'_, A>]) -> Array2<A> {
    concatenate(Axis(1), tables).expect("every table has the same rows")
}
