//! Single ops with their gradients that other engines do on the same data, and the values they agree on.

use crate::peers::{data, labels};
use tensor::ndarray::ArrayView;
use tensor::{ConvConfig, Param, Result, Tape, Var};

/// A loss of some arrays, the gradients that are wanted of it, and what comes out.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The arrays; those of the hash's seeds 1, 2, 3 in this order.
    arrays: &'static [Data],
    loss: Loss,
    /// The loss.
    value: f64,
    /// What a sum over an array's gradient is, by the array's position.
    gradients: &'static [(usize, Sum, f64)],
}

/// A loss of the arrays and, where it wants them, of labels.
type Loss = for<'t> fn(&[Var<'t, f32>], &[usize]) -> Result<Var<'t, f32>>;

/// An array of the hash.
struct Data {
    shape: &'static [usize],
    scale: f32,
    /// Whether its gradient is wanted.
    trainable: bool,
}

/// How a gradient is summed to be compared.
enum Sum {
    Plain,
    Absolute,
}

const fn var(shape: &'static [usize], scale: f32) -> Data {
    Data { shape, scale, trainable: true }
}

const fn constant(shape: &'static [usize], scale: f32) -> Data {
    Data { shape, scale, trainable: false }
}

const LONG: &[usize] = &[1 << 20];

pub(crate) const CASES: [Case; 4] = [
    Case {
        name: "op_chain",
        arrays: &[constant(LONG, 1.0), var(LONG, 1.0), var(LONG, 1.0)],
        loss: |x, _| x[0].mul(x[1])?.add(x[2])?.relu()?.sum(),
        value: 291_599.875,
        gradients: &[(1, Sum::Plain, -837.805_298)],
    },
    Case {
        name: "op_softmax_ce",
        arrays: &[var(&[1024, 1000], 4.0)],
        loss: |x, labels| x[0].cross_entropy(x[0].tape().indices(labels)?),
        value: 8.817_623,
        gradients: &[(0, Sum::Absolute, 1.998_053)],
    },
    Case {
        name: "op_conv",
        arrays: &[var(&[32, 16, 28, 28], 1.0), var(&[32, 16, 3, 3], 0.1), constant(&[32, 32, 28, 28], 1.0)],
        loss: |x, _| {
            let same = ConvConfig { padding: [1, 1], ..ConvConfig::default() };
            x[0].conv2d(x[1], None, same)?.mul(x[2])?.sum()
        },
        value: 259.532_288,
        gradients: &[(0, Sum::Absolute, 176_680.53), (1, Sum::Absolute, 190_361.33)],
    },
    Case {
        name: "conv1d",
        arrays: &[var(&[64, 128, 150], 1.0), var(&[256, 128, 5], 0.1), constant(&[64, 256, 146], 1.0)],
        loss: |x, _| x[0].conv1d(x[1], None, ConvConfig::default())?.mul(x[2])?.sum(),
        value: -38.415_686,
        gradients: &[(0, Sum::Absolute, 1_150_661.955), (1, Sum::Absolute, 4_210_523.058)],
    },
];

/// A case ready to run. Constants are parameters that are not trained, since those are read without a copy.
pub(crate) struct Work {
    case: &'static Case,
    arrays: Vec<Param<f32>>,
    labels: Vec<usize>,
}

impl Work {
    pub(crate) fn new(case: &'static Case) -> Result<Self> {
        let array = |(seed, of): (u32, &Data)| {
            let values = data(seed, of.shape.iter().product(), of.scale);
            let mut array = Param::new(&ArrayView::from_shape(of.shape, &values).expect("as many numbers"))?;
            array.set_trainable(of.trainable);
            Ok(array)
        };
        let arrays = (1..).zip(case.arrays).map(array).collect::<Result<_>>()?;
        Ok(Self { case, arrays, labels: labels(2, 1024, 1000) })
    }

    /// Records the loss.
    pub(crate) fn record<'t>(&self, tape: &'t Tape<f32>) -> Result<Var<'t, f32>> {
        let leaves = self.arrays.iter().map(|array| tape.param(array)).collect::<Result<Vec<_>>>()?;
        (self.case.loss)(&leaves, &self.labels)
    }

    /// The loss and its gradients on a tape recorded anew; the loss.
    pub(crate) fn step(&self, tape: &mut Tape<f32>) -> Result<f32> {
        tape.reset();
        let loss = self.record(tape)?;
        tape.backward(loss)?;
        loss.item()
    }

    /// The same on a recorded tape run again.
    pub(crate) fn replay(&self, tape: &Tape<f32>, loss: Var<'_, f32>) -> Result<f32> {
        self.arrays.iter().try_for_each(|array| tape.bind(array))?;
        tape.replay()?;
        tape.backward(loss)?;
        loss.item()
    }

    /// Panics unless the loss and its gradients are those of the other engines.
    pub(crate) fn check(&self) -> Result<()> {
        let tape = Tape::new();
        let loss = self.record(&tape)?;
        self.expect_near("loss", f64::from(loss.item()?), self.case.value);
        let gradients = tape.backward(loss)?;
        for (array, sum, expected) in self.case.gradients {
            let gradient = gradients.param(&self.arrays[*array]).expect("the loss depends on it");
            let wide = gradient.iter().map(|&g| f64::from(g));
            let got = match sum {
                Sum::Plain => wide.sum(),
                Sum::Absolute => wide.map(f64::abs).sum(),
            };
            self.expect_near("gradient", got, *expected);
        }
        Ok(())
    }

    fn expect_near(&self, what: &str, got: f64, expected: f64) {
        let name = self.case.name;
        assert!((got - expected).abs() <= 1e-4 * expected.abs(), "{name}: {what} {got}, not {expected}");
    }
}
