//! What a predictor is given.

use crate::Result;
use std::fmt;
use tensor::ndarray::{ArrayRef, ArrayViewD, Dimension};
use tensor::{Element, Recorder, Recording, Shape, Var};

/// An array that a [`Predictor`](crate::Predictor) reads: numbers, or whole numbers such as the positions of
/// words in a vocabulary. It has any number of axes and any layout, and is not copied before it is used.
#[derive(Clone)]
pub struct Input<'a, T: Element>(Kind<'a, T>);

#[derive(Clone)]
enum Kind<'a, T: Element> {
    /// The usual layout: nothing but two slices.
    Rows {
        shape: &'a [usize],
        values: &'a [T],
    },
    /// Any other layout.
    Strided(ArrayViewD<'a, T>),
    Indices(ArrayViewD<'a, usize>),
}

/// What tells inputs apart that need different recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    indices: bool,
    shape: Shape,
}

impl<'a, T: Element> Input<'a, T> {
    /// Numbers.
    pub fn numbers<D: Dimension>(values: &'a ArrayRef<T, D>) -> Self {
        match values.as_slice() {
            Some(rows) => Self(Kind::Rows { shape: values.shape(), values: rows }),
            None => Self(Kind::Strided(values.view().into_dyn())),
        }
    }

    /// Whole numbers.
    pub fn indices<D: Dimension>(values: &'a ArrayRef<usize, D>) -> Self {
        Self(Kind::Indices(values.view().into_dyn()))
    }

    /// The axis lengths.
    pub fn shape(&self) -> &[usize] {
        match &self.0 {
            Kind::Rows { shape, .. } => shape,
            Kind::Strided(values) => values.shape(),
            Kind::Indices(values) => values.shape(),
        }
    }

    fn holds_indices(&self) -> bool {
        matches!(self.0, Kind::Indices(_))
    }

    /// The form of an input that was recorded, so that its shape is one.
    pub(super) fn form(&self) -> Option<Form> {
        Some(Form { indices: self.holds_indices(), shape: Shape::new(self.shape()).ok()? })
    }

    pub(super) fn has(&self, form: &Form) -> bool {
        self.holds_indices() == form.indices && *self.shape() == *form.shape
    }

    pub(super) fn record<'t>(&self, recorder: &mut Recorder<'t, T>) -> Result<Var<'t, T>> {
        Ok(match &self.0 {
            Kind::Rows { shape, values } => {
                let array = ArrayViewD::from_shape(*shape, values);
                recorder.numbers(&array.expect("rows of an array have its shape"))?
            }
            Kind::Strided(values) => recorder.numbers(values)?,
            Kind::Indices(values) => recorder.indices(values)?.input(),
        })
    }

    pub(super) fn set(&self, recording: &mut Recording<T>, position: usize) -> Result<()> {
        match &self.0 {
            Kind::Rows { values, .. } => recording.set_values(position, values)?,
            Kind::Strided(values) => recording.set(position, values)?,
            Kind::Indices(values) => recording.set_indices(position, values)?,
        }
        Ok(())
    }
}

impl<T: Element> fmt::Debug for Input<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.holds_indices() { "Indices" } else { "Numbers" };
        f.debug_tuple(name).field(&self.shape()).finish()
    }
}
