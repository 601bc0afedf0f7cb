//! What is remembered of each parameter, in the order of the visit.

use super::groups::GroupSettings;
use super::state::ParameterState;
use crate::fields::{Fields, Role};
use crate::{ErrorKind, Result};
use tensor::{Element, ParamId, Shape};

/// What is remembered of one parameter.
#[derive(Debug, Clone)]
pub(super) struct Slot<T> {
    /// Spares comparing names as long as the model is the same value.
    pub(super) id: ParamId,
    pub(super) name: String,
    shape: Shape,
    pub(super) group: GroupSettings,
    pub(super) steps: u64,
    /// As many as there are names for, each as long as the parameter; empty before the first step.
    pub(super) arrays: Vec<Vec<T>>,
}

/// Slots of a model that took no step.
pub(super) fn enter<T: Element>(model: &dyn Fields<T>) -> Vec<Slot<T>> {
    let mut slots = Vec::new();
    model.each(&mut |path, field| {
        if field.role == Role::Weight {
            let (name, shape, group) = (path.to_string(), *field.shape(), GroupSettings::default());
            slots.push(Slot { id: field.id(), name, shape, group, steps: 0, arrays: Vec::new() });
        }
    });
    slots
}

/// Checks that the parameters are those that the slots were made for.
pub(super) fn expect_same<T: Element>(
    what: &'static str,
    slots: &[Slot<T>],
    model: &dyn Fields<T>,
) -> Result<()> {
    let (mut faults, mut slots) = (Vec::new(), slots.iter());
    model.each(&mut |path, field| {
        if field.role != Role::Weight {
            return;
        }
        match slots.next() {
            None => faults.push(format!("`{path}` was not there before")),
            Some(slot) if slot.shape != *field.shape() => {
                let (now, then) = (field.shape(), slot.shape);
                faults.push(format!("`{path}`: expected shape {then:?} of `{}`, got {now:?}", slot.name));
            }
            // A clone of the model is as good as the model; one with other names is another model.
            Some(slot) if slot.id != field.id() && slot.name != path.to_string() => {
                faults.push(format!("`{path}` is where `{}` was", slot.name));
            }
            Some(_) => {}
        }
    });
    faults.extend(slots.map(|slot| format!("`{}` is missing", slot.name)));
    expect_none(what, faults)
}

/// Copies of the slots, with these names for their arrays.
pub(super) fn states<T: Element>(slots: &[Slot<T>], names: &[&str]) -> Vec<ParameterState<T>> {
    let arrays = |slot: &Slot<T>| {
        let named = names.iter().zip(&slot.arrays);
        named.map(|(&name, values)| (name.to_owned(), values.clone())).collect()
    };
    let state = |slot: &Slot<T>| ParameterState {
        name: slot.name.clone(),
        shape: slot.shape.to_vec(),
        steps: slot.steps,
        arrays: arrays(slot),
    };
    slots.iter().map(state).collect()
}

/// Slots of a model with what `states` has of each parameter.
pub(super) fn restored<T: Element>(
    what: &'static str,
    names: &[&str],
    model: &dyn Fields<T>,
    states: &[ParameterState<T>],
) -> Result<Vec<Slot<T>>> {
    let (mut slots, mut faults) = (enter(model), Vec::new());
    for slot in &mut slots {
        let mut found = states.iter().filter(|state| state.name == slot.name);
        match (found.next(), found.next()) {
            (None, _) => faults.push(format!("`{}` is missing", slot.name)),
            (Some(_), Some(_)) => faults.push(format!("`{}` is there twice", slot.name)),
            (Some(state), None) => slot.take(state, names, &mut faults),
        }
    }
    let unknown = states.iter().filter(|state| slots.iter().all(|slot| slot.name != state.name));
    faults.extend(unknown.map(|state| format!("`{}` is not a part of the model", state.name)));
    expect_none(what, faults)?;
    Ok(slots)
}

impl<T: Element> Slot<T> {
    /// Copies what a state has of this parameter, or says why not.
    fn take(&mut self, state: &ParameterState<T>, names: &[&str], faults: &mut Vec<String>) {
        let name = &self.name;
        if state.shape != self.shape[..] {
            faults.push(format!("`{name}`: expected shape {:?}, got {:?}", self.shape, state.shape));
            return;
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
        // Arrays come with the first step.
        for wanted in names.iter().filter(|_| state.steps > 0) {
            match state.arrays.iter().find(|(array, _)| array == wanted) {
                None => faults.push(format!("`{name}`: `{wanted}` is missing")),
                Some((_, values)) => self.arrays.push(values.clone()),
            }
        }
    }
}

/// Refuses with every fault, if there is one.
fn expect_none(what: &'static str, faults: Vec<String>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(ErrorKind::Mismatch { what, faults }.into()) }
}
