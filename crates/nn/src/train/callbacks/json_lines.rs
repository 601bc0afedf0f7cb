//! A log for programs.

use super::refused;
use crate::Result;
use crate::train::{Callback, Control, EpochReport};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// One line of JSON for every epoch, at the end of a file:
/// `{"epoch":1,"is_best":true,"loss":0.5,"rate":0.1,"score":0.9,"steps":45}`. A number that is not finite and
/// a score that is not there are `null`.
///
/// ```
/// use nn::{Callback, EpochReport, JsonLines};
///
/// let path = std::env::temp_dir().join(format!("json_lines_{}.jsonl", std::process::id()));
/// let mut log = JsonLines::append(&path)?;
/// log.epoch(&EpochReport { epoch: 1, steps: 45, rate: 0.1, loss: 0.5, score: None, is_best: false })?;
/// let lines = std::fs::read_to_string(&path).expect("the file is there");
/// assert_eq!(lines, "{\"epoch\":1,\"is_best\":false,\"loss\":0.5,\"rate\":0.1,\"score\":null,\"steps\":45}\n");
/// # std::fs::remove_file(path).expect("it can be removed");
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug)]
pub struct JsonLines {
    file: File,
}

impl JsonLines {
    /// Opens a file, or makes it; what is in it stays.
    ///
    /// # Errors
    /// [`ErrorKind::Callback`](crate::ErrorKind::Callback) if it cannot be written.
    pub fn append(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match OpenOptions::new().create(true).append(true).open(path) {
            Ok(file) => Ok(Self { file }),
            Err(error) => Err(refused("json lines", format!("{}: {error}", path.display()))),
        }
    }
}

impl Callback for JsonLines {
    fn epoch(&mut self, report: &EpochReport) -> Result<Control> {
        let EpochReport { epoch, steps, rate, loss, score, is_best } = report;
        let line = json!({
            "epoch": epoch, "steps": steps, "rate": rate, "loss": loss, "score": score, "is_best": is_best
        });
        // One write, so that a line is there whole or not at all.
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| refused("json lines", error))?;
        Ok(Control::Continue)
    }
}
