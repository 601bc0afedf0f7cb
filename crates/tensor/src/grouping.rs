//! Which elements of an array are reduced to which element of the result, and the loops over them.

use crate::kernels::{self, Write};
use crate::{Element, MAX_RANK};
use std::ops::Range;

/// Results whose wide sums fit the stack.
const COLUMNS: usize = 256;

/// The most loops: an axis that is repeated is two.
const MOST: usize = 2 * MAX_RANK;

/// The axes of an array: neighbours that are all kept or all reduced are one loop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grouping {
    /// Length, and whether it is reduced; outermost first.
    groups: [(usize, bool); MOST],
    count: usize,
}

/// Where the elements of a run go.
pub(crate) enum Outputs {
    /// All to one element of the result.
    One(usize),
    /// Each to its own.
    Each(Range<usize>),
}

impl Grouping {
    /// Axes by length and whether they are reduced, outermost first.
    pub(crate) fn new(axes: impl IntoIterator<Item = (usize, bool)>) -> Self {
        let mut grouping = Self { groups: [(1, false); MOST], count: 0 };
        for (length, reduced) in axes {
            let count = grouping.count;
            if count > 0 && grouping.groups[count - 1].1 == reduced {
                grouping.groups[count - 1].0 *= length;
            } else if length != 1 {
                grouping.groups[count] = (length, reduced);
                grouping.count += 1;
            }
        }
        grouping
    }

    fn groups(&self) -> &[(usize, bool)] {
        &self.groups[..self.count]
    }

    /// How many elements each result is made of.
    pub(crate) fn reduced(&self) -> usize {
        sizes(self.groups()).0 / self.kept().max(1)
    }

    /// How many results there are.
    pub(crate) fn kept(&self) -> usize {
        sizes(self.groups()).1
    }

    /// Calls `f` with runs of neighbouring elements and where they go, in the order of memory.
    pub(crate) fn runs(&self, mut f: impl FnMut(Range<usize>, Outputs)) {
        visit(self.groups(), [0, 0], false, &mut f);
    }

    /// Calls `f` with every element's position and that of its result, in the order of memory.
    pub(crate) fn forwards(&self, mut f: impl FnMut(usize, usize)) {
        visit(self.groups(), [0, 0], false, &mut |elements, outputs| match outputs {
            Outputs::One(output) => elements.for_each(|i| f(i, output)),
            Outputs::Each(outputs) => elements.zip(outputs).for_each(|(i, output)| f(i, output)),
        });
    }

    /// As [`forwards`](Self::forwards), from the last element to the first.
    pub(crate) fn backwards(&self, mut f: impl FnMut(usize, usize)) {
        visit(self.groups(), [0, 0], true, &mut |elements, outputs| match outputs {
            Outputs::One(output) => elements.rev().for_each(|i| f(i, output)),
            Outputs::Each(outputs) => elements.zip(outputs).rev().for_each(|(i, output)| f(i, output)),
        });
    }

    /// `out = f(.. f(f(out, x₀), x₁) .., xₙ)` over the elements of each result.
    pub(crate) fn fold<T: Element>(&self, out: &mut [T], x: &[T], f: impl Fn(T, T) -> T) {
        self.runs(|elements, outputs| match outputs {
            Outputs::One(output) => out[output] = x[elements].iter().fold(out[output], |out, &x| f(out, x)),
            Outputs::Each(outputs) => kernels::update1(&mut out[outputs], &x[elements], &f),
        });
    }

    /// The best of the elements of each result, given the best of many and that of two.
    pub(crate) fn extreme<T: Element>(
        &self,
        out: &mut [T],
        x: &[T],
        (many, two): (impl Fn(&[T]) -> T, impl Fn(T, T) -> T),
    ) {
        out.fill(many(&[]));
        self.runs(|elements, outputs| match outputs {
            Outputs::One(output) => out[output] = two(out[output], many(&x[elements])),
            Outputs::Each(outputs) => kernels::update1(&mut out[outputs], &x[elements], &two),
        });
    }

    /// `out[i] (+)= f(x[i], a[r], b[r])` for each element `i` with its result `r`.
    pub(crate) fn map<T: Element>(
        &self,
        (out, write): (&mut [T], Write),
        x: &[T],
        (a, b): (&[T], &[T]),
        f: impl Fn(T, T, T) -> T,
    ) {
        self.runs(|elements, outputs| {
            let (out, x) = (&mut out[elements.clone()], &x[elements]);
            match outputs {
                Outputs::One(r) => {
                    let (a, b, f) = (a[r], b[r], &f);
                    kernels::map1(out, write, x, move |x| f(x, a, b));
                }
                Outputs::Each(r) => kernels::map3(out, write, (x, &a[r.clone()], &b[r]), &f),
            }
        });
    }

