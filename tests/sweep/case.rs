//! One function under test, on one or more sets of inputs.

use std::rc::Rc;
use tensor::ndarray::{ArrayD, Axis, IxDyn, Slice};
use tensor::{CheckError, Dual, Element, Result, Var, check, check_second, vjp};

type Check = Box<dyn Fn(&[ArrayD<f64>]) -> Result<(), CheckError>>;
type Evaluate = Box<dyn Fn(&[ArrayD<f64>], &ArrayD<f64>) -> Result<(ArrayD<f64>, Vec<ArrayD<f64>>)>>;

/// A public op as it is checked: `name` is the op's, or `op/variant`.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) inputs: Vec<Vec<ArrayD<f64>>>,
    /// Gradient against differences.
    pub(crate) first: Check,
    /// Hessian-vector product against differences of the gradient.
    pub(crate) second: Check,
    /// Value, and gradients for given output weights.
    pub(crate) evaluate: Evaluate,
}

/// A function of arrays on a tape of plain numbers. As a trait object, so that the checks are compiled once
/// and not for every case.
pub(crate) type Plain = dyn for<'t> Fn(&[Var<'t, f64>]) -> Result<Var<'t, f64>>;

/// The same on a tape of dual numbers.
pub(crate) type OfDuals = dyn for<'t> Fn(&[Var<'t, Dual<f64>>]) -> Result<Var<'t, Dual<f64>>>;

impl Case {
    pub(crate) fn new(
        name: &'static str,
        inputs: Vec<Vec<ArrayD<f64>>>,
        plain: Rc<Plain>,
        of_duals: Rc<OfDuals>,
    ) -> Self {
        Self {
            name,
            inputs,
            first: Box::new({
                let plain = Rc::clone(&plain);
                move |inputs| check(&*plain, inputs)
            }),
            second: Box::new(move |inputs| check_second(&*of_duals, inputs)),
            evaluate: Box::new(move |inputs, weights| vjp(&*plain, inputs, weights)),
        }
    }
}

/// `case!("op/variant", |x| expression, inputs)`: the expression is compiled for `f64` and for dual numbers.
#[macro_export]
macro_rules! case {
    ($name:expr, |$x:ident| $body:expr, $inputs:expr) => {
        $crate::case::Case::new(
            $name,
            $inputs,
            std::rc::Rc::new(move |$x: &[tensor::Var<'_, f64>]| $body),
            std::rc::Rc::new(move |$x: &[tensor::Var<'_, tensor::Dual<f64>>]| $body),
        )
    };
}

/// How an array lies in memory before it comes to the tape.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Layout {
    Plain,
    /// Stored with the axes the other way round.
    Reversed,
    /// Every other element of a larger array, backwards.
    Strided,
}

/// Numbers of absolute value 0.2 to 1.2 with mixed signs, all different, away from 0.
pub(crate) fn mixed(shape: &[usize], seed: usize, layout: Layout) -> ArrayD<f64> {
    fill(shape, seed, layout, |unit, i| if i.is_multiple_of(3) { -0.2 - unit } else { 0.2 + unit })
}

/// Numbers between 0.2 and 1.2, all different.
pub(crate) fn positive(shape: &[usize], seed: usize, layout: Layout) -> ArrayD<f64> {
    fill(shape, seed, layout, |unit, _| 0.2 + unit)
}

fn fill(shape: &[usize], seed: usize, layout: Layout, f: impl Fn(f64, usize) -> f64) -> ArrayD<f64> {
    let mut count = seed * 1000;
    let mut next = || {
        count += 1;
        f((count as f64 * 0.754_877_666_246_693).fract(), count)
    };
    match layout {
        Layout::Plain => ArrayD::from_shape_simple_fn(shape, next),
        Layout::Reversed => {
            let reversed: Vec<usize> = shape.iter().rev().copied().collect();
            ArrayD::from_shape_simple_fn(IxDyn(&reversed), next).reversed_axes()
        }
        Layout::Strided => {
            let doubled: Vec<usize> = shape.iter().map(|&n| 2 * n).collect();
            let mut x = ArrayD::from_shape_simple_fn(IxDyn(&doubled), &mut next);
            (0..shape.len()).for_each(|axis| x.slice_axis_inplace(Axis(axis), Slice::new(0, None, -2)));
            x
        }
    }
}

/// One array of each shape, and the first shape in every other layout.
pub(crate) fn of(shapes: &[&[usize]]) -> Vec<Vec<ArrayD<f64>>> {
    let plain = shapes.iter().enumerate().map(|(seed, shape)| vec![mixed(shape, seed, Layout::Plain)]);
    let other = [Layout::Reversed, Layout::Strided].map(|layout| vec![mixed(shapes[0], 7, layout)]);
    plain.chain(other).collect()
}

/// As [`of`], for functions of several arrays.
pub(crate) fn each(shapes: &[&[&[usize]]]) -> Vec<Vec<ArrayD<f64>>> {
    let set = |shapes: &[&[usize]], layout| {
        shapes.iter().enumerate().map(|(seed, shape)| mixed(shape, seed + 3, layout)).collect()
    };
    let other = [Layout::Reversed, Layout::Strided].map(|layout| set(shapes[0], layout));
    shapes.iter().map(|shapes| set(shapes, Layout::Plain)).chain(other).collect()
}

/// The square of a result, so that an op that only moves numbers has a second derivative.
pub(crate) fn square<'t, T: Element>(y: Result<Var<'t, T>>) -> Result<Var<'t, T>> {
    let y = y?;
    y.mul(y)
}

/// Inputs for a function of one array: a scalar, a vector, axes of length 1 and 0, every layout.
pub(crate) fn one(make: fn(&[usize], usize, Layout) -> ArrayD<f64>) -> Vec<Vec<ArrayD<f64>>> {
    let shapes: [&[usize]; 6] = [&[], &[5], &[2, 3], &[3, 1, 2], &[2, 0], &[1]];
    let plain = shapes.iter().enumerate().map(|(seed, shape)| vec![make(shape, seed, Layout::Plain)]);
    let other = [Layout::Reversed, Layout::Strided].map(|layout| vec![make(&[2, 3], 7, layout)]);
    plain.chain(other).collect()
}

/// Inputs for a function of two arrays that are broadcast: either side smaller, both, scalars, missing
/// axes, axes of length 1 and 0, every layout.
pub(crate) fn two(make: fn(&[usize], usize, Layout) -> ArrayD<f64>) -> Vec<Vec<ArrayD<f64>>> {
    let shapes: [[&[usize]; 2]; 9] = [
        [&[], &[]],
        [&[3], &[3]],
        [&[2, 3], &[3]],
        [&[3], &[2, 3]],
        [&[2, 1], &[1, 3]],
        [&[2, 3, 2], &[2, 1, 2]],
        [&[], &[2, 2]],
        [&[2, 0], &[1]],
        [&[1, 1], &[4]],
    ];
    let pair = |[a, b]: [&[usize]; 2], layout| vec![make(a, 1, layout), make(b, 2, layout)];
    let other = [Layout::Reversed, Layout::Strided].map(|layout| pair([&[2, 3], &[2, 1]], layout));
    shapes.map(|shapes| pair(shapes, Layout::Plain)).into_iter().chain(other).collect()
}
