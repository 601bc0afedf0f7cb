//! What several examples need.

use flate2::read::GzDecoder;
use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A file of the repository's `data` folder.
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// The content of a gzipped file.
pub(crate) fn open(path: &Path) -> Result<GzDecoder<File>, Box<dyn Error>> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(GzDecoder::new(file))
}
