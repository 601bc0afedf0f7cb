//! Random changes of images, for [`Dataset::augment`](super::Dataset::augment).

mod affine;
mod crop;
mod flip;
mod noise;
mod shift;
mod window;

pub use affine::Affine;
pub use crop::Crop;
pub use flip::{Flip, FlipAxis};
pub use noise::Noise;
pub use shift::Shift;
