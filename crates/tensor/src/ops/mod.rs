//! The built-in ops: one family per file, each op's forward and backward side by side.

mod activations;
mod arith;
mod arrange;
mod cholesky;
mod choose;
mod conv;
mod einsum;
mod elementwise;
mod expand;
mod functions;
mod gather;
mod index;
mod join;
mod linear;
mod loss;
mod matmul;
mod pad;
mod pool;
mod reduce;
mod shape;
mod slice;
mod softmax;
mod sparse;
mod triangle;
mod triangular;
mod upsample;
mod window;

pub use conv::{ConvConfig, ConvTransposeConfig};
pub use einsum::einsum;
pub use join::{concat, stack};
pub use linear::Activation;
pub use pad::PadMode;
pub use pool::{Divisor, PoolConfig, Rounding};
pub use sparse::sparse_matmul;
pub use triangular::Triangle;
pub use upsample::{Corners, Interpolation, Resize};
