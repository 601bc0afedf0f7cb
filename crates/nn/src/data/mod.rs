//! From files and arrays to batches: datasets, loaders, splits, transforms, text and series.
//!
//! Everything random is a function of a seed: the same seed gives the same bits, on any machine.

mod batch;
mod dataset;
mod pair;
mod rows;
mod subset;
mod targets;

pub use batch::Batch;
pub use dataset::Dataset;
pub use pair::Pair;
pub use subset::Subset;
pub use targets::Targets;
