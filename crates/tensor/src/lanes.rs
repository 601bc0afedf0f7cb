//! The lines of an array along one axis.

use crate::Shape;

/// The elements that differ in one index alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane {
    start: usize,
    step: usize,
    length: usize,
}

impl Lane {
    /// The position of one element of the line among those of the array.
    pub(crate) fn at(&self, index: usize) -> usize {
        self.start + index * self.step
    }

    /// The positions of all of them, in order.
    pub(crate) fn positions(
        &self,
    ) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator + Clone + use<> {
        (self.start..self.start + self.length * self.step).step_by(self.step)
    }
}

impl Shape {
    /// All lines along an axis that the shape has.
    pub(crate) fn lanes(&self, axis: usize) -> impl Iterator<Item = Lane> + use<> {
        let (outer, length, step) = self.around(axis);
        (0..outer).flat_map(move |block| {
            (0..step).map(move |offset| Lane { start: block * length * step + offset, step, length })
        })
    }
}
