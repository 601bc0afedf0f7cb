//! Every family of ops over sizes from the cache to memory: `op_elements/forward`, `op_elements/backward`,
//! and `op_elements/ndarray`, the same computation in plain ndarray as the floor of `forward`.
//!
//! Forward is the replay of one recorded op and a look at its result; backward includes a copy of the output's
//! gradient. Throughput is in bytes, each array counted once (backward moves as many gradients), and in floating
//! point operations for products, of which backward does twice as many. An op is one line of its family's table.

#[path = "support/floor.rs"]
mod floor;
#[expect(dead_code, reason = "the training steps are not needed here")]
#[path = "../tests/support/peers.rs"]
mod peers;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use floor::{Floor, columns, map, map2, pool, shuffled};
use std::hint::black_box;
use std::time::Duration;
use tensor::ndarray::{ArrayD, Axis};
use tensor::{ConvConfig, Order, PoolConfig, Result, Tape, Var, concat};

type Variables<'a, 't> = &'a [Var<'t, f32>];

/// An op, how it is called, and the same in ndarray.
struct Op {
    name: &'static str,
    shapes: Shapes,
    call: for<'t> fn(Variables<'_, 't>) -> Result<Var<'t, f32>>,
    floor: Floor,
    /// What is added to inputs between -1 and 1.
    offset: f32,
}

/// The shapes of an op's inputs for about `side * side` elements.
type Shapes = fn(side: usize) -> Vec<Vec<usize>>;

const ONE: Shapes = |side| vec![vec![side, side]];
const TWO: Shapes = |side| vec![vec![side, side]; 2];
const ROW: Shapes = |side| vec![vec![side, side], vec![side]];
const IMAGES: Shapes = |side| vec![images(side)];
const KERNEL: Shapes = |side| {
    let images = images(side);
    let channels = images[1];
    vec![images, vec![channels, channels, 3, 3]]
};

/// Images, channels, height and width of `side * side` numbers for a power of two.
fn images(side: usize) -> Vec<usize> {
    match side {
        ..256 => vec![1, side / 8, side / 2, 16],
        256 => vec![4, 16, 32, 32],
        _ => vec![32, 32, 64, side * side / (32 * 32 * 64)],
    }
}

const fn op(
    name: &'static str,
    shapes: Shapes,
    call: for<'t> fn(Variables<'_, 't>) -> Result<Var<'t, f32>>,
    floor: Floor,
) -> Op {
    Op { name, shapes, call, floor, offset: 0.0 }
}

const ELEMENTWISE: &[Op] = &[
    op("add", TWO, |x| x[0].add(x[1]), |x, y| map2(x, y, |a, b| a + b)),
    op("add_row", ROW, |x| x[0].add(x[1]), |x, y| map2(x, y, |a, b| a + b)),
    op("mul", TWO, |x| x[0].mul(x[1]), |x, y| map2(x, y, |a, b| a * b)),
    op("relu", ONE, |x| x[0].relu(), |x, y| map(x, y, |x| x.max(0.0))),
];

const FUNCTIONS: &[Op] = &[
    op("exp", ONE, |x| x[0].exp(), |x, y| map(x, y, f32::exp)),
    Op { offset: 1.5, ..op("ln", ONE, |x| x[0].ln(), |x, y| map(x, y, f32::ln)) },
    op("tanh", ONE, |x| x[0].tanh(), |x, y| map(x, y, f32::tanh)),
    op("sigmoid", ONE, |x| x[0].sigmoid(), |x, y| map(x, y, |x| 1.0 / (1.0 + (-x).exp()))),
];

const REDUCTIONS: &[Op] = &[
    op("sum", ONE, |x| x[0].sum(), |x, y| y.fill(x[0].sum())),
    op("sum_axis_0", ONE, |x| x[0].sum_axis(0), |x, y| y.assign(&x[0].sum_axis(Axis(0)))),
    op("sum_axis_1", ONE, |x| x[0].sum_axis(1), |x, y| y.assign(&x[0].sum_axis(Axis(1)))),
    op("max_axis_1", ONE, |x| x[0].max_axis(1), floor::max_rows),
];

const SOFTMAX: &[Op] = &[
    op("softmax", ONE, |x| x[0].softmax(1), floor::softmax),
    op("log_softmax", ONE, |x| x[0].log_softmax(1), floor::log_softmax),
];

const PRODUCTS: &[Op] = &[
    op("matmul", TWO, |x| x[0].matmul(x[1]), floor::matmul),
    op("conv2d", KERNEL, |x| x[0].conv2d(x[1], None, ConvConfig::default()), floor::conv),
];

const POOLS: &[Op] = &[
    op("max_pool2d", IMAGES, |x| x[0].max_pool2d(PoolConfig::new([2, 2])), |x, y| pool(x, y, f32::max)),
    op(
        "avg_pool2d",
        IMAGES,
        |x| x[0].avg_pool2d(PoolConfig::new([2, 2])),
        |x, y| {
            pool(x, y, |a, b| a + b);
            *y *= 0.25;
        },
    ),
];

const MOVES: &[Op] = &[
    op("transpose", ONE, |x| x[0].transpose(0, 1), |x, y| y.assign(&x[0].t())),
    op("narrow", ONE, |x| x[0].narrow(1, side(x)? / 4, side(x)? / 2), floor::middle),
    op("concat", TWO, |x| concat(x, 1), floor::concat),
];

