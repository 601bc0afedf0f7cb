//! Elements moved between two arrays that lie differently in memory: the one loop behind every op that
//! permutes, slices, flips, repeats or pads.

use super::{Write, map1, put};
use crate::{Element, MAX_RANK};

/// The most loops of a walk: a repeated axis takes two.
const LOOPS: usize = 2 * MAX_RANK;
/// Side of the square tiles of a transposition: 16 rows of each array stay in the nearest cache.
const TILE: usize = 16;

/// One loop: its length, and by how much each of `N` arrays advances.
pub(crate) type Loop<const N: usize> = (usize, [isize; N]);

/// Nested loops over `N` arrays, outermost first. Loops of length 1 are dropped, and two neighbours that
/// are one longer loop in every array are one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk<const N: usize> {
    loops: [Loop<N>; LOOPS],
    count: usize,
    starts: [isize; N],
}

impl<const N: usize> Walk<N> {
    /// Loops, outermost first, and where each array starts.
    pub(crate) fn new(loops: impl IntoIterator<Item = Loop<N>>, starts: [isize; N]) -> Self {
        let mut walk = Self { loops: [(1, [0; N]); LOOPS], count: 0, starts };
        for (length, strides) in loops {
            if length == 1 {
                continue;
            }
            if let Some((outer, outer_strides)) = walk.loops[..walk.count].last_mut()
                && (0..N).all(|i| outer_strides[i] == length as isize * strides[i])
            {
                (*outer, *outer_strides) = (*outer * length, strides);
                continue;
            }
            walk.loops[walk.count] = (length, strides);
            walk.count += 1;
        }
        walk
    }

    /// The same walk with other roles: array `i` is what array `order[i]` was.
    pub(crate) fn reordered<const M: usize>(&self, order: [usize; M]) -> Walk<M> {
        let loops = self.loops.map(|(length, strides)| (length, order.map(|i| strides[i])));
        Walk { loops, count: self.count, starts: order.map(|i| self.starts[i]) }
    }

    /// The same walk from the last position to the first.
    pub(crate) fn backwards(mut self) -> Self {
        for (length, strides) in &mut self.loops[..self.count] {
            for (start, stride) in self.starts.iter_mut().zip(strides) {
                *start += *stride * (*length as isize - 1);
                *stride = -*stride;
            }
        }
        self
    }

    /// Calls `f` with the starts of every innermost row, and that row's loop.
    #[inline(always)]
    pub(crate) fn rows(&self, mut f: impl FnMut([isize; N], Loop<N>)) {
        let (&row, outer) = self.loops[..self.count].split_last().unwrap_or((&(1, [0; N]), &[]));
        if row.0 > 0 {
            starts(outer, self.starts, |starts| f(starts, row));
        }
    }
}

/// Calls `f` with the arrays' positions in every round of nested loops.
#[inline(always)]
fn starts<const N: usize>(loops: &[Loop<N>], mut at: [isize; N], mut f: impl FnMut([isize; N])) {
    let rounds: usize = loops.iter().map(|l| l.0).product();
    let mut counts = [0; LOOPS];
    for _ in 0..rounds {
        f(at);
        for (count, &(length, strides)) in counts.iter_mut().zip(loops).rev() {
            *count += 1;
            (0..N).for_each(|i| at[i] += strides[i]);
            if *count < length {
                break;
            }
            (0..N).for_each(|i| at[i] -= strides[i] * length as isize);
            *count = 0;
        }
    }
}

/// `out[..] (+)= x[..]` along a walk whose first array is `out`.
pub(crate) fn move_elements<T: Element>(out: &mut [T], write: Write, x: &[T], walk: &Walk<2>) {
    if let Some(tiles) = Tiles::of(walk) {
        match write {
            Write::Store => tiles.run(out, x, |out, x| *out = x),
            Write::Add => tiles.run(out, x, |out, x| *out += x),
        }
        return;
    }
    walk.rows(|starts, row| move_row(out, write, x, starts, row));
}

fn move_row<T: Element>(
    out: &mut [T],
    write: Write,
    x: &[T],
    [to, from]: [isize; 2],
    (length, strides): Loop<2>,
) {
    let put = |out: &mut T, x: T| put(out, write, x);
    // A row that is walked backwards starts at its last element.
    let run = |start: isize, stride: isize| {
        let first = if stride < 0 { start as usize + 1 - length } else { start as usize };
        first..first + length
    };
    match strides {
        [1, 1] => map1(&mut out[run(to, 1)], write, &x[run(from, 1)], |x| x),
        [1, 0] => out[run(to, 1)].iter_mut().for_each(|out| put(out, x[from as usize])),
        [1, -1] | [-1, 1] => {
            let x = x[run(from, strides[1])].iter().rev();
            out[run(to, strides[0])].iter_mut().zip(x).for_each(|(out, &x)| put(out, x));
        }
        [out_stride, x_stride] => {
            for i in 0..length as isize {
                put(&mut out[(to + i * out_stride) as usize], x[(from + i * x_stride) as usize]);
            }
        }
    }
}

