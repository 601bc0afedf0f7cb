//! Parameters: values that outlive a tape and are shared with it while it reads them.

use crate::kernels::{self, Buffer};
use crate::{Element, ErrorKind, Result, Shape};
use ndarray::{ArrayRef, ArrayViewD, Dimension, IxDyn};
use std::sync::Arc;

/// A trainable array that tapes read without a copy and an optimizer writes in place.
///
/// [`Tape::param`](crate::Tape::param) records it. The tape holds the values until the end of
/// [`backward`](crate::Tape::backward) or [`reset`](crate::Tape::reset); writing in between is a typed
/// error, never a silent copy. A clone is another parameter with values of its own.
///
/// ```
/// use tensor::{Param, Tape, ndarray::array};
///
/// let mut w = Param::new(&array![1.0, 2.0])?;
/// let tape = Tape::<f64>::new();
/// let loss = tape.param(&w)?.mul(tape.param(&w)?)?.sum()?;
/// let gradients = tape.backward(loss)?;
/// let step: Vec<f64> = gradients.param(&w).expect("the loss depends on w").to_vec();
/// for (w, g) in w.values_mut()?.iter_mut().zip(step) {
///     *w -= 0.1 * g;
/// }
/// assert_eq!(w.values(), [0.8, 1.6]);
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug)]
pub struct Param<T: Element> {
    shape: Shape,
    values: Arc<Buffer<T>>,
    /// Names this parameter on a tape for as long as either lives, whatever happens to the values.
    token: Arc<()>,
    trainable: bool,
    /// Grows with every writing, so that a tape can tell whether its results are of these values.
    version: u64,
}

impl<T: Element> Param<T> {
    /// A parameter with a copy of these values.
    ///
    /// # Errors
    /// [`ErrorKind::Rank`] for more axes than a [`Shape`] holds.
    pub fn new<D: Dimension>(values: &ArrayRef<T, D>) -> Result<Self> {
        let shape = Shape::new(values.shape())?;
        let mut buffer = Buffer::new();
        buffer.resize(shape.size());
        copy(&mut buffer, values);
        Ok(Self { shape, values: Arc::new(buffer), token: Arc::new(()), trainable: true, version: 0 })
    }

    /// The axis lengths.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The elements, row by row.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The elements as an array.
    pub fn view(&self) -> ArrayViewD<'_, T> {
        view(self.shape, &self.values)
    }

    /// The elements, to be written in place.
    ///
    /// # Errors
    /// [`ErrorKind::Shared`] while a tape holds the values.
    pub fn values_mut(&mut self) -> Result<&mut [T]> {
        match Arc::get_mut(&mut self.values) {
            Some(buffer) => {
                self.version += 1;
                Ok(buffer)
            }
            None => Err(ErrorKind::Shared { op: "values_mut" }.into()),
        }
    }

    /// `w ← w + factor * x`, element by element: a step of an optimizer.
    ///
    /// ```
    /// use tensor::{Param, ndarray::array};
    ///
    /// let mut w = Param::new(&array![1.0, 2.0])?;
    /// w.add_scaled(-0.5, &[2.0, 4.0])?;
    /// assert_eq!(w.values(), [0.0, 0.0]);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Length`] for another number of elements, [`ErrorKind::Shared`] while a tape holds the
    /// values; they are then unchanged.
    pub fn add_scaled(&mut self, factor: T, x: &[T]) -> Result<()> {
        let (op, shape, expected, got) = ("add_scaled", self.shape, self.values.len(), x.len());
        if expected != got {
            return Err(ErrorKind::Length { op, shape, expected, got }.into());
        }
        let values = self.values_mut().map_err(|_| ErrorKind::Shared { op })?;
        kernels::update1_shared(values, x, move |w, x| w + factor * x);
        Ok(())
    }

    /// One step of an optimizer with memory: `(w, s) ← f(w, s, g)` for every element `w`, its `N` numbers
    /// `s` in `states`, and its gradient `g`.
    ///
    /// The loop is compiled for the widest vectors of the machine and shared by threads, so `f` should be a
    /// `move` closure of few operations.
    ///
    /// ```
    /// use tensor::{Param, ndarray::array};
    ///
    /// // Momentum 0.9 with a rate of 0.5.
    /// let (mut w, mut momentum) = (Param::new(&array![1.0])?, [10.0]);
    /// w.update([&mut momentum], &[2.0], move |w, [m], g| {
    ///     let m = 0.9 * m + g;
    ///     (w - 0.5 * m, [m])
    /// })?;
    /// assert_eq!((w.values(), momentum), (&[-4.5][..], [11.0]));
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Length`] for another number of elements, [`ErrorKind::Shared`] while a tape holds the
    /// values; nothing is changed then.
    pub fn update<const N: usize>(
        &mut self,
        states: [&mut [T]; N],
        gradient: &[T],
        f: impl Fn(T, [T; N], T) -> (T, [T; N]) + Copy + Sync,
    ) -> Result<()> {
        let (op, shape, expected) = ("update", self.shape, self.values.len());
        let lengths = states.iter().map(|state| state.len()).chain([gradient.len()]);
        if let Some(got) = lengths.into_iter().find(|&got| got != expected) {
            return Err(ErrorKind::Length { op, shape, expected, got }.into());
        }
        let values = self.values_mut().map_err(|_| ErrorKind::Shared { op })?;
        kernels::update_states(values, states, gradient, f);
        Ok(())
    }

    /// What tells this parameter from all others that live, whatever happens to its values.
    pub fn id(&self) -> ParamId {
        ParamId(Arc::as_ptr(&self.token) as usize)
    }

    /// Whether a tape holds the values, so that [`values_mut`](Self::values_mut) would be refused.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.values) > 1
    }

    /// Whether a gradient is computed for this parameter; true for a new one.
    pub fn trainable(&self) -> bool {
        self.trainable
    }

    /// Chooses whether a gradient is computed for this parameter from the next recording on.
    pub fn set_trainable(&mut self, trainable: bool) {
        self.trainable = trainable;
    }

    pub(crate) fn share(&self) -> Arc<Buffer<T>> {
        Arc::clone(&self.values)
    }

    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn token(&self) -> &Arc<()> {
        &self.token
    }
}

/// Names a [`Param`] among those that live: [`Param::id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParamId(usize);

impl<T: Element> Clone for Param<T> {
    fn clone(&self) -> Self {
        let mut buffer = Buffer::new();
        buffer.resize(self.values.len());
        buffer.copy_from_slice(&self.values);
        Self {
            shape: self.shape,
            values: Arc::new(buffer),
            token: Arc::new(()),
            trainable: self.trainable,
            version: 0,
        }
    }
}

/// Copies an array of any layout, row by row.
pub(crate) fn copy<T: Element, D: Dimension>(out: &mut [T], values: &ArrayRef<T, D>) {
    match values.as_slice() {
        Some(values) => out.copy_from_slice(values),
        None => out.iter_mut().zip(values.iter()).for_each(|(out, &x)| *out = x),
    }
}

/// Elements of the tape or of a parameter as an array.
pub(crate) fn view<T>(shape: Shape, values: &[T]) -> ArrayViewD<'_, T> {
    ArrayViewD::from_shape(IxDyn(&shape), values).expect("a buffer holds as many elements as its shape")
}
