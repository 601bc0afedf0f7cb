//! The loop.

use super::step::{Accumulator, Place};
use super::{
    BatchReport, Callback, Control, Ended, EpochReport, History, Keep, Objective, RunStart, TrainerConfig,
};
use crate::data::{Batch, DataLoader, Dataset};
use crate::{Ema, Fields, Goal, Number, Optimizer, Result, Schedule, Snapshot};
use std::fmt;
use std::path::PathBuf;

/// What a schedule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Steps of the optimizer.
    Step,
    /// Epochs.
    Epoch,
}

/// A number for how good a model is.
type Score<'a, M> = dyn Fn(&M) -> Result<f64> + 'a;

/// How good a model is, after every epoch.
struct Validation<'a, M> {
    name: String,
    goal: Goal,
    score: Box<Score<'a, M>>,
}

impl<M> Validation<'_, M> {
    /// Whether a score is better than the best so far; NaN never is.
    fn is_better(&self, score: f64, best: Option<f64>, least_gain: f64) -> bool {
        let Some(best) = best else { return !score.is_nan() };
        match self.goal {
            Goal::Max => score > best + least_gain,
            Goal::Min => score < best - least_gain,
        }
    }
}

/// How far training has come; with the model, the optimizer and the schedule all that resuming needs.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Progress {
    pub(super) epochs: usize,
    pub(super) steps: u64,
    pub(super) batches: u64,
    pub(super) best: Option<f64>,
    pub(super) without_gain: usize,
    pub(super) history: History,
}

/// Trains a model: epochs over a loader, a schedule, validation with the best weights kept, early stopping,
/// callbacks, checkpoints.
///
/// ```
/// use nn::data::{DataLoader, DataLoaderConfig, Pair, Targets};
/// use nn::{Goal, Init, Linear, Sgd, Trainer, TrainerConfig, mean_loss, pair_loss};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::ndarray::array;
///
/// // Learn y = x₀ - x₁.
/// let x = array![[0., 0.], [0., 1.], [1., 0.], [1., 1.]].into_dyn();
/// let y = array![[0.], [-1.], [1.], [0.]].into_dyn();
/// let data = DataLoader::new(Pair::new(x, Targets::Numbers(y))?, DataLoaderConfig { batch_size: 2, ..Default::default() })?;
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(7);
/// let mut model = Linear::<f64>::new(2, 1, Init::XavierUniform, rng)?;
/// let mut trainer = Trainer::new(TrainerConfig { epochs: 100, ..Default::default() })?
///     .validate("loss", Goal::Min, |model| mean_loss(model, &data, &pair_loss));
/// let history = trainer.fit(&mut model, &mut Sgd::new(0.2)?, &data, &pair_loss)?;
/// assert_eq!(history.epochs.len(), 100);
/// assert!(history.best().and_then(|epoch| epoch.score) < Some(1e-6));
/// # Ok::<(), nn::Error>(())
/// ```
///
/// Everything random is a function of the seeds and of the number of batches done, so that the same run has
/// the same bits, whatever the number of threads, also when it was interrupted and
/// [resumed](Self::resume).
pub struct Trainer<'a, T: Number, M> {
    pub(super) config: TrainerConfig,
    pub(super) schedule: Option<(Box<dyn Schedule + 'a>, Per)>,
    validation: Option<Validation<'a, M>>,
    callbacks: Vec<Box<dyn Callback + 'a>>,
    pub(super) average: Option<Ema<T>>,
    pub(super) checkpoint: Option<Saving>,
    pub(super) progress: Progress,
    pub(super) best: Option<Snapshot<T>>,
}

/// Where checkpoints go, and how often.
#[derive(Debug, Clone)]
pub(super) struct Saving {
    pub(super) path: PathBuf,
    pub(super) every: usize,
}

impl<'a, T: Number, M: Fields<T> + Sync> Trainer<'a, T, M> {
    /// A trainer with these settings.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for a setting outside of its range.
    pub fn new(config: TrainerConfig) -> Result<Self> {
        config.check()?;
        Ok(Self {
            config,
            schedule: None,
            validation: None,
            callbacks: Vec::new(),
            average: None,
            checkpoint: None,
            progress: Progress::default(),
            best: None,
        })
    }

