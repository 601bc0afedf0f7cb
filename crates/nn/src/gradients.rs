//! Gradients by parameter, and their sums over several tapes.

use crate::fields::{Fields, Role};
use crate::{ErrorKind, Result};
use std::cell::Cell;
use std::fmt;
use tensor::{Element, Gradients, Param, ParamId};

/// Where an optimizer finds the gradient of a parameter: [`Gradients`] of one tape, or a [`GradientSum`] of
/// several.
pub trait GradientMap<T: Element> {
    /// The gradient of a parameter, row by row; `None` where there is none.
    fn of(&self, param: &Param<T>) -> Option<&[T]>;
}

impl<T: Element> GradientMap<T> for Gradients<'_, T> {
    fn of(&self, param: &Param<T>) -> Option<&[T]> {
        self.param(param)
    }
}

/// Gradients added up over several passes, such as the parts of a batch.
///
/// With the mean loss of each part and weights that add up to 1, each the share of a part's rows, the sum is
/// the gradient of the mean over all rows.
///
/// ```
/// use nn::{GradientSum, Optimizer, Sgd};
/// use tensor::{Param, Tape, ndarray::array};
///
/// let mut w = Param::new(&array![1.0])?;
/// let mut sum = GradientSum::new(&w);
/// for (slope, share) in [(2.0, 0.25), (4.0, 0.75)] {
///     let tape = Tape::<f64>::new();
///     let gradients = tape.backward(tape.param(&w)?.scale(slope)?.sum()?)?;
///     sum.add(share, &w, &gradients);
/// }
/// assert_eq!(sum.norm(), 3.5);
/// Sgd::new(0.5)?.step(&mut w, &sum)?;
/// assert_eq!(w.values(), [-0.75]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone)]
pub struct GradientSum<T: Element> {
    /// In the order of the visit.
    slots: Vec<Slot<T>>,
    /// Where the last parameter was found: optimizers ask in the order of the visit.
    cursor: Cell<usize>,
}

#[derive(Clone)]
struct Slot<T> {
    param: ParamId,
    values: Vec<T>,
    filled: bool,
}

impl<T: Element> GradientSum<T> {
    /// A sum of nothing for the parameters of a model.
    pub fn new(model: &dyn Fields<T>) -> Self {
        let mut slots = Vec::new();
        model.each(&mut |_, field| {
            if field.role == Role::Weight {
                slots.push(Slot { param: field.id(), values: Vec::new(), filled: false });
            }
        });
        Self { slots, cursor: Cell::new(0) }
    }

    /// Starts over in the same memory.
    pub fn clear(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.filled = false);
    }

    /// Adds `weight` times the gradients of the model's parameters.
    pub fn add(&mut self, weight: f64, model: &dyn Fields<T>, gradients: &dyn GradientMap<T>) {
        let weight = T::from_f64(weight);
        model.each(&mut |_, field| {
            let Some(gradient) = gradients.of(field.param) else { return };
            let Some(at) = self.find(field.id()) else { return };
            let slot = &mut self.slots[at];
            if slot.filled {
                slot.values.iter_mut().zip(gradient).for_each(|(sum, &g)| *sum += weight * g);
            } else {
                slot.values.clear();
                slot.values.extend(gradient.iter().map(|&g| weight * g));
                slot.filled = true;
            }
        });
    }

    /// Multiplies every gradient.
    pub fn scale(&mut self, factor: f64) {
        let factor = T::from_f64(factor);
        let filled = self.slots.iter_mut().filter(|slot| slot.filled);
        filled.flat_map(|slot| &mut slot.values).for_each(|g| *g *= factor);
    }

    /// Whether every element of every gradient is a finite number.
    pub fn is_finite(&self) -> bool {
        self.filled().all(|values| values.iter().all(|g| g.is_finite()))
    }

    /// The Euclidean length of all gradients together, joined in `f64`.
    pub fn norm(&self) -> f64 {
        self.filled().map(|values| values.iter().map(|g| g.to_f64().powi(2)).sum::<f64>()).sum::<f64>().sqrt()
    }

    /// Shortens all gradients together so that their [`norm`](Self::norm) is at most `max`; returns the norm
    /// before. Pascanu, Mikolov and Bengio 2013.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] if the norm is not finite or `max` not a positive number; the gradients are
    /// then unchanged.
    pub fn clip_norm(&mut self, max: f64) -> Result<f64> {
        let owner = "clip_norm";
        if !(max > 0.0 && max.is_finite()) {
            let (name, expected) = ("the maximal norm", "positive and finite");
            return Err(ErrorKind::Setting { owner, name, expected, got: max }.into());
        }
        let norm = self.norm();
        if !norm.is_finite() {
            let (name, expected) = ("the norm of the gradients", "finite");
            return Err(ErrorKind::Setting { owner, name, expected, got: norm }.into());
        }
        if norm > max {
            self.scale(max / norm);
        }
        Ok(norm)
    }

    fn filled(&self) -> impl Iterator<Item = &[T]> {
        self.slots.iter().filter(|slot| slot.filled).map(|slot| &*slot.values)
    }

    fn find(&self, param: ParamId) -> Option<usize> {
        let (start, count) = (self.cursor.get().min(self.slots.len()), self.slots.len());
        let at = (start..count).chain(0..start).find(|&at| self.slots[at].param == param)?;
        self.cursor.set(at + 1);
        Some(at)
    }
}

impl<T: Element> GradientMap<T> for GradientSum<T> {
    fn of(&self, param: &Param<T>) -> Option<&[T]> {
        let slot = &self.slots[self.find(param.id())?];
        slot.filled.then_some(&*slot.values)
    }
}

impl<T: Element> fmt::Debug for GradientSum<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GradientSum")
            .field("parameters", &self.slots.len())
            .field("norm", &self.norm())
            .finish()
    }
}
