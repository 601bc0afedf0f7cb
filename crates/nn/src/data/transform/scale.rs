//! What scalings share: a shift and a unit for each column.

use crate::{ErrorKind, Result};
use tensor::Element;
use tensor::ndarray::{Array, ArrayRef, Axis, Dimension};

/// `y = (x - shift) / unit + base` in each column along an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) owner: &'static str,
    pub(super) axis: usize,
    pub(super) shift: Vec<f64>,
    pub(super) unit: Vec<f64>,
    pub(super) base: f64,
}

impl Scale {
    pub(super) fn apply<T: Element, D: Dimension>(&self, x: &ArrayRef<T, D>) -> Result<Array<T, D>> {
        self.each(x, |x, shift, unit| (x - shift) / unit + self.base)
    }

    pub(super) fn invert<T: Element, D: Dimension>(&self, y: &ArrayRef<T, D>) -> Result<Array<T, D>> {
        self.each(y, |y, shift, unit| (y - self.base) * unit + shift)
    }

    fn each<T: Element, D: Dimension>(
        &self,
        x: &ArrayRef<T, D>,
        f: impl Fn(f64, f64, f64) -> f64,
    ) -> Result<Array<T, D>> {
        let owner = self.owner;
        let columns = column_count(owner, x, self.axis)?;
        if columns != self.shift.len() {
            let expected = format!("{} columns on axis {}", self.shift.len(), self.axis);
            return Err(ErrorKind::Shape { owner, expected, got: x.shape().to_vec() }.into());
        }
        let mut y = x.to_owned().into_dyn();
        for (column, mut values) in y.axis_iter_mut(Axis(self.axis)).enumerate() {
            let (shift, unit) = (self.shift[column], self.unit[column]);
            for x in &mut values {
                expect_finite(owner, column, *x)?;
                *x = T::from_f64(f(x.to_f64(), shift, unit));
            }
        }
        Ok(y.into_dimensionality().expect("the number of axes is that of the input"))
    }
}

/// The finite numbers of each column along an axis; a column has one number or more.
pub(super) fn columns<T: Element, D: Dimension>(
    owner: &'static str,
    x: &ArrayRef<T, D>,
    axis: usize,
) -> Result<Vec<Vec<f64>>> {
    column_count(owner, x, axis)?;
    let x = x.view().into_dyn();
    let mut columns = Vec::new();
    for (column, values) in x.axis_iter(Axis(axis)).enumerate() {
        if values.is_empty() {
            let (expected, got) = (String::from("one row or more"), String::from("none"));
            return Err(ErrorKind::Data { owner, expected, got }.into());
        }
        values.iter().try_for_each(|&x| expect_finite(owner, column, x))?;
        columns.push(values.iter().map(|x| x.to_f64()).collect());
    }
    Ok(columns)
}

fn column_count<T, D: Dimension>(owner: &'static str, x: &ArrayRef<T, D>, axis: usize) -> Result<usize> {
    x.shape().get(axis).copied().ok_or_else(|| {
        let expected = format!("columns on axis {axis}");
        ErrorKind::Shape { owner, expected, got: x.shape().to_vec() }.into()
    })
}

fn expect_finite<T: Element>(owner: &'static str, column: usize, x: T) -> Result<()> {
    if x.is_finite() {
        return Ok(());
    }
    let (expected, got) = (String::from("finite numbers"), format!("{x} in column {column}"));
    Err(ErrorKind::Data { owner, expected, got }.into())
}

/// Refuses parts of a scaling that do not belong together.
pub(super) fn check_parts(
    owner: &'static str,
    shift: &[f64],
    unit: &[f64],
    name: &'static str,
) -> Result<()> {
    check_length(owner, shift.len(), unit.len())?;
    let bad = unit.iter().find(|unit| !(unit.is_finite() && **unit > 0.0));
    if let Some(&got) = bad {
        return Err(ErrorKind::Setting { owner, name, expected: "positive and finite", got }.into());
    }
    shift.iter().enumerate().try_for_each(|(column, &shift)| expect_finite(owner, column, shift))
}

pub(super) fn check_length(owner: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(ErrorKind::Length { owner, shape: vec![expected], expected, got }.into())
}
