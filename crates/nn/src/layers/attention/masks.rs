//! Which keys a query does not see.

use crate::{ErrorKind, Result};
use tensor::ndarray::{Array2, arr0};
use tensor::{Element, Tape, Var};

/// What is left out of an attention; by default nothing.
///
/// | name | default | meaning | shape |
/// |---|---|---|---|
/// | `causal` | false | query i sees the keys 0 to i alone | |
/// | `key_padding` | `None` | a key is left out where this is not 0 (true) | `[n, keys]` |
/// | `additive` | `None` | is added to the scores; -inf leaves a key out, and a gradient flows to it | any that is broadcast to `[n, heads, queries, keys]` |
///
/// A query that sees no key at all gets weights of 0, and a gradient of 0.
///
/// ```
/// use nn::AttentionMasks;
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f32>::new();
/// // Two sequences, the second one element shorter.
/// let padding = tape.constant(&array![[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]])?;
/// let masks = AttentionMasks { causal: true, key_padding: Some(padding), ..AttentionMasks::default() };
/// assert!(masks.additive.is_none());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct AttentionMasks<'t, T: Element> {
    /// Whether query i sees the keys 0 to i alone.
    pub causal: bool,
    /// `[n, keys]`, not 0 where a key is left out.
    pub key_padding: Option<Var<'t, T>>,
    /// What is added to the scores.
    pub additive: Option<Var<'t, T>>,
}

impl<T: Element> Default for AttentionMasks<'_, T> {
    fn default() -> Self {
        Self { causal: false, key_padding: None, additive: None }
    }
}

impl<'t, T: Element> AttentionMasks<'t, T> {
    /// Query i sees the keys 0 to i alone.
    #[must_use]
    pub fn causal() -> Self {
        Self { causal: true, ..Self::default() }
    }

    /// Whether nothing is left out and nothing added.
    pub fn is_empty(&self) -> bool {
        !self.causal && self.key_padding.is_none() && self.additive.is_none()
    }

    /// Where keys are left out, with four axes that are broadcast to `[n, heads, queries, keys]`.
    pub(super) fn blocked(
        &self,
        tape: &'t Tape<T>,
        [n, queries, keys]: [usize; 3],
    ) -> Result<Option<Var<'t, T>>> {
        let padding = self.key_padding.map(|padding| place(padding, n, keys)).transpose()?;
        let causal = self.causal.then(|| later(tape, queries, keys)).transpose()?;
        Ok(match (padding, causal) {
            (Some(padding), Some(causal)) => Some(padding.maximum(causal)?),
            (one, other) => one.or(other),
        })
    }
}

fn place<T: Element>(padding: Var<'_, T>, n: usize, keys: usize) -> Result<Var<'_, T>> {
    let shape = padding.shape()?;
    if *shape != [n, keys] {
        let expected = format!("a key padding mask of shape {:?}", [n, keys]);
        return Err(ErrorKind::Shape { owner: "multi_head_attention", expected, got: shape.to_vec() }.into());
    }
    // 1 for true, whatever number stood for it.
    let zero = padding.tape().constant(&arr0(T::zero()))?;
    Ok(padding.not_equal(zero)?.reshape(&[n, 1, 1, keys])?)
}

/// 1 for every key after its query.
fn later<T: Element>(tape: &Tape<T>, queries: usize, keys: usize) -> Result<Var<'_, T>> {
    let mask = Array2::from_shape_fn((queries, keys), |(i, j)| if j > i { T::one() } else { T::zero() });
    Ok(tape.constant(&mask)?.reshape(&[1, 1, queries, keys])?)
}
