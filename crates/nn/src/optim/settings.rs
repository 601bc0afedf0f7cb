//! Ranges of settings.

use crate::{ErrorKind, Result};

/// A number that has to be finite and not negative.
pub(crate) fn not_negative(owner: &'static str, name: &'static str, got: f64) -> Result<()> {
    within(owner, name, "finite and not negative", got, got.is_finite() && got >= 0.0)
}

/// A number that has to be in `[0, 1)`, such as a momentum.
pub(crate) fn share(owner: &'static str, name: &'static str, got: f64) -> Result<()> {
    within(owner, name, "at least 0 and less than 1", got, (0.0..1.0).contains(&got))
}

/// A number with a range of its own.
pub(crate) fn within(
    owner: &'static str,
    name: &'static str,
    expected: &'static str,
    got: f64,
    fits: bool,
) -> Result<()> {
    if fits { Ok(()) } else { Err(ErrorKind::Setting { owner, name, expected, got }.into()) }
}

/// A learning rate.
pub(crate) fn rate(owner: &'static str, got: f64) -> Result<()> {
    not_negative(owner, "the learning rate", got)
}

/// A number that has to be finite and positive.
pub(crate) fn positive(owner: &'static str, name: &'static str, got: f64) -> Result<()> {
    within(owner, name, "finite and positive", got, got.is_finite() && got > 0.0)
}
