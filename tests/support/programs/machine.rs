//! Choices that bytes make: numbers, shapes, settings and operands. All of them are made from bytes and
//! shapes alone, never from values, so that a program takes the same steps on other values.

use std::ops::Bound;
use tensor::ndarray::{ArrayD, IxDyn};
use tensor::{Dual, Element, Indices, Param, Result, Tape, Var};

/// Elements of a value that later steps may use.
const KEPT: usize = 512;
/// Elements of a result, and of all operands of a product together.
const MOST: usize = 1 << 14;

/// A number of which every bit can be compared.
pub(crate) trait Number: Element {
    /// A number with this value; a dual one gets the tangent.
    fn make(value: f64, tangent: f64) -> Self;
    /// Value and tangent; every NaN is the same.
    fn bits(self) -> [u64; 2];
}

fn canonical(x: f64) -> u64 {
    if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }
}

impl Number for f64 {
    fn make(value: f64, _: f64) -> Self {
        value
    }
    fn bits(self) -> [u64; 2] {
        [canonical(self), 0]
    }
}

impl Number for f32 {
    fn make(value: f64, _: f64) -> Self {
        value as f32
    }
    fn bits(self) -> [u64; 2] {
        [canonical(f64::from(self)), 0]
    }
}

impl Number for Dual<f64> {
    fn make(value: f64, tangent: f64) -> Self {
        Self::new(value, tangent)
    }
    fn bits(self) -> [u64; 2] {
        [canonical(self.value), canonical(self.tangent)]
    }
}

/// The program as it is read; zeros follow its end.
#[derive(Debug, Clone)]
pub(crate) struct Bytes<'b>(pub(crate) &'b [u8]);

impl Bytes<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        if n > 256 {
            return (self.byte() as usize * 256 + self.byte() as usize) % n;
        }
        self.byte() as usize % n
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u8) -> bool {
        self.byte() % n == n - 1
    }

    pub(crate) fn pick<C: Copy>(&mut self, choices: &[C]) -> C {
        choices[self.below(choices.len())]
    }

    /// A length from 0 to 4, seldom one that no array can have.
    pub(crate) fn length(&mut self) -> usize {
        match self.byte() {
            255 => usize::MAX,
            254 => 1 << 62,
            byte => [1, 2, 3, 4, 0, 2, 1, 3][byte as usize % 8],
        }
    }

    /// An axis: mostly one that may be there.
    pub(crate) fn axis(&mut self) -> usize {
        match self.byte() {
            255 => usize::MAX,
            byte => [0, 1, 0, 2, 1, 3, 0, 4][byte as usize % 8],
        }
    }

    pub(crate) fn axes(&mut self) -> Vec<usize> {
        (0..self.below(4)).map(|_| self.axis()).collect()
    }

    pub(crate) fn lengths(&mut self) -> Vec<usize> {
        (0..self.below(5)).map(|_| self.length()).collect()
    }

    /// A setting such as a stride: mostly 1.
    pub(crate) fn setting(&mut self) -> usize {
        self.pick(&[1, 1, 1, 1, 2, 1, 3, 0, 1, 1, 2, 1, 1, 1, 4, 1 << 30, 1, 1, 2, usize::MAX])
    }

    /// A padding: mostly 0.
    pub(crate) fn padding(&mut self) -> usize {
        self.pick(&[0, 0, 1, 0, 2, 0, 1, 3, 0, 0, 0, usize::MAX])
    }

    pub(crate) fn offset(&mut self) -> isize {
        self.pick(&[0, 1, -1, 2, -2, 3, -3, 5, isize::MAX, isize::MIN, 0, 1])
    }

    pub(crate) fn range(&mut self) -> (Bound<isize>, Bound<isize>) {
        let mut bound = || match self.byte() % 3 {
            0 => Bound::Unbounded,
            1 => Bound::Included(self.offset()),
            _ => Bound::Excluded(self.offset()),
        };
        (bound(), bound())
    }

    /// A number such as 0, 1, -3, 1e300, infinity, NaN.
    pub(crate) fn number(&mut self) -> f64 {
        number(self.byte(), true)
    }
}

