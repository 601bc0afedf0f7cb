//! The cross-entropy of classes.

use crate::Result;
use tensor::{Element, Indices, Var};

/// `-Σ_r ln softmax(logits)[r, label_r] / rows` for logits `[rows, classes]`: a single number.
///
/// ```
/// use nn::cross_entropy;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let loss = cross_entropy(tape.var(&array![[0.0, 0.0]])?, tape.indices(&[1])?)?;
/// assert_eq!(loss.item()?, 2f64.ln());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for a label that is no class, naming the row, for
/// another number of labels than rows, and for no rows.
pub fn cross_entropy<'t, T: Element>(logits: Var<'t, T>, labels: Indices<'t, T>) -> Result<Var<'t, T>> {
    Ok(logits.cross_entropy(labels)?)
}
