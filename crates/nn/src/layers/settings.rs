//! Checks that constructors of layers share.

use crate::{ErrorKind, Result};

/// Refuses a setting of 0, by its name.
pub(super) fn expect_positive(owner: &'static str, settings: &[(&'static str, usize)]) -> Result<()> {
    match settings.iter().find(|(_, value)| *value == 0) {
        None => Ok(()),
        Some(&(name, _)) => Err(ErrorKind::Setting { owner, name, expected: "positive", got: 0.0 }.into()),
    }
}
