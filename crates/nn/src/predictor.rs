//! A trained model in use: values in, values out, from several threads.

mod input;
mod pool;

use crate::{ErrorKind, Module, Pass, Result};
use pool::{Found, Pool};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tensor::ndarray::{ArrayD, ArrayRef, Dimension, IxDyn};
use tensor::{Element, Recorder, Recording, Shape, Var, View};

pub use input::Input;

/// A model's function of its inputs on a tape.
type Forward<T, M> = dyn for<'t> Fn(&M, &[Var<'t, T>], &mut Pass<'_, T>) -> Result<Var<'t, T>> + Send + Sync;

/// How many shapes of inputs are kept, unless [told](Predictor::with_shapes).
const SHAPES: usize = 8;

/// A model that is used without a tape, from any number of threads at once.
///
/// The first call with a shape records the model's function in use; later calls compute it again on the new
/// values, with the same bits as [`Module::forward`] under [`Pass::eval`], and
/// [`predict_into`](Self::predict_into) then allocates nothing. Each thread that computes at the same time has
/// a recording of its own. Few shapes are kept, so batches of equal size are faster than those of any size.
///
/// ```
/// use nn::{Linear, Predictor, Sequential, Tanh};
/// use tensor::ndarray::array;
///
/// let layer = Linear::<f64>::from_arrays(&array![[1.0], [2.0]], &array![-5.0])?;
/// let predictor = Predictor::new(Sequential::new().with(layer).with(Tanh));
/// assert_eq!(predictor.predict(&array![[3.0, 1.0], [5.0, 0.0]])?, array![[0.0], [0.0]].into_dyn());
/// let mut out = [0.0];
/// std::thread::scope(|scope| scope.spawn(|| predictor.predict_into(&array![[1.0, 2.0]], &mut out)).join())
///     .expect("no panic")?;
/// assert_eq!(out, [0.0]);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// Models of several inputs, or of indices, are called through a closure:
///
/// ```
/// use nn::{Input, Predictor};
/// use tensor::{Param, ndarray::array};
///
/// let table = Param::new(&array![[1.0, 2.0], [3.0, 4.0]])?;
/// let scaled_rows = Predictor::with(table, |table, inputs, _| {
///     let rows = inputs[1].tape().param(table)?.index_select(0, inputs[0].as_indices()?)?;
///     Ok(rows.mul(inputs[1])?)
/// });
/// let (rows, scale) = (array![1, 1, 0], array![10.0]);
/// let y = scaled_rows.run(&[Input::indices(&rows), Input::numbers(&scale)])?;
/// assert_eq!(y, array![[30.0, 40.0], [30.0, 40.0], [10.0, 20.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// A function that looks at its values on the way, as [`Var::item`] does, may record something else for other
/// values; it is noticed and recorded for every call, which is right but slower.
pub struct Predictor<T: Element, M = Box<dyn Module<T>>> {
    model: M,
    forward: Box<Forward<T, M>>,
    pool: Mutex<Pool<T>>,
}

impl<T: Element, M: Module<T>> Predictor<T, M> {
    /// Takes a model of one input.
    pub fn new(model: M) -> Self {
        Self::with(model, |model, inputs, pass| match *inputs {
            [x] => model.forward(x, pass),
            _ => {
                let (owner, expected) = ("predictor", "one input, that of the model".to_string());
                Err(ErrorKind::Data { owner, expected, got: format!("{} inputs", inputs.len()) }.into())
            }
        })
    }
}

