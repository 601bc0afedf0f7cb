//! A model with the state of its training in one file.

use super::archive::Stored;
use super::matching::{Listed, Matches, Unmatched, store};
use super::number::Number;
use super::optimizer::{StoredOptimizer, StoredParameters};
use super::random::Generator;
use super::sections::{broken, from_archive, to_archive};
use super::{LoadWeights, file};
#[cfg(doc)]
use crate::{Ema, ErrorKind};
use crate::{Fields, Optimizer, OptimizerState, ParameterState, Result};
use rand::rngs::ChaCha8Rng;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use tensor::ndarray::{ArrayD, ArrayRef, Dimension, IxDyn};

/// A model with the state of its training, in one safetensors file: all that it takes to go on with the same
/// bits.
///
/// It is plain data: made from a model and an optimizer, which can then go on, written at any time, on any
/// thread. Read back, it fills a model and an optimizer that were made as the first ones were.
///
/// | part | in the file |
/// |---|---|
/// | parameters and buffers | tensors of their names, as in [`save_weights`](crate::save_weights) |
/// | the optimizer's arrays, rate, steps | tensors `optimizer/ARRAY/NAME` and `optimizer/rate`, texts `optimizer.…` |
/// | [`step`](Self::step), [`epoch`](Self::epoch) | texts |
/// | averages of weights | tensors `ema/average/NAME`, text `ema.parameters` |
/// | arrays by name | tensors `arrays/NAME` |
/// | lists of numbers by name, such as a history of losses or a schedule's state | tensors `numbers/NAME`, `F64` |
/// | whole numbers, texts and generators of random numbers by name | texts `count.NAME`, `text.NAME`, `random.NAME` |
/// | the version of this list, 1 | text `checkpoint.version` |
/// | a check sum of everything | text `crc32` |
///
/// All numbers come back bit by bit. [`load_weights`](crate::load_weights) reads the weights alone, as
/// PyTorch does from the names without a `/`.
///
/// ```
/// use nn::{Checkpoint, Linear, Module, Optimizer, Pass, Sgd, SgdConfig, mse};
/// use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::{arr1, arr2, array}};
///
/// type State = (Linear<f32>, Sgd<f32>, ChaCha8Rng);
/// let start = || -> nn::Result<State> {
///     let sgd = Sgd::new(SgdConfig { rate: 0.1, momentum: 0.9, ..SgdConfig::default() })?;
///     Ok((Linear::from_arrays(&array![[0.0]], &arr1(&[0.0]))?, sgd, ChaCha8Rng::seed_from_u64(1)))
/// };
/// let train = |(model, sgd, rng): &mut State| -> nn::Result<()> {
///     for _ in 0..5 {
///         let tape = Tape::new();
///         let x = tape.constant(&arr2(&[[rng.random()]]))?;
///         let loss = mse(model.forward(x, &mut Pass::train(rng))?, x.scale(3.0)?)?;
///         let gradients = tape.backward(loss)?;
///         sgd.step(model, &gradients)?;
///     }
///     Ok(())
/// };
///
/// let mut whole = start()?;
/// train(&mut whole)?;
/// let mut checkpoint = Checkpoint::of(&whole.0, &whole.1)?;
/// checkpoint.step = 5;
/// checkpoint.set_rng("batches", &whole.2);
/// let bytes = checkpoint.to_bytes(); // or checkpoint.save("run.safetensors")
/// train(&mut whole)?;
///
/// // Later, in another process.
/// let (checkpoint, mut resumed) = (Checkpoint::from_bytes(&bytes)?, start()?);
/// assert_eq!(checkpoint.step, 5);
/// checkpoint.resume(&mut resumed.0, &mut resumed.1)?;
/// resumed.2 = checkpoint.rng("batches").expect("it was stored");
/// train(&mut resumed)?;
/// assert_eq!(resumed.0.weight.values(), whole.0.weight.values());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Checkpoint {
    /// How many steps the optimizer took.
    pub step: u64,
    /// How many times the data were gone through.
    pub epoch: u64,
    pub(super) model: BTreeMap<String, Stored>,
    pub(super) optimizer: Option<StoredOptimizer>,
    pub(super) ema: Option<StoredParameters>,
    pub(super) arrays: BTreeMap<String, Stored>,
    pub(super) numbers: BTreeMap<String, Vec<f64>>,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) texts: BTreeMap<String, String>,
    pub(super) generators: BTreeMap<String, Generator>,
}

