//! What optimizers share: the walk over a model with what is remembered of each parameter.

use super::groups::{GroupSettings, Groups};
use super::settings;
use super::slot::{self, Slot};
use super::state::OptimizerState;
use crate::fields::{Fields, Path, Role, expect_writable, parameter};
use crate::{ErrorKind, GradientMap, Result};
use tensor::{Element, Param};

const STATE: &str = "the optimizer's state";

/// An optimizer's memory of a model.
#[derive(Debug, Clone)]
pub(super) struct Slots<T: Element> {
    kind: &'static str,
    /// The names of what is kept for each parameter.
    arrays: Vec<&'static str>,
    groups: Groups,
    /// In the order of the visit; none before the first step.
    slots: Vec<Slot<T>>,
}

/// The optimizer's own settings that groups change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base {
    pub(super) rate: f64,
    pub(super) decay: f64,
}

/// One parameter's turn in a step.
#[derive(Debug)]
pub(super) struct Turn<'a, T: Element> {
    param: &'a mut Param<T>,
    gradient: &'a [T],
    arrays: &'a mut [Vec<T>],
    /// The number of this step, from 1.
    pub(super) steps: u64,
    pub(super) rate: f64,
    pub(super) decay: f64,
}

impl<T: Element> Turn<'_, T> {
    /// `w ← w + factor * g`
    pub(super) fn add_scaled(self, factor: T) -> tensor::Result<()> {
        self.param.add_scaled(factor, self.gradient)
    }

    /// One pass over the parameter, its arrays and its gradient: [`Param::update`].
    pub(super) fn update<const N: usize>(
        self,
        f: impl Fn(T, [T; N], T) -> (T, [T; N]) + Copy + Sync,
    ) -> tensor::Result<()> {
        let arrays: &mut [Vec<T>; N] = self.arrays.try_into().expect("as many arrays as the rule names");
        self.param.update(arrays.each_mut().map(|array| &mut array[..]), self.gradient, f)
    }
}

impl<T: Element> Slots<T> {
    pub(super) fn new(kind: &'static str, arrays: Vec<&'static str>) -> Self {
        Self { kind, arrays, groups: Groups::default(), slots: Vec::new() }
    }

    pub(super) fn groups(&self) -> &Groups {
        &self.groups
    }

    pub(super) fn group(
        &mut self,
        accepts: impl Fn(&str) -> bool + Send + Sync + 'static,
        settings: GroupSettings,
    ) -> Result<()> {
        self.groups.add(self.kind, accepts, settings)?;
        let slots = std::mem::take(&mut self.slots);
        self.slots = self.grouped(slots);
        Ok(())
    }

    /// Calls `update` with every parameter that takes part; everything that can fail is looked at before.
    pub(super) fn step(
        &mut self,
        base: Base,
        model: &mut dyn Fields<T>,
        gradients: &dyn GradientMap<T>,
        update: impl Fn(Turn<'_, T>) -> tensor::Result<()>,
    ) -> Result<()> {
        if self.slots.is_empty() {
            let slots = self.grouped(slot::enter(model));
            expect_ready(&slots, model, gradients)?;
            self.slots = slots;
        } else {
            expect_ready(&self.slots, model, gradients)?;
        }
        let count = self.arrays.len();
        slot::each_mut(&mut self.slots, model, |path, slot, param| {
            slot.id = param.id();
            if slot.group.frozen || !param.trainable() {
                return Ok(());
            }
            let Some(gradient) = gradients.of(param) else { return Ok(()) };
            if slot.steps == 0 {
                // Not `vec![_; count]`, which makes an array to copy even for none.
                slot.arrays = (0..count).map(|_| vec![T::zero(); gradient.len()]).collect();
            }
            slot.steps += 1;
            let rate = base.rate * slot.group.rate_factor;
            let decay = slot.group.weight_decay.unwrap_or(base.decay);
            let (arrays, steps) = (&mut slot.arrays[..], slot.steps);
            update(Turn { param, gradient, arrays, steps, rate, decay })
                .map_err(|source| parameter(path, source))
        })
    }

    pub(super) fn state(&self, rate: f64) -> OptimizerState<T> {
        let parameters = slot::states(&self.slots, &self.arrays);
        OptimizerState { kind: self.kind.to_owned(), rate, parameters }
    }

    /// Takes a state over and returns its rate.
    pub(super) fn restore(&mut self, model: &dyn Fields<T>, state: &OptimizerState<T>) -> Result<f64> {
        settings::rate(self.kind, state.rate)?;
        if state.kind != self.kind {
            let faults = vec![format!("expected the state of `{}`, got that of `{}`", self.kind, state.kind)];
            return Err(ErrorKind::Mismatch { what: STATE, faults }.into());
        }
        self.slots = match &state.parameters[..] {
            [] => Vec::new(),
            parameters => self.grouped(slot::restored(STATE, &self.arrays, model, parameters)?),
        };
        Ok(state.rate)
    }

    /// The slots with the settings of the groups that accept them.
    fn grouped(&self, mut slots: Vec<Slot<T>>) -> Vec<Slot<T>> {
        slots.iter_mut().for_each(|slot| slot.group = self.groups.of(&slot.name));
        slots
    }
}

/// Checks that the parameters are those of the slots, can be written, and have gradients as long as they are, so
/// that an update cannot fail half way. One visit, as a step of a small model is mostly visits.
fn expect_ready<T: Element>(
    slots: &[Slot<T>],
    model: &mut dyn Fields<T>,
    gradients: &dyn GradientMap<T>,
) -> Result<()> {
    let (mut remaining, mut known) = (slots.iter(), true);
    model.visit_mut(Path::ROOT, &mut |path, field| {
        expect_writable(path, field.param)?;
        if field.role != Role::Weight {
            return Ok(());
        }
        known &= remaining.next().is_some_and(|slot| slot.id == field.param.id());
        let Some(gradient) = gradients.of(field.param) else { return Ok(()) };
        let (op, shape) = ("step", *field.param.shape());
        let (expected, got) = (shape.size(), gradient.len());
        if expected == got {
            return Ok(());
        }
        Err(parameter(path, tensor::ErrorKind::Length { op, shape, expected, got }.into()))
    })?;
    // A clone has other identities and is as good: names and shapes decide.
    if known && remaining.next().is_none() { Ok(()) } else { slot::expect_same(STATE, slots, model) }
}

/// What every rule with a `config` and `slots` does alike, within its `impl` of [`Optimizer`](super::Optimizer).
macro_rules! rate_and_state {
    ($kind:expr) => {
        fn rate(&self) -> f64 {
            self.config.rate
        }

        fn set_rate(&mut self, rate: f64) -> Result<()> {
            settings::rate($kind, rate)?;
            self.config.rate = rate;
            Ok(())
        }

        fn state(&self) -> OptimizerState<T> {
            self.slots.state(self.config.rate)
        }

        fn restore(&mut self, model: &dyn Fields<T>, state: &OptimizerState<T>) -> Result<()> {
            self.config.rate = self.slots.restore(model, state)?;
            Ok(())
        }
    };
}
pub(super) use rate_and_state;