    /// `out[i] (+)= g[r]` for each element `i` with its result `r`.
    pub(crate) fn spread<T: Element>(&self, out: &mut [T], write: Write, g: &[T]) {
        self.runs(|elements, outputs| {
            let out = &mut out[elements];
            match (outputs, write) {
                (Outputs::One(r), Write::Store) => out.fill(g[r]),
                (Outputs::One(r), Write::Add) => {
                    let g = g[r];
                    kernels::update(out, move |x| x + g);
                }
                (Outputs::Each(r), _) => kernels::map1(out, write, &g[r], |g| g),
            }
        });
    }

    /// `out (+)= Σ` of the elements of each result, long sums joined in the wide type.
    pub(crate) fn sum<T: Element>(&self, out: &mut [T], write: Write, x: &[T]) {
        match self.groups() {
            [] | [(_, false)] => kernels::map1(out, write, x, |x| x),
            [(_, true), (_, false)] => kernels::sum_columns(out, write, x),
            [.., (length, true)] => self.sum_rows(out, write, x, *length),
            [.., (length, false)] => self.sum_blocks(out, write, x, *length),
        }
    }

    /// Each result is the sum of one or more contiguous rows.
    fn sum_rows<T: Element>(&self, out: &mut [T], write: Write, x: &[T], row: usize) {
        let (kept, reduced) = (self.outer(false), self.outer(true));
        let mut out = out.iter_mut();
        each(kept.loops(), 0, &mut |start| {
            let Some(out) = out.next() else { return };
            let mut total = T::Wide::default();
            each(reduced.loops(), start, &mut |start| total += kernels::wide_sum(&x[start..start + row]));
            put(out, write, T::narrow(total));
        });
    }

    /// Each row of results is the sum of rows of elements.
    fn sum_blocks<T: Element>(&self, out: &mut [T], write: Write, x: &[T], row: usize) {
        if out.is_empty() {
            return;
        }
        let (kept, reduced) = (self.outer(false), self.outer(true));
        let mut rows = out.chunks_exact_mut(row);
        each(kept.loops(), 0, &mut |start| {
            let blocks = rows.next().unwrap_or_default().chunks_mut(COLUMNS);
            for (block, out) in blocks.enumerate() {
                let mut sums = [T::Wide::default(); COLUMNS];
                let sums = &mut sums[..out.len()];
                each(reduced.loops(), start + block * COLUMNS, &mut |start| {
                    kernels::add_wide(sums, &x[start..start + sums.len()]);
                });
                out.iter_mut().zip(sums).for_each(|(out, &mut sum)| put(out, write, T::narrow(sum)));
            }
        });
    }

    /// The loops outside of the innermost group that are kept, or those that are reduced.
    fn outer(&self, reduced: bool) -> Outer {
        let mut outer = Outer { loops: [(1, 0); MOST], count: 0 };
        let groups = self.groups();
        for (i, group) in groups[..self.count - 1].iter().enumerate().filter(|(_, group)| group.1 == reduced)
        {
            outer.loops[outer.count] = (group.0, sizes(&groups[i + 1..]).0);
            outer.count += 1;
        }
        outer
    }
}

/// Lengths and strides, outermost first.
struct Outer {
    loops: [(usize, usize); MOST],
    count: usize,
}

impl Outer {
    fn loops(&self) -> &[(usize, usize)] {
        &self.loops[..self.count]
    }
}

fn put<T: Element>(out: &mut T, write: Write, x: T) {
    match write {
        Write::Store => *out = x,
        Write::Add => *out += x,
    }
}

/// Calls `f` with the start of each round of nested loops.
fn each(loops: &[(usize, usize)], start: usize, f: &mut impl FnMut(usize)) {
    match loops {
        [] => f(start),
        [(length, stride), rest @ ..] => (0..*length).for_each(|i| each(rest, start + i * stride, f)),
    }
}

/// Elements, and results, of some groups.
fn sizes(groups: &[(usize, bool)]) -> (usize, usize) {
    let of = |(elements, outputs), &(length, reduced): &(usize, bool)| {
        (elements * length, if reduced { outputs } else { outputs * length })
    };
    groups.iter().fold((1, 1), of)
}

