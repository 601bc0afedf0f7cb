//! Sequences of token indices of different length.

use super::rows::{check_count, check_range, check_rows, pick};
use super::sequences::{mask_of, padding_of};
use super::{Batch, Dataset, Targets};
use crate::{ErrorKind, Result};
use std::ops::Range;
use tensor::Element;
use tensor::ndarray::{Array2, Axis, Slice};

/// Sequences of token indices of any length, such as [`Vocabulary::encode`](super::Vocabulary::encode)
/// makes them, and a target for each; its batches are padded with one index.
///
/// ```
/// use nn::data::{Dataset, Tokens};
/// use nn::tensor::ndarray::array;
///
/// let data = Tokens::<f32>::new(vec![vec![5, 7], vec![6]], 0, vec![0, 1])?;
/// let batch = data.batch(&[1, 0])?;
/// assert_eq!(batch.ids(), &array![[6, 0], [5, 7]]);
/// assert_eq!(batch.lengths(), [1, 2]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens<T> {
    texts: Vec<Vec<usize>>,
    padding: usize,
    targets: Targets<T>,
}

impl<T: Element> Tokens<T> {
    /// Sequences of indices, the index that fills up short ones, and the target of each.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for another number of targets than sequences, or a sequence without tokens.
    pub fn new(texts: Vec<Vec<usize>>, padding: usize, targets: impl Into<Targets<T>>) -> Result<Self> {
        let owner = "tokens";
        let targets = targets.into().by_rows(owner)?;
        check_count(owner, "targets", texts.len(), targets.len())?;
        if let Some(row) = texts.iter().position(Vec::is_empty) {
            let (expected, got) = (String::from("one token or more"), format!("none in row {row}"));
            return Err(ErrorKind::Data { owner, expected, got }.into());
        }
        Ok(Self { texts, padding, targets })
    }

    /// The sequences.
    pub fn texts(&self) -> &[Vec<usize>] {
        &self.texts
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }
}

impl<T: Element> Dataset for Tokens<T> {
    type Batch = PaddedTokens<T>;

    fn len(&self) -> usize {
        self.texts.len()
    }

    fn batch(&self, rows: &[usize]) -> Result<PaddedTokens<T>> {
        check_rows("tokens", rows, self.texts.len())?;
        let texts = pick(&self.texts, rows);
        let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
        let time = lengths.iter().copied().max().unwrap_or(0);
        let at = |(row, step): (usize, usize)| texts[row].get(step).copied().unwrap_or(self.padding);
        let ids = Array2::from_shape_fn((rows.len(), time), at);
        Ok(PaddedTokens { ids, lengths, targets: self.targets.gather(rows) })
    }

    fn row_length(&self, row: usize) -> usize {
        self.texts[row].len()
    }
}

/// Sequences of token indices of one batch, padded to the longest.
#[derive(Debug, Clone, PartialEq)]
pub struct PaddedTokens<T> {
    ids: Array2<usize>,
    lengths: Vec<usize>,
    targets: Targets<T>,
}

impl<T: Element> PaddedTokens<T> {
    /// The indices, `[batch, time]`.
    pub fn ids(&self) -> &Array2<usize> {
        &self.ids
    }

    /// The number of tokens of each sequence.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The targets.
    pub fn targets(&self) -> &Targets<T> {
        &self.targets
    }

    /// 1 at tokens and 0 at padding, `[batch, time]`.
    pub fn mask(&self) -> Array2<T> {
        mask_of(&self.lengths, self.ids.ncols())
    }

    /// Whether a place is padding, `[batch, time]`: what attention leaves out.
    pub fn padding(&self) -> Array2<bool> {
        padding_of(&self.lengths, self.ids.ncols())
    }
}

impl<T: Element> Batch for PaddedTokens<T> {
    fn len(&self) -> usize {
        self.lengths.len()
    }

    fn part(&self, rows: Range<usize>) -> Result<Self> {
        check_range("tokens", &rows, self.lengths.len())?;
        Ok(Self {
            ids: self.ids.slice_axis(Axis(0), Slice::from(rows.clone())).to_owned(),
            lengths: self.lengths[rows.clone()].to_vec(),
            targets: self.targets.part(rows)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::array;

    #[test]
    fn masks_and_parts_follow_the_lengths() {
        let data = Tokens::<f64>::new(vec![vec![1], vec![2, 3, 4]], 9, vec![0, 1]).unwrap();
        let batch = data.batch(&[0, 1]).unwrap();
        assert_eq!(batch.ids(), &array![[1, 9, 9], [2, 3, 4]]);
        assert_eq!(batch.mask(), array![[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]]);
        assert_eq!(batch.padding().iter().filter(|&&padding| padding).count(), 2);
        assert_eq!(batch.part(0..1).unwrap().ids(), &array![[1, 9, 9]]);
        assert_eq!((data.row_length(0), data.row_length(1)), (1, 3));
    }

    #[test]
    fn empty_texts_are_named() {
        let error = Tokens::<f64>::new(vec![vec![1], vec![]], 0, vec![0, 1]).unwrap_err();
        assert_eq!(error.to_string(), "tokens: expected one token or more, got none in row 1");
    }
}
