//! Every op's gradient against central differences, over random shapes, broadcasts and memory layouts.

use proptest::prelude::*;
use tensor::ndarray::{ArrayD, Axis, Dimension, IxDyn, Slice};
use tensor::{Activation, CheckError, Result, Var, check};

type Unary = for<'t> fn(Var<'t, f64>) -> Result<Var<'t, f64>>;
type Binary = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Result<Var<'t, f64>>;

const UNARY: [(&str, Unary); 8] = [
    ("relu", |x| x.relu()),
    ("sigmoid", |x| x.sigmoid()),
    ("tanh", |x| x.tanh()),
    ("exp", |x| x.exp()),
    ("neg", |x| x.neg()),
    ("scale", |x| x.scale(-1.5)),
    ("shift", |x| x.shift(0.3)),
    ("ln", |x| x.mul(x)?.ln()),
];

const BINARY: [(&str, Binary); 4] =
    [("add", |a, b| a.add(b)), ("sub", |a, b| a.sub(b)), ("mul", |a, b| a.mul(b)), ("div", |a, b| a.div(b))];

/// Numbers of absolute value 0.3 to 1.5, away from the kinks at 0, in one of four memory layouts.
fn array(shape: &[usize], seed: u64, layout: u8) -> ArrayD<f64> {
    let mut count = seed;
    let mut next = || {
        count += 1;
        let unit = (count as f64 * 0.754_877_666_246_693).fract();
        if count.is_multiple_of(3) { -0.3 - 1.2 * unit } else { 0.3 + 1.2 * unit }
    };
    let mut make = |shape: &[usize]| ArrayD::from_shape_simple_fn(shape, &mut next);
    match layout {
        // Stored the other way round.
        1 => make(&shape.iter().rev().copied().collect::<Vec<_>>()).reversed_axes(),
        // Every other element of a larger array.
        2 => {
            let mut x = make(&shape.iter().map(|&n| 2 * n).collect::<Vec<_>>());
            (0..shape.len()).for_each(|axis| x.slice_axis_inplace(Axis(axis), Slice::new(0, None, 2)));
            x
        }
        // Backwards along every axis.
        3 => {
            let mut x = make(shape);
            (0..shape.len()).for_each(|axis| x.invert_axis(Axis(axis)));
            x
        }
        _ => make(shape),
    }
}

/// A shape of up to four axes of up to three elements, empty ones included.
fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..=3usize, 0..=4)
}

/// An operand's shape that broadcasts to the given one: axes set to 1, leading axes left out.
fn operand(shape: &[usize], ones: u8, dropped: usize) -> Vec<usize> {
    let kept = shape.iter().enumerate().map(|(i, &n)| if ones >> i & 1 == 1 { 1 } else { n });
    kept.skip(dropped.min(shape.len())).collect()
}

