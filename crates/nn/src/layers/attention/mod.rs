//! Attention of several heads.

mod heads;
mod masks;
mod weights;

use super::settings::expect_positive;
use crate::{Dropout, ErrorKind, Init, Linear, Module, Pass, Result, fields};
use heads::{Join, Split};
use rand::Rng;
use tensor::ndarray::{ArrayD, IxDyn};
use tensor::{Element, Param, Var};
use weights::MaskedSoftmax;

pub use masks::AttentionMasks;

const OWNER: &str = "multi_head_attention";

/// The settings of a [`MultiHeadAttention`].
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `dropout` | 0 | the probability with which a weight is left out in training | 0 to 1 |
/// | `bias` | true | whether the four projections have biases | |
/// | `causal` | false | whether query i always sees the keys 0 to i alone | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultiHeadAttentionConfig {
    /// The probability with which a weight is left out in training.
    pub dropout: f64,
    /// Whether the projections have biases.
    pub bias: bool,
    /// Whether query i always sees the keys 0 to i alone.
    pub causal: bool,
}

impl Default for MultiHeadAttentionConfig {
    fn default() -> Self {
        Self { dropout: 0.0, bias: true, causal: false }
    }
}

/// Every query as a mean of the values, weighed by how well their keys fit, in several heads at once.
///
/// With d = e / heads features a head: `softmax(q kᵀ / √d) v`, where q, k and v are linear in the query `[n, q, e]`,
/// the key and the value `[n, k, e]`; the heads side by side go through `out_proj`: result `[n, q, e]`. As a
/// module it is self attention: x `[n, s, e]` is query, key and value. Vaswani et al. 2017, "Attention is all you
/// need".
///
/// Fields and files are those of PyTorch's `nn.MultiheadAttention` with `batch_first=True`; weights are drawn
/// [`Init::XavierUniform`].
///
/// ```
/// use nn::{AttentionMasks, MultiHeadAttention, MultiHeadAttentionConfig, Pass};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::{Array3, array}};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let attention = MultiHeadAttention::<f64>::new(4, 2, MultiHeadAttentionConfig::default(), rng)?;
/// let tape = Tape::new();
/// let x = tape.constant(&Array3::ones((1, 3, 4)))?;
/// let pass = &mut Pass::eval();
/// let (y, weights) = attention.attend_with_weights(x, x, x, &AttentionMasks::causal(), pass)?;
/// assert_eq!(*y.shape()?, [1, 3, 4]);
/// // Equal keys weigh the same: the first query sees one, the second two.
/// let first = weights.narrow(1, 0, 1)?.narrow(2, 0, 2)?.value()?;
/// assert_eq!(first, array![[[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MultiHeadAttention<T: Element> {
    /// The weights of q, k and v side by side, `[e, 3 e]`.
    pub in_proj_weight: Param<T>,
    /// Their biases, `[3 e]`.
    pub in_proj_bias: Option<Param<T>>,
    /// The projection of the heads, `[e, e]`.
    pub out_proj: Linear<T>,
    heads: usize,
    dropout: Dropout,
    causal: bool,
}

fields!(MultiHeadAttention: in_proj_weight as transposed, in_proj_bias, out_proj);

impl<T: Element> MultiHeadAttention<T> {
    /// A layer for so many features in so many heads.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for no features, no heads, a number of features that the heads do not divide,
    /// and a dropout out of its range.
    pub fn new(
        features: usize,
        heads: usize,
        config: MultiHeadAttentionConfig,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        expect_positive(OWNER, &[("the number of features", features), ("the number of heads", heads)])?;
        if !features.is_multiple_of(heads) {
            let (name, expected) = ("the number of features", "a multiple of the number of heads");
            return Err(ErrorKind::Setting { owner: OWNER, name, expected, got: features as f64 }.into());
        }
        let dropout = Dropout::new(config.dropout)?;
        let fans = [features, 3 * features];
        let in_proj_weight = Init::XavierUniform.draw(&fans, fans, rng)?;
        let out_proj = Linear::new(features, features, Init::XavierUniform, rng)?;
        let (in_proj_bias, out_proj) = if config.bias {
            (Some(Init::Constant(0.0).draw(&fans[1..], fans, rng)?), out_proj)
        } else {
            (None, out_proj.without_bias())
        };
        Ok(Self { in_proj_weight, in_proj_bias, out_proj, heads, dropout, causal: config.causal })
    }

    /// The number of features e.
    pub fn features(&self) -> usize {
        self.in_proj_weight.shape()[0]
    }

    /// The number of heads.
    pub fn heads(&self) -> usize {
        self.heads
    }