impl Checkpoint {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of a model and what its optimizer remembers.
    ///
    /// # Errors
    /// As [`set_model`](Self::set_model) and [`set_optimizer`](Self::set_optimizer).
    pub fn of<T: Number>(model: &dyn Fields<T>, optimizer: &dyn Optimizer<T>) -> Result<Self> {
        let mut checkpoint = Self::new();
        checkpoint.set_model(model)?;
        checkpoint.set_optimizer(&optimizer.state())?;
        Ok(checkpoint)
    }

    /// Gives a model and an optimizer what was stored, all or nothing; see [`Checkpoint`] for an example.
    ///
    /// # Errors
    /// As [`load_model`](Self::load_model), [`optimizer`](Self::optimizer) and [`Optimizer::restore`];
    /// [`ErrorKind::Data`] if no optimizer was stored. Neither is changed then.
    pub fn resume<T: Number>(
        &self,
        model: &mut dyn Fields<T>,
        optimizer: &mut dyn Optimizer<T>,
    ) -> Result<()> {
        let state = self.optimizer()?;
        let state = state.ok_or_else(|| broken("an optimizer's state", "a checkpoint without one"))?;
        let staged = self.matches(model, &LoadWeights::new())?.stage(model, &self.model)?;
        optimizer.restore(model, &state)?;
        staged.write(model);
        Ok(())
    }

    /// Copies a model's parameters and buffers, in place of those before.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] for a model with two fields of one name, or a name with a `/`.
    pub fn set_model<T: Number>(&mut self, model: &dyn Fields<T>) -> Result<()> {
        self.model = store(model)?;
        Ok(())
    }

    /// Gives a model its parameters and buffers; all names must be its own. See
    /// [`load_weights`](crate::load_weights) for what is converted.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] with every name that one of them lacks, every other shape and every number
    /// that is too large for the model's type; [`ErrorKind::Parameter`] for a parameter whose values a tape
    /// still holds. The model is then unchanged.
    pub fn load_model<T: Number>(&self, model: &mut dyn Fields<T>) -> Result<()> {
        self.load_model_with(&LoadWeights::new(), model).map(|_| ())
    }

    /// As [`load_model`](Self::load_model), with a choice of names; returns what was left out.
    ///
    /// # Errors
    /// As [`load_model`](Self::load_model).
    pub fn load_model_with<T: Number>(
        &self,
        names: &LoadWeights<'_>,
        model: &mut dyn Fields<T>,
    ) -> Result<Unmatched> {
        let matches = self.matches(model, names)?;
        matches.stage(model, &self.model)?.write(model);
        Ok(matches.unmatched)
    }

    fn matches<T: Number>(&self, model: &dyn Fields<T>, names: &LoadWeights<'_>) -> Result<Matches> {
        let listed = self.model.iter();
        let listed = listed.map(|(name, stored)| Listed { name, dtype: stored.dtype, shape: &stored.shape });
        names.matches(model, listed)
    }

    /// Stores what an optimizer remembers, in place of what was stored before.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for an array of another size than its parameter's shape, a name with a `/` or the
    /// end of a line, or a rate that is not finite.
    pub fn set_optimizer<T: Number>(&mut self, state: &OptimizerState<T>) -> Result<()> {
        self.optimizer = Some(StoredOptimizer::new(state)?);
        Ok(())
    }

    /// What an optimizer remembered, for [`Optimizer::restore`], if it was stored.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a number that is too large for `T`.
    pub fn optimizer<T: Number>(&self) -> Result<Option<OptimizerState<T>>> {
        self.optimizer.as_ref().map(StoredOptimizer::state).transpose()
    }

    /// Stores the averages of weights, from [`Ema::state`], in place of those before.
    ///
    /// ```
    /// use nn::{Checkpoint, Ema};
    /// use tensor::{Param, ndarray::array};
    ///
    /// let w = Param::new(&array![1.0f32, 3.0])?;
    /// let ema = Ema::new(&w, 0.9)?;
    /// let mut checkpoint = Checkpoint::new();
    /// checkpoint.set_ema(&ema.state()?)?;
    ///
    /// let mut other = Ema::new(&Param::new(&array![0.0f32, 0.0])?, 0.9)?;
    /// other.restore(&w, &checkpoint.ema()?.expect("stored above"))?;
    /// assert_eq!(other.state()?[0].arrays[0].1, [1.0, 3.0]);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`set_optimizer`](Self::set_optimizer).
    pub fn set_ema<T: Number>(&mut self, state: &[ParameterState<T>]) -> Result<()> {
        self.ema = Some(StoredParameters::new(state)?);
        Ok(())
    }

    /// The averages of weights, for [`Ema::restore`], if they were stored.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a number that is too large for `T`.
    pub fn ema<T: Number>(&self) -> Result<Option<Vec<ParameterState<T>>>> {
        self.ema.as_ref().map(StoredParameters::states).transpose()
    }