impl<T: Element, M> Predictor<T, M> {
    /// Takes a model, or a reference to one, and how it is called: with the inputs in the order of
    /// [`run`](Self::run), indices among them by [`Var::as_indices`].
    ///
    /// The result may depend on the model and on the inputs alone.
    pub fn with(
        model: M,
        forward: impl for<'t> Fn(&M, &[Var<'t, T>], &mut Pass<'_, T>) -> Result<Var<'t, T>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { model, forward: Box::new(forward), pool: Mutex::new(Pool::new(SHAPES)) }
    }

    /// The same predictor that keeps recordings for this many shapes, at least one (8 for a new one); those
    /// of the shape that was not used for longest make room for others.
    #[must_use]
    pub fn with_shapes(self, shapes: usize) -> Self {
        Self { pool: Mutex::new(Pool::new(shapes.max(1))), ..self }
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The model, whose parameters can be written again.
    pub fn into_model(self) -> M {
        self.model
    }

    /// The result for one input, as a new array.
    ///
    /// # Errors
    /// What the model refuses, such as another shape, and leaves of other contents. The predictor can be used
    /// on.
    pub fn predict<D: Dimension>(&self, x: &ArrayRef<T, D>) -> Result<ArrayD<T>> {
        self.run(&[Input::numbers(x)])
    }

    /// The result for one input, written row by row; returns its shape.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), and [`ErrorKind::Length`] for another number of elements than the
    /// result has; nothing is written then.
    pub fn predict_into<D: Dimension>(&self, x: &ArrayRef<T, D>, out: &mut [T]) -> Result<Shape> {
        self.run_into(&[Input::numbers(x)], out)
    }

    /// The result for several inputs, as a new array.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn run(&self, inputs: &[Input<'_, T>]) -> Result<ArrayD<T>> {
        self.compute(inputs, |result| Ok(array(result)))
    }

    /// The result for several inputs, written row by row; returns its shape.
    ///
    /// # Errors
    /// As [`predict_into`](Self::predict_into).
    pub fn run_into(&self, inputs: &[Input<'_, T>], out: &mut [T]) -> Result<Shape> {
        self.compute(inputs, |result| {
            let (expected, got) = (result.values.len(), out.len());
            if expected != got {
                let (owner, shape) = ("predict_into", result.shape.to_vec());
                return Err(ErrorKind::Length { owner, shape, expected, got }.into());
            }
            out.copy_from_slice(result.values);
            Ok(*result.shape)
        })
    }

    /// Bytes held by recordings that wait for the next call; parameters are not among them.
    pub fn bytes(&self) -> usize {
        self.pool().bytes()
    }

    fn compute<R>(&self, inputs: &[Input<'_, T>], read: impl FnOnce(View<'_, T>) -> Result<R>) -> Result<R> {
        let found = self.pool().take(inputs);
        let mut recording = match found {
            Found::Ready(recording) => self.repeat(recording, inputs)?,
            Found::Other(recording) => self.record(Some(recording), inputs)?,
            Found::Nothing => self.record(None, inputs)?,
        };
        let result = recording.output().map_err(Into::into).and_then(read);
        self.pool().give(inputs, recording);
        result
    }

    /// Computes the function again on new inputs of the same shapes.
    fn repeat(&self, mut recording: Box<Recording<T>>, inputs: &[Input<'_, T>]) -> Result<Box<Recording<T>>> {
        if recording.depends_on_values() {
            return self.record(Some(recording), inputs);
        }
        for (position, input) in inputs.iter().enumerate() {
            input.set(&mut recording, position)?;
        }
        // A recording does not know the layers: one that is refused is made anew for the error's sake.
        if recording.run().is_err() { self.record(Some(recording), inputs) } else { Ok(recording) }
    }

    /// Records the function, in the memory of another recording if there is one.
    fn record(&self, old: Option<Box<Recording<T>>>, inputs: &[Input<'_, T>]) -> Result<Box<Recording<T>>> {
        let recording = match old {
            Some(old) => old.again(|recorder| self.call(recorder, inputs)),
            None => Recording::new(|recorder| self.call(recorder, inputs)),
        };
        recording.map(Box::new)
    }

    fn call<'t>(&self, recorder: &mut Recorder<'t, T>, inputs: &[Input<'_, T>]) -> Result<Var<'t, T>> {
        let vars = inputs.iter().map(|input| input.record(recorder)).collect::<Result<Vec<_>>>()?;
        (self.forward)(&self.model, &vars, &mut Pass::eval())
    }

    fn pool(&self) -> MutexGuard<'_, Pool<T>> {
        // Nothing under the lock can leave the pool half changed.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy of a result.
fn array<T: Element>(result: View<'_, T>) -> ArrayD<T> {
    let values = ArrayD::from_shape_vec(IxDyn(result.shape), result.values.to_vec());
    values.expect("a result has as many elements as its shape")
}

impl<T: Element, M> fmt::Debug for Predictor<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predictor").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
