//! Layers, one per file.

mod activation;
mod activation_with;
mod adaptive_pool;
mod attention;
mod batch_norm;
mod children;
mod conv;
mod dropout;
mod embedding;
mod flatten;
mod glu;
mod group_norm;
mod gru;
mod layer_norm;
mod lengths;
mod linear;
mod lstm;
mod norm;
mod over_time;
mod pad;
mod parallel;
mod pixel_shuffle;
mod pool;
mod positions;
mod prelu;
mod recurrent;
mod reshape;
mod residual;
mod rms_norm;
mod sequential;
mod settings;
mod softmax;
mod transformer;
mod upsample;

pub use activation::{
    Gelu, GeluTanh, Hardsigmoid, Hardswish, Identity, LogSigmoid, Mish, Relu, Relu6, Selu, Sigmoid, Silu,
    Softsign, Tanh, Tanhshrink,
};
pub use activation_with::{Celu, Elu, Hardtanh, LeakyRelu, Softplus};
pub use adaptive_pool::{AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d};
pub use attention::{AttentionMasks, MultiHeadAttention, MultiHeadAttentionConfig};
pub use batch_norm::{BatchNorm1d, BatchNorm2d, BatchNormConfig};
pub use conv::{
    Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvLayerConfig, ConvTranspose1d, ConvTranspose1dConfig,
    ConvTranspose2d, ConvTranspose2dConfig, ConvTransposeLayerConfig, Padding,
};
pub use dropout::{Dropout, Dropout1d, Dropout2d};
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use glu::Glu;
pub use group_norm::{GroupNorm, GroupNormConfig};
pub use gru::{Gru, GruOutput};
pub use layer_norm::{LayerNorm, LayerNormConfig};
pub use linear::Linear;
pub use lstm::{Lstm, LstmOutput};
pub use over_time::OverTime;
pub use pad::Pad;
pub use parallel::Parallel;
pub use pixel_shuffle::{PixelShuffle, PixelUnshuffle};
pub use pool::{AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d};
pub use positions::{PositionalEmbedding, SinusoidalEncoding};
pub use prelu::PRelu;
pub use recurrent::RecurrentConfig;
pub use reshape::Reshape;
pub use residual::Residual;
pub use rms_norm::{RmsNorm, RmsNormConfig};
pub use sequential::Sequential;
pub use softmax::{LogSoftmax, Softmax};
pub use transformer::{
    FeedForwardActivation, NormPosition, TransformerEncoder, TransformerEncoderConfig,
    TransformerEncoderLayer,
};
pub use upsample::{Upsample1d, Upsample2d};