    /// Sets the optimizer's rate before every step or epoch; without a schedule it stays as it is.
    ///
    /// A schedule that observes is told the score of every epoch, or the loss where there is no validation.
    #[must_use]
    pub fn schedule(mut self, schedule: impl Schedule + 'a, per: Per) -> Self {
        self.schedule = Some((Box::new(schedule), per));
        self
    }

    /// Scores the model after every epoch, such as by [`mean_loss`](crate::mean_loss) on data that is not
    /// trained on.
    #[must_use]
    pub fn validate(mut self, name: &str, goal: Goal, score: impl Fn(&M) -> Result<f64> + 'a) -> Self {
        self.validation = Some(Validation { name: name.to_owned(), goal, score: Box::new(score) });
        self
    }

    /// Averages the weights over the steps: the average is what is scored, what the best weights are taken of,
    /// and what the model has when [`fit`](Self::fit) ends; training goes on with its own weights.
    ///
    /// ```
    /// use nn::{Ema, Init, Linear, Trainer, TrainerConfig};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    ///
    /// let model = Linear::<f32>::new(2, 1, Init::XavierUniform, &mut ChaCha8Rng::seed_from_u64(7))?;
    /// let trainer = Trainer::<f32, Linear<f32>>::new(TrainerConfig::default())?.average(Ema::new(&model, 0.999)?);
    /// # drop(trainer);
    /// # Ok::<(), nn::Error>(())
    /// ```
    #[must_use]
    pub fn average(mut self, average: Ema<T>) -> Self {
        self.average = Some(average);
        self
    }

