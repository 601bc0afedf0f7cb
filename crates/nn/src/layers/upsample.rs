//! Images and sequences at another size as layers.

use crate::{Module, Pass, Result, fields};
use tensor::{Element, Interpolation, Resize, Var};

/// Sequences at another length: x `[batch, channels, length]`, result `[batch, channels, new length]`:
/// [`Var::upsample1d`].
///
/// ```
/// use nn::{Module, Pass, Upsample1d};
/// use tensor::{Interpolation, Resize, Tape, ndarray::array};
///
/// let layer = Upsample1d { resize: Resize::Scale([2.0]), interpolation: Interpolation::Nearest };
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[[1.0, 3.0]]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[1.0, 1.0, 3.0, 3.0]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for another number of axes or an axis
/// without positions, a scale that is not positive and finite, and a length of 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Upsample1d {
    /// The new length, or the factor to it.
    pub resize: Resize<1>,
    /// What stands between the input's positions.
    pub interpolation: Interpolation,
}

/// Images at another size: x `[batch, channels, height, width]`, result
/// `[batch, channels, new height, new width]`: [`Var::upsample2d`].
///
/// ```
/// use nn::{Module, Pass, Upsample2d};
/// use tensor::{Corners, Interpolation, Resize, Tape, ndarray::array};
///
/// let interpolation = Interpolation::Linear(Corners::Centers);
/// let layer = Upsample2d { resize: Resize::Size([1, 3]), interpolation };
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[[[1.0, 2.0]]]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[[[1.0, 1.5, 2.0]]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// As [`Upsample1d`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Upsample2d {
    /// The new size, or the factors to it.
    pub resize: Resize<2>,
    /// What stands between the input's positions.
    pub interpolation: Interpolation,
}

fields!(Upsample1d);
fields!(Upsample2d);

impl<T: Element> Module<T> for Upsample1d {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.upsample1d(self.resize, self.interpolation)?)
    }
}

impl<T: Element> Module<T> for Upsample2d {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.upsample2d(self.resize, self.interpolation)?)
    }
}
