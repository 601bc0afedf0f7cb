//! What a slice takes of an axis.

use crate::{ErrorKind, Result};
use std::ops::{Bound, RangeBounds};

/// A range of one axis and a step, with NumPy's rules: negative bounds count from the end, bounds past an
/// end stop there, and a negative step walks backwards.
///
/// ```
/// use tensor::{Slice, Tape, ndarray::array};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(&array![0.0, 1.0, 2.0, 3.0, 4.0])?;
/// let take = |slice| x.slice_axes(&[slice])?.value();
/// assert_eq!(take(Slice::new(1..3, 1))?, array![1.0, 2.0].into_dyn());
/// assert_eq!(take(Slice::new(-2.., 1))?, array![3.0, 4.0].into_dyn());
/// // NumPy's x[::-2] and x[3:1:-1].
/// assert_eq!(take(Slice::new(.., -2))?, array![4.0, 2.0, 0.0].into_dyn());
/// assert_eq!(take(Slice::new(3..1, -1))?, array![3.0, 2.0].into_dyn());
/// # Ok::<(), tensor::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    start: Bound<isize>,
    end: Bound<isize>,
    step: isize,
}

impl Slice {
    /// A whole axis.
    pub const FULL: Self = Self { start: Bound::Unbounded, end: Bound::Unbounded, step: 1 };

    /// Every `step`-th element of a range. The range starts where the walk starts: `3..1` with step -1 is
    /// 3 and 2, and `..` with a negative step is the axis backwards.
    ///
    /// Clippy takes a literal `3..1` for a mistake; a bound with a name, or a pair of
    /// [`Bound`](std::ops::Bound)s, says the same.
    pub fn new(range: impl RangeBounds<isize>, step: isize) -> Self {
        Self { start: range.start_bound().cloned(), end: range.end_bound().cloned(), step }
    }

    /// The first element and the number of elements on an axis of this length.
    pub(crate) fn on(&self, op: &'static str, length: usize) -> Result<Taken> {
        let (n, step) = (length as isize, self.step);
        if step == 0 {
            return Err(ErrorKind::Value { op, expected: "a step other than 0", got: 0.0 }.into());
        }
        // Where a walk may stand: on an element, or one past the end at which it arrives.
        let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
        let (first, last) = if step > 0 { (low, high) } else { (high, low) };
        let from_end = |bound: isize| if bound < 0 { bound.saturating_add(n) } else { bound };
        let stand = |bound: isize, onward: isize| {
            from_end(bound).saturating_add(onward * step.signum()).clamp(low, high)
        };
        let start = match self.start {
            Bound::Included(bound) => stand(bound, 0),
            Bound::Excluded(bound) => stand(bound, 1),
            Bound::Unbounded => first,
        };
        let end = match self.end {
            Bound::Included(bound) => stand(bound, 1),
            Bound::Excluded(bound) => stand(bound, 0),
            Bound::Unbounded => last,
        };
        let distance = if step > 0 { end - start } else { start - end };
        let len = usize::try_from(distance).unwrap_or(0).div_ceil(step.unsigned_abs());
        Ok(Taken { start: if len == 0 { 0 } else { start }, len, step })
    }
}

/// The elements `start + i * step` for `i` below `len`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) start: isize,
    pub(crate) len: usize,
    pub(crate) step: isize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk that follows NumPy's documentation word by word.
    fn slow(start: Option<isize>, end: Option<isize>, step: isize, n: isize) -> Vec<isize> {
        let place = |bound: isize| if bound < 0 { bound + n } else { bound };
        let low = if step > 0 { 0 } else { -1 };
        let high = if step > 0 { n } else { n - 1 };
        let mut at = start.map_or(if step > 0 { 0 } else { n - 1 }, |s| place(s).max(low).min(high));
        let end = end.map_or(if step > 0 { n } else { -1 }, |e| place(e).max(low).min(high));
        let mut taken = Vec::new();
        while (step > 0 && at < end) || (step < 0 && at > end) {
            taken.push(at);
            at += step;
        }
        taken
    }

    #[test]
    fn every_small_slice_equals_a_slow_walk() {
        let bounds: Vec<Option<isize>> = (-7..8).map(Some).chain([None]).collect();
        for n in 0..5 {
            for step in [-7, -3, -2, -1, 1, 2, 3, 7] {
                for &start in &bounds {
                    for &end in &bounds {
                        let bound =
                            |b: Option<isize>, f: fn(isize) -> Bound<isize>| b.map_or(Bound::Unbounded, f);
                        let range = (bound(start, Bound::Included), bound(end, Bound::Excluded));
                        let Taken { start: first, len, step } =
                            Slice::new(range, step).on("slice", n).unwrap();
                        let got: Vec<isize> = (0..len as isize).map(|i| first + i * step).collect();
                        assert_eq!(got, slow(start, end, step, n as isize), "{range:?} by {step} of {n}");
                    }
                }
            }
        }
    }

    #[test]
    fn inclusive_and_extreme_bounds() {
        let taken =
            |range: (Bound<isize>, Bound<isize>), step| Slice::new(range, step).on("slice", 5).unwrap();
        let (include, exclude) = (Bound::Included, Bound::Excluded);
        assert_eq!(taken((include(1), include(-1)), 1), Taken { start: 1, len: 4, step: 1 });
        assert_eq!(taken((include(4), include(0)), -1), Taken { start: 4, len: 5, step: -1 });
        assert_eq!(taken((exclude(1), exclude(4)), 1), Taken { start: 2, len: 2, step: 1 });
        let whole = taken((include(isize::MIN), include(isize::MAX)), isize::MAX);
        assert_eq!(whole, Taken { start: 0, len: 1, step: isize::MAX });
        assert_eq!(taken((include(isize::MAX), include(isize::MIN)), isize::MIN).len, 1);
    }
}
