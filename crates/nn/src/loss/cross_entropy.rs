//! The cross-entropy of classes.

use crate::Result;
use tensor::{CrossEntropyConfig, Element, Indices, Var};

/// `-Σ_r ln softmax(logits)[r, label_r] / rows` for logits `[rows, classes]`: a single number.
///
/// Logits with more axes, such as `[batch, time, classes]`, are [reshaped](Var::reshape) to rows first.
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

/// [`cross_entropy`] with class weights w, ignored rows, label smoothing ε and a choice of reduction. With
/// `p = softmax(logits)` and C classes, the loss of a row with label l is
/// `-(1 - ε) w_l ln p_l - ε/C Σ_c w_c ln p_c`. The mean divides by the `w_l` of the rows that count, and is
/// refused without any; a sum is 0 then.
///
/// ```
/// use nn::{CrossEntropyConfig, cross_entropy_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let logits = tape.var(&array![[0.0, 0.0], [5.0, 1.0]])?;
/// let config = CrossEntropyConfig { ignore_index: Some(9), ..Default::default() };
/// let loss = cross_entropy_with(logits, tape.indices(&[1, 9])?, &config)?;
/// assert_eq!(loss.item()?, 2f64.ln());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for a mean over no row that counts, weights that are
/// negative or not one for each class, a smoothing outside of 0 to 1; otherwise as [`cross_entropy`].
pub fn cross_entropy_with<'t, T: Element>(
    logits: Var<'t, T>,
    labels: Indices<'t, T>,
    config: &CrossEntropyConfig,
) -> Result<Var<'t, T>> {
    Ok(logits.cross_entropy_with(labels, config)?)
}

/// The cross-entropy of logits and targets that are probabilities, both `[rows, classes]`:
/// `-Σ_c w_c ((1 - ε) t_c + ε/C) ln p_c` for each row. The mean divides by the number of rows, whatever the
/// weights.
///
/// ```
/// use nn::{CrossEntropyConfig, cross_entropy_soft};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let logits = tape.var(&array![[0.0, 0.0]])?;
/// let target = tape.constant(&array![[0.25, 0.75]])?;
/// let loss = cross_entropy_soft(logits, target, &CrossEntropyConfig::default())?;
/// assert_eq!(loss.item()?, 2f64.ln());
/// assert_eq!(tape.backward(loss)?.wrt(logits)?, array![[0.25, -0.25]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for two shapes, for an `ignore_index`, since probabilities
/// are no labels, for no rows; otherwise as [`cross_entropy_with`].
pub fn cross_entropy_soft<'t, T: Element>(
    logits: Var<'t, T>,
    target: Var<'t, T>,
    config: &CrossEntropyConfig,
) -> Result<Var<'t, T>> {
    Ok(logits.cross_entropy_soft(target, config)?)
}
