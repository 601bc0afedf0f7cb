//! Gradient descent.

use super::Optimizer;
use crate::fields::{Fields, Path, expect_unshared, parameter};
use crate::{ErrorKind, GradientMap, Result};
use tensor::{Element, Tape, Var};

/// Plain gradient descent: `w ← w - rate * g`.
///
/// Gradients come fresh from every [`Tape::backward`](tensor::Tape::backward), so there is nothing to
/// reset between steps.
///
/// ```
/// use nn::{Fields, Optimizer, Sgd};
/// use tensor::{Param, Tape, ndarray::array};
///
/// // The loss w² from w = 1 with rate 0.1: 1 - 0.1 * 2 = 0.8, then 0.64.
/// let (mut w, mut sgd) = (Param::new(&array![1.0])?, Sgd::new(0.1)?);
/// let mut tape = Tape::<f64>::new();
/// for expected in [0.8, 0.64] {
///     let x = tape.param(&w)?;
///     let gradients = tape.backward((x * x).sum()?)?;
///     sgd.step(&mut w, &gradients)?;
///     assert_eq!(w.values(), [expected]);
///     drop(gradients);
///     tape.reset();
/// }
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sgd {
    rate: f64,
}

impl Sgd {
    /// Gradient descent with this learning rate.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a rate that is negative or not finite.
    pub fn new(rate: f64) -> Result<Self> {
        let mut sgd = Self { rate: 0.0 };
        sgd.set_rate(rate)?;
        Ok(sgd)
    }

    /// The learning rate.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Another learning rate from the next step on.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a rate that is negative or not finite.
    pub fn set_rate(&mut self, rate: f64) -> Result<()> {
        if !rate.is_finite() || rate < 0.0 {
            let (owner, name, expected) = ("sgd", "the learning rate", "finite and not negative");
            return Err(ErrorKind::Setting { owner, name, expected, got: rate }.into());
        }
        self.rate = rate;
        Ok(())
    }
}

impl Sgd {
    /// The way back from `loss` and the step in one, without storing the gradients of weights: faster for
    /// large layers, and equal to [`step`](Optimizer::step) up to a rounding of the update.
    ///
    /// ```
    /// use nn::{Fields, Sgd};
    /// use tensor::{Param, Tape, ndarray::array};
    ///
    /// let (mut w, sgd) = (Param::new(&array![1.0])?, Sgd::new(0.1)?);
    /// let tape = Tape::<f64>::new();
    /// let x = tape.param(&w)?;
    /// sgd.descend(&mut w, &tape, (x * x).sum()?)?;
    /// assert_eq!(w.values(), [0.8]);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Tape::descend`]; no parameter is changed then.
    pub fn descend<T: Element>(
        &self,
        model: &mut (impl Fields<T> + ?Sized),
        tape: &Tape<T>,
        loss: Var<'_, T>,
    ) -> Result<()> {
        tape.descend(loss, T::from_f64(self.rate), &mut |each| {
            model.visit_mut(Path::ROOT, &mut |path, field| {
                each(field.param).map_err(|source| parameter(path, source))
            })
        })
    }
}

impl<T: Element> Optimizer<T> for Sgd {
    fn step(&mut self, model: &mut dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()> {
        expect_unshared(model)?;
        let rate = T::from_f64(self.rate);
        model.visit_mut(Path::ROOT, &mut |path, field| {
            let Some(gradient) = gradients.of(field.param) else { return Ok(()) };
            field.param.add_scaled(-rate, gradient).map_err(|source| parameter(path, source))
        })
    }
}
