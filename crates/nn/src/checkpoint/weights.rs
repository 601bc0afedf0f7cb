//! A model's weights and buffers, to and from files that PyTorch reads and writes.

use super::archive::Archive;
use super::header::Header;
use super::matching::{Listed, Matches, Unmatched, store};
use super::number::Number;
use super::{file, format};
#[cfg(doc)]
use crate::ErrorKind;
use crate::{Fields, Result};
use std::fmt;
use std::path::Path;

/// Writes a model's parameters and buffers to a safetensors file.
///
/// Each is stored under its name and as PyTorch's layer of the same kind has it, bit by bit, as `F32` or
/// `F64`. PyTorch reads the file with `model.load_state_dict(safetensors.torch.load_file(path))`. A check sum
/// (CRC-32) is stored beside them. Whether parameters are trainable is not stored.
///
/// The file is replaced at once: whoever reads `path`, even after this process was killed, finds the old file
/// or the new one, whole. What a killed process leaves beside it, a file `.NAME.PROCESS.NUMBER.tmp`, is removed
/// by the next one that writes `path`.
///
/// ```
/// use nn::{Linear, load_weights, save_weights};
/// use tensor::ndarray::{arr1, array};
///
/// # let folder = std::env::temp_dir().join(format!("nn-save-weights-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("linear.safetensors");
/// let layer = Linear::from_arrays(&array![[1.0f32], [2.0]], &arr1(&[0.5]))?;
/// save_weights(&layer, &path)?;
/// let mut other = Linear::from_arrays(&array![[0.0f32], [0.0]], &arr1(&[0.0]))?;
/// load_weights(&mut other, &path)?;
/// assert_eq!(other.weight.values(), [1.0, 2.0]);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Io`]: `path` is then as it was. [`ErrorKind::File`] for a path that is no ordinary file,
/// [`ErrorKind::Mismatch`] for a model with two fields of one name, or a name with a `/`.
pub fn save_weights<T: Number>(model: &dyn Fields<T>, path: impl AsRef<Path>) -> Result<()> {
    file::write(path.as_ref(), &archive(model)?)
}

/// The bytes of the file that [`save_weights`] writes: the same for the same model.
///
/// # Errors
/// [`ErrorKind::Mismatch`] for a model with two fields of one name, or a name with a `/`.
pub fn weights_to_bytes<T: Number>(model: &dyn Fields<T>) -> Result<Vec<u8>> {
    Ok(file::to_bytes(&archive(model)?))
}

/// Reads a model's parameters and buffers from a file that [`save_weights`],
/// [`Checkpoint::save`](crate::Checkpoint::save) or PyTorch's `safetensors.torch.save_file` wrote.
///
/// The names must be those of the model, all and no others; [`LoadWeights`] has choices. `F32`, `F64`, `F16`,
/// `BF16` and `I64` are read into either type of number: as they are where the types agree, as the nearest
/// numbers otherwise. Not-a-numbers and infinities are read as they are. See [`save_weights`] for an example.
///
/// # Errors
/// [`ErrorKind::Io`], or [`ErrorKind::File`] around
/// - [`ErrorKind::Data`] for a file that is not in the format, or damaged;
/// - [`ErrorKind::Mismatch`] with every name that one of them lacks, every other shape and type, and every
///   number that is too large for the model's type;
/// - [`ErrorKind::Parameter`] for a parameter whose values a tape still holds.
///
/// The model is then unchanged.
pub fn load_weights<T: Number>(model: &mut dyn Fields<T>, path: impl AsRef<Path>) -> Result<()> {
    LoadWeights::new().load(model, path).map(|_| ())
}

