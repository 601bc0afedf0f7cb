//! One evaluation of a module: what `forward` is given beside its input.

use crate::fields::{Fields, Path, expect_unshared, parameter};
use crate::{Buffer, Module, Result};
use rand::Rng;
use std::fmt;
use tensor::{Element, ParamId, Shape, Var};

/// Whether a module is being trained or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Dropout drops, statistics are gathered.
    Train,
    /// The function as trained; no randomness.
    Eval,
}

/// One evaluation of a module: its [`Mode`], the random numbers of a training pass, and what layers gathered
/// for their buffers.
///
/// `forward` changes no module, so that several threads can use one. What a layer gathers, such as the mean
/// of a batch, waits here until [`commit`](Self::commit); models without buffers gather nothing.
///
/// ```
/// use nn::{Buffer, Fields, Pass};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::ndarray::array;
///
/// let mut mean = Buffer::new(&array![1.0])?;
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let mut pass = Pass::train(rng);
/// pass.blend(&mean, 0.1, &[2.0]);
/// assert_eq!(mean.values(), [1.0]);
/// pass.commit(&mut mean)?;
/// assert_eq!(mean.values(), [0.9 * 1.0 + 0.1 * 2.0]);
/// # Ok::<(), nn::Error>(())
/// ```
pub struct Pass<'r, T: Element> {
    rng: Option<&'r mut dyn Rng>,
    gathered: Gathered<T>,
    trace: Option<Vec<Traced>>,
    depth: usize,
}

/// What the buffers of a model become, in the order of the pass.
#[derive(Debug, Clone)]
pub(crate) struct Gathered<T>(Vec<Change<T>>);

/// What a buffer becomes: `keep * buffer + add`.
#[derive(Debug, Clone)]
struct Change<T> {
    buffer: ParamId,
    keep: T,
    add: Vec<T>,
}

impl<T: Element> Gathered<T> {
    /// The mean of what equal passes over parts of a batch gathered, each weighed by its share.
    pub(crate) fn mean(parts: impl IntoIterator<Item = (f64, Self)>) -> Self {
        let mut mean = Self(Vec::new());
        for (share, part) in parts {
            let share = T::from_f64(share);
            for (at, mut change) in part.0.into_iter().enumerate() {
                change.add.iter_mut().for_each(|x| *x *= share);
                match mean.0.get_mut(at).filter(|sum| sum.buffer == change.buffer) {
                    Some(sum) => sum.add.iter_mut().zip(change.add).for_each(|(sum, x)| *sum += x),
                    None => mean.0.push(change),
                }
            }
        }
        mean
    }

    /// Writes the changes into the buffers of the model, all or none.
    pub(crate) fn commit(&mut self, model: &mut (impl Fields<T> + ?Sized)) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        expect_unshared(model)?;
        model.visit_mut(Path::ROOT, &mut |path, field| {
            let id = field.param.id();
            for Change { keep, add, .. } in self.0.iter().filter(|change| change.buffer == id) {
                let values = field.param.values_mut().map_err(|source| parameter(path, source))?;
                values.iter_mut().zip(add).for_each(|(value, &add)| *value = *keep * *value + add);
            }
            Ok(())
        })?;
        self.0.clear();
        Ok(())
    }
}

/// A part of a module that a pass went through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Traced {
    /// How many parts it lies in.
    pub(crate) depth: usize,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) output: Option<Shape>,
    pub(crate) parameters: usize,
    /// All parameters and buffers, in order.
    pub(crate) fields: Vec<ParamId>,
}

impl<'r, T: Element> Pass<'r, T> {
    /// A pass of a module in use: no randomness, nothing is gathered.
    pub const fn eval() -> Self {
        Self { rng: None, gathered: Gathered(Vec::new()), trace: None, depth: 0 }
    }

    /// A pass of training, with the numbers that dropout draws.
    pub fn train(rng: &'r mut impl Rng) -> Self {
        Self { rng: Some(rng), ..Self::eval() }
    }

    /// Whether this is a pass of training.
    pub fn mode(&self) -> Mode {
        if self.rng.is_some() { Mode::Train } else { Mode::Eval }
    }

    /// The source of random numbers in training, nothing in use.
    pub fn rng(&mut self) -> Option<&mut dyn Rng> {
        match &mut self.rng {
            Some(rng) => Some(&mut **rng),
            None => None,
        }
    }

    /// Moves a buffer towards new values when the pass is committed: `(1 - weight) * buffer + weight * x`.
    pub fn blend(&mut self, buffer: &Buffer<T>, weight: f64, x: &[T]) {
        let weight = T::from_f64(weight);
        let add = x.iter().map(|&x| weight * x).collect();
        self.gathered.0.push(Change { buffer: buffer.id(), keep: T::one() - weight, add });
    }

    /// Adds to a buffer when the pass is committed.
    pub fn add(&mut self, buffer: &Buffer<T>, x: &[T]) {
        self.gathered.0.push(Change { buffer: buffer.id(), keep: T::one(), add: x.to_vec() });
    }

    /// Writes what was gathered into the buffers of the model, in the order of the pass; the pass can then
    /// go on.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`](crate::ErrorKind::Parameter) for a field whose values a tape still holds;
    /// nothing is written then.
    pub fn commit(&mut self, model: &mut (impl Fields<T> + ?Sized)) -> Result<()> {
        self.gathered.commit(model)
    }

    /// What was gathered, to be committed elsewhere.
    pub(crate) fn into_gathered(self) -> Gathered<T> {
        self.gathered
    }

    /// Evaluates a part of a composed module; its errors name the part, and summaries list it.
    ///
    /// # Errors
    /// [`ErrorKind::Layer`](crate::ErrorKind::Layer) with the part's name.
    pub fn run<'t>(
        &mut self,
        name: impl fmt::Display,
        module: &(impl Module<T> + ?Sized),
        x: Var<'t, T>,
    ) -> Result<Var<'t, T>> {
        let place = self.enter(&name, module);
        let y = module.forward(x, self).map_err(|error| error.in_layer(name))?;
        if let Some(place) = place {
            self.depth -= 1;
            let output = y.shape()?;
            if let Some(trace) = &mut self.trace {
                trace[place].output = Some(output);
            }
        }
        Ok(y)
    }

    /// Opens a line of the trace, if there is one.
    fn enter(&mut self, name: &impl fmt::Display, module: &(impl Module<T> + ?Sized)) -> Option<usize> {
        let trace = self.trace.as_mut()?;
        let mut fields = Vec::new();
        module.each(&mut |_, field| fields.push(field.id()));
        trace.push(Traced {
            depth: self.depth,
            name: name.to_string(),
            kind: module.kind(),
            output: None,
            parameters: module.parameter_count(),
            fields,
        });
        self.depth += 1;
        Some(trace.len() - 1)
    }

    /// A pass that takes note of every part.
    pub(crate) const fn traced() -> Self {
        Self { rng: None, gathered: Gathered(Vec::new()), trace: Some(Vec::new()), depth: 0 }
    }

    pub(crate) fn into_trace(self) -> Vec<Traced> {
        self.trace.unwrap_or_default()
    }
}

impl<T: Element> fmt::Debug for Pass<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass")
            .field("mode", &self.mode())
            .field("gathered", &self.gathered)
            .finish_non_exhaustive()
    }
}
