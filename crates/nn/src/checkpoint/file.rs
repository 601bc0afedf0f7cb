//! Files that are whole at any moment: read with bounds, replaced at once.

use super::archive::{Archive, Fault};
use super::header::Header;
use crate::{Error, ErrorKind, Result};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Reads an archive; see [`Archive::read`].
///
/// # Errors
/// [`ErrorKind::Io`] and [`ErrorKind::File`] with the path.
pub(crate) fn read(path: &Path, choose: &mut dyn FnMut(&Header) -> Result<Vec<String>>) -> Result<Archive> {
    let fail = |action| move |error| failed(path, action, error);
    // Asked for before it is opened, since opening a pipe waits for its other end.
    let found = fs::metadata(path).map_err(fail("open"))?;
    expect_file(path, &found)?;
    let file = File::open(path).map_err(fail("open"))?;
    let length = file.metadata().map_err(fail("open"))?.len();
    Archive::read(&mut BufReader::new(file), length, choose).map_err(|fault| match fault {
        Fault::Io(error) => failed(path, "read", error),
        Fault::Content(source) => within(path, source),
    })
}

/// Reads an archive from memory.
///
/// # Errors
/// [`ErrorKind::Data`] and what `choose` returns.
pub(crate) fn read_bytes(
    bytes: &[u8],
    choose: &mut dyn FnMut(&Header) -> Result<Vec<String>>,
) -> Result<Archive> {
    Archive::read(&mut &*bytes, bytes.len() as u64, choose).map_err(|fault| match fault {
        Fault::Content(error) => error,
        Fault::Io(error) => {
            let expected = "memory for what the bytes hold".into();
            ErrorKind::Data { owner: "checkpoint", expected, got: error.to_string() }.into()
        }
    })
}

/// The bytes of an archive's file.
pub(crate) fn to_bytes(archive: &Archive) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive.write(&mut bytes).expect("memory takes every byte");
    bytes
}

/// Writes an archive so that whoever reads the path, at any moment and even after a crash, finds the old file
/// or the new one.
///
/// It is written beside the path, made durable and then given the name.
///
/// # Errors
/// [`ErrorKind::Io`]; the path is then as it was, and nothing is left beside it.
pub(crate) fn write(path: &Path, archive: &Archive) -> Result<()> {
    replace(path, |out| archive.write(out))
}

/// Replaces a file by what `content` writes; see [`write`].
///
/// # Errors
/// As [`write`].
pub(crate) fn replace(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    // Through links, as writing goes otherwise; what does not exist yet has no other name.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // A device or a pipe would be replaced by a file.
    if let Ok(found) = fs::metadata(&target) {
        expect_file(path, &found)?;
    }
    // Before, since it makes room; what cannot be removed does no harm.
    let _ = remove_abandoned(&target);
    let mut temporary = Temporary::beside(&target).map_err(|error| failed(path, "write", error))?;
    fill(&temporary.file, content).map_err(|error| failed(path, "write", error))?;
    fs::rename(&temporary.path, &target).map_err(|error| failed(path, "replace", error))?;
    temporary.is_there = false;
    make_durable(&target).map_err(|error| failed(path, "make durable", error))
}

/// A file that is removed if it did not get its name. It is locked, which tells it from one whose process was
/// killed: the system ends a process's locks with it.
struct Temporary {
    file: File,
    path: PathBuf,
    is_there: bool,
}

impl Temporary {
    /// A new file in the folder of another, named after it, the process and a number.
    fn beside(target: &Path) -> io::Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let mut hidden = beginning(name);
            hidden.push(format!("{}.{number}{END}", std::process::id()));
            let path = target.with_file_name(hidden);
            let file = match OpenOptions::new().write(true).create_new(true).open(&path) {
                // Left by a process of the same number that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                file => file?,
            };
            let temporary = Self { file, path, is_there: true };
            // Where there are no locks, nobody removes what has none.
            let _ = temporary.file.lock();
            // Another process may have taken it for abandoned before it was locked.
            if temporary.path.exists() {
                return Ok(temporary);
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.is_there {
            // The error that led here is the one to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The end of the names of files that are being written.
const END: &str = ".tmp";

/// The beginning of the names of files that are to become this one.
fn beginning(name: &OsStr) -> OsString {
    let mut beginning = OsString::from(".");
    beginning.push(name);
    beginning.push(".");
    beginning
}

/// Whether `name` is one that a process gave to a file that was to become `target`.
fn is_temporary(name: &OsStr, target: &OsStr) -> bool {
    let (name, beginning) = (name.as_encoded_bytes(), beginning(target));
    let middle = name.strip_prefix(beginning.as_encoded_bytes());
    let middle = middle.and_then(|rest| rest.strip_suffix(END.as_bytes()));
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    middle.is_some_and(|middle| {
        let mut parts = middle.split(|&byte| byte == b'.');
        parts.clone().count() == 2 && parts.all(is_number)
    })
}

/// Removes what killed processes left of earlier writings of the same file.
fn remove_abandoned(target: &Path) -> io::Result<()> {
    let Some(name) = target.file_name() else { return Ok(()) };
    for entry in fs::read_dir(folder(target))? {
        let entry = entry?;
        if !is_temporary(&entry.file_name(), name) || !entry.file_type()?.is_file() {
            continue;
        }
        let file = OpenOptions::new().write(true).open(entry.path())?;
        if file.try_lock().is_ok() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn folder(target: &Path) -> &Path {
    target.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

fn fill(file: &File, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    content(&mut out)?;
    out.flush()?;
    file.sync_all()
}

/// Makes a new name outlast a crash of the machine, on systems that can open folders.
#[cfg(unix)]
fn make_durable(target: &Path) -> io::Result<()> {
    match File::open(folder(target)).and_then(|folder| folder.sync_all()) {
        // Some file systems have no such thing, and some folders may be written but not read.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(not(unix))]
fn make_durable(_: &Path) -> io::Result<()> {
    Ok(())
}

fn expect_file(path: &Path, found: &fs::Metadata) -> Result<()> {
    if found.is_file() {
        return Ok(());
    }
    let got = if found.is_dir() { "a folder" } else { "a device, pipe or socket" };
    let (owner, expected) = ("checkpoint", "an ordinary file".into());
    Err(within(path, ErrorKind::Data { owner, expected, got: got.into() }.into()))
}

fn failed(path: &Path, action: &'static str, error: io::Error) -> Error {
    ErrorKind::Io { path: path.to_owned(), action, kind: error.kind(), message: error.to_string() }.into()
}

/// An error under the name of its file.
pub(crate) fn within(path: &Path, source: Error) -> Error {
    ErrorKind::File { path: path.to_owned(), source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ours_are_taken_for_abandoned() {
        let is_ours = |name: &str| is_temporary(name.as_ref(), "run.1.2".as_ref());
        assert!(is_ours(".run.1.2.77.0.tmp"));
        let others = [
            "run.1.2",
            "run.1.2.77.0.tmp",
            ".run.77.0.tmp",
            ".run.1.2.tmp",
            ".run.1.2.77.tmp",
            ".run.1.2.7.x.tmp",
        ];
        assert!(!others.into_iter().any(is_ours));
        assert!(!is_ours(".run.1.2.77.0.3.tmp") && !is_ours(".run.1.2..0.tmp") && !is_ours(".run.1.2.77.0"));
    }
}