/// Wild numbers are of any size and kind, others small.
fn number(byte: u8, wild: bool) -> f64 {
    const WILD: [f64; 16] = [
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e300,
        -1e300,
        1e-300,
        1e30,
        -1e30,
        f64::MIN_POSITIVE,
        f64::MAX,
        1.0,
        -1.0,
        1e10,
        0.5,
    ];
    if wild && byte >= 128 {
        return WILD[byte as usize % 16];
    }
    (f64::from(byte) - 96.0) / 32.0
}

/// A tape and what a program has put on it.
pub(crate) struct Machine<'t, 'b, T: Element> {
    pub(crate) tape: &'t Tape<T>,
    pub(crate) bytes: Bytes<'b>,
    /// What steps may use.
    pub(crate) values: Vec<Var<'t, T>>,
    pub(crate) leaves: Vec<Var<'t, T>>,
    pub(crate) indices: Vec<Indices<'t, T>>,
    pub(crate) params: Vec<Param<T>>,
    /// The ops that were tried, and whether they were accepted.
    pub(crate) ops: Vec<(&'static str, bool)>,
    /// How the numbers of each leaf are made: kind and seed.
    seeds: Vec<(u8, u8)>,
    /// The leaf that gets other values.
    other: Option<usize>,
    /// Answers that are not on the tape.
    pub(crate) plain: Vec<usize>,
}

impl<'t, 'b, T: Number> Machine<'t, 'b, T> {
    pub(crate) fn new(tape: &'t Tape<T>, bytes: Bytes<'b>, other: Option<usize>) -> Self {
        let (values, leaves, indices, params) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (ops, seeds, plain) = (Vec::new(), Vec::new(), Vec::new());
        Self { tape, bytes, values, leaves, indices, params, ops, seeds, other, plain }
    }

    /// A value recorded before, most often a late one, or a new leaf where there is none.
    pub(crate) fn var(&mut self) -> Result<Var<'t, T>> {
        if self.values.is_empty() {
            return self.leaf(&[2, 3]);
        }
        let among = if self.bytes.one_in(2) { 3 } else { 256 };
        let back = self.bytes.below(among);
        Ok(self.values[self.values.len() - 1 - back % self.values.len()])
    }

