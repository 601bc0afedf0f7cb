//! Models and the state of their training, to and from safetensors files.

mod archive;
pub(crate) mod file;
mod format;
mod header;
mod matching;
mod number;
mod optimizer;
mod random;
mod sections;
mod training;
mod weights;

pub use matching::Unmatched;
pub use number::Number;
pub use training::Checkpoint;
pub use weights::{LoadWeights, load_weights, save_weights, weights_to_bytes};
