//! Layers, one per file.

mod activation;
mod attention;
mod batch_norm;
mod dropout;
mod group_norm;
mod layer_norm;
mod linear;
mod norm;
mod positions;
mod rms_norm;
mod sequential;
mod transformer;

pub use activation::{Relu, Sigmoid, Tanh};
pub use attention::{AttentionMasks, MultiHeadAttention, MultiHeadAttentionConfig};
pub use batch_norm::{BatchNorm1d, BatchNorm2d, BatchNormConfig};
pub use dropout::{Dropout, Dropout1d, Dropout2d};
pub use group_norm::{GroupNorm, GroupNormConfig};
pub use layer_norm::{LayerNorm, LayerNormConfig};
pub use linear::Linear;
pub use positions::{PositionalEmbedding, SinusoidalEncoding};
pub use rms_norm::{RmsNorm, RmsNormConfig};
pub use sequential::Sequential;
pub use transformer::{FeedForwardActivation, NormPosition};
pub use transformer::{TransformerEncoder, TransformerEncoderConfig, TransformerEncoderLayer};
