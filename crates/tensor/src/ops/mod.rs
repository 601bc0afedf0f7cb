//! The built-in ops: one family per file, each op's forward and backward side by side.

mod activations;
mod arith;
mod cholesky;
mod choose;
mod conv;
mod einsum;
mod elementwise;
mod functions;
mod linear;
mod loss;
mod matmul;
mod pool;
mod reduce;
mod shape;
mod softmax;
mod upsample;
mod window;

pub use conv::{ConvConfig, ConvTransposeConfig};
pub use pool::{Divisor, PoolConfig, Rounding};
pub use upsample::{Corners, Interpolation, Resize};
mod sparse;
mod triangular;

pub use einsum::einsum;
pub use linear::Activation;
pub use sparse::sparse_matmul;
pub use triangular::Triangle;
