//! The cross-entropy of yes and no.

use crate::Result;
use tensor::{BinaryCrossEntropyConfig, Element, Var};

/// The mean of `-t ln σ(x) - (1 - t) ln(1 - σ(x))` over all elements, for logits x and targets t from 0 to 1:
/// a single number. Derivative `(σ(x) - t) / n`; nothing overflows.
///
/// ```
/// use nn::bce_with_logits;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![0.0, 1000.0])?;
/// let loss = bce_with_logits(x, tape.constant(&array![1.0, 1.0])?)?;
/// assert_eq!(loss.item()?, 2f64.ln() / 2.0);
/// assert_eq!(tape.backward(loss)?.wrt(x)?, array![-0.25, 0.0].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) for two shapes, since nothing is broadcast, and for no
/// elements.
pub fn bce_with_logits<'t, T: Element>(logits: Var<'t, T>, target: Var<'t, T>) -> Result<Var<'t, T>> {
    bce_with_logits_with(logits, target, &BinaryCrossEntropyConfig::default())
}

/// [`bce_with_logits`] with weights and a choice of reduction: `w (-q t ln σ(x) - (1 - t) ln(1 - σ(x)))` for
/// each element, with the weights w and the `pos_weight` q of its place on the last axis; the mean divides by
/// the number of elements, whatever the weights.
///
/// ```
/// use nn::{BinaryCrossEntropyConfig, Reduction, bce_with_logits_with};
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![[0.0], [0.0]])?;
/// let t = tape.constant(&array![[1.0], [0.0]])?;
/// let config = BinaryCrossEntropyConfig {
///     pos_weight: Some([3.0].into()),
///     reduction: Reduction::None,
///     ..Default::default()
/// };
/// let losses = bce_with_logits_with(x, t, &config)?;
/// assert_eq!(losses.value()?, array![[3.0 * 2f64.ln()], [2f64.ln()]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Tensor`](crate::ErrorKind::Tensor) unless there is a weight of at least 0 for each place on the
/// last axis; otherwise as [`bce_with_logits`], where no elements are refused for a mean alone.
pub fn bce_with_logits_with<'t, T: Element>(
    logits: Var<'t, T>,
    target: Var<'t, T>,
    config: &BinaryCrossEntropyConfig,
) -> Result<Var<'t, T>> {
    Ok(logits.binary_cross_entropy_with_logits(target, config)?)
}
