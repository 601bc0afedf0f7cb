//! The built-in ops: one family per file, each op's forward and backward side by side.

mod arith;
#[cfg(test)]
mod conventions;
mod cumsum;
mod elementwise;
mod extreme;
mod find;
mod logsumexp;
mod loss;
mod matmul;
mod norm;
mod prod;
mod reduce;
mod shape;
mod softmax;
mod sort;
mod variance;

pub use loss::{BinaryCrossEntropy, CrossEntropy, Reduction};
pub use matmul::Activation;
pub use norm::Norm;
pub use sort::Order;
pub use variance::Ddof;
