//! Moving averages of weights.

use super::settings::share;
use super::slot::{self, Slot};
use super::state::ParameterState;
use crate::fields::{Fields, Path, Role, expect_unshared, parameter};
use crate::{ErrorKind, Result};
use tensor::Element;

const OWNER: &str = "ema";
const STATE: &str = "the average's state";
const ARRAYS: [&str; 1] = ["average"];

/// An exponential moving average of a model's parameters: `a ← decay * a + (1 - decay) * w` with every
/// [`update`](Self::update), from the weights that it is made with.
///
/// Averages often predict better than the last weights. Buffers, such as running means, are no part of it: they
/// are averages already and stay with the model.
///
/// Polyak and Juditsky 1992, "Acceleration of stochastic approximation by averaging".
///
/// ```
/// use nn::Ema;
/// use tensor::{Param, ndarray::array};
///
/// let mut w = Param::<f64>::new(&array![1.0])?;
/// let mut ema = Ema::new(&w, 0.75)?;
/// w.values_mut()?[0] = 2.0;
/// ema.update(&w)?;
///
/// ema.swap(&mut w)?; // evaluate with the average,
/// assert_eq!(w.values(), [0.75 * 1.0 + 0.25 * 2.0]);
/// ema.swap(&mut w)?; // and go on training
/// assert_eq!(w.values(), [2.0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ema<T: Element> {
    decay: f64,
    warmup: bool,
    /// Whether the averages are in the model and the model's weights here.
    swapped: bool,
    /// Their steps count the updates, and the weights of the beginning as one.
    slots: Vec<Slot<T>>,
}

impl<T: Element> Ema<T> {
    /// An average that starts with the present weights; `decay` is how much of it an update keeps.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a decay outside of `[0, 1)`.
    pub fn new(model: &dyn Fields<T>, decay: f64) -> Result<Self> {
        share(OWNER, "decay", decay)?;
        let mut slots = slot::enter(model);
        let mut each = slots.iter_mut();
        model.each(&mut |_, field| {
            if field.role == Role::Weight {
                let slot = each.next().expect("a slot for every parameter");
                (slot.steps, slot.arrays) = (1, vec![field.param.values().to_vec()]);
            }
        });
        Ok(Self { decay, warmup: false, swapped: false, slots })
    }

    /// Lets the first weights go faster: the update after t others keeps `min(decay, (1 + t) / (10 + t))`, so that
    /// short trainings are not dominated by where they began.
    #[must_use]
    pub fn with_warmup(self) -> Self {
        Self { warmup: true, ..self }
    }

    /// How often the model was averaged.
    pub fn updates(&self) -> u64 {
        self.slots.first().map_or(0, |slot| slot.steps - 1)
    }

    /// How much of the average the next update keeps.
    pub fn decay(&self) -> f64 {
        let t = self.updates() as f64;
        if self.warmup { self.decay.min((1.0 + t) / (10.0 + t)) } else { self.decay }
    }

    /// Moves the averages towards the present weights, after a step of an optimizer.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where the parameters are not those of the beginning, [`ErrorKind::Data`] between
    /// two swaps; nothing is changed then.
    pub fn update(&mut self, model: &dyn Fields<T>) -> Result<()> {
        self.expect_home()?;
        slot::expect_same(STATE, &self.slots, model)?;
        let new = T::from_f64(1.0 - self.decay());
        let mut slots = self.slots.iter_mut();
        model.each(&mut |_, field| {
            if field.role == Role::Weight {
                let slot = slots.next().expect("a slot for every parameter");
                (slot.id, slot.steps) = (field.id(), slot.steps + 1);
                let averages = slot.arrays.iter_mut().flatten();
                averages.zip(field.param.values()).for_each(|(a, &w)| *a += new * (w - *a));
            }
        });
        Ok(())
    }

    /// Exchanges the averages and the model's weights, for an evaluation; once more, and they are back. In between
    /// the average is not updated, copied or saved.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] where the parameters are not those of the beginning, [`ErrorKind::Parameter`] for
    /// one whose values a tape still holds; nothing is changed then.
    pub fn swap(&mut self, model: &mut dyn Fields<T>) -> Result<()> {
        slot::expect_same(STATE, &self.slots, model)?;
        expect_unshared(model)?;
        let mut slots = self.slots.iter_mut();
        model.visit_mut(Path::ROOT, &mut |path, field| {
            if field.role == Role::Weight {
                let slot = slots.next().expect("a slot for every parameter");
                let values = field.param.values_mut().map_err(|source| parameter(path, source))?;
                values
                    .iter_mut()
                    .zip(slot.arrays.iter_mut().flatten())
                    .for_each(|(w, a)| std::mem::swap(w, a));
            }
            Ok(())
        })?;
        self.swapped = !self.swapped;
        Ok(())
    }

    /// Writes the averages into a model, such as a clone that is kept or saved.
    ///
    /// # Errors
    /// As [`swap`](Self::swap); [`ErrorKind::Data`] between two swaps.
    pub fn copy_to(&self, model: &mut dyn Fields<T>) -> Result<()> {
        self.expect_home()?;
        slot::expect_same(STATE, &self.slots, model)?;
        expect_unshared(model)?;
        let mut slots = self.slots.iter();
        model.visit_mut(Path::ROOT, &mut |path, field| {
            if field.role == Role::Weight {
                let slot = slots.next().expect("a slot for every parameter");
                let values = field.param.values_mut().map_err(|source| parameter(path, source))?;
                values.iter_mut().zip(slot.arrays.iter().flatten()).for_each(|(w, &a)| *w = a);
            }
            Ok(())
        })
    }

    /// A copy of the averages for a checkpoint: an array `average` for every parameter; `steps` counts the updates
    /// and the weights of the beginning as one.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] between two swaps.
    pub fn state(&self) -> Result<Vec<ParameterState<T>>> {
        self.expect_home()?;
        Ok(slot::states(&self.slots, &ARRAYS))
    }

    /// Goes on where the average that gave this state was, with the same model: the averages that follow have the
    /// same bits. The decay and the warm-up are not part of the state.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] with every fault, [`ErrorKind::Data`] between two swaps; nothing is changed then.
    pub fn restore(&mut self, model: &dyn Fields<T>, state: &[ParameterState<T>]) -> Result<()> {
        self.expect_home()?;
        let slots = slot::restored(STATE, &ARRAYS, model, state)?;
        let updates = slots.first().map_or(1, |slot| slot.steps);
        let uneven = slots.iter().filter(|slot| slot.steps == 0 || slot.steps != updates);
        let faults: Vec<_> = uneven
            .map(|slot| format!("`{}`: expected {updates} steps, got {}", slot.name, slot.steps))
            .collect();
        if !faults.is_empty() {
            return Err(ErrorKind::Mismatch { what: STATE, faults }.into());
        }
        self.slots = slots;
        Ok(())
    }

    fn expect_home(&self) -> Result<()> {
        if !self.swapped {
            return Ok(());
        }
        let (expected, got) = ("averages that are not swapped into a model", "averages that are");
        Err(ErrorKind::Data { owner: OWNER, expected: expected.into(), got: got.into() }.into())
    }
}
