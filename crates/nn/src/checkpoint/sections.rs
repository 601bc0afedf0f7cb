//! A checkpoint's parts as the tensors and texts of a file, and back.

use super::archive::{Archive, Stored};
use super::format::{self, NEWEST, SECTION, VERSION};
use super::optimizer::{StoredOptimizer, StoredParameters};
use super::random::Generator;
use super::training::Checkpoint;
use crate::{Error, ErrorKind, Result};
use safetensors::Dtype;
use std::collections::BTreeMap;
use tensor::ndarray::aview1;

const STEP: &str = "step";
const EPOCH: &str = "epoch";
/// The section of averages.
const EMA: &str = "ema";
// The beginnings of tensors' names.
const ARRAYS: &str = "arrays/";
const NUMBERS: &str = "numbers/";
// The beginnings of texts' names.
const COUNT: &str = "count.";
const RANDOM: &str = "random.";
const TEXT: &str = "text.";

/// A checkpoint with something else than there should be.
pub(crate) fn broken(expected: impl Into<String>, got: impl Into<String>) -> Error {
    ErrorKind::Data { owner: "checkpoint", expected: expected.into(), got: got.into() }.into()
}

/// The number of a tensor without axes.
pub(crate) fn one_number(stored: &Stored) -> Option<f64> {
    if stored.dtype != Dtype::F64 || !stored.shape.is_empty() {
        return None;
    }
    stored.values().ok()?.first().copied()
}

pub(crate) fn to_archive(checkpoint: &Checkpoint) -> Archive {
    let Checkpoint { step, epoch, model, optimizer, ema, arrays, numbers, counts, texts, generators } =
        checkpoint;
    let mut archive = Archive { tensors: model.clone(), texts: format::texts() };
    let mut text = |name: String, text: String| archive.texts.insert(name, text);
    text(VERSION.into(), NEWEST.to_string());
    text(STEP.into(), step.to_string());
    text(EPOCH.into(), epoch.to_string());
    counts.iter().for_each(|(name, count)| drop(text(format!("{COUNT}{name}"), count.to_string())));
    texts.iter().for_each(|(name, each)| drop(text(format!("{TEXT}{name}"), each.clone())));
    generators.iter().for_each(|(name, rng)| drop(text(format!("{RANDOM}{name}"), rng.to_text())));
    let mut tensor =
        |section: &str, name: &str, stored| archive.tensors.insert(format!("{section}{name}"), stored);
    arrays.iter().for_each(|(name, stored)| drop(tensor(ARRAYS, name, stored.clone())));
    for (name, numbers) in numbers {
        tensor(NUMBERS, name, Stored::new(&aview1(numbers).into_dyn()));
    }
    if let Some(optimizer) = optimizer {
        optimizer.store(&mut archive);
    }
    if let Some(ema) = ema {
        ema.store(EMA, &mut archive);
    }
    archive
}

/// # Errors
/// [`ErrorKind::Data`] for a file that is no checkpoint, or not whole.
pub(crate) fn from_archive(mut archive: Archive) -> Result<Checkpoint> {
    if !format::is_checkpoint(&archive.texts)? {
        return Err(broken("a checkpoint", "a file of weights alone"));
    }
    let optimizer = StoredOptimizer::take(&mut archive)?;
    let ema = StoredParameters::take(EMA, &mut archive)?;
    let mut checkpoint = Checkpoint { optimizer, ema, ..Checkpoint::new() };
    let texts = std::mem::take(&mut archive.texts);
    checkpoint.step = whole(&texts, STEP)?;
    checkpoint.epoch = whole(&texts, EPOCH)?;
    for (key, text) in &texts {
        if let Some(name) = key.strip_prefix(COUNT) {
            checkpoint.counts.insert(name.into(), whole(&texts, key)?);
        } else if let Some(name) = key.strip_prefix(TEXT) {
            checkpoint.texts.insert(name.into(), text.clone());
        } else if let Some(name) = key.strip_prefix(RANDOM) {
            let rng = Generator::from_text(text);
            let rng = rng.ok_or_else(|| broken(format!("a generator of random numbers in `{key}`"), text))?;
            checkpoint.generators.insert(name.into(), rng);
        }
        // Other texts are other programs' business.
    }
    for (key, stored) in archive.tensors {
        if let Some(name) = key.strip_prefix(ARRAYS) {
            checkpoint.arrays.insert(name.into(), stored);
        } else if let Some(name) = key.strip_prefix(NUMBERS) {
            if stored.dtype != Dtype::F64 || stored.shape.len() != 1 {
                let (dtype, shape) = (stored.dtype, stored.shape);
                return Err(broken(format!("a list of F64 in `{key}`"), format!("{dtype} {shape:?}")));
            }
            let numbers = stored.values().expect("F64 is read");
            checkpoint.numbers.insert(name.into(), numbers);
        } else if key.contains(SECTION) {
            return Err(broken("tensors of the known sections", format!("`{key}`")));
        } else {
            checkpoint.model.insert(key, stored);
        }
    }
    Ok(checkpoint)
}

/// The whole number of a text.
fn whole(texts: &BTreeMap<String, String>, key: &str) -> Result<u64> {
    let text = texts.get(key).ok_or_else(|| broken(format!("the text `{key}`"), "none"))?;
    text.parse().map_err(|_| broken(format!("a whole number in `{key}`"), format!("`{text}`")))
}
