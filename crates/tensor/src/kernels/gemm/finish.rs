//! What a product does with its sums.

use crate::Element;
use crate::kernels::Write;

/// `out = max(alpha * sum + before, floor)`, where `before` is what `out` holds, a row, or nothing.
///
/// Done while a tile of sums is still in registers, so that bias and relu cost no pass of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Finish<'a, T> {
    /// Whether the sum is added to what the result holds; then there is no `bias`.
    pub(super) write: Write,
    pub(super) alpha: T,
    /// A row that is added to every row of the result.
    pub(super) bias: Option<&'a [T]>,
    /// Smaller numbers become this one, NaN stays; minus infinity for none.
    pub(super) floor: T,
}

impl<'a, T: Element> Finish<'a, T> {
    /// `out (+)= alpha * sum`
    #[inline(always)]
    pub(crate) fn new(write: Write, alpha: T) -> Self {
        Self { write, alpha, bias: None, floor: T::from_f64(f64::NEG_INFINITY) }
    }

    /// The same with a row that is added first.
    #[inline(always)]
    pub(crate) fn bias(self, bias: &'a [T]) -> Self {
        Self { bias: Some(bias), ..self }
    }

    /// The same with a number for all that is below it.
    #[inline(always)]
    pub(crate) fn floor(self, floor: Option<T>) -> Self {
        Self { floor: floor.unwrap_or(self.floor), ..self }
    }

    /// The same for the first or a later block of the inner size, the last one or not.
    #[inline(always)]
    pub(super) fn block(self, first: bool, last: bool) -> Self {
        let floor = if last { self.floor } else { T::from_f64(f64::NEG_INFINITY) };
        if first { Self { floor, ..self } } else { Self { write: Write::Add, bias: None, floor, ..self } }
    }

    /// The same from a column on.
    #[inline(always)]
    pub(super) fn from(self, column: usize) -> Self {
        Self { bias: self.bias.map(|bias| &bias[column..]), ..self }
    }

    /// The same for the first columns and the others.
    #[cfg(feature = "rayon")]
    pub(super) fn split(self, columns: usize) -> (Self, Self) {
        (self, self.from(columns))
    }

    /// Writes the row ahead of a product, which then adds to it.
    pub(super) fn start(&mut self, out: &mut [T]) {
        if let Some(bias) = self.bias.take() {
            if !bias.is_empty() {
                out.chunks_exact_mut(bias.len()).for_each(|row| row.copy_from_slice(bias));
            }
            self.write = Write::Add;
        }
    }

    /// Applies the floor after a product.
    pub(super) fn end(&self, out: &mut [T]) {
        if self.floor > T::from_f64(f64::NEG_INFINITY) {
            out.iter_mut().for_each(|x| *x = self.at_least(*x));
        }
    }

    #[inline(always)]
    pub(super) fn at_least(&self, x: T) -> T {
        if x < self.floor { self.floor } else { x }
    }
}
