//! The training steps that other engines run on the same data, so that losses and times compare.

use nn::{Fields, Linear, Module, Optimizer, Pass, Result, Sequential, Sgd};
use tensor::ndarray::{Array1, Array2};
use tensor::{Indices, Tape, Var};

/// A counter-based hash to [-1, 1), the same in every language.
fn uniform(seed: u32, i: u32) -> f32 {
    let mut x = i.wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40503).wrapping_add(12345));
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^= x >> 16;
    (x >> 8) as f32 * (2.0 / 16_777_216.0) - 1.0
}

/// `n` numbers of the hash, scaled.
pub(crate) fn data(seed: u32, n: usize, scale: f32) -> Vec<f32> {
    (0..n as u32).map(|i| uniform(seed, i) * scale).collect()
}

/// `n` classes of the hash.
pub(crate) fn labels(seed: u32, n: usize, classes: usize) -> Vec<usize> {
    let class = |i| ((uniform(seed, i) + 1.0) * 0.5 * classes as f32) as usize % classes;
    (0..n as u32).map(class).collect()
}

/// A multi-layer perceptron with relu between its layers, and its batch.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) sizes: &'static [usize],
    pub(crate) batch: usize,
    pub(crate) classes: bool,
}

pub(crate) const CASES: [Case; 5] = [
    Case { name: "mlp_i_b1", sizes: &[10, 5, 1], batch: 1, classes: false },
    Case { name: "mlp_i_b32", sizes: &[10, 5, 1], batch: 32, classes: false },
    Case { name: "mlp_ii", sizes: &[64, 128, 10], batch: 32, classes: true },
    Case { name: "mlp_iii", sizes: &[784, 512, 256, 10], batch: 128, classes: true },
    Case { name: "mlp_iv", sizes: &[1024, 2048, 2048, 1000], batch: 256, classes: true },
];

/// A case ready to train.
pub(crate) struct Training {
    pub(crate) net: Sequential<f32>,
    pub(crate) sgd: Sgd<f32>,
    x: Array2<f32>,
    target: Target,
}

enum Target {
    Numbers(Array2<f32>),
    Classes(Vec<usize>),
}

impl Training {
    pub(crate) fn new(case: &Case) -> Result<Self> {
        let mut net = Sequential::new();
        let layers = case.sizes.len() - 1;
        for l in 0..layers {
            let (inputs, outputs) = (case.sizes[l], case.sizes[l + 1]);
            let scale = 1.0 / (inputs as f32).sqrt();
            let weight = data(100 + l as u32, inputs * outputs, scale);
            let weight = Array2::from_shape_vec((inputs, outputs), weight).expect("in x out numbers");
            let bias = Array1::from(data(200 + l as u32, outputs, scale));
            let layer = Linear::from_arrays(&weight, &bias)?;
            net = net.with(if l + 1 < layers { layer.relu() } else { layer });
        }
        let (batch, inputs, outputs) = (case.batch, case.sizes[0], case.sizes[layers]);
        let x = Array2::from_shape_vec((batch, inputs), data(1, batch * inputs, 1.0)).expect("batch x in");
        let target = if case.classes {
            Target::Classes(labels(2, batch, outputs))
        } else {
            let y = data(3, batch * outputs, 1.0);
            Target::Numbers(Array2::from_shape_vec((batch, outputs), y).expect("batch x out"))
        };
        Ok(Self { net, sgd: Sgd::new(0.01)?, x, target })
    }

    /// Records forward and loss.
    pub(crate) fn record<'t>(&self, tape: &'t Tape<f32>) -> Result<Var<'t, f32>> {
        let y = self.net.forward(tape.constant(&self.x)?, &mut Pass::eval())?;
        match &self.target {
            Target::Numbers(target) => nn::mse(y, tape.constant(target)?),
            Target::Classes(labels) => {
                let labels: Indices<'t, f32> = tape.indices(labels)?;
                nn::cross_entropy(y, labels)
            }
        }
    }

    /// One step on a tape recorded anew; its loss.
    pub(crate) fn step(&mut self, tape: &mut Tape<f32>) -> Result<f32> {
        tape.reset();
        let loss = self.record(tape)?;
        let value = loss.item()?;
        let gradients = tape.backward(loss)?;
        self.sgd.step(&mut self.net, &gradients)?;
        Ok(value)
    }

    /// One step on a recorded tape run again, with the update folded into the way back; its loss.
    #[allow(dead_code, reason = "not every user of this file folds")]
    pub(crate) fn folded(&mut self, tape: &Tape<f32>, loss: Var<'_, f32>) -> Result<f32> {
        self.net.bind(tape)?;
        tape.replay()?;
        let value = loss.item()?;
        self.sgd.descend(&mut self.net, tape, loss)?;
        Ok(value)
    }

    /// One step on a recorded tape run again; its loss.
    pub(crate) fn replay(&mut self, tape: &Tape<f32>, loss: Var<'_, f32>) -> Result<f32> {
        self.net.bind(tape)?;
        tape.replay()?;
        let value = loss.item()?;
        let gradients = tape.backward(loss)?;
        self.sgd.step(&mut self.net, &gradients)?;
        Ok(value)
    }
}
