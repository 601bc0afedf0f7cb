//! What several examples need.

use flate2::read::GzDecoder;
use granular::{Hierarchy, Table};
use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file of the repository's `data` folder.
#[allow(dead_code, reason = "not every example reads one")]
pub(crate) fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// The content of a gzipped file.
#[allow(dead_code, reason = "not every example reads one")]
pub(crate) fn open(path: &Path) -> Result<GzDecoder<File>, Box<dyn Error>> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(GzDecoder::new(file))
}

/// A file of the folder of data sets that are not part of the repository.
#[allow(dead_code, reason = "not every example needs one")]
pub(crate) fn shared(name: &str) -> PathBuf {
    let folder = std::env::var_os("GRANULAR_DATA").map(PathBuf::from);
    folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data")).join(name)
}

/// The 425 nodes of the table of quarterly trips, whose keys are `state`, `region` and `purpose`.
#[allow(dead_code, reason = "not every example is about tourism")]
pub(crate) fn tourism(trips: &Table) -> granular::Result<Hierarchy> {
    Hierarchy::grouped()
        .key("state", trips.key("state")?)
        .key("region", trips.key("region")?)
        .key("purpose", trips.key("purpose")?)
        .level("Total", &[])
        .level("State", &["state"])
        .level("Purpose", &["purpose"])
        .level("StatexRegion", &["state", "region"])
        .level("StatexPurpose", &["state", "purpose"])
        .level("StatexRegionxPurpose", &["state", "region", "purpose"])
        .build()
}

/// Prints the mean of scores in percent, the smallest and the largest.
#[allow(dead_code, reason = "not every example has several seeds")]
pub(crate) fn print_spread(scores: &[f64], took: Duration) {
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let high = scores.iter().copied().fold(0.0, f64::max);
    let (count, seconds) = (scores.len(), took.as_secs_f64());
    println!("mean of {count} seeds: {mean:.2} % (from {low:.2} to {high:.2}), {seconds:.1} s");
}
