//! Tensors and texts by name, read from and written to a stream in the safetensors format.

use super::header::{Header, LONGEST};
use super::number::{Number, decode};
use crate::{Error, ErrorKind};
use safetensors::{Dtype, tensor::TensorInfo};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;
use tensor::ndarray::ArrayViewD;

/// The text that holds the check sum.
const SUM: &str = "crc32";
/// How much is read at once of what is not kept.
const PIECE: u64 = 1 << 16;

/// Tensors and texts by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Archive {
    pub(crate) tensors: BTreeMap<String, Stored>,
    pub(crate) texts: BTreeMap<String, String>,
}

/// A tensor as it lies in a file; clones share the bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    bytes: Arc<Vec<u8>>,
}

impl Stored {
    /// The elements of an array, row by row.
    pub(crate) fn new<T: Number>(values: &ArrayViewD<'_, T>) -> Self {
        let width = size_of::<T>();
        let mut bytes = vec![0; values.len() * width];
        bytes.chunks_exact_mut(width).zip(values).for_each(|(bytes, &x)| x.put(bytes));
        Self { dtype: T::DTYPE, shape: values.shape().to_vec(), bytes: Arc::new(bytes) }
    }

    /// The elements, as [`decode`].
    pub(crate) fn values<T: Number>(&self) -> Result<Vec<T>, String> {
        decode(self.dtype, &self.bytes)
    }
}

/// Why an archive could not be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The stream failed.
    Io(io::Error),
    /// The content is not usable.
    Content(Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Content(error)
    }
}

impl From<ErrorKind> for Fault {
    fn from(kind: ErrorKind) -> Self {
        Self::Content(kind.into())
    }
}

/// A content that is not a safetensors file of tensors and texts.
fn foreign(got: impl Into<String>) -> Fault {
    ErrorKind::Data { owner: "checkpoint", expected: "a safetensors file".into(), got: got.into() }.into()
}

impl Archive {
    /// The list of the archive's tensors, wide types first so that each is aligned, then by name.
    fn header(&self) -> Header {
        let mut order: Vec<_> = self.tensors.iter().collect();
        order.sort_by_key(|(_, stored)| std::cmp::Reverse(stored.dtype.bitsize()));
        let mut end = 0;
        let tensors = order.into_iter().map(|(name, stored)| {
            let from = end;
            end += stored.bytes.len();
            let info =
                TensorInfo { dtype: stored.dtype, shape: stored.shape.clone(), data_offsets: (from, end) };
            (name.clone(), info)
        });
        Header::new(tensors.collect(), self.texts.clone())
    }

    /// Writes the file: 8 bytes with the length of the list, the list, the bytes of the tensors. The texts
    /// have one more, the check sum (CRC-32) of the list without it and all bytes.
    ///
    /// # Errors
    /// What the stream returns.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut header = self.header();
        let mut sum = crc32fast::Hasher::new();
        sum.update(header.json().as_bytes());
        for (name, _) in &header.tensors {
            sum.update(&self.tensors[name].bytes);
        }
        header.texts.insert(SUM.into(), format!("{:08x}", sum.finalize()));
        let mut json = header.json();
        while !json.len().is_multiple_of(8) {
            json.push(' ');
        }
        out.write_all(&(json.len() as u64).to_le_bytes())?;
        out.write_all(json.as_bytes())?;
        for (name, _) in &header.tensors {
            out.write_all(&self.tensors[name].bytes)?;
        }
        Ok(())
    }

    /// Reads a file of `length` bytes; of its tensors those that `choose` names when it has seen the list.
    /// Nothing is allocated for what the file only claims to hold.
    ///
    /// # Errors
    /// [`Fault`]
    pub(crate) fn read(
        input: &mut dyn Read,
        length: u64,
        choose: &mut dyn FnMut(&Header) -> crate::Result<Vec<String>>,
    ) -> Result<Self, Fault> {
        let mut header = read_header(input, length)?;
        let expected = header.texts.remove(SUM);
        let mut chosen = choose(&header)?;
        chosen.sort();
        let mut sum = crc32fast::Hasher::new();
        sum.update(header.json().as_bytes());
        let mut tensors = BTreeMap::new();
        for (name, TensorInfo { dtype, shape, data_offsets: (from, to) }) in header.tensors {
            let length = (to - from) as u64;
            if chosen.binary_search(&name).is_ok() {
                let bytes = read_bytes(input, length)?;
                sum.update(&bytes);
                tensors.insert(name, Stored { dtype, shape, bytes: Arc::new(bytes) });
            } else {
                skip(input, length, &mut sum)?;
            }
        }
        let sum = format!("{:08x}", sum.finalize());
        if let Some(expected) = expected.filter(|expected| *expected != sum) {
            let expected = format!("content with the check sum {expected}");
            return Err(ErrorKind::Data { owner: "checkpoint", expected, got: sum }.into());
        }
        Ok(Self { tensors, texts: header.texts })
    }
}

/// The list, with everything that can be checked against the length of the file.
fn read_header(input: &mut dyn Read, length: u64) -> Result<Header, Fault> {
    if length < 8 {
        return Err(foreign(format!("{length} bytes")));
    }
    let mut start = [0; 8];
    input.read_exact(&mut start)?;
    let list = u64::from_le_bytes(start);
    if list > LONGEST || list > length - 8 {
        return Err(foreign(format!("{length} bytes that claim a list of {list}")));
    }
    let json = read_bytes(input, list)?;
    let header = Header::parse(&json, length - 8 - list).map_err(foreign)?;
    Ok(header)
}

/// The next bytes, in memory that is asked for politely.
fn read_bytes(input: &mut dyn Read, length: u64) -> Result<Vec<u8>, Fault> {
    let (mut bytes, size) = (Vec::new(), usize::try_from(length).unwrap_or(usize::MAX));
    bytes.try_reserve_exact(size).map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))?;
    if Read::take(&mut *input, length).read_to_end(&mut bytes)? != size {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(bytes)
}

/// Adds the next bytes to the check sum alone.
fn skip(input: &mut dyn Read, mut length: u64, sum: &mut crc32fast::Hasher) -> Result<(), Fault> {
    while length > 0 {
        let piece = read_bytes(input, length.min(PIECE))?;
        sum.update(&piece);
        length -= piece.len() as u64;
    }
    Ok(())
}
