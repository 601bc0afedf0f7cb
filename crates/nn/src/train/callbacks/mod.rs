//! Ready callbacks, each behind a feature.

#[cfg(feature = "plot")]
mod curves;
#[cfg(feature = "log")]
mod json_lines;
#[cfg(feature = "progress")]
mod progress;

#[cfg(feature = "plot")]
pub use curves::Curves;
#[cfg(feature = "log")]
pub use json_lines::JsonLines;
#[cfg(feature = "progress")]
pub use progress::ProgressBar;

/// What went wrong outside, as an error of the run.
#[cfg(any(feature = "plot", feature = "log"))]
fn refused(callback: &'static str, reason: impl ToString) -> crate::Error {
    crate::ErrorKind::Callback { callback, reason: reason.to_string() }.into()
}
