//! The encoder of a transformer.

use super::settings::expect_positive;
use crate::{AttentionMasks, Dropout, Init, LayerNorm, LayerNormConfig, Linear, Module, Pass, Result};
use crate::{MultiHeadAttention, MultiHeadAttentionConfig, fields};
use rand::Rng;
use tensor::{Element, Var};

/// The function between the two linear layers of a [`TransformerEncoderLayer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeedForwardActivation {
    /// `max(x, 0)`
    #[default]
    Relu,
    /// `x Φ(x)` with the normal distribution function Φ: [`Var::gelu`].
    Gelu,
}

/// Where a [`TransformerEncoderLayer`] normalises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NormPosition {
    /// What goes into attention and into the feed-forward part, so that `x` itself is passed on as it is: deep
    /// models train without a warm-up. Xiong et al. 2020, "On layer normalization in the transformer
    /// architecture".
    First,
    /// The sum of each part and its input, as in the original.
    #[default]
    Last,
}

/// The settings of a [`TransformerEncoderLayer`], with PyTorch's defaults.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `feed_forward` | 2048 | features between the two linear layers | positive |
/// | `dropout` | 0.1 | the probability of being left out, of weights of the attention, of features between the linear layers and of what is added | 0 to 1 |
/// | `activation` | `Relu` | the function between the linear layers | |
/// | `norm` | `Last` | where is normalised | |
/// | `eps` | 1e-5 | is added to variances | finite, not negative |
/// | `bias` | true | whether projections, linear layers and normalisations have biases | |
/// | `causal` | false | whether each element sees itself and those before it alone | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransformerEncoderConfig {
    /// Features between the two linear layers.
    pub feed_forward: usize,
    /// The probability of being left out.
    pub dropout: f64,
    /// The function between the linear layers.
    pub activation: FeedForwardActivation,
    /// Where is normalised.
    pub norm: NormPosition,
    /// Is added to variances.
    pub eps: f64,
    /// Whether there are biases.
    pub bias: bool,
    /// Whether each element sees itself and those before it alone.
    pub causal: bool,
}

impl Default for TransformerEncoderConfig {
    fn default() -> Self {
        Self {
            feed_forward: 2048,
            dropout: 0.1,
            activation: FeedForwardActivation::Relu,
            norm: NormPosition::Last,
            eps: 1e-5,
            bias: true,
            causal: false,
        }
    }
}

/// Self attention, then two linear layers on each element, each added to its input; x `[n, s, e]`, result of the
/// same shape.
///
/// With [`NormPosition::Last`] `y = norm1(x + attention(x))`, result `norm2(y + feed_forward(y))`; with
/// [`NormPosition::First`] `y = x + attention(norm1(x))`, result `y + feed_forward(norm2(y))`; where
/// `feed_forward(y) = linear2(activation(linear1(y)))`. Vaswani et al. 2017, "Attention is all you need".
///
/// Fields and files are those of PyTorch's `nn.TransformerEncoderLayer` with `batch_first=True`.
///
/// ```
/// use nn::{Fields, Module, Pass, TransformerEncoderConfig, TransformerEncoderLayer};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Tape, ndarray::Array3};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let config = TransformerEncoderConfig { feed_forward: 16, ..TransformerEncoderConfig::default() };
/// let layer = TransformerEncoderLayer::<f32>::new(8, 2, config, rng)?;
/// // The attention, the linear layers, the normalisations.
/// assert_eq!(layer.parameter_count(), 4 * (8 * 8 + 8) + (8 * 16 + 16) + (16 * 8 + 8) + 2 * (8 + 8));
/// let tape = Tape::new();
/// let y = layer.forward(tape.constant(&Array3::ones((1, 3, 8)))?, &mut Pass::eval())?;
/// assert_eq!(*y.shape()?, [1, 3, 8]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TransformerEncoderLayer<T: Element> {
    /// The attention.
    pub self_attn: MultiHeadAttention<T>,
    /// The first linear layer, `[e, feed_forward]`.
    pub linear1: Linear<T>,
    /// The second linear layer, `[feed_forward, e]`.
    pub linear2: Linear<T>,
    /// The normalisation of the attention.
    pub norm1: LayerNorm<T>,
    /// The normalisation of the linear layers.
    pub norm2: LayerNorm<T>,
    dropout: Dropout,
    activation: FeedForwardActivation,
    norm: NormPosition,
}

fields!(TransformerEncoderLayer: self_attn, linear1, linear2, norm1, norm2);

