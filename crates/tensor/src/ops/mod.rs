//! The built-in ops: one family per file, each op's forward and backward side by side.

mod activations;
mod arith;
mod choose;
mod conv;
mod elementwise;
mod functions;
mod loss;
mod matmul;
mod pool;
mod reduce;
mod shape;
mod softmax;
mod upsample;
mod window;

pub use conv::{ConvConfig, ConvTransposeConfig};
pub use matmul::Activation;
pub use pool::{Divisor, PoolConfig, Rounding};
pub use upsample::{Corners, Interpolation, Resize};
