//! Losses, one per file.

mod cross_entropy;
mod mse;

pub use cross_entropy::cross_entropy;
pub use mse::mse;