/// A walk whose two arrays are contiguous along different loops: a transposition, done in square tiles so
/// that neither side jumps through memory.
struct Tiles {
    outer: Walk<2>,
    /// Length of the loop along which `out` is contiguous, and by how much `x` advances on it.
    columns: (usize, isize),
    /// Length of the loop along which `x` is contiguous, and by how much `out` advances on it.
    rows: (usize, isize),
}

impl Tiles {
    fn of(walk: &Walk<2>) -> Option<Self> {
        let loops = &walk.loops[..walk.count];
        let contiguous = |array: usize| loops.iter().rposition(|l| l.1[array] == 1);
        let (column, row) = (contiguous(0)?, contiguous(1)?);
        let (columns, rows) = (loops[column], loops[row]);
        if column == row || columns.1[1] == 0 || rows.1[0] == 0 || loops.iter().any(|l| l.0 == 0) {
            return None;
        }
        let others = loops.iter().enumerate().filter(|&(i, _)| i != column && i != row);
        let outer = Walk::new(others.map(|(_, &l)| l), walk.starts);
        Some(Self { outer, columns: (columns.0, columns.1[1]), rows: (rows.0, rows.1[0]) })
    }

    #[inline(always)]
    fn run<T: Element>(&self, out: &mut [T], x: &[T], put: impl Fn(&mut T, T)) {
        let ((columns, x_stride), (rows, out_stride)) = (self.columns, self.rows);
        let outer = &self.outer;
        starts(&outer.loops[..outer.count], outer.starts, |[to, from]| {
            for row in (0..rows).step_by(TILE) {
                for column in (0..columns).step_by(TILE) {
                    let width = TILE.min(columns - column);
                    for row in row..rows.min(row + TILE) {
                        let to = (to + row as isize * out_stride) as usize + column;
                        let from = from + row as isize + column as isize * x_stride;
                        for (i, out) in out[to..to + width].iter_mut().enumerate() {
                            put(out, x[(from + i as isize * x_stride) as usize]);
                        }
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, ArrayD, IxDyn};

    /// Every order of the axes, forwards and backwards, against ndarray.
    #[test]
    fn every_permutation_equals_that_of_ndarray() {
        let shape = [3, 18, 2, 20];
        let x = Array::from_iter(0..2160).mapv(f64::from).into_shape_with_order(IxDyn(&shape)).unwrap();
        let orders = (0..256).map(|code| [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6]);
        for order in orders.filter(|order| (0..4).all(|axis| order.contains(&axis))) {
            for flipped in [false, true] {
                let mut view = x.view().permuted_axes(IxDyn(&order));
                if flipped {
                    view.invert_axis(ndarray::Axis(3));
                    view.invert_axis(ndarray::Axis(1));
                }
                let want = ArrayD::from_shape_vec(view.raw_dim(), view.iter().copied().collect()).unwrap();
                let start = (view.as_ptr() as isize - x.as_ptr() as isize) / size_of::<f64>() as isize;
                let loops =
                    (0..4).map(|i| (view.len_of(ndarray::Axis(i)), [want.strides()[i], view.strides()[i]]));
                let walk = Walk::new(loops, [0, start]);
                let mut out = vec![f64::NAN; x.len()];
                move_elements(&mut out, Write::Store, x.as_slice().unwrap(), &walk);
                assert_eq!(out, want.as_slice().unwrap(), "{order:?}");
                let mut back = vec![1.0; x.len()];
                move_elements(&mut back, Write::Add, &out, &walk.reordered([1, 0]));
                assert!(back.iter().zip(&x).all(|(back, x)| *back == x + 1.0), "{order:?}");
            }
        }
    }

    #[test]
    fn loops_that_are_one_are_merged() {
        let walk = Walk::new([(2, [12, 12]), (1, [7, 9]), (3, [4, 4]), (4, [1, 1])], [0, 0]);
        assert_eq!((walk.count, walk.loops[0]), (1, (24, [1, 1])));
        let walk = Walk::new([(2, [12, 24]), (3, [4, 4]), (4, [1, 1])], [0, 0]);
        assert_eq!(walk.count, 2);
    }

    #[test]
    fn empty_and_single() {
        let mut out = [5.0];
        move_elements(&mut out, Write::Store, &[], &Walk::new([(2, [1, 1]), (0, [1, 7])], [0, 0]));
        move_elements(&mut out, Write::Store, &[], &Walk::new([(0, [1, 7]), (2, [3, 1])], [0, 0]));
        assert_eq!(out, [5.0]);
        move_elements(&mut out, Write::Add, &[0.0, 2.0], &Walk::new([(1, [1, 1])], [0, 1]));
        assert_eq!(out, [7.0]);
    }
}
