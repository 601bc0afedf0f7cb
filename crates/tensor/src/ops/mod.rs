//! The built-in ops: one family per file, each op's forward and backward side by side.

mod arith;
mod arrange;
mod elementwise;
mod expand;
mod gather;
mod index;
mod join;
mod loss;
mod matmul;
mod pad;
mod reduce;
mod shape;
mod slice;
mod softmax;
mod triangle;

pub use join::{concat, stack};
pub use matmul::Activation;
pub use pad::PadMode;
