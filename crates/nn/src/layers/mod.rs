//! Layers, one per file.

mod activation;
mod activation_with;
mod adaptive_pool;
mod children;
mod conv;
mod embedding;
mod flatten;
mod linear;
mod pad;
mod parallel;
mod pool;
mod prelu;
mod reshape;
mod residual;
mod sequential;
mod softmax;
mod upsample;

pub use activation::{Gelu, GeluTanh, Hardsigmoid, Hardswish, Identity, LogSigmoid, Mish, Relu, Relu6};
pub use activation::{Selu, Sigmoid, Silu, Softsign, Tanh, Tanhshrink};
pub use activation_with::{Celu, Elu, Hardtanh, LeakyRelu, Softplus};
pub use adaptive_pool::{AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d};
pub use conv::ConvTransposeLayerConfig;
pub use conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvLayerConfig, Padding};
pub use conv::{ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d, ConvTranspose2dConfig};
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use linear::Linear;
pub use pad::Pad;
pub use parallel::Parallel;
pub use pool::{AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d};
pub use prelu::PRelu;
pub use reshape::Reshape;
pub use residual::Residual;
pub use sequential::Sequential;
pub use softmax::{LogSoftmax, Softmax};
pub use upsample::{Upsample1d, Upsample2d};
