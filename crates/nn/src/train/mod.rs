//! Training: epochs, validation, early stopping, schedules, parts side by side, resuming.

mod callback;
mod callbacks;
mod config;
mod history;
mod saved;
mod step;
mod trainer;

pub use callback::{BatchReport, Callback, Control, RunStart};
#[cfg(any(feature = "plot", feature = "log", feature = "progress"))]
pub use callbacks::*;
pub use config::{Keep, TrainerConfig};
pub use history::{Ended, EpochReport, History};
pub use trainer::{Per, Trainer};

use crate::data::{Batch, DataLoader, Dataset, Pair, Targets};
use crate::{ErrorKind, Module, Pass, Result, cross_entropy, mse};
use tensor::{Element, Tape, Var};

/// What is to be made small: records a model's loss of a batch on a tape, as the mean over what the batch
/// [weighs](Batch::weight).
pub type Objective<'f, T, M, B> =
    dyn for<'t> Fn(&M, &'t Tape<T>, &B, &mut Pass<'_, T>) -> Result<Var<'t, T>> + Sync + 'f;

/// The usual [`Objective`] for a [`Pair`] of arrays: cross-entropy for classes, the mean squared error for
/// numbers.
///
/// # Errors
/// As the model and the loss.
pub fn pair_loss<'t, T: Element, M: Module<T>>(
    model: &M,
    tape: &'t Tape<T>,
    batch: &Pair<T>,
    pass: &mut Pass<'_, T>,
) -> Result<Var<'t, T>> {
    let output = model.forward(tape.constant(batch.inputs())?, pass)?;
    match batch.targets() {
        Targets::Classes(classes) => cross_entropy(output, tape.indices(classes)?),
        Targets::Numbers(numbers) => mse(output, tape.constant(numbers)?),
    }
}

/// The mean loss of a model in use over all batches of a loader, each weighed by its
/// [weight](Batch::weight).
///
/// # Errors
/// As the loader and the objective.
pub fn mean_loss<T: Element, M, D: Dataset>(
    model: &M,
    loader: &DataLoader<D>,
    objective: &Objective<'_, T, M, D::Batch>,
) -> Result<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    let mut tape = Tape::new();
    for batch in loader.in_order() {
        let batch = batch?;
        tape.reset();
        let loss = tape.no_grad(|| objective(model, &tape, &batch, &mut Pass::eval()))??.item()?;
        sum += batch.weight() * loss.to_f64();
        weight += batch.weight();
    }
    if weight > 0.0 {
        return Ok(sum / weight);
    }
    let (owner, expected, got) = ("mean_loss", "at least one row".to_owned(), "none".to_owned());
    Err(ErrorKind::Data { owner, expected, got }.into())
}