const INDEXED: &[Op] = &[
    op(
        "index_select",
        ONE,
        |x| x[0].index_select(0, x[0].tape().indices(&shuffled(side(x)?))?),
        floor::index_select,
    ),
    op(
        "index_add",
        TWO,
        |x| x[0].index_add(0, x[0].tape().indices(&shuffled(side(x)?))?, x[1]),
        floor::index_add,
    ),
    op("gather", ONE, |x| x[0].gather(1, x[0].tape().indices_nd(&columns(side(x)?))?), floor::gather),
    op(
        "scatter_add",
        TWO,
        |x| x[0].scatter_add(1, x[0].tape().indices_nd(&columns(side(x)?))?, x[1]),
        floor::scatter_add,
    ),
];

const SCANS: &[Op] = &[
    op("cumsum_axis_0", ONE, |x| x[0].cumsum(0), |x, y| floor::cumsum(x, y, 0)),
    op("cumsum_axis_1", ONE, |x| x[0].cumsum(1), |x, y| floor::cumsum(x, y, 1)),
];

const SORTS: &[Op] = &[op("sort", ONE, |x| Ok(x[0].sort(1, Order::Ascending)?.0), floor::sort)];

const SIDES: &[usize] = &[32, 256, 2048];

/// The families: a criterion group each, and the sides of its matrices.
const FAMILIES: &[(&str, &[Op], &[usize])] = &[
    ("elementwise", ELEMENTWISE, SIDES),
    ("functions", FUNCTIONS, SIDES),
    ("reductions", REDUCTIONS, SIDES),
    ("softmax", SOFTMAX, SIDES),
    ("products", PRODUCTS, &[32, 256, 1024]),
    ("pools", POOLS, SIDES),
    ("moves", MOVES, SIDES),
    ("indexed", INDEXED, SIDES),
    ("scans", SCANS, SIDES),
    ("sorts", SORTS, &[32, 256]),
];

fn side(x: Variables<'_, '_>) -> Result<usize> {
    Ok(x[0].shape()?[0])
}

fn array(seed: usize, shape: &[usize], offset: f32) -> ArrayD<f32> {
    let values = peers::data(seed as u32, shape.iter().product(), 1.0);
    let values = values.into_iter().map(|x| x + offset).collect();
    ArrayD::from_shape_vec(shape, values).expect("as many numbers")
}

/// Floating point operations: two for each output and element that it is summed over.
fn flops(inputs: &[ArrayD<f32>], out: &ArrayD<f32>) -> u64 {
    let [.., right] = inputs else { return 0 };
    let outputs = if right.ndim() == 2 { right.shape()[1] } else { right.shape()[0] };
    (2 * out.len() * right.len() / outputs) as u64
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, op: &Op, products: bool, side: usize) -> Result<()> {
    let shapes = (op.shapes)(side);
    let inputs: Vec<_> = (1..).zip(&shapes).map(|(seed, shape)| array(seed, shape, op.offset)).collect();
    let tape = Tape::new();
    let leaves = inputs.iter().map(|x| tape.var(x)).collect::<Result<Vec<_>>>()?;
    let y = (op.call)(&leaves)?;
    let mut out = y.value()?;
    let upstream = array(9, out.shape(), 0.0);
    expect_same(op, &inputs, &mut out);

    let name = format!("{}_{}", op.name, side * side);
    let bytes = 4 * (inputs.iter().map(ArrayD::len).sum::<usize>() + out.len()) as u64;
    let work = |times| match products {
        true => Throughput::Elements(times * flops(&inputs, &out)),
        false => Throughput::Bytes(bytes),
    };
    group.throughput(work(1));
    group.bench_function(BenchmarkId::new(&name, "forward"), |bench| {
        bench.iter(|| tape.replay().and_then(|()| y.with(|y| black_box(y.as_ptr()))));
    });
    group.throughput(work(2));
    group.bench_function(BenchmarkId::new(&name, "backward"), |bench| {
        bench.iter(|| tape.backward_with(y, &upstream).map(drop));
    });
    group.throughput(work(1));
    group.bench_function(BenchmarkId::new(&name, "ndarray"), |bench| {
        bench.iter(|| (op.floor)(black_box(&inputs), black_box(&mut out)));
    });
    Ok(())
}

/// Panics unless ndarray computes what the op computed.
fn expect_same(op: &Op, inputs: &[ArrayD<f32>], out: &mut ArrayD<f32>) {
    let expected = out.clone();
    out.fill(f32::NAN);
    (op.floor)(inputs, out);
    let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-3 * (1.0 + b.abs());
    assert!(out.iter().zip(&expected).all(near), "{}: ndarray computes something else", op.name);
}

fn run(criterion: &mut Criterion) {
    for &(family, ops, sides) in FAMILIES {
        let mut group = criterion.benchmark_group(family);
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(250));
        group.sample_size(15).nresamples(2000);
        for op in ops {
            for &side in sides {
                bench(&mut group, op, family == "products", side).expect("an op of these shapes");
            }
        }
        group.finish();
    }
}

criterion_group!(benches, run);
criterion_main!(benches);
