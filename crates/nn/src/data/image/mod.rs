//! Images as arrays `[channels, height, width]`.

mod pixels;
mod set;

pub use pixels::{ChannelOrder, Pixels};
pub use set::{Images, PaddedImages};
