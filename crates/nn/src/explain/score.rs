//! The number that is explained: scores of rows, and their gradients.

use crate::{ErrorKind, Module, Pass, Result};
use tensor::ndarray::{ArrayD, ArrayView1, Axis};
use tensor::{Element, Tape, Var};

/// The score of one class, or one output, for every row: of the result `[rows, .., classes]` of a model in
/// use, those of `class`, added up over all axes between. A result `[rows]` has class 0 alone.
///
/// ```
/// use nn::{Linear, class_score, input_gradients};
/// use tensor::ndarray::array;
///
/// let layer = Linear::<f64>::from_arrays(&array![[1.0, 3.0], [2.0, 4.0]], &array![0.0, 0.5])?;
/// let second = input_gradients(class_score(&layer, 1), &array![[1.0, 1.0]])?;
/// assert_eq!(second.scores, array![7.5].into_dyn());
/// assert_eq!(second.gradients, array![[3.0, 4.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// The function refuses what the model does, and with [`ErrorKind::Shape`] a result without such a class.
pub fn class_score<T: Element>(
    model: &(impl Module<T> + ?Sized),
    class: usize,
) -> impl for<'t> Fn(Var<'t, T>) -> Result<Var<'t, T>> {
    move |x| {
        let y = model.forward(x, &mut Pass::eval())?;
        let rank = y.shape()?.len();
        let y = if rank == 1 { y.unsqueeze(1)? } else { y };
        let shape = y.shape()?;
        if shape.last().is_none_or(|&classes| class >= classes) {
            let (owner, expected) =
                ("class_score", format!("a result [rows, .., classes] with class {class}"));
            return Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into());
        }
        let one = y.narrow(shape.len() - 1, class, 1)?;
        let between: Vec<usize> = (1..shape.len()).collect();
        Ok(one.sum_axis(&*between)?)
    }
}

/// The score of another class for every row: of the result `[rows, classes]` of a model in use, row `r` at
/// class `classes[r]`, such as its label or its prediction.
///
/// ```
/// use nn::{Linear, class_scores, input_gradients};
/// use tensor::ndarray::array;
///
/// let layer = Linear::<f64>::from_arrays(&array![[1.0, 3.0], [2.0, 4.0]], &array![0.0, 0.5])?;
/// let both = input_gradients(class_scores(&layer, &[1, 0]), &array![[1.0, 1.0], [1.0, 1.0]])?;
/// assert_eq!(both.scores, array![7.5, 3.0].into_dyn());
/// assert_eq!(both.gradients, array![[3.0, 4.0], [1.0, 2.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// The function refuses what the model does, with [`ErrorKind::Shape`] a result with other axes or another
/// number of rows, and with [`ErrorKind::Tensor`] a class that does not exist.
pub fn class_scores<T: Element>(
    model: &(impl Module<T> + ?Sized),
    classes: &[usize],
) -> impl for<'t> Fn(Var<'t, T>) -> Result<Var<'t, T>> {
    move |x| {
        let y = model.forward(x, &mut Pass::eval())?;
        let shape = y.shape()?;
        if shape.len() != 2 || shape[0] != classes.len() {
            let (owner, expected) = ("class_scores", format!("a result [{}, classes]", classes.len()));
            return Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into());
        }
        let places = ArrayView1::from(classes).insert_axis(Axis(1));
        Ok(y.gather(1, x.tape().indices_nd(&places)?)?.squeeze(1)?)
    }
}

/// Evaluates scores and their gradients again and again in the same memory.
pub(super) struct Slopes<T: Element, F> {
    owner: &'static str,
    tape: Tape<T>,
    score: F,
}

impl<T: Element, F> Slopes<T, F>
where
    F: for<'t> Fn(Var<'t, T>) -> Result<Var<'t, T>>,
{
    pub(super) fn new(owner: &'static str, score: F) -> Self {
        Self { owner, tape: Tape::new().with_fixed_params(), score }
    }

    /// The scores, `[rows]` or a single number.
    pub(super) fn scores(&mut self, x: &ArrayD<T>) -> Result<ArrayD<T>> {
        self.tape.reset();
        Ok(self.record(self.tape.constant(x)?)?.value()?)
    }

    /// The scores and the gradient of their sum, which gets `read` row by row. Rows do not depend on each
    /// other in a model in use, so each row has the gradient of its own score.
    pub(super) fn run<R>(&mut self, x: &ArrayD<T>, read: impl FnOnce(&[T]) -> R) -> Result<(ArrayD<T>, R)> {
        self.tape.reset();
        let x = self.tape.var(x)?;
        let score = self.record(x)?;
        let total = score.sum()?;
        let gradients = self.tape.backward(total)?.wrt(x)?;
        let read = read(gradients.as_slice().expect("a gradient is an array of its own"));
        Ok((score.value()?, read))
    }

    fn record<'t>(&self, x: Var<'t, T>) -> Result<Var<'t, T>> {
        let score = (self.score)(x)?;
        let shape = score.shape()?;
        match *shape {
            [] => Ok(score),
            [rows] if x.shape()?.first() == Some(&rows) => Ok(score),
            _ => {
                let expected = "a score for each row of the input, or a single number".to_string();
                Err(ErrorKind::Shape { owner: self.owner, expected, got: shape.to_vec() }.into())
            }
        }
    }
}

/// Values row by row as an array of the input's shape.
pub(super) fn array<T>(shape: &[usize], values: Vec<T>) -> ArrayD<T> {
    ArrayD::from_shape_vec(shape, values).expect("as many values as the input has")
}

/// The same of `f64`, rounded.
pub(super) fn narrow<T: Element>(shape: &[usize], values: &[f64]) -> ArrayD<T> {
    array(shape, values.iter().map(|&x| T::from_f64(x)).collect())
}
