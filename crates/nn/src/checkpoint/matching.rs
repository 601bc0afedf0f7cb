//! Which tensor of a file belongs to which field of a model.

use super::archive::Stored;
use super::header::METADATA;
use super::number::{Number, is_read};
use crate::fields::{Fields, Layout, Path, expect_unshared, parameter};
use crate::{ErrorKind, Result};
use safetensors::Dtype;
use std::collections::BTreeMap;
use tensor::ndarray::{ArrayViewD, IxDyn};

/// A tensor that a file lists.
pub(crate) struct Listed<'a> {
    pub(crate) name: &'a str,
    pub(crate) dtype: Dtype,
    pub(crate) shape: &'a [usize],
}

/// Names that one of a file and a model lacked, as [`LoadWeights::optional`](crate::LoadWeights::optional)
/// allowed; in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unmatched {
    /// The model's names that were not in the file: left as they were.
    pub missing: Vec<String>,
    /// The file's names, as the model would have them, that are not in the model.
    pub unexpected: Vec<String>,
}

/// The file's name for every field that is read, by the field's name.
#[derive(Debug, Default)]
pub(crate) struct Matches {
    sources: BTreeMap<String, String>,
    pub(crate) unmatched: Unmatched,
}

fn mismatch(faults: Vec<String>) -> crate::Error {
    ErrorKind::Mismatch { what: "the content", faults }.into()
}

/// An array with its axes as in a file, or back.
fn laid_out<T>(values: ArrayViewD<'_, T>, layout: Layout) -> ArrayViewD<'_, T> {
    match layout {
        Layout::Same => values,
        Layout::Transposed => values.reversed_axes(),
    }
}

/// The axis lengths in a file.
fn file_shape(shape: &[usize], layout: Layout) -> Vec<usize> {
    let mut shape = shape.to_vec();
    match layout {
        Layout::Same => {}
        Layout::Transposed => shape.reverse(),
    }
    shape
}

/// A model's parameters and buffers by name, as a file has them.
///
/// # Errors
/// [`ErrorKind::Mismatch`] for names that files do not hold.
pub(crate) fn store<T: Number>(model: &dyn Fields<T>) -> Result<BTreeMap<String, Stored>> {
    let (mut tensors, mut faults) = (BTreeMap::new(), Vec::new());
    model.each(&mut |path, field| {
        let name = path.to_string();
        if name == METADATA || name.contains('/') {
            faults.push(format!("`{name}` is not a name that a file can hold"));
        }
        let stored = Stored::new(&laid_out(field.param.view(), field.layout));
        if tensors.insert(name.clone(), stored).is_some() {
            faults.push(twice(&name));
        }
    });
    if faults.is_empty() { Ok(tensors) } else { Err(mismatch(faults)) }
}

fn twice(name: &str) -> String {
    format!("`{name}` names two of its fields")
}

impl Matches {
    /// Gives every field the tensor whose name is its own when `rename` has seen it.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] with every fault.
    pub(crate) fn new<'a, T: Number>(
        model: &dyn Fields<T>,
        listed: impl Iterator<Item = Listed<'a>>,
        rename: &dyn Fn(&str) -> Option<String>,
        optional: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let (mut matches, mut faults) = (Self::default(), Vec::new());
        let mut theirs = BTreeMap::new();
        for tensor in listed {
            let Some(name) = rename(tensor.name) else { continue };
            let (one, other) = (tensor.name, theirs.insert(name.clone(), tensor));
            if let Some(other) = other {
                faults.push(format!("`{}` and `{one}` are both read as `{name}`", other.name));
            }
        }
        model.each(&mut |path, field| {
            let name = path.to_string();
            let Some(tensor) = theirs.remove(&name) else {
                if matches.sources.contains_key(&name) {
                    faults.push(twice(&name));
                } else if optional(&name) {
                    matches.unmatched.missing.push(name);
                } else {
                    faults.push(format!("`{name}` is missing"));
                }
                return;
            };
            let expected = file_shape(field.shape(), field.layout);
            if tensor.shape != expected {
                faults.push(format!("`{name}`: expected shape {expected:?}, got {:?}", tensor.shape));
            }
            if !is_read(tensor.dtype) {
                let got = tensor.dtype;
                faults.push(format!("`{name}`: expected F16, BF16, F32, F64 or I64, got {got}"));
            }
            matches.sources.insert(name, tensor.name.to_owned());
        });
        for name in theirs.into_keys() {
            if optional(&name) {
                matches.unmatched.unexpected.push(name);
            } else {
                faults.push(format!("`{name}` is not a part of the model"));
            }
        }
        if faults.is_empty() { Ok(matches) } else { Err(mismatch(faults)) }
    }

    /// The names of the tensors to be read.
    pub(crate) fn sources(&self) -> Vec<String> {
        self.sources.values().cloned().collect()
    }

    /// The fields' values, ready to be written.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] for numbers that do not fit, [`ErrorKind::Parameter`] for a field whose
    /// values a tape still holds.
    pub(crate) fn stage<T: Number>(
        &self,
        model: &mut dyn Fields<T>,
        tensors: &BTreeMap<String, Stored>,
    ) -> Result<Staged<T>> {
        let (mut values, mut faults) = (BTreeMap::new(), Vec::new());
        for (name, source) in &self.sources {
            match tensors[source].values::<T>() {
                Ok(numbers) => drop(values.insert(name.clone(), numbers)),
                Err(fault) => faults.push(format!("`{name}`: {fault}")),
            }
        }
        if !faults.is_empty() {
            return Err(mismatch(faults));
        }
        expect_unshared(model)?;
        Ok(Staged(values))
    }
}

/// Values that a model can take: their names and shapes are its own, and no tape holds it.
pub(crate) struct Staged<T>(BTreeMap<String, Vec<T>>);

impl<T: Number> Staged<T> {
    /// Gives the fields their values.
    pub(crate) fn write(self, model: &mut dyn Fields<T>) {
        let written = model.visit_mut(Path::ROOT, &mut |path, field| {
            let Some(values) = self.0.get(&path.to_string()) else { return Ok(()) };
            let (shape, layout) = (file_shape(field.shape(), field.layout), field.layout);
            let to = field.param.values_mut().map_err(|source| parameter(path, source))?;
            let values = ArrayViewD::from_shape(IxDyn(&shape), values).expect("shapes were compared");
            to.iter_mut().zip(laid_out(values, layout)).for_each(|(to, &x)| *to = x);
            Ok(())
        });
        written.expect("no tape holds a field");
    }
}