    /// Somebody who is told what happens.
    #[must_use]
    pub fn callback(mut self, callback: impl Callback + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Writes a checkpoint after every so many epochs and at the end of a run; 0 counts as 1.
    #[must_use]
    pub fn checkpoint(mut self, path: impl Into<PathBuf>, every: usize) -> Self {
        self.checkpoint = Some(Saving { path: path.into(), every: every.max(1) });
        self
    }

    /// How far training has come.
    pub fn history(&self) -> &History {
        &self.progress.history
    }

    /// Trains the model until all epochs are done or the score does not get better.
    ///
    /// A later call goes on where this one ended, which does nothing once all epochs are done. The dataset is
    /// owned, since a thread may make batches ahead; an [`Arc`](std::sync::Arc) of one is a dataset too.
    ///
    /// # Errors
    /// [`ErrorKind::NotFinite`](crate::ErrorKind::NotFinite) with the op and the batch that a number which
    /// is not finite came from; what the loader, the objective, the score and callbacks return. The model
    /// then has the weights of the last step, and training can go on from the last checkpoint.
    pub fn fit<D: Dataset<Batch: 'static> + 'static>(
        &mut self,
        model: &mut M,
        optimizer: &mut dyn Optimizer<T>,
        loader: &DataLoader<D>,
        objective: &Objective<'_, T, M, D::Batch>,
    ) -> Result<History> {
        self.start(loader.batches())?;
        let mut accumulator = Accumulator::new(self.config.parts, &*model);
        let mut ended = Ended::Finished;
        while self.progress.epochs < self.config.epochs {
            let loss = self.epoch(model, optimizer, loader, objective, &mut accumulator)?;
            self.swap(model)?;
            let control = self.finish_epoch(model, optimizer, loss);
            self.swap(model)?;
            let control = control?;
            if self.config.patience.is_some_and(|patience| self.progress.without_gain >= patience) {
                ended = Ended::NoGain;
            } else if control == Control::Stop {
                ended = Ended::Callback;
            }
            self.progress.history.ended = ended;
            let last = ended != Ended::Finished || self.progress.epochs == self.config.epochs;
            self.save(model, optimizer, last)?;
            if ended != Ended::Finished {
                break;
            }
        }
        match (self.config.keep, &self.best, &self.average) {
            (Keep::Best, Some(best), _) => best.restore(model)?,
            (_, _, Some(average)) => average.copy_to(model)?,
            _ => {}
        }
        for callback in &mut self.callbacks {
            callback.end(&self.progress.history)?;
        }
        Ok(self.progress.history.clone())
    }

    fn start(&mut self, batches: usize) -> Result<()> {
        let run = RunStart {
            epoch: self.progress.epochs + 1,
            epochs: self.config.epochs,
            batches,
            score: self.validation.as_ref().map(|validation| validation.name.as_str()),
        };
        self.callbacks.iter_mut().try_for_each(|callback| callback.start(&run))
    }

    /// One epoch; the mean loss over its rows.
    fn epoch<D: Dataset<Batch: 'static> + 'static>(
        &mut self,
        model: &mut M,
        optimizer: &mut dyn Optimizer<T>,
        loader: &DataLoader<D>,
        objective: &Objective<'_, T, M, D::Batch>,
        accumulator: &mut Accumulator<T>,
    ) -> Result<f64> {
        accumulator.clear();
        let (epoch, batches) = (self.progress.epochs, loader.batches());
        self.set_rate(optimizer, Per::Epoch, epoch as u64)?;
        let (mut sum, mut weight) = (0.0, 0.0);
        let source = loader.epoch(epoch as u64);
        let source: Box<dyn Iterator<Item = Result<D::Batch>>> = match self.config.prefetch {
            0 => Box::new(source),
            ahead => Box::new(source.prefetch(ahead)?),
        };
        for (at, batch) in source.enumerate() {
            let batch = batch?;
            let count = self.progress.batches;
            let place = Place { seed: self.config.seed, epoch: epoch + 1, batch: at + 1, count };
            let own = batch.weight();
            let (loss, mut gathered) = accumulator.add(&*model, batch, objective, place)?;
            sum += own * loss;
            weight += own;
            if (at + 1) % self.config.accumulate == 0 || at + 1 == batches {
                self.step(model, optimizer, accumulator)?;
            }
            gathered.commit(model)?;
            self.progress.batches += 1;
            let report = BatchReport { epoch: epoch + 1, batch: at + 1, loss, rate: optimizer.rate() };
            self.callbacks.iter_mut().try_for_each(|callback| callback.batch(&report))?;
        }
        Ok(sum / weight)
    }

    fn step(
        &mut self,
        model: &mut M,
        optimizer: &mut dyn Optimizer<T>,
        accumulator: &mut Accumulator<T>,
    ) -> Result<()> {
        self.set_rate(optimizer, Per::Step, self.progress.steps)?;
        let gradients = accumulator.total(&*model);
        if let Some(max) = self.config.clip_norm {
            gradients.clip_norm(max)?;
        }
        optimizer.step(model, gradients)?;
        gradients.clear();
        if let Some(average) = &mut self.average {
            average.update(&*model)?;
        }
        self.progress.steps += 1;
        Ok(())
    }

    /// Exchanges the model's weights and their average, if there is one.
    fn swap(&mut self, model: &mut M) -> Result<()> {
        self.average.as_mut().map_or(Ok(()), |average| average.swap(model))
    }

    fn set_rate(&self, optimizer: &mut dyn Optimizer<T>, now: Per, count: u64) -> Result<()> {
        match &self.schedule {
            Some((schedule, per)) if *per == now => optimizer.set_rate(schedule.rate(count)),
            _ => Ok(()),
        }
    }

    /// Scores the model and tells everybody.
    fn finish_epoch(
        &mut self,
        model: &mut M,
        optimizer: &mut dyn Optimizer<T>,
        loss: f64,
    ) -> Result<Control> {
        let validation = self.validation.as_ref();
        let score = validation.map(|validation| (validation.score)(model)).transpose()?;
        let progress = &mut self.progress;
        progress.epochs += 1;
        let is_better = |(validation, score): (&Validation<'_, M>, f64)| {
            validation.is_better(score, progress.best, self.config.least_gain)
        };
        let is_best = validation.zip(score).is_some_and(is_better);
        if is_best {
            progress.best = score;
            progress.without_gain = 0;
            if self.config.keep == Keep::Best {
                self.best = Some(Snapshot::new(model));
            }
        } else if score.is_some() {
            progress.without_gain += 1;
        }
        if let Some((schedule, per)) = &mut self.schedule {
            let now = if *per == Per::Epoch { progress.epochs as u64 } else { progress.steps };
            schedule.observe(now, score.unwrap_or(loss));
        }
        let (epoch, steps, rate) = (progress.epochs, progress.steps, optimizer.rate());
        let report = EpochReport { epoch, steps, rate, loss, score, is_best };
        let mut control = Control::Continue;
        for callback in &mut self.callbacks {
            if callback.epoch(&report)? == Control::Stop {
                control = Control::Stop;
            }
        }
        self.progress.history.epochs.push(report);
        Ok(control)
    }
}

impl<T: Number, M> fmt::Debug for Trainer<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("config", &self.config)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}
