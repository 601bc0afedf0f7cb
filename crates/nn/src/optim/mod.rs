//! Optimizers, one per file.

mod adam;
mod adamw;
mod ema;
mod groups;
mod moments;
mod rms_prop;
pub(crate) mod settings;
mod sgd;
mod slot;
mod slots;
mod state;

pub use adam::{Adam, AdamConfig};
pub use adamw::{AdamW, AdamWConfig};
pub use ema::Ema;
pub use groups::GroupSettings;
pub use rms_prop::{RmsProp, RmsPropConfig};
pub use sgd::{Sgd, SgdConfig};
pub use state::{OptimizerState, ParameterState};

use crate::{Fields, GradientMap, Result};
use tensor::Element;

/// A rule that changes parameters given their gradients.
///
/// Gradients are a value that comes fresh from every [`Tape::backward`](tensor::Tape::backward), so there is
/// nothing to reset between steps.
///
/// What a rule remembers, such as a momentum, belongs to one model: it is made with the first gradient of each
/// parameter, in the order of [`Fields::visit`](crate::Fields::visit), and every parameter counts its own
/// steps. A parameter without a gradient, a frozen one and its memory stay as they are.
///
/// ```
/// use nn::{Adam, Fields, Optimizer, Sgd};
/// use tensor::{Param, Tape, ndarray::array};
///
/// // One loop for any rule: the loss w² from w = 1.
/// let rules: [Box<dyn Optimizer<f64>>; 2] = [Box::new(Sgd::new(0.1)?), Box::new(Adam::new(0.1)?)];
/// let mut found = Vec::new();
/// for mut rule in rules {
///     let mut w = Param::new(&array![1.0])?;
///     let tape = Tape::new();
///     let x = tape.param(&w)?;
///     rule.step(&mut w, &tape.backward((x * x).sum()?)?)?;
///     found.push(w.values()[0]);
/// }
/// assert!((found[0] - 0.8).abs() < 1e-8); // the rate times the gradient, 0.1 * 2
/// assert!((found[1] - 0.9).abs() < 1e-8); // the first step of Adam is the rate itself
/// # Ok::<(), nn::Error>(())
/// ```
pub trait Optimizer<T: Element>: Send {
    /// Changes every trainable parameter of `model` that the gradients hold one for; all or none.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`](crate::ErrorKind::Parameter) for a parameter whose values a tape still
    /// holds, or a gradient of another length;
    /// [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch) where the parameters are not those of the first
    /// step, with every fault.
    fn step(&mut self, model: &mut dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()>;

    /// The learning rate, before the factors of groups.
    fn rate(&self) -> f64;

    /// Another learning rate from the next step on.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a rate that is negative or not finite.
    fn set_rate(&mut self, rate: f64) -> Result<()>;

    /// A copy of what the rule remembers, for a checkpoint.
    fn state(&self) -> OptimizerState<T>;

    /// Goes on where the rule that gave this state was, with the same model: the steps that follow have the
    /// same bits. The settings are not part of the state, except for the rate.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch) with every fault: another rule's state, parameters
    /// that the model or the state lacks, other shapes, missing or unknown arrays. Nothing is changed then.
    fn restore(&mut self, model: &dyn Fields<T>, state: &OptimizerState<T>) -> Result<()>;
}

impl<T: Element, O: Optimizer<T> + ?Sized> Optimizer<T> for Box<O> {
    fn step(&mut self, model: &mut dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()> {
        (**self).step(model, gradients)
    }

    fn rate(&self) -> f64 {
        (**self).rate()
    }

    fn set_rate(&mut self, rate: f64) -> Result<()> {
        (**self).set_rate(rate)
    }

    fn state(&self) -> OptimizerState<T> {
        (**self).state()
    }

    fn restore(&mut self, model: &dyn Fields<T>, state: &OptimizerState<T>) -> Result<()> {
        (**self).restore(model, state)
    }
}