fn accept(checked: Result<(), CheckError>, what: &str) -> Result<(), TestCaseError> {
    checked.map_err(|error| TestCaseError::fail(format!("{what}: {error}")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn elementwise(shape in shape(), seed in 0..1000u64, layout in 0..4u8) {
        for (name, f) in UNARY {
            accept(check(|x| f(x[0]), &[array(&shape, seed, layout)]), name)?;
        }
    }

    #[test]
    fn arithmetic_is_broadcast(
        shape in shape(),
        ones in any::<[u8; 2]>(),
        dropped in 0..3usize,
        on_the_left in any::<bool>(),
        seed in 0..1000u64,
        layouts in any::<[u8; 2]>(),
    ) {
        let mut a = array(&operand(&shape, ones[0], 0), seed, layouts[0] % 4);
        let mut b = array(&operand(&shape, ones[1], dropped), seed + 500, layouts[1] % 4);
        if on_the_left {
            std::mem::swap(&mut a, &mut b);
        }
        for (name, f) in BINARY {
            accept(check(|x| f(x[0], x[1]), &[a.clone(), b.clone()]), name)?;
        }
    }

    #[test]
    fn sums_and_means(shape in shape(), seed in 0..1000u64, layout in 0..4u8) {
        let x = [array(&shape, seed, layout)];
        accept(check(|x| x[0].sum(), &x), "sum")?;
        if !x[0].is_empty() {
            accept(check(|x| x[0].mean(), &x), "mean")?;
        }
        for (axis, &length) in shape.iter().enumerate() {
            accept(check(|x| x[0].sum_axis(axis), &x), "sum_axis")?;
            if length > 0 {
                accept(check(|x| x[0].mean_axis(axis), &x), "mean_axis")?;
            }
        }
    }

    #[test]
    fn moves(shape in shape(), seed in 0..1000u64, layout in 0..4u8) {
        let x = [array(&shape, seed, layout)];
        let flat = [x[0].len()];
        accept(check(|x| x[0].reshape(&flat)?.mul(x[0].reshape(&flat)?), &x), "reshape")?;
        for a in 0..shape.len() {
            for b in 0..shape.len() {
                let mut order: Vec<usize> = (0..shape.len()).collect();
                order.swap(a, b);
                let tape = tensor::Tape::new();
                let exchanged = tape.var(&x[0]).and_then(|x| x.transpose(a, b)?.value());
                prop_assert_eq!(exchanged, Ok(x[0].clone().permuted_axes(IxDyn(&order))));
                accept(check(|x| x[0].transpose(a, b), &x), "transpose")?;
            }
        }
    }

    #[test]
    fn products(m in 0..6usize, k in 0..6usize, n in 0..6usize, seed in 0..1000u64, layouts in any::<[u8; 3]>()) {
        let (a, b) = (array(&[m, k], seed, layouts[0] % 4), array(&[k, n], seed + 300, layouts[1] % 4));
        let bias = array(&[n], seed + 600, layouts[2] % 4);
        accept(check(|x| x[0].matmul(x[1]), &[a.clone(), b.clone()]), "matmul")?;
        for activation in [Activation::Identity, Activation::Sigmoid, Activation::Tanh] {
            let inputs = [a.clone(), b.clone(), bias.clone()];
            accept(check(|x| x[0].linear_with(x[1], x[2], activation), &inputs), "linear")?;
        }
    }

    #[test]
    fn losses(rows in 1..5usize, classes in 1..5usize, seed in 0..1000u64, layout in 0..4u8) {
        let (x, y) = (array(&[rows, classes], seed, layout), array(&[rows, classes], seed + 300, layout));
        let labels: Vec<usize> = (0..rows).map(|i| (i + seed as usize) % classes).collect();
        accept(check(|x| x[0].mse(x[1]), &[x.clone(), y]), "mse")?;
        let inputs = [x];
        accept(check(|x| x[0].cross_entropy(x[0].tape().indices(&labels)?), &inputs), "cross_entropy")?;
        for axis in 0..2 {
            accept(check(|x| x[0].log_softmax(axis), &inputs), "log_softmax")?;
        }
    }

    #[test]
    fn a_fused_op_equals_its_composition(rows in 1..5usize, k in 1..5usize, n in 1..5usize, seed in 0..1000u64) {
        let inputs = [array(&[rows, k], seed, 0), array(&[k, n], seed + 300, 0), array(&[n], seed + 600, 0)];
        let labels: Vec<usize> = (0..rows).map(|i| i % n).collect();
        let one_hot = ArrayD::from_shape_fn(&[rows, n][..], |i| f64::from(u8::from(i[1] == labels[i[0]])));
        same(&inputs, |x| x[0].linear(x[1], x[2]), |x| x[0].matmul(x[1])?.add(x[2]))?;
        same(
            &inputs,
            |x| x[0].linear_with(x[1], x[2], Activation::Relu),
            |x| x[0].matmul(x[1])?.add(x[2])?.relu(),
        )?;
        same(
            &inputs,
            |x| x[0].matmul(x[1])?.mse(x[0].matmul(x[1])?.mul(x[2])?),
            |x| {
                let error = x[0].matmul(x[1])?.sub(x[0].matmul(x[1])?.mul(x[2])?)?;
                error.mul(error)?.mean()
            },
        )?;
        same(
            &inputs,
            |x| x[0].matmul(x[1])?.cross_entropy(x[0].tape().indices(&labels)?),
            |x| {
                let picked = x[0].matmul(x[1])?.log_softmax(1)?.mul(x[0].tape().constant(&one_hot)?)?;
                picked.sum()?.scale(-1.0 / rows as f64)
            },
        )?;
    }
}

/// Two functions with the same value and the same gradients.
fn same<F, G>(inputs: &[ArrayD<f64>], f: F, g: G) -> Result<(), TestCaseError>
where
    F: for<'t> Fn(&[Var<'t, f64>]) -> Result<Var<'t, f64>>,
    G: for<'t> Fn(&[Var<'t, f64>]) -> Result<Var<'t, f64>>,
{
    let run = || -> Result<()> {
        let tape = tensor::Tape::new();
        let vars = inputs.iter().map(|x| tape.var(x)).collect::<Result<Vec<_>>>()?;
        let (a, b) = (f(&vars)?, g(&vars)?);
        close(&a.value()?, &b.value()?);
        let weights = ArrayD::from_shape_fn(&*a.shape()?, |i| 1.0 + i.slice().iter().sum::<usize>() as f64);
        for &var in &vars {
            let of = |y| tape.backward_with(y, &weights)?.wrt(var);
            close(&of(a)?, &of(b)?);
        }
        Ok(())
    };
    run().map_err(|error| TestCaseError::fail(error.to_string()))
}

fn close(a: &ArrayD<f64>, b: &ArrayD<f64>) {
    assert_eq!(a.shape(), b.shape());
    assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs().max(1.0)), "{a} and {b}");
}
