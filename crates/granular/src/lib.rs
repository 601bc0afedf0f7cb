//! x
#![forbid(unsafe_code)]

mod arrays;
mod coherent;
mod combine;
mod error;
mod hierarchy;
mod integrate;
mod linalg;
mod sparse;

pub use coherent::Coherent;
pub use combine::{Method, Reconciler};
pub use error::{Error, ErrorKind, Result};
pub use hierarchy::{Grouped, Hierarchy, Level};
pub use integrate::coherence_gap;
