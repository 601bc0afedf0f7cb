//! What a file says about itself.

use crate::{ErrorKind, Result};
use std::collections::BTreeMap;

/// The text that tells a checkpoint from a file of weights alone: the version of its format.
pub(crate) const VERSION: &str = "checkpoint.version";
/// The version that is written; older ones are read.
pub(crate) const NEWEST: u64 = 1;
/// Ends the name of the section that a tensor of a checkpoint belongs to; weights have none.
pub(crate) const SECTION: char = '/';

/// The texts of every file: what PyTorch's own writer says about the order of axes.
pub(crate) fn texts() -> BTreeMap<String, String> {
    BTreeMap::from([("format".into(), "pt".into())])
}

/// Whether these are the texts of a checkpoint, and not of weights alone.
///
/// # Errors
/// [`ErrorKind::Data`] for a checkpoint of a newer version.
pub(crate) fn is_checkpoint(texts: &BTreeMap<String, String>) -> Result<bool> {
    let Some(version) = texts.get(VERSION) else { return Ok(false) };
    if version.parse().is_ok_and(|version: u64| (1..=NEWEST).contains(&version)) {
        return Ok(true);
    }
    let expected = format!("a checkpoint of a version up to {NEWEST}");
    Err(ErrorKind::Data { owner: "checkpoint", expected, got: format!("version {version}") }.into())
}
