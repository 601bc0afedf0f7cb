//! x
pub use ndarray;
