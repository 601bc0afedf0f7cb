//! Files that are written whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Result};

/// Has a file written beside the path, under the name with `.tmp` appended, then renames it: a reader never sees half of
/// it, and an older file stays when writing fails.
pub(crate) fn save_whole(path: &Path, write: impl FnOnce(&File) -> Result<()>) -> Result<()> {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    write_and_rename(&temporary, path, write).map_err(|source| {
        // The error that stopped the writing is the one to report, not one of tidying up.
        let _ = fs::remove_file(&temporary);
        Error::from(ErrorKind::File { path: path.display().to_string(), source })
    })
}

fn write_and_rename(
    temporary: &Path,
    path: &Path,
    write: impl FnOnce(&File) -> Result<()>,
) -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let file = File::create(temporary)?;
    write(&file)?;
    file.sync_all()?;
    Ok(fs::rename(temporary, path)?)
}
