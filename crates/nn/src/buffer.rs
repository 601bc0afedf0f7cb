//! Numbers that a layer gathers rather than learns.

use crate::Result;
use tensor::ndarray::{ArrayRef, Dimension};
use tensor::{Element, Param, ParamId, Shape, Tape, Var};

/// An array that is kept and saved with a module's parameters but never trained, such as the running mean
/// of a normalisation.
///
/// ```
/// use nn::Buffer;
/// use tensor::ndarray::array;
///
/// let mean = Buffer::new(&array![0.0, 1.0])?;
/// assert_eq!(mean.values(), [0.0, 1.0]);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// A forward pass leaves what it gathered with the [`Pass`](crate::Pass), whose
/// [`commit`](crate::Pass::commit) writes it.
#[derive(Debug, Clone)]
pub struct Buffer<T: Element>(Param<T>);

impl<T: Element> Buffer<T> {
    /// A buffer with a copy of these values.
    ///
    /// # Errors
    /// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for more axes than a shape holds.
    pub fn new<D: Dimension>(values: &ArrayRef<T, D>) -> Result<Self> {
        let mut param = Param::new(values)?;
        param.set_trainable(false);
        Ok(Self(param))
    }

    /// The elements, row by row.
    pub fn values(&self) -> &[T] {
        self.0.values()
    }

    /// The axis lengths.
    pub fn shape(&self) -> &Shape {
        self.0.shape()
    }

    /// What tells this buffer from all others that live.
    pub fn id(&self) -> ParamId {
        self.0.id()
    }

    /// Records the present values as a constant.
    ///
    /// # Errors
    /// As [`Tape::param`].
    pub fn on<'t>(&self, tape: &'t Tape<T>) -> Result<Var<'t, T>> {
        Ok(tape.param(&self.0)?)
    }

    pub(crate) fn param(&self) -> &Param<T> {
        &self.0
    }

    pub(crate) fn param_mut(&mut self) -> &mut Param<T> {
        &mut self.0
    }
}
