//! The gradients of a batch, from parts that threads compute side by side.

use super::Objective;
use crate::data::Batch;
use crate::pass::Gathered;
use crate::{ErrorKind, Fields, GradientMap, GradientSum, Pass, Result};
use rand::{SeedableRng, rngs::ChaCha8Rng};
use std::ops::Range;
use tensor::{Element, Tape, Var};

/// Which batch of a run this is; with the seed it fixes every random number of a pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) seed: u64,
    /// Counted from 1, as in reports.
    pub(super) epoch: usize,
    pub(super) batch: usize,
    /// Batches since the start of training.
    pub(super) count: u64,
}

impl Place {
    /// The random numbers of a part: a stream of its own, whatever was drawn elsewhere.
    fn rng(self, part: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream((self.count << 16) | part as u64);
        rng
    }
}

/// One part's tape, and the sum of its gradients since the last step.
struct Part<T: Element> {
    tape: Tape<T>,
    sum: GradientSum<T>,
}

/// What a part came to.
struct Outcome<T: Element> {
    weight: f64,
    loss: f64,
    gathered: Gathered<T>,
}

/// The gradients since the last step.
pub(super) struct Accumulator<T: Element> {
    parts: Vec<Part<T>>,
    /// What the batches since the last step weigh together.
    weight: f64,
}

impl<T: Element> Accumulator<T> {
    pub(super) fn new(parts: usize, model: &dyn Fields<T>) -> Self {
        let part = || Part { tape: Tape::new(), sum: GradientSum::new(model) };
        Self { parts: std::iter::repeat_with(part).take(parts).collect(), weight: 0.0 }
    }

    /// Adds the gradients of a batch; its mean loss, and what was gathered for the buffers.
    pub(super) fn add<M: Fields<T> + Sync, B: Batch>(
        &mut self,
        model: &M,
        batch: B,
        objective: &Objective<'_, T, M, B>,
        place: Place,
    ) -> Result<(f64, Gathered<T>)> {
        let pieces = cut(batch, self.parts.len())?;
        let work =
            |(at, (part, piece)): (usize, (&mut Part<T>, &B))| part.add(model, piece, objective, place, at);
        #[cfg(feature = "rayon")]
        let outcomes: Vec<Result<Outcome<T>>> = {
            use rayon::prelude::*;
            self.parts.par_iter_mut().zip(&pieces).enumerate().map(work).collect()
        };
        #[cfg(not(feature = "rayon"))]
        let outcomes: Vec<Result<Outcome<T>>> =
            self.parts.iter_mut().zip(&pieces).enumerate().map(work).collect();
        let outcomes = outcomes.into_iter().collect::<Result<Vec<_>>>()?;
        let weight: f64 = outcomes.iter().map(|outcome| outcome.weight).sum();
        let loss = outcomes.iter().map(|outcome| outcome.weight * outcome.loss).sum::<f64>() / weight;
        self.weight += weight;
        let shares = outcomes.into_iter().map(|outcome| (outcome.weight / weight, outcome.gathered));
        Ok((loss, Gathered::mean(shares)))
    }

    /// The gradient of the mean loss over all batches since the last step.
    pub(super) fn total(&mut self, model: &dyn Fields<T>) -> &mut GradientSum<T> {
        let (first, rest) = self.parts.split_first_mut().expect("there is at least one part");
        for part in rest {
            first.sum.add(1.0, model, &part.sum);
            part.sum.clear();
        }
        first.sum.scale(1.0 / self.weight);
        self.weight = 0.0;
        &mut first.sum
    }

    /// Starts over.
    pub(super) fn clear(&mut self) {
        self.weight = 0.0;
        self.parts.iter_mut().for_each(|part| part.sum.clear());
    }
}

/// A batch in at most so many parts of nearly equal length.
fn cut<B: Batch>(batch: B, parts: usize) -> Result<Vec<B>> {
    let rows = batch.len();
    if parts == 1 || rows <= 1 {
        return Ok(vec![batch]);
    }
    let parts = parts.min(rows);
    let bounds = |part: usize| -> Range<usize> { part * rows / parts..(part + 1) * rows / parts };
    (0..parts).map(|part| batch.part(bounds(part))).collect()
}

impl<T: Element> Part<T> {
    fn add<M: Fields<T>, B: Batch>(
        &mut self,
        model: &M,
        piece: &B,
        objective: &Objective<'_, T, M, B>,
        place: Place,
        at: usize,
    ) -> Result<Outcome<T>> {
        self.tape.reset();
        let mut rng = place.rng(at);
        let mut pass = Pass::train(&mut rng);
        let loss = objective(model, &self.tape, piece, &mut pass)?;
        let value = loss.item()?.to_f64();
        if !value.is_finite() {
            let cause = diagnose(model, piece, objective, place.rng(at));
            return Err(not_finite(place, cause.unwrap_or_else(|| format!("the loss is {value}"))));
        }
        let gradients = self.tape.backward(loss)?;
        let weight = piece.weight();
        self.sum.add(weight, model, &gradients as &dyn GradientMap<T>);
        if !self.sum.is_finite() {
            drop(gradients);
            let cause = diagnose(model, piece, objective, place.rng(at));
            return Err(not_finite(place, cause.unwrap_or_else(|| "a gradient is not finite".to_owned())));
        }
        drop(gradients);
        let gathered = pass.into_gathered();
        self.tape.reset();
        Ok(Outcome { weight, loss: value, gathered })
    }
}

fn not_finite(place: Place, cause: String) -> crate::Error {
    ErrorKind::NotFinite { epoch: place.epoch, batch: place.batch, cause }.into()
}

/// Does a pass again with every value and gradient watched: the op that is not finite first.
fn diagnose<T: Element, M: Fields<T>, B: Batch>(
    model: &M,
    piece: &B,
    objective: &Objective<'_, T, M, B>,
    mut rng: ChaCha8Rng,
) -> Option<String> {
    let tape = Tape::new().with_finite_guard();
    let loss: Result<Var<'_, T>> = objective(model, &tape, piece, &mut Pass::train(&mut rng));
    match loss {
        Err(error) => Some(error.to_string()),
        Ok(loss) => tape.backward(loss).err().map(|error| error.to_string()),
    }
}