    /// Stores an array under a name.
    pub fn set_array<T: Number, D: Dimension>(&mut self, name: impl Into<String>, values: &ArrayRef<T, D>) {
        self.arrays.insert(name.into(), Stored::new(&values.view().into_dyn()));
    }

    /// The array of a name, if it was stored.
    ///
    /// ```
    /// use tensor::ndarray::array;
    ///
    /// let mut checkpoint = nn::Checkpoint::new();
    /// checkpoint.set_array("confusion", &array![[5.0f32, 1.0], [0.0, 7.0]]);
    /// assert_eq!(checkpoint.array::<f32>("confusion")?, Some(array![[5.0, 1.0], [0.0, 7.0]].into_dyn()));
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for another type or shape than arrays of `T` have.
    pub fn array<T: Number>(&self, name: &str) -> Result<Option<ArrayD<T>>> {
        let Some(stored) = self.arrays.get(name) else { return Ok(None) };
        let wrong = |got: String| broken(format!("an array `{name}` of {}", T::DTYPE), got);
        let values = stored.values().map_err(wrong)?;
        let array = ArrayD::from_shape_vec(IxDyn(&stored.shape), values);
        array.map(Some).map_err(|_| wrong(format!("shape {:?}", stored.shape)))
    }

    /// Stores a list of numbers under a name: a history, the state of a schedule.
    ///
    /// ```
    /// let mut checkpoint = nn::Checkpoint::new();
    /// checkpoint.set_numbers("loss", [0.5, 0.1, f64::INFINITY]);
    /// let back = nn::Checkpoint::from_bytes(&checkpoint.to_bytes())?;
    /// assert_eq!(back.numbers("loss"), Some(&[0.5, 0.1, f64::INFINITY][..]));
    /// assert_eq!(back.numbers("accuracy"), None);
    /// # Ok::<(), nn::Error>(())
    /// ```
    pub fn set_numbers(&mut self, name: impl Into<String>, numbers: impl Into<Vec<f64>>) {
        self.numbers.insert(name.into(), numbers.into());
    }

    /// The list of numbers of a name, if it was stored.
    pub fn numbers(&self, name: &str) -> Option<&[f64]> {
        self.numbers.get(name).map(|numbers| &**numbers)
    }

    /// Stores a whole number under a name: a seed, a place in the data.
    pub fn set_count(&mut self, name: impl Into<String>, count: u64) {
        self.counts.insert(name.into(), count);
    }

    /// The whole number of a name, if it was stored.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.counts.get(name).copied()
    }

    /// Stores a text under a name: the version of the program, a description of the model.
    pub fn set_text(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.texts.insert(name.into(), text.into());
    }

    /// The text of a name, if it was stored.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| &**text)
    }

    /// Stores a generator of random numbers under a name: its seed, its stream and its place.
    pub fn set_rng(&mut self, name: impl Into<String>, rng: &ChaCha8Rng) {
        self.generators.insert(name.into(), Generator::of(rng));
    }

    /// The generator of a name, if it was stored; it goes on where the stored one was.
    pub fn rng(&self, name: &str) -> Option<ChaCha8Rng> {
        self.generators.get(name).map(Generator::rng)
    }

    /// Writes the checkpoint, as [`save_weights`](crate::save_weights) does: whoever reads `path`, even
    /// after this process was killed, finds the old file or the new one, whole.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]: `path` is then as it was. [`ErrorKind::File`] for a path that is no ordinary file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        file::write(path.as_ref(), &to_archive(self))
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], or [`ErrorKind::File`] around [`ErrorKind::Data`] for a file that is no checkpoint,
    /// one of a newer version, not whole, or damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let archive = file::read(path, &mut |header| Ok(header.names()))?;
        from_archive(archive).map_err(|source| file::within(path, source))
    }

    /// The bytes of the file: the same for the same checkpoint.
    pub fn to_bytes(&self) -> Vec<u8> {
        file::to_bytes(&to_archive(self))
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] as [`open`](Self::open).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        from_archive(file::read_bytes(bytes, &mut |header| Ok(header.names()))?)
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |tensors: &BTreeMap<String, Stored>| tensors.keys().cloned().collect::<Vec<_>>();
        f.debug_struct("Checkpoint")
            .field("step", &self.step)
            .field("epoch", &self.epoch)
            .field("model", &names(&self.model))
            .field("optimizer", &self.optimizer.is_some())
            .field("ema", &self.ema.is_some())
            .field("arrays", &names(&self.arrays))
            .field("numbers", &self.numbers)
            .field("counts", &self.counts)
            .field("texts", &self.texts)
            .finish_non_exhaustive()
    }
}
