//! The built-in ops: one family per file, each op's forward and backward side by side.

mod activations;
mod arith;
mod cholesky;
mod choose;
mod conv;
#[cfg(test)]
mod conventions;
mod cumsum;
mod einsum;
mod elementwise;
mod extreme;
mod find;
mod functions;
mod linear;
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
mod sparse;
mod triangular;
mod upsample;
mod variance;
mod window;

pub use conv::{ConvConfig, ConvTransposeConfig};
pub use einsum::einsum;
pub use linear::Activation;
pub use loss::{BinaryCrossEntropyConfig, CrossEntropyConfig, Reduction};
pub use norm::Norm;
pub use pool::{Divisor, PoolConfig, Rounding};
pub use sort::Order;
pub use sparse::sparse_matmul;
pub use triangular::Triangle;
pub use upsample::{Corners, Interpolation, Resize};
pub use variance::Ddof;
