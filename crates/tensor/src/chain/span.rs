//! Runs of pieces: what is read and written where, and by which thread.

use crate::Element;
use crate::kernels::PIECE;
use smallvec::SmallVec;
use std::ops::Range;

/// From this many elements on threads share a chain.
#[cfg(feature = "rayon")]
const PARALLEL: usize = 1 << 17;

/// Where an array is that a step reads or writes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a, T> {
    /// Whole and known: it is only read.
    Known(&'a [T]),
    /// One of the whole arrays that are written.
    Array(usize),
    /// Nowhere whole: its piece is in one of the tiles.
    Tile(usize),
}

/// A run of whole pieces, and the memory for it.
pub(super) struct Span<'a, T: Element> {
    elements: Range<usize>,
    /// This run of every array that is written.
    pub(super) arrays: SmallVec<[&'a mut [T]; 8]>,
    /// The sum of every piece.
    sums: &'a mut [T::Wide],
    /// Tiles, as many for each thread.
    pub(super) tiles: &'a mut [T],
}

/// How many threads share a chain of so many elements.
pub(super) fn threads(size: usize) -> usize {
    #[cfg(feature = "rayon")]
    if size >= PARALLEL {
        return rayon::current_num_threads();
    }
    let _ = size;
    1
}

impl<'a, T: Element> Span<'a, T> {
    pub(super) fn new(
        size: usize,
        arrays: impl Iterator<Item = &'a mut [T]>,
        sums: &'a mut [T::Wide],
        tiles: &'a mut [T],
    ) -> Self {
        Self { elements: 0..size, arrays: arrays.collect(), sums, tiles }
    }

    /// Calls `f` with every piece, in order on one thread.
    pub(super) fn run(mut self, threads: usize, f: &(impl Fn(&mut Self, Range<usize>) + Sync)) {
        let pieces = self.elements.len().div_ceil(PIECE);
        #[cfg(feature = "rayon")]
        if threads > 1 && pieces > 1 {
            let (first, second) = self.split(pieces / 2, threads / 2, threads);
            rayon::join(|| first.run(threads / 2, f), || second.run(threads - threads / 2, f));
            return;
        }
        let _ = (threads, pieces);
        for start in self.elements.clone().step_by(PIECE) {
            let end = self.elements.end.min(start + PIECE);
            f(&mut self, start..end);
        }
    }

    #[cfg(feature = "rayon")]
    fn split(self, pieces: usize, first: usize, threads: usize) -> (Self, Self) {
        let middle = pieces * PIECE;
        let (tiles, more_tiles) = self.tiles.split_at_mut(self.tiles.len() / threads * first);
        let (sums, more_sums) = self.sums.split_at_mut(pieces.min(self.sums.len()));
        let (arrays, more) = self.arrays.into_iter().map(|array| array.split_at_mut(middle)).unzip();
        let Range { start, end } = self.elements;
        let first = Span { elements: start..start + middle, arrays, sums, tiles };
        (first, Span { elements: start + middle..end, arrays: more, sums: more_sums, tiles: more_tiles })
    }

    /// The piece of an array of the span.
    #[inline(always)]
    pub(super) fn within(&self, piece: &Range<usize>) -> Range<usize> {
        piece.start - self.elements.start..piece.end - self.elements.start
    }

    /// Takes down the sum of a piece.
    pub(super) fn sum(&mut self, piece: &Range<usize>, sum: T::Wide) {
        let index = self.within(piece).start / PIECE;
        if let Some(out) = self.sums.get_mut(index) {
            *out = sum;
        }
    }
}

/// Arrays and tiles that are read while another one is written.
#[derive(Clone, Copy)]
pub(super) struct Readable<'s, T> {
    pub(super) arrays: &'s [&'s mut [T]],
    pub(super) tiles: &'s [T],
}

impl<'s, T> Readable<'s, T> {
    /// A piece, given where it stands in the arrays of the span.
    #[inline(always)]
    pub(super) fn get<'r>(&self, place: Place<'r, T>, piece: &Range<usize>, within: &Range<usize>) -> &'r [T]
    where
        's: 'r,
    {
        match place {
            Place::Known(values) => &values[piece.clone()],
            Place::Array(array) => &self.arrays[array][within.clone()],
            Place::Tile(tile) => &self.tiles[tile * PIECE..][..piece.len()],
        }
    }
}
