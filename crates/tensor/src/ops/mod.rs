//! The built-in ops: one family per file, each op's forward and backward side by side.

mod arith;
mod einsum;
mod elementwise;
mod linear;
mod loss;
mod matmul;
mod reduce;
mod shape;
mod softmax;

pub use einsum::einsum;
pub use linear::Activation;
