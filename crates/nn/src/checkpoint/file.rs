//! Files that are whole at any moment: read with bounds, replaced at once.

use super::archive::{Archive, Fault};
use super::header::Header;
use crate::{Error, ErrorKind, Result};
use std::ffi::OsString;
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
    let (mut temporary, file) = create_beside(&target).map_err(|error| failed(path, "write", error))?;
    fill(file, content).map_err(|error| failed(path, "write", error))?;
    fs::rename(&temporary.path, &target).map_err(|error| failed(path, "replace", error))?;
    temporary.is_there = false;
    make_durable(&target).map_err(|error| failed(path, "make durable", error))
}

/// A file that is removed if it did not get its name.
struct Temporary {
    path: PathBuf,
    is_there: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.is_there {
            // The error that led here is the one to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A new file in the folder of another, named after it, the process and a number.
fn create_beside(target: &Path) -> io::Result<(Temporary, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = target.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.{number}.tmp", std::process::id()));
        let path = target.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((Temporary { path, is_there: true }, file)),
            // Left by a process of the same number that was killed.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn fill(file: File, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, file);
    content(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()
}

/// Makes a new name outlast a crash of the machine, on systems that can open folders.
#[cfg(unix)]
fn make_durable(target: &Path) -> io::Result<()> {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
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
