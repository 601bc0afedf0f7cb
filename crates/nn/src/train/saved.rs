//! Training that goes on where it was, from a file.

use super::trainer::{Progress, Saving};
use super::{Ended, EpochReport, History, Trainer};
use crate::{Checkpoint, ErrorKind, Fields, Number, Optimizer, Result, Snapshot};
use std::path::Path;
use tensor::ndarray::ArrayViewD;

/// Numbers of one epoch in a checkpoint: steps, rate, loss, score (NaN for none), whether it is the best.
const COLUMNS: usize = 5;
/// Before the names of the best weights so far.
const BEST: &str = "best.";

impl<T: Number, M: Fields<T> + Sync> Trainer<'_, T, M> {
    /// Takes up training from a [checkpoint](Self::checkpoint): the model, the optimizer, the schedule, averaged
    /// weights, the history and the best weights are those of the file, and [`fit`](Self::fit) goes on with the next epoch,
    /// with the bits of a run that was never interrupted.
    ///
    /// Model, optimizer, schedule and loader have to be made as they were for the first run.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] and [`ErrorKind::File`] for a file that cannot be read,
    /// [`ErrorKind::Mismatch`] with every fault for another model or optimizer, [`ErrorKind::Data`] for
    /// another seed and a file that holds no training. Nothing is changed then.
    pub fn resume(
        &mut self,
        path: impl AsRef<Path>,
        model: &mut M,
        optimizer: &mut dyn Optimizer<T>,
    ) -> Result<()> {
        let checkpoint = Checkpoint::open(path)?;
        let progress = progress(&checkpoint)?;
        let seed = checkpoint.count("seed");
        if seed != Some(self.config.seed) {
            let got = seed.map_or("none".to_owned(), |seed| seed.to_string());
            return Err(unfit(format!("the seed {}", self.config.seed), got));
        }
        let best = best(&checkpoint, model)?;
        let mut average = self.average.clone();
        if let Some(average) = &mut average {
            let missing = || unfit("a training run with averaged weights".to_owned(), "none".to_owned());
            average.restore(model, &checkpoint.ema()?.ok_or_else(missing)?)?;
        }
        let before = self.schedule.as_ref().map(|(schedule, _)| schedule.state());
        if let Some((schedule, _)) = &mut self.schedule {
            schedule.restore(checkpoint.numbers("schedule").unwrap_or_default())?;
        }
        if let Err(error) = checkpoint.resume(model, optimizer) {
            if let Some(((schedule, _), before)) = self.schedule.as_mut().zip(before) {
                schedule.restore(&before)?;
            }
            return Err(error);
        }
        self.best = match best {
            Some(best) => Some(swapped(model, &best)?),
            None => None,
        };
        self.average = average;
        self.progress = progress;
        Ok(())
    }

    /// Writes a checkpoint where one is due.
    pub(super) fn save(&self, model: &M, optimizer: &dyn Optimizer<T>, is_last: bool) -> Result<()> {
        let Some(Saving { path, every }) = &self.checkpoint else { return Ok(()) };
        let Progress { epochs, steps, batches, best, without_gain, history } = &self.progress;
        if !is_last && epochs % every != 0 {
            return Ok(());
        }
        let mut checkpoint = Checkpoint::of(model, optimizer)?;
        (checkpoint.step, checkpoint.epoch) = (*steps, *epochs as u64);
        checkpoint.set_count("batches", *batches);
        checkpoint.set_count("seed", self.config.seed);
        checkpoint.set_count("without_gain", *without_gain as u64);
        checkpoint.set_text("ended", history.ended.name());
        let rows = history.epochs.iter().flat_map(|report| {
            let EpochReport { epoch: _, steps, rate, loss, score, is_best } = *report;
            [steps as f64, rate, loss, score.unwrap_or(f64::NAN), f64::from(u8::from(is_best))]
        });
        checkpoint.set_numbers("history", rows.collect::<Vec<f64>>());
        checkpoint.set_numbers("best", best.iter().copied().collect::<Vec<f64>>());
        if let Some((schedule, _)) = &self.schedule {
            checkpoint.set_numbers("schedule", schedule.state());
        }
        if let Some(average) = &self.average {
            checkpoint.set_ema(&average.state()?)?;
        }
        if let Some(snapshot) = &self.best {
            model.each(&mut |path, field| {
                let name = path.to_string();
                if let Some(values) = snapshot.values(&name) {
                    let view = ArrayViewD::from_shape(&field.shape()[..], values);
                    let view = view.expect("a snapshot of this model");
                    checkpoint.set_array(format!("{BEST}{name}"), &view);
                }
            });
        }
        checkpoint.save(path)
    }
}