    /// Attention of a query `[n, q, e]` to keys and values `[n, k, e]`: `[n, q, e]`.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for other shapes, also of masks.
    pub fn attend<'t>(
        &self,
        query: Var<'t, T>,
        key: Var<'t, T>,
        value: Var<'t, T>,
        masks: &AttentionMasks<'t, T>,
        pass: &mut Pass<'_, T>,
    ) -> Result<Var<'t, T>> {
        Ok(self.attend_with_weights(query, key, value, masks, pass)?.0)
    }

    /// As [`attend`](Self::attend), and the weights of each head, `[n, heads, q, k]`, after dropout.
    ///
    /// # Errors
    /// As [`attend`](Self::attend).
    pub fn attend_with_weights<'t>(
        &self,
        query: Var<'t, T>,
        key: Var<'t, T>,
        value: Var<'t, T>,
        masks: &AttentionMasks<'t, T>,
        pass: &mut Pass<'_, T>,
    ) -> Result<(Var<'t, T>, Var<'t, T>)> {
        let [n, _] = self.check("a query [n, q, e]", query, [None, None])?;
        let [_, keys] = self.check("a key [n, k, e]", key, [Some(n), None])?;
        self.check("a value [n, k, e]", value, [Some(n), Some(keys)])?;
        let features = self.features();
        let weight = query.tape().param(&self.in_proj_weight)?;
        let bias = self.in_proj_bias.as_ref().map(|bias| query.tape().param(bias)).transpose()?;
        let project = |x: Var<'t, T>, part: usize| {
            let weight = weight.narrow(1, part * features, features)?;
            let bias = bias.map(|bias| bias.narrow(0, part * features, features)).transpose()?;
            self.split(linear(x, weight, bias)?, part, 1)
        };
        self.mix([project(query, 0)?, project(key, 1)?, project(value, 2)?], masks, pass)
    }

    /// Self attention: x `[n, s, e]` is query, key and value, in one product.
    ///
    /// # Errors
    /// As [`attend`](Self::attend).
    pub fn attend_self<'t>(
        &self,
        x: Var<'t, T>,
        masks: &AttentionMasks<'t, T>,
        pass: &mut Pass<'_, T>,
    ) -> Result<Var<'t, T>> {
        self.check("an input [n, s, e]", x, [None, None])?;
        let weight = x.tape().param(&self.in_proj_weight)?;
        let bias = self.in_proj_bias.as_ref().map(|bias| x.tape().param(bias)).transpose()?;
        let all = linear(x, weight, bias)?;
        let part = |part| self.split(all, part, 3);
        Ok(self.mix([part(0)?, part(1)?, part(2)?], masks, pass)?.0)
    }

    /// The first two of the axes `[n, length, e]` of an input, each as long as that of another where there
    /// is one.
    fn check(&self, what: &str, x: Var<'_, T>, others: [Option<usize>; 2]) -> Result<[usize; 2]> {
        let (shape, features) = (x.shape()?, self.features());
        let fits = |other: Option<usize>, length| other.is_none_or(|other| other == length);
        match *shape {
            [n, length, e] if e == features && fits(others[0], n) && fits(others[1], length) => {
                Ok([n, length])
            }
            _ => {
                let mut expected = format!("{what} with e = {features}");
                for (name, length) in ["n", "k"].iter().zip(others) {
                    if let Some(length) = length {
                        expected += &format!(", {name} = {length}");
                    }
                }
                Err(ErrorKind::Shape { owner: OWNER, expected, got: shape.to_vec() }.into())
            }
        }
    }

    /// Part 0, 1 or 2 (q, k or v) of what holds them all or it alone, by head; queries are divided by √d.
    fn split<'t>(&self, x: Var<'t, T>, part: usize, parts: usize) -> Result<Var<'t, T>> {
        let d = (self.features() / self.heads) as f64;
        let factor = if part == 0 { T::from_f64(1.0 / d.sqrt()) } else { T::one() };
        let part = if parts == 1 { 0 } else { part };
        Ok(x.tape().apply(Split { part, parts, heads: self.heads, factor }, &[x])?)
    }

    /// The output and the weights of queries, keys and values by head.
    fn mix<'t>(
        &self,
        [q, k, v]: [Var<'t, T>; 3],
        masks: &AttentionMasks<'t, T>,
        pass: &mut Pass<'_, T>,
    ) -> Result<(Var<'t, T>, Var<'t, T>)> {
        let mut scores = q.matmul_nt(k)?;
        let shape = scores.shape()?;
        if let Some(additive) = masks.additive {
            scores = scores.add(additive)?;
            if scores.shape()? != shape {
                let (expected, got) =
                    (format!("an additive mask that is broadcast to {shape:?}"), additive.shape()?);
                return Err(ErrorKind::Shape { owner: OWNER, expected, got: got.to_vec() }.into());
            }
        }
        let masks = AttentionMasks { causal: masks.causal || self.causal, ..*masks };
        let tape = scores.tape();
        let blocked = match masks.blocked(tape, [shape[0], shape[2], shape[3]])? {
            None if masks.additive.is_some() => Some(tape.constant(&ArrayD::zeros(IxDyn(&[1; 4])))?),
            blocked => blocked,
        };
        let weights = match blocked {
            Some(blocked) => tape.apply(MaskedSoftmax, &[scores, blocked])?,
            None => scores.softmax(3)?,
        };
        let weights = pass.run("dropout", &self.dropout, weights)?;
        let heads = weights.matmul(v)?;
        Ok((pass.run("out_proj", &self.out_proj, tape.apply(Join, &[heads])?)?, weights))
    }
}

/// `x w + b`
fn linear<'t, T: Element>(x: Var<'t, T>, weight: Var<'t, T>, bias: Option<Var<'t, T>>) -> Result<Var<'t, T>> {
    Ok(match bias {
        Some(bias) => x.linear(weight, bias)?,
        None => x.matmul(weight)?,
    })
}

impl<T: Element> Module<T> for MultiHeadAttention<T> {
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        self.attend_self(x, &AttentionMasks::default(), pass)
    }
}
