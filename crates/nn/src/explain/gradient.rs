//! Gradients of inputs.

use super::score::{Slopes, array};
use crate::Result;
use tensor::ndarray::{ArrayD, ArrayRef, Dimension};
use tensor::{Element, Var};

/// Scores and how they change with each input.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity<T> {
    /// The score of each row, `[rows]`, or a single number.
    pub scores: ArrayD<T>,
    /// ∂score/∂x, with the shape of the input.
    pub gradients: ArrayD<T>,
}

/// `∂score(x)/∂x`: how the score of each row changes with each of its inputs.
///
/// `score` gives a number for each row of x, such as [`class_score`](crate::class_score), or a single one.
/// Parameters count as constants. The input is a batch `[rows, ..]` of rows that do not depend on each other,
/// as those of a model in use do.
///
/// Simonyan, Vedaldi and Zisserman 2013, "Deep inside convolutional networks: visualising image
/// classification models and saliency maps".
///
/// ```
/// use nn::input_gradients;
/// use tensor::ndarray::array;
///
/// // Σ x² of every row
/// let found = input_gradients(|x| Ok(x.square()?.sum_axis(1)?), &array![[1.0, 2.0], [3.0, -4.0]])?;
/// assert_eq!(found.scores, array![5.0, 25.0].into_dyn());
/// assert_eq!(found.gradients, array![[2.0, 4.0], [6.0, -8.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// What `score` refuses; [`ErrorKind::Shape`](crate::ErrorKind::Shape) for scores of another shape,
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for scores that do not depend on x.
pub fn input_gradients<T: Element, D: Dimension>(
    score: impl for<'t> Fn(Var<'t, T>) -> Result<Var<'t, T>>,
    x: &ArrayRef<T, D>,
) -> Result<Sensitivity<T>> {
    let x = x.to_owned().into_dyn();
    let (scores, gradients) = Slopes::new("input_gradients", score).run(&x, <[T]>::to_vec)?;
    Ok(Sensitivity { scores, gradients: array(x.shape(), gradients) })
}
