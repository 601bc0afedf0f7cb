//! Numbers as shares of one, along an axis.

use crate::{Module, Pass, Result, fields};
use tensor::{Element, Var};

/// `e^x / Σ e^x` along an axis, any shape, without overflow: [`Var::softmax`].
///
/// A model that ends with it cannot be trained with [`cross_entropy`](crate::cross_entropy), which takes the
/// numbers before it.
///
/// ```
/// use nn::{Module, Pass, Softmax};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[0.0, 0.0], [900.0, 900.0]])?;
/// let y = Softmax { axis: 1 }.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[0.5, 0.5], [0.5, 0.5]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// `forward` gives [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for an axis that the input does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax {
    /// The axis whose elements add up to 1.
    pub axis: usize,
}

/// `x - ln Σ e^x` along an axis, any shape, without overflow: [`Var::log_softmax`].
///
/// ```
/// use nn::{LogSoftmax, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[0.0, 0.0]])?;
/// let y = LogSoftmax { axis: 1 }.forward(x, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[0.5f64.ln(), 0.5f64.ln()]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// As [`Softmax`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSoftmax {
    /// The axis whose elements are logarithms of shares.
    pub axis: usize,
}

fields!(Softmax);
fields!(LogSoftmax);

impl<T: Element> Module<T> for Softmax {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.softmax(self.axis)?)
    }
}

impl<T: Element> Module<T> for LogSoftmax {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        Ok(x.log_softmax(self.axis)?)
    }
}
