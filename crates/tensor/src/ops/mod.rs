//! The built-in ops: one family per file, each op's forward and backward side by side.

mod arith;
mod elementwise;
mod extreme;
mod logsumexp;
mod loss;
mod matmul;
mod norm;
mod prod;
mod reduce;
mod shape;
mod softmax;
mod variance;

pub use matmul::Activation;
pub use norm::Norm;
pub use variance::Ddof;
