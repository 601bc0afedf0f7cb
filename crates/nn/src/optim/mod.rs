//! Optimizers, one per file.

mod sgd;

pub use sgd::Sgd;

use crate::{Fields, GradientMap, Result};
use tensor::Element;

/// A rule that changes parameters given their gradients.
pub trait Optimizer<T: Element> {
    /// Changes every trainable parameter of `model` that the gradients hold one for; all or none.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`](crate::ErrorKind::Parameter) for a parameter whose values a tape still
    /// holds.
    fn step(&mut self, model: &mut dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()>;
}
