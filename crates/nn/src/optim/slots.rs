//! What optimizers share: the walk over a model, and what is remembered of each parameter.

use super::groups::{GroupSettings, Groups};
use super::settings;
use super::state::{OptimizerState, ParameterState};
use crate::fields::{Fields, Path, Role, expect_unshared, parameter};
use crate::{Error, ErrorKind, GradientMap, Result};
use tensor::{Element, Param, ParamId, Shape};

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

#[derive(Debug, Clone)]
struct Slot<T> {
    /// Spares comparing names as long as the model is the same value.
    id: ParamId,
    name: String,
    shape: Shape,
    group: GroupSettings,
    steps: u64,
    /// As many as the optimizer names, each as long as the parameter; empty before the first step.
    arrays: Vec<Vec<T>>,
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
        self.slots.iter_mut().for_each(|slot| slot.group = self.groups.of(&slot.name));
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
        expect_unshared(model)?;
        expect_lengths(model, gradients)?;
        if self.slots.is_empty() {
            self.slots = self.enter(model);
        } else {
            self.expect_same(model)?;
        }
        let (count, mut slots) = (self.arrays.len(), self.slots.iter_mut());
        model.visit_mut(Path::ROOT, &mut |path, field| {
            if field.role != Role::Weight {
                return Ok(());
            }
            let slot = slots.next().expect("as many as parameters were counted");
            slot.id = field.param.id();
            if slot.group.frozen || !field.param.trainable() {
                return Ok(());
            }
            let Some(gradient) = gradients.of(field.param) else { return Ok(()) };
            if slot.steps == 0 {
                slot.arrays = vec![vec![T::zero(); gradient.len()]; count];
            }
            slot.steps += 1;
            let rate = base.rate * slot.group.rate_factor;
            let decay = slot.group.weight_decay.unwrap_or(base.decay);
            let (arrays, steps) = (&mut slot.arrays[..], slot.steps);
            update(Turn { param: field.param, gradient, arrays, steps, rate, decay })
                .map_err(|source| parameter(path, source))
        })
    }

    /// Slots of a model that took no step.
    fn enter(&self, model: &dyn Fields<T>) -> Vec<Slot<T>> {
        let mut slots = Vec::new();
        model.each(&mut |path, field| {
            if field.role == Role::Weight {
                let (name, shape) = (path.to_string(), *field.shape());
                let group = self.groups.of(&name);
                slots.push(Slot { id: field.id(), name, shape, group, steps: 0, arrays: Vec::new() });
            }
        });
        slots
    }

    /// Checks that the parameters are those of the first step.
    fn expect_same(&self, model: &dyn Fields<T>) -> Result<()> {
        let (mut faults, mut slots) = (Vec::new(), self.slots.iter());
        model.each(&mut |path, field| {
            if field.role != Role::Weight {
                return;
            }
            match slots.next() {
                None => faults.push(format!("`{path}` was not there at the first step")),
                Some(slot) if slot.shape != *field.shape() => {
                    let (now, then) = (field.shape(), slot.shape);
                    faults.push(format!("`{path}`: expected shape {then:?} of `{}`, got {now:?}", slot.name));
                }
                // A clone of the model is as good; another model is not.
                Some(slot) if slot.id != field.id() && slot.name != path.to_string() => {
                    faults.push(format!("`{path}` is where `{}` was", slot.name));
                }
                Some(_) => {}
            }
        });
        faults.extend(slots.map(|slot| format!("`{}` is missing", slot.name)));
        expect_none("the optimizer's memory", faults)
    }

    pub(super) fn state(&self, rate: f64) -> OptimizerState<T> {
        let parameter = |slot: &Slot<T>| ParameterState {
            name: slot.name.clone(),
            shape: slot.shape.to_vec(),
            steps: slot.steps,
            arrays: self
                .arrays
                .iter()
                .zip(&slot.arrays)
                .map(|(&name, values)| (name.to_owned(), values.clone()))
                .collect(),
        };
        OptimizerState {
            kind: self.kind.to_owned(),
            rate,
            parameters: self.slots.iter().map(parameter).collect(),
        }
    }

    /// Takes a state over and returns its rate.
    pub(super) fn restore(&mut self, model: &dyn Fields<T>, state: &OptimizerState<T>) -> Result<f64> {
        settings::rate(self.kind, state.rate)?;
        if state.kind != self.kind {
            let fault = format!("expected the state of `{}`, got that of `{}`", self.kind, state.kind);
            return expect_none("the optimizer's state", vec![fault]).map(|()| state.rate);
        }
        if state.parameters.is_empty() {
            self.slots.clear();
            return Ok(state.rate);
        }
        let (mut slots, mut faults) = (self.enter(model), Vec::new());
        let is_known = |name: &String| slots.iter().any(|slot| slot.name == *name);
        let unknown = state.parameters.iter().filter(|each| !is_known(&each.name));
        let unknown: Vec<_> =
            unknown.map(|each| format!("`{}` is not a part of the model", each.name)).collect();
        for slot in &mut slots {
            match state.parameters.iter().find(|each| each.name == slot.name) {
                None => faults.push(format!("`{}` is missing", slot.name)),
                Some(each) => slot.take(each, &self.arrays, &mut faults),
            }
        }
        faults.extend(unknown);
        expect_none("the optimizer's state", faults)?;
        self.slots = slots;
        Ok(state.rate)
    }
}

impl<T: Element> Slot<T> {
    /// Copies what a state has of this parameter, or says why not.
    fn take(&mut self, state: &ParameterState<T>, names: &[&str], faults: &mut Vec<String>) {
        let name = &self.name;
        if state.shape != self.shape[..] {
            faults.push(format!("`{name}`: expected shape {:?}, got {:?}", self.shape, state.shape));
        }
        for (array, values) in &state.arrays {
            let (expected, got) = (self.shape.size(), values.len());
            if state.steps == 0 || !names.contains(&&**array) {
                faults.push(format!("`{name}`: `{array}` is not expected"));
            } else if expected != got {
                faults.push(format!("`{name}`: expected {expected} elements of `{array}`, got {got}"));
            }
        }
        self.steps = state.steps;
        if state.steps == 0 {
            return;
        }
        for wanted in names {
            match state.arrays.iter().find(|(array, _)| array == wanted) {
                None => faults.push(format!("`{name}`: `{wanted}` is missing")),
                Some((_, values)) => self.arrays.push(values.clone()),
            }
        }
    }
}

/// Refuses with every fault, if there is one.
pub(crate) fn expect_none(what: &'static str, faults: Vec<String>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(ErrorKind::Mismatch { what, faults }.into()) }
}

/// Checks that every gradient is as long as its parameter, so that an update cannot fail half way.
fn expect_lengths<T: Element>(model: &dyn Fields<T>, gradients: &dyn GradientMap<T>) -> Result<()> {
    model.visit(Path::ROOT, &mut |path, field| {
        let (op, shape) = ("step", *field.shape());
        let (expected, got) = (shape.size(), gradients.of(field.param).map_or(shape.size(), <[T]>::len));
        if expected == got {
            return Ok(());
        }
        let source: tensor::Error = tensor::ErrorKind::Length { op, shape, expected, got }.into();
        Err::<(), Error>(parameter(path, source))
    })
}