impl<T: Element> TransformerEncoderLayer<T> {
    /// A layer for so many features in so many heads, with weights drawn [`Init::XavierUniform`].
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) for no features, no heads, a number of features that
    /// the heads do not divide, and a setting out of its range.
    pub fn new(
        features: usize,
        heads: usize,
        config: TransformerEncoderConfig,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let TransformerEncoderConfig { feed_forward, dropout, activation, norm, eps, bias, causal } = config;
        expect_positive("transformer_encoder_layer", &[("the number of features between", feed_forward)])?;
        let attention = MultiHeadAttentionConfig { dropout, bias, causal };
        let mut linear = |inputs, outputs| -> Result<Linear<T>> {
            let layer = Linear::new(inputs, outputs, Init::XavierUniform, rng)?;
            Ok(if bias { layer } else { layer.without_bias() })
        };
        let (linear1, linear2) = (linear(features, feed_forward)?, linear(feed_forward, features)?);
        let normalize = LayerNormConfig { eps, bias, ..LayerNormConfig::default() };
        Ok(Self {
            self_attn: MultiHeadAttention::new(features, heads, attention, rng)?,
            linear1: if activation == FeedForwardActivation::Relu { linear1.relu() } else { linear1 },
            linear2,
            norm1: LayerNorm::new(&[features], normalize)?,
            norm2: LayerNorm::new(&[features], normalize)?,
            dropout: Dropout::new(dropout)?,
            activation,
            norm,
        })
    }

    /// The layer where elements do not see each other everywhere.
    ///
    /// # Errors
    /// [`ErrorKind::Layer`](crate::ErrorKind::Layer) for an input or masks of other shapes, with the name of the
    /// part.
    pub fn encode<'t>(
        &self,
        x: Var<'t, T>,
        masks: &AttentionMasks<'t, T>,
        pass: &mut Pass<'_, T>,
    ) -> Result<Var<'t, T>> {
        if self.norm == NormPosition::First {
            let normalized = pass.run("norm1", &self.norm1, x)?;
            let y = x.add(self.attend(normalized, masks, pass)?)?;
            let normalized = pass.run("norm2", &self.norm2, y)?;
            return Ok(y.add(self.feed_forward(normalized, pass)?)?);
        }
        let y = x.add(self.attend(x, masks, pass)?)?;
        let y = pass.run("norm1", &self.norm1, y)?;
        let z = y.add(self.feed_forward(y, pass)?)?;
        pass.run("norm2", &self.norm2, z)
    }

    fn attend<'t>(
        &self,
        x: Var<'t, T>,
        masks: &AttentionMasks<'t, T>,
        pass: &mut Pass<'_, T>,
    ) -> Result<Var<'t, T>> {
        // Without masks it is a part like all others, which summaries list.
        let y = if masks.is_empty() {
            pass.run("self_attn", &self.self_attn, x)?
        } else {
            self.self_attn.attend_self(x, masks, pass).map_err(|error| error.in_layer("self_attn"))?
        };
        pass.run("dropout1", &self.dropout, y)
    }

    fn feed_forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let mut y = pass.run("linear1", &self.linear1, x)?;
        if self.activation == FeedForwardActivation::Gelu {
            y = y.gelu()?;
        }
        let y = pass.run("dropout", &self.dropout, y)?;
        let y = pass.run("linear2", &self.linear2, y)?;
        pass.run("dropout2", &self.dropout, y)
    }
}

impl<T: Element> Module<T> for TransformerEncoderLayer<T> {
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        self.encode(x, &AttentionMasks::default(), pass)
    }
}

/// [`TransformerEncoderLayer`]s one after the other, and a normalisation behind the last where one is given;
/// x `[n, s, e]`, result of the same shape.
///
/// Files are those of PyTorch's `nn.TransformerEncoder`. A model that [normalises first](NormPosition::First)
/// usually has a normalisation at the end.
///
/// ```
/// use nn::{Fields, LayerNorm, LayerNormConfig, NormPosition, TransformerEncoder, TransformerEncoderConfig};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let config = TransformerEncoderConfig {
///     feed_forward: 16,
///     norm: NormPosition::First,
///     ..TransformerEncoderConfig::default()
/// };
/// let encoder = TransformerEncoder::<f32>::new(2, [8, 4], config, rng)?
///     .with_norm(LayerNorm::new(&[8], LayerNormConfig::default())?);
/// assert_eq!(encoder.names()[0], "layers.0.self_attn.in_proj_weight");
/// assert_eq!(encoder.names().last().unwrap(), "norm.bias");
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TransformerEncoder<T: Element> {
    /// The layers, the first one first.
    pub layers: Vec<TransformerEncoderLayer<T>>,
    /// What normalises the result.
    pub norm: Option<LayerNorm<T>>,
}

fields!(TransformerEncoder: layers, norm);

impl<T: Element> TransformerEncoder<T> {
    /// So many layers for `[features, heads]`, each with weights of its own, without a normalisation at the end.
    ///
    /// # Errors
    /// As [`TransformerEncoderLayer::new`].
    pub fn new(
        layers: usize,
        [features, heads]: [usize; 2],
        config: TransformerEncoderConfig,
        rng: &mut impl Rng,
    ) -> Result<Self> {
        let layers = (0..layers).map(|_| TransformerEncoderLayer::new(features, heads, config, rng));
        Ok(Self { layers: layers.collect::<Result<_>>()?, norm: None })
    }

    /// The same layers with a normalisation at the end.
    #[must_use]
    pub fn with_norm(self, norm: LayerNorm<T>) -> Self {
        Self { norm: Some(norm), ..self }
    }

    /// The encoder where elements do not see each other everywhere.
    ///
    /// # Errors
    /// [`ErrorKind::Layer`](crate::ErrorKind::Layer) for an input or masks of other shapes, with the name of the
    /// part.
    pub fn encode<'t>(
        &self,
        x: Var<'t, T>,
        masks: &AttentionMasks<'t, T>,
        pass: &mut Pass<'_, T>,
    ) -> Result<Var<'t, T>> {
        let mut y = x;
        for (i, layer) in self.layers.iter().enumerate() {
            let name = format_args!("layers.{i}");
            y = if masks.is_empty() {
                pass.run(name, layer, y)?
            } else {
                layer.encode(y, masks, pass).map_err(|error| error.in_layer(name))?
            };
        }
        match &self.norm {
            Some(norm) => pass.run("norm", norm, y),
            None => Ok(y),
        }
    }
}

impl<T: Element> Module<T> for TransformerEncoder<T> {
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        self.encode(x, &AttentionMasks::default(), pass)
    }
}