/// How a file's names are matched with those of a model.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | [`prefix`](Self::prefix) | `""` | only names that begin with it are read, and without it |
/// | [`rename`](Self::rename) | as it is | gives a file's name in the model; `None` leaves the tensor out |
/// | [`optional`](Self::optional) | none | the model's names that one of the two may lack |
///
/// ```
/// use nn::{Linear, LoadWeights, weights_to_bytes};
/// use tensor::{Param, ndarray::{arr1, array}};
///
/// let trained = Linear::from_arrays(&array![[1.0f32], [2.0]], &arr1(&[0.5]))?;
/// let bytes = weights_to_bytes(&trained)?;
///
/// // The bias alone, under another name.
/// let mut shift = vec![Param::new(&arr1(&[0.0f32]))?];
/// let load = LoadWeights::new().rename(|name| (name == "bias").then(|| "0".into()));
/// load.load_bytes(&mut shift, &bytes)?;
/// assert_eq!(shift[0].values(), [0.5]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Default)]
pub struct LoadWeights<'a> {
    prefix: String,
    rename: Option<Box<Rename<'a>>>,
    optional: Option<Box<Accept<'a>>>,
}

/// Gives a name another one, or none.
type Rename<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Says yes or no to a name.
type Accept<'a> = dyn Fn(&str) -> bool + 'a;

impl<'a> LoadWeights<'a> {
    /// Names as they are, all and no others.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads only names that begin with this, such as `encoder.`, and takes it from them.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Gives a file's name, without the prefix, its name in the model; `None` leaves the tensor out.
    #[must_use]
    pub fn rename(self, rename: impl Fn(&str) -> Option<String> + 'a) -> Self {
        Self { rename: Some(Box::new(rename)), ..self }
    }

    /// Accepts that the file or the model lacks these names, as the model has them:
    /// `|name| name.ends_with("num_batches_tracked")` for files from before PyTorch counted batches,
    /// `|name| name.starts_with("head.")` for a model with a new head.
    #[must_use]
    pub fn optional(self, optional: impl Fn(&str) -> bool + 'a) -> Self {
        Self { optional: Some(Box::new(optional)), ..self }
    }

    /// Reads a file into a model and returns what was left out.
    ///
    /// # Errors
    /// As [`load_weights`]; the model is then unchanged.
    pub fn load<T: Number>(&self, model: &mut dyn Fields<T>, path: impl AsRef<Path>) -> Result<Unmatched> {
        let path = path.as_ref();
        let mut matches = Matches::default();
        let archive = file::read(path, &mut |header| {
            matches = self.find(model, header)?;
            Ok(matches.sources())
        })?;
        let staged = matches.stage(model, &archive.tensors).map_err(|source| file::within(path, source))?;
        staged.write(model);
        Ok(matches.unmatched)
    }

    /// Reads the bytes of a file into a model and returns what was left out.
    ///
    /// # Errors
    /// As [`load_weights`], without [`ErrorKind::Io`] and [`ErrorKind::File`].
    pub fn load_bytes<T: Number>(&self, model: &mut dyn Fields<T>, bytes: &[u8]) -> Result<Unmatched> {
        let mut matches = Matches::default();
        let archive = file::read_bytes(bytes, &mut |header| {
            matches = self.find(model, header)?;
            Ok(matches.sources())
        })?;
        matches.stage(model, &archive.tensors)?.write(model);
        Ok(matches.unmatched)
    }

    /// What of a file's list belongs to which field of a model.
    fn find<T: Number>(&self, model: &dyn Fields<T>, header: &Header) -> Result<Matches> {
        let is_checkpoint = format::is_checkpoint(&header.texts)?;
        let listed =
            header.tensors.iter().map(|(name, info)| Listed { name, dtype: info.dtype, shape: &info.shape });
        // A checkpoint holds more than weights.
        self.matches(model, listed.filter(|tensor| !is_checkpoint || !tensor.name.contains(format::SECTION)))
    }

    pub(crate) fn matches<'t, T: Number>(
        &self,
        model: &dyn Fields<T>,
        listed: impl Iterator<Item = Listed<'t>>,
    ) -> Result<Matches> {
        let rename = |name: &str| {
            let name = name.strip_prefix(&self.prefix)?;
            self.rename.as_ref().map_or_else(|| Some(name.into()), |rename| rename(name))
        };
        let optional = |name: &str| self.optional.as_ref().is_some_and(|optional| optional(name));
        Matches::new(model, listed, &rename, &optional)
    }
}

impl fmt::Debug for LoadWeights<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadWeights").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

fn archive<T: Number>(model: &dyn Fields<T>) -> Result<Archive> {
    Ok(Archive { tensors: store(model)?, texts: format::texts() })
}
