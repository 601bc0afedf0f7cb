//! Sequences of different length in one batch.

use crate::{ErrorKind, Result};
use tensor::ndarray::{Array2, Axis};
use tensor::{Element, Indices, Tape, Var};

/// How many steps each row of a batch `[batch, time, ..]` has; all of them where nothing was said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths<'a> {
    given: Option<&'a [usize]>,
    batch: usize,
    time: usize,
}

impl<'a> Lengths<'a> {
    /// Checks that there is one length for each row, from 1 to `time`.
    pub(super) fn new(
        owner: &'static str,
        given: Option<&'a [usize]>,
        [batch, time]: [usize; 2],
    ) -> Result<Self> {
        let Some(lengths) = given else {
            return Ok(Self { given, batch, time });
        };
        if lengths.len() != batch {
            let (expected, got) = (format!("{batch} lengths, one for each row"), lengths.len().to_string());
            return Err(ErrorKind::Data { owner, expected, got }.into());
        }
        if let Some(row) = lengths.iter().position(|length| !(1..=time).contains(length)) {
            let (expected, got) =
                (format!("lengths from 1 to {time}"), format!("{} in row {row}", lengths[row]));
            return Err(ErrorKind::Data { owner, expected, got }.into());
        }
        let all_full = lengths.iter().all(|&length| length == time);
        Ok(Self { given: given.filter(|_| !all_full), batch, time })
    }

    /// The length of one row.
    pub(super) fn of(self, row: usize) -> usize {
        self.given.map_or(self.time, |given| given[row])
    }

    /// The lengths as an input of ops, unless all rows are full.
    pub(super) fn on<T: Element>(self, tape: &Tape<T>) -> Result<Option<Indices<'_, T>>> {
        Ok(self.given.map(|given| tape.indices(given)).transpose()?)
    }

    /// 1 at `[row, step]` after a row's end, `[batch, time]`; nothing if all rows are full.
    fn padding<T: Element>(self) -> Option<Array2<T>> {
        let given = self.given?;
        let ended = |(row, step): (usize, usize)| if step < given[row] { T::zero() } else { T::one() };
        Some(Array2::from_shape_fn((self.batch, self.time), ended))
    }

    /// `x`, `[batch, time, features]`, with a number after the end of each row.
    pub(super) fn fill<T: Element>(self, x: Var<'_, T>, value: T) -> Result<Var<'_, T>> {
        let Some(padding) = self.padding() else { return Ok(x) };
        Ok(x.masked_fill(x.tape().constant(&padding.insert_axis(Axis(2)))?, value)?)
    }

    /// The mask of [`fill`](Self::fill) for arrays `[time, batch, features]`.
    pub(super) fn time_first<T: Element>(self, tape: &Tape<T>) -> Result<Option<Var<'_, T>>> {
        let Some(padding) = self.padding() else { return Ok(None) };
        Ok(Some(tape.constant(&padding.reversed_axes().insert_axis(Axis(2)))?))
    }
}
