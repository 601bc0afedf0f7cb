//! Files of time series.

mod file;
mod header;
mod line;

pub use file::{SeriesFile, SeriesLabels};
