//! The built-in ops: one family per file, each op's forward and backward side by side.

mod activations;
mod arith;
mod choose;
mod conv;
#[cfg(test)]
mod conventions;
mod cumsum;
mod elementwise;
mod extreme;
mod find;
mod functions;
mod logsumexp;
mod loss;
mod matmul;
mod norm;
mod pool;
mod prod;
mod reduce;
mod shape;
mod softmax;
mod sort;
mod upsample;
mod variance;
mod window;

pub use conv::{ConvConfig, ConvTransposeConfig};
pub use loss::{BinaryCrossEntropyConfig, CrossEntropyConfig, Reduction};
pub use matmul::Activation;
pub use norm::Norm;
pub use pool::{Divisor, PoolConfig, Rounding};
pub use sort::Order;
pub use upsample::{Corners, Interpolation, Resize};
pub use variance::Ddof;