fn visit(
    groups: &[(usize, bool)],
    [element, output]: [usize; 2],
    backwards: bool,
    f: &mut impl FnMut(Range<usize>, Outputs),
) {
    match groups {
        [] => f(element..element + 1, Outputs::One(output)),
        [(length, true)] => f(element..element + length, Outputs::One(output)),
        [(length, false)] => f(element..element + length, Outputs::Each(output..output + length)),
        [(length, reduced), rest @ ..] => {
            let (elements, mut outputs) = sizes(rest);
            if *reduced {
                outputs = 0;
            }
            for i in 0..*length {
                let i = if backwards { length - 1 - i } else { i };
                visit(rest, [element + i * elements, output + i * outputs], backwards, f);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{ArrayD, Axis, IxDyn};

    const SHAPE: [usize; 4] = [2, 3, 2, 2];

    fn grouping(shape: &[usize], reduced: &[bool]) -> Grouping {
        Grouping::new(shape.iter().copied().zip(reduced.iter().copied()))
    }

    /// Every set of axes of an array, and the sums over it by ndarray.
    fn every_set(mut f: impl FnMut(Grouping, &[f64], &[f64])) {
        let values: Vec<f64> = (0..24).map(f64::from).collect();
        let array = ArrayD::from_shape_vec(IxDyn(&SHAPE), values.clone()).unwrap();
        for mask in 0..16u32 {
            let reduced: Vec<bool> = (0..4).map(|axis| mask >> axis & 1 == 1).collect();
            let mut want = array.clone();
            for axis in (0..4).filter(|&axis| reduced[axis]) {
                want = want.sum_axis(Axis(axis)).insert_axis(Axis(axis));
            }
            let want: Vec<f64> = want.iter().copied().collect();
            f(grouping(&SHAPE, &reduced), &values, &want);
        }
    }

    #[test]
    fn any_set_of_axes_is_summed() {
        every_set(|grouping, values, want| {
            let mut got = vec![1.0; want.len()];
            grouping.sum(&mut got, Write::Store, values);
            assert_eq!(got, want, "{grouping:?}");
            grouping.sum(&mut got, Write::Add, values);
            assert!(got.iter().zip(want).all(|(got, want)| *got == 2.0 * want), "{grouping:?}");
            assert_eq!((grouping.kept(), grouping.reduced()), (want.len(), 24 / want.len()));
        });
    }

    #[test]
    fn every_walk_meets_the_same_pairs() {
        every_set(|grouping, values, want| {
            let mut folded = vec![0.0; want.len()];
            grouping.fold(&mut folded, values, |sum, x| sum + x);
            assert_eq!(folded, want);
            let (mut there, mut back) = (Vec::new(), Vec::new());
            grouping.forwards(|i, r| there.push((i, r)));
            grouping.backwards(|i, r| back.push((i, r)));
            back.reverse();
            assert_eq!(there, back);
            assert!(there.iter().enumerate().all(|(i, pair)| i == pair.0), "in the order of memory");
            let (mut spread, mut mapped) = (vec![1.0; 24], vec![1.0; 24]);
            grouping.spread(&mut spread, Write::Add, want);
            grouping.map((&mut mapped, Write::Add), values, (want, want), |x, a, b| a + b + x - x);
            for &(i, r) in &there {
                assert_eq!((spread[i], mapped[i]), (1.0 + want[r], 1.0 + 2.0 * want[r]));
            }
        });
    }

    #[test]
    fn wide_blocks_and_empty_axes() {
        // 300 columns are more than one block, with a reduced axis on both sides of a kept one.
        let (shape, reduced) = ([2, 2, 3, 300], [true, false, true, false]);
        let values: Vec<f64> = (0..3600).map(f64::from).collect();
        let mut got = vec![0.0; 600];
        grouping(&shape, &reduced).sum(&mut got, Write::Store, &values);
        for (r, &got) in got.iter().enumerate() {
            let of = |a: usize, c: usize| values[((a * 2 + r / 300) * 3 + c) * 300 + r % 300];
            assert_eq!(got, (0..6).map(|i| of(i / 3, i % 3)).sum::<f64>());
        }
        for (shape, reduced, kept) in [([0, 2], [true, false], 2), ([2, 0], [true, false], 0)] {
            let mut got = vec![1.0; kept];
            grouping(&shape, &reduced).sum(&mut got, Write::Store, &[]);
            assert_eq!(got, vec![0.0; kept]);
        }
        let mut got = [1.0; 4];
        grouping(&[2, 0, 2], &[false, true, false]).sum(&mut got, Write::Store, &[]);
        assert_eq!(got, [0.0; 4]);
    }
}