fn unfit(expected: String, got: String) -> crate::Error {
    ErrorKind::Data { owner: "checkpoint", expected, got }.into()
}

/// How far the training of a file had come.
fn progress(checkpoint: &Checkpoint) -> Result<Progress> {
    let missing = |what: &str| unfit(format!("a training run with its {what}"), "none".to_owned());
    let rows = checkpoint.numbers("history").ok_or_else(|| missing("history"))?;
    let count = |name: &str| checkpoint.count(name).ok_or_else(|| missing(name));
    let epochs = usize::try_from(checkpoint.epoch).unwrap_or(usize::MAX);
    if rows.len() % COLUMNS != 0 || rows.len() / COLUMNS != epochs {
        return Err(unfit(format!("a history of {epochs} epochs"), format!("{} numbers", rows.len())));
    }
    let reports = rows.chunks_exact(COLUMNS).enumerate().map(|(at, row)| EpochReport {
        epoch: at + 1,
        steps: row[0] as u64,
        rate: row[1],
        loss: row[2],
        score: Some(row[3]).filter(|score| !score.is_nan()),
        is_best: row[4] != 0.0,
    });
    let ended = checkpoint.text("ended").and_then(Ended::named).ok_or_else(|| missing("end"))?;
    Ok(Progress {
        epochs,
        steps: checkpoint.step,
        batches: count("batches")?,
        best: checkpoint.numbers("best").and_then(|best| best.first().copied()),
        without_gain: usize::try_from(count("without_gain")?).unwrap_or(usize::MAX),
        history: History { epochs: reports.collect(), ended },
    })
}

/// The best weights of a file, checked to be this model's, in the order of the visit.
fn best<T: Number>(checkpoint: &Checkpoint, model: &dyn Fields<T>) -> Result<Option<Vec<Vec<T>>>> {
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    let mut fields = Vec::new();
    model.each(&mut |path, field| fields.push((format!("{BEST}{path}"), *field.shape())));
    for (name, shape) in &fields {
        match checkpoint.array::<T>(name)? {
            Some(values) if values.shape() == &shape[..] => found.push(values.into_iter().collect()),
            Some(values) => {
                faults.push(format!("`{name}`: expected shape {shape:?}, got {:?}", values.shape()))
            }
            None => faults.push(format!("`{name}` is missing")),
        }
    }
    if faults.len() == fields.len() && found.is_empty() {
        return Ok(None);
    }
    if faults.is_empty() {
        return Ok(Some(found));
    }
    Err(ErrorKind::Mismatch { what: "the checkpoint", faults }.into())
}

/// A snapshot of a model with other values, which has its own again afterwards.
fn swapped<T: Number>(model: &mut dyn Fields<T>, values: &[Vec<T>]) -> Result<Snapshot<T>> {
    let own = Snapshot::new(model);
    let mut values = values.iter();
    model.visit_mut(crate::Path::ROOT, &mut |path, field| {
        let values = values.next().expect("as many as fields");
        let to = field.param.values_mut().map_err(|source| crate::fields::parameter(path, source))?;
        to.copy_from_slice(values);
        Ok(())
    })?;
    let other = Snapshot::new(model);
    own.restore(model)?;
    Ok(other)
}