    /// Most often a new leaf of this shape, if it is small.
    pub(crate) fn shaped(&mut self, shape: &[usize]) -> Result<Var<'t, T>> {
        // Axes of length 0 make no room for the others.
        let size = shape.iter().try_fold(1usize, |size, &length| size.checked_mul(length.max(1)));
        if self.bytes.one_in(6) || size.is_none_or(|size| size > KEPT) || shape.len() > 8 {
            return self.var();
        }
        self.leaf(shape)
    }

    /// The latest value with so many axes, or a new leaf; seldom any value.
    pub(crate) fn ranked(&mut self, rank: usize) -> Result<Var<'t, T>> {
        if self.bytes.one_in(8) {
            return self.var();
        }
        let fits = |x: &&Var<'t, T>| x.shape().is_ok_and(|shape| shape.len() == rank);
        if let Some(&found) = self.values.iter().rev().find(fits).filter(|_| self.bytes.one_in(2)) {
            return Ok(found);
        }
        let shape: Vec<usize> = (0..rank).map(|_| self.bytes.pick(&[1, 2, 3, 4, 5, 2, 4, 0])).collect();
        self.leaf(&shape)
    }

    /// A new leaf: a variable, a constant or a parameter, in one of two memory layouts.
    pub(crate) fn leaf(&mut self, shape: &[usize]) -> Result<Var<'t, T>> {
        let (kind, seed) = (self.bytes.byte(), self.bytes.byte());
        let number = self.leaves.len();
        self.seeds.push((kind, seed));
        let values = self.numbers_of(number, shape, self.other == Some(number));
        let leaf = match kind % 5 {
            0 => self.tape.constant(&values)?,
            1 => {
                let param = Param::new(&values)?;
                let leaf = self.tape.param(&param)?;
                self.params.push(param);
                leaf
            }
            _ => self.tape.var(&values)?,
        };
        self.leaves.push(leaf);
        self.values.push(leaf);
        Ok(leaf)
    }

    /// The numbers of a leaf, or other ones.
    pub(crate) fn numbers_of(&self, leaf: usize, shape: &[usize], other: bool) -> ArrayD<T> {
        let (kind, seed) = self.seeds[leaf];
        array(shape, seed.wrapping_add(u8::from(other)), kind % 4 == 3, kind % 8 >= 6)
    }

    /// Whole numbers below `bound`, seldom others.
    pub(crate) fn numbers(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let wrong = self.bytes.one_in(16);
        let mut seed = usize::from(self.bytes.byte()) + 7;
        let mut next = || {
            seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ 0x55;
            if wrong && seed % 4 == 0 { [usize::MAX, bound][seed / 4 % 2] } else { seed % bound.max(1) }
        };
        (0..count).map(|_| next()).collect()
    }

    pub(crate) fn indices(&mut self, shape: &[usize], bound: usize) -> Result<Indices<'t, T>> {
        if self.bytes.one_in(8)
            && let Some(&last) = self.indices.last()
        {
            return Ok(last);
        }
        let size = shape.iter().try_fold(1usize, |size, &length| size.checked_mul(length.max(1)));
        let count = if size.is_some_and(|size| size <= KEPT) { shape.iter().product() } else { 0 };
        let numbers = self.numbers(count, bound);
        let found = match ArrayD::from_shape_vec(IxDyn(shape), numbers) {
            Ok(array) => self.tape.indices_nd(&array)?,
            Err(_) => self.tape.indices(&[0, 1])?,
        };
        self.indices.push(found);
        Ok(found)
    }

    /// Whether a result of this many elements for each combination of the operands' elements is moderate.
    pub(crate) fn modest(&self, operands: &[Var<'t, T>], factors: &[usize]) -> bool {
        let sizes = operands.iter().map(|x| x.shape().map_or(usize::MAX, |shape| shape.size()));
        let all = sizes.chain(factors.iter().copied());
        // A factor of which every array would be too large must be refused by the op itself.
        all.filter(|&n| n < 1 << 60)
            .try_fold(1usize, |all, n| all.checked_mul(n.max(1)))
            .is_some_and(|all| all <= MOST)
    }

    /// Whether broadcasting these operands gives a moderate result; true where they do not agree.
    pub(crate) fn broadcasts(&self, operands: &[Var<'t, T>]) -> bool {
        let shapes: Vec<_> = operands.iter().filter_map(|x| x.shape().ok()).collect();
        let longest = |axis: usize| {
            let lengths =
                shapes.iter().filter_map(|shape| shape.len().checked_sub(axis + 1).map(|i| shape[i]));
            lengths.max().unwrap_or(1)
        };
        (0..8).map(longest).product::<usize>() <= MOST
    }

    pub(crate) fn keep(&mut self, result: Result<Var<'t, T>>) -> Result<()> {
        let result = result?;
        if result.shape()?.size() <= KEPT {
            self.values.push(result);
        }
        Ok(())
    }

    pub(crate) fn keep_all(&mut self, results: Result<Vec<Var<'t, T>>>) -> Result<()> {
        results?.into_iter().try_for_each(|result| self.keep(Ok(result)))
    }

    pub(crate) fn note<N: Copy + Into<usize>>(&mut self, answers: impl IntoIterator<Item = N>) -> Result<()> {
        self.plain.extend(answers.into_iter().map(Into::into));
        Ok(())
    }
}

/// Numbers that a seed makes.
pub(crate) fn array<T: Number>(shape: &[usize], seed: u8, wild: bool, reversed: bool) -> ArrayD<T> {
    let mut state = u32::from(seed) * 2_654_435 + 1;
    let mut next = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        let [.., a, b] = state.to_le_bytes();
        T::make(number(b, wild), number(a, false))
    };
    if !reversed {
        return ArrayD::from_shape_simple_fn(shape, next);
    }
    let turned: Vec<usize> = shape.iter().rev().copied().collect();
    ArrayD::from_shape_simple_fn(IxDyn(&turned), &mut next).reversed_axes()
}
