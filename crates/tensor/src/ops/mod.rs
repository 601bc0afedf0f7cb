//! The built-in ops: one family per file, each op's forward and backward side by side.

mod activations;
mod arith;
mod choose;
mod elementwise;
mod functions;
mod loss;
mod matmul;
mod reduce;
mod shape;
mod softmax;

pub use matmul::Activation;
