//! Borders around sequences and images as layers.

use crate::{ErrorKind, Fields, Module, Pass, Path, Result, Visit, VisitMut};
use tensor::{Element, MAX_RANK, PadMode, Var};

/// A border around the last `N` axes: `amounts[i]` elements before and after the i-th of them, in the order of
/// the axes: [`Var::pad`]. Before a convolution it stands for the zeros of its padding, with other contents.
///
/// ```
/// use nn::{Module, Pad, Pass};
/// use tensor::{PadMode, Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[1.0, 2.0, 3.0]])?;
/// let y = Pad { amounts: [(2, 1)], mode: PadMode::Constant(9.0) }.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[9.0, 9.0, 1.0, 2.0, 3.0, 9.0]].into_dyn());
/// let y = Pad { amounts: [(2, 1)], mode: PadMode::Reflect }.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Shape`] for an input with fewer than `N` axes, and
/// [`ErrorKind::Tensor`] to reflect as many elements as an axis has or more, or to replicate one of none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pad<const N: usize> {
    /// Elements before and after each of the last axes.
    pub amounts: [(usize, usize); N],
    /// What they hold.
    pub mode: PadMode<f64>,
}

impl<T: Element, const N: usize> Fields<T> for Pad<N> {
    fn visit<'a>(&'a self, _: Path<'_>, _: &mut Visit<'_, 'a, T>) -> Result<()> {
        Ok(())
    }

    fn visit_mut(&mut self, _: Path<'_>, _: &mut VisitMut<'_, T>) -> Result<()> {
        Ok(())
    }
}

impl<T: Element, const N: usize> Module<T> for Pad<N> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let shape = x.shape()?;
        let Some(others) = shape.len().checked_sub(N) else {
            let expected = format!("an input with at least {N} axes");
            return Err(ErrorKind::Shape { owner: "pad", expected, got: shape.to_vec() }.into());
        };
        let mut amounts = [(0, 0); MAX_RANK];
        amounts[others..][..N].copy_from_slice(&self.amounts);
        let mode = match self.mode {
            PadMode::Constant(value) => PadMode::Constant(T::from_f64(value)),
            PadMode::Reflect => PadMode::Reflect,
            PadMode::Replicate => PadMode::Replicate,
        };
        Ok(x.pad(&amounts[..shape.len()], mode)?)
    }
}
