//! The built-in ops: one family per file, each op's forward and backward side by side.

mod arith;
mod cholesky;
mod einsum;
mod elementwise;
mod linear;
mod loss;
mod matmul;
mod reduce;
mod shape;
mod softmax;
mod sparse;
mod triangular;

pub use einsum::einsum;
pub use linear::Activation;
pub use sparse::sparse_matmul;
pub use triangular::Triangle;
