//! What metrics take: checked before anything is counted.

use crate::{Error, ErrorKind, Result};
use std::fmt::Debug;
use tensor::Element;
use tensor::ndarray::{ArrayRef, Dimension};

/// Predictions and targets of one shape, in pairs.
pub(super) fn pairs<T: Element, D: Dimension>(
    owner: &'static str,
    prediction: &ArrayRef<T, D>,
    target: &ArrayRef<T, D>,
) -> Result<Vec<(f64, f64)>> {
    if prediction.shape() != target.shape() {
        let expected = format!("predictions of the targets' shape {:?}", target.shape());
        return Err(ErrorKind::Shape { owner, expected, got: prediction.shape().to_vec() }.into());
    }
    let finite = |what: &str, at: usize, x: T| {
        if x.is_finite() {
            return Ok(x.to_f64());
        }
        data(owner, format!("finite {what}"), format!("{x} at position {at}"))
    };
    let both = prediction.iter().zip(target).enumerate();
    both.map(|(at, (&x, &t))| Ok((finite("predictions", at, x)?, finite("targets", at, t)?))).collect()
}

/// Scores of samples, `width` for each, row by row, and their labels: less than `classes`.
///
/// With one score for each sample any shape does that has as many elements as there are labels; with more,
/// the last axis holds them.
pub(super) fn scores<T: Element, D: Dimension>(
    owner: &'static str,
    prediction: &ArrayRef<T, D>,
    labels: &[usize],
    (width, classes): (usize, usize),
) -> Result<Vec<f64>> {
    let shape = prediction.shape();
    let last_fits = width == 1 || shape.last() == Some(&width);
    if !last_fits || prediction.len() != labels.len() * width {
        let samples = labels.len();
        let expected = match width {
            1 => format!("one score for each of {samples} labels"),
            _ => format!("scores [.., {width}] for each of {samples} labels"),
        };
        return Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into());
    }
    if let Some((sample, label)) = labels.iter().enumerate().find(|&(_, &label)| label >= classes) {
        return data(owner, format!("labels less than {classes}"), format!("{label} for sample {sample}"));
    }
    let number = |(at, &x): (usize, &T)| {
        if x.is_nan() {
            return data(owner, "scores that are numbers", format!("NaN for sample {}", at / width));
        }
        Ok(x.to_f64())
    };
    prediction.iter().enumerate().map(number).collect()
}

/// The same for probabilities: from 0 to 1, and together 1 where there are several for each sample.
pub(super) fn probabilities<T: Element, D: Dimension>(
    owner: &'static str,
    prediction: &ArrayRef<T, D>,
    labels: &[usize],
    (width, classes): (usize, usize),
) -> Result<Vec<f64>> {
    let values = scores(owner, prediction, labels, (width, classes))?;
    if let Some(at) = values.iter().position(|x| !(0.0..=1.0).contains(x)) {
        let got = format!("{} for sample {}", values[at], at / width);
        return data(owner, "probabilities from 0 to 1", got);
    }
    let sums = values.chunks_exact(width).map(|row| row.iter().sum::<f64>());
    let tolerance = epsilon::<T>().sqrt();
    match sums.enumerate().find(|(_, sum)| width > 1 && (sum - 1.0).abs() > tolerance) {
        Some((sample, sum)) => {
            data(owner, "probabilities that add up to 1", format!("{sum} for sample {sample}"))
        }
        None => Ok(values),
    }
}

/// The distance from 1 to the next number of a type.
pub(super) fn epsilon<T: Element>() -> f64 {
    let is_double = T::from_f64(1.0 + f64::EPSILON) > T::one();
    if is_double { f64::EPSILON } else { f64::from(f32::EPSILON) }
}

/// The first of the largest numbers.
pub(super) fn argmax(row: &[f64]) -> usize {
    let better = |best: usize, at: usize| if row[at] > row[best] { at } else { best };
    (1..row.len()).fold(0, better)
}

pub(super) fn data<R>(owner: &'static str, expected: impl Into<String>, got: impl Into<String>) -> Result<R> {
    Err(ErrorKind::Data { owner, expected: expected.into(), got: got.into() }.into())
}

/// What the value of nothing is.
pub(super) fn no_samples(owner: &'static str) -> Error {
    ErrorKind::Data { owner, expected: "at least one sample".into(), got: "none".into() }.into()
}

/// Checks that two metrics have the same settings.
pub(super) fn same<S: PartialEq + Debug>(owner: &'static str, ours: &S, theirs: &S) -> Result<()> {
    if ours == theirs { Ok(()) } else { data(owner, format!("{ours:?}"), format!("{theirs:?}")) }
}

/// Checks a number of classes, bins or outputs.
pub(super) fn at_least(owner: &'static str, name: &'static str, least: usize, got: usize) -> Result<()> {
    if got >= least {
        return Ok(());
    }
    let expected = if least == 2 { "at least 2" } else { "positive" };
    Err(ErrorKind::Setting { owner, name, expected, got: got as f64 }.into())
}
