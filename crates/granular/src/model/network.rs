//! Networks of the `nn` crate as models.

use std::fmt;

use nn::{Init, Linear, Module, Optimizer, Pass, Sequential, Sgd, mse};
use rand::{SeedableRng, rngs::ChaCha8Rng, seq::SliceRandom};
use tensor::Tape;
use tensor::ndarray::{Array1, Array2, ArrayView2, Axis, Zip};

use super::seasonal_naive::at_least_one;
use super::{FittedModel, Model};
use crate::arrays::{expect_extent, expect_finite};
use crate::error::{Error, ErrorKind, Result};

/// The settings of a [`Network`].
///
/// | name | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `hidden` | one layer of 16 | units of each hidden layer, none for a linear model | ≥ 1 each |
/// | `epochs` | 50 | passes over the rows | ≥ 1 |
/// | `batch` | 32 | rows a step | ≥ 1 |
/// | `rate` | 0.05 | learning rate of the first epoch, falling linearly to a tenth of it | finite, ≥ 0 |
/// | `seed` | 0 | of weights and order | |
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkConfig {
    /// Units of each hidden layer, with relu behind them.
    pub hidden: Vec<usize>,
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows a step.
    pub batch: usize,
    /// Learning rate of the first epoch.
    pub rate: f64,
    /// Of weights and order.
    pub seed: u64,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self { hidden: vec![16], epochs: 50, batch: 32, rate: 0.05, seed: 0 }
    }
}

/// A multi-layer perceptron trained with the mean squared error by gradient descent.
///
/// Columns of x and y are standardised with the mean and deviation of the rows it is fitted to, and
/// predictions are given in the original units. The same seed gives the same bits.
///
/// ```
/// use granular::{Model, Network, NetworkConfig};
/// use tensor::ndarray::{Array2, array};
///
/// let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64);
/// let y = &x * 3.0 + 1.0;
/// let linear = NetworkConfig { hidden: vec![], epochs: 300, ..Default::default() };
/// let line = Network::new(linear)?.fit(x.view(), y.view())?;
/// let got = line.predict(array![[100.0]].view())?[[0, 0]];
/// assert!((got - 301.0).abs() < 1e-3, "{got}");
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    config: NetworkConfig,
}

impl Network {
    /// A network with these settings.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a setting outside of its range.
    pub fn new(config: NetworkConfig) -> Result<Self> {
        config.hidden.iter().try_for_each(|&units| at_least_one("hidden units", units))?;
        at_least_one("epochs", config.epochs)?;
        at_least_one("batch", config.batch)?;
        if !config.rate.is_finite() || config.rate < 0.0 {
            let (expected, got) = ("a finite number of at least 0", config.rate.to_string());
            return Err(ErrorKind::Parameter { name: "learning rate", expected, got }.into());
        }
        Ok(Self { config })
    }

    fn layers(&self, inputs: usize, outputs: usize, rng: &mut ChaCha8Rng) -> nn::Result<Sequential<f64>> {
        let mut net = Sequential::new();
        let mut width = inputs;
        for &units in &self.config.hidden {
            net = net.with(Linear::new(width, units, Init::KaimingUniform, rng)?.relu());
            width = units;
        }
        Ok(net.with(Linear::new(width, outputs, Init::XavierUniform, rng)?))
    }

    fn train(&self, x: &Array2<f64>, y: &Array2<f64>) -> nn::Result<Sequential<f64>> {
        let config = &self.config;
        let rng = &mut ChaCha8Rng::seed_from_u64(config.seed);
        let mut net = self.layers(x.ncols(), y.ncols(), rng)?;
        let (mut tape, mut sgd) = (Tape::new(), Sgd::new(config.rate)?);
        let mut order: Vec<usize> = (0..x.nrows()).collect();
        for epoch in 0..config.epochs {
            sgd.set_rate(config.rate * (1.0 - 0.9 * epoch as f64 / config.epochs as f64))?;
            order.shuffle(rng);
            for rows in order.chunks(config.batch) {
                let input = tape.constant(&x.select(Axis(0), rows))?;
                let target = tape.constant(&y.select(Axis(0), rows))?;
                let loss = mse(net.forward(input, &mut Pass::train(rng))?, target)?;
                sgd.step(&mut net, &tape.backward(loss)?)?;
                tape.reset();
            }
        }
        Ok(net)
    }
}

impl Model for Network {
    /// # Errors
    /// [`ErrorKind::Shape`] when x and y differ in rows; [`ErrorKind::Empty`] without rows or columns;
    /// [`ErrorKind::NotFiniteCell`]; [`ErrorKind::Diverged`] when the trained weights are not finite.
    fn fit(&self, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Result<Box<dyn FittedModel>> {
        expect_extent("network targets", "rows", x.nrows(), y.nrows())?;
        expect_finite("network inputs", x)?;
        expect_finite("network targets", y)?;
        if x.is_empty() || y.is_empty() {
            return Err(ErrorKind::Empty { what: "rows and columns to fit a network to" }.into());
        }
        let (inputs, outputs) = (Scaling::of(x), Scaling::of(y));
        let net = self.train(&inputs.apply(x), &outputs.apply(y)).map_err(Error::model)?;
        let fitted = Fitted { net, inputs, outputs };
        let finite = fitted.predict(x)?.iter().all(|value| value.is_finite());
        if finite { Ok(Box::new(fitted)) } else { Err(ErrorKind::Diverged { rate: self.config.rate }.into()) }
    }
}

/// Mean and deviation of every column.
struct Scaling {
    mean: Array1<f64>,
    deviation: Array1<f64>,
}

impl Scaling {
    /// Of rows that are there. A column without spread keeps its unit.
    fn of(rows: ArrayView2<'_, f64>) -> Self {
        let mean = rows.mean_axis(Axis(0)).expect("there are rows");
        let deviation = rows.std_axis(Axis(0), 0.0).mapv(|d| if d > 0.0 { d } else { 1.0 });
        Self { mean, deviation }
    }

    fn apply(&self, rows: ArrayView2<'_, f64>) -> Array2<f64> {
        (&rows - &self.mean) / &self.deviation
    }

    fn undo(&self, mut rows: Array2<f64>) -> Array2<f64> {
        for mut row in rows.rows_mut() {
            Zip::from(&mut row).and(&self.deviation).and(&self.mean).for_each(|x, d, m| *x = *x * d + m);
        }
        rows
    }
}

struct Fitted {
    net: Sequential<f64>,
    inputs: Scaling,
    outputs: Scaling,
}

impl fmt::Debug for Fitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FittedNetwork").field("net", &self.net).finish_non_exhaustive()
    }
}

impl FittedModel for Fitted {
    fn predict(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        expect_extent("network inputs", "columns", self.inputs.mean.len(), x.ncols())?;
        expect_finite("network inputs", x)?;
        let run = || -> nn::Result<Array2<f64>> {
            let tape = Tape::new();
            let output = self.net.forward(tape.constant(&self.inputs.apply(x))?, &mut Pass::eval())?;
            Ok(output.with(|values| values.into_dimensionality().expect("two axes").to_owned())?)
        };
        Ok(self.outputs.undo(run().map_err(Error::model)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::array;

    fn message(config: NetworkConfig) -> String {
        Network::new(config).unwrap_err().to_string()
    }

    #[test]
    fn settings_out_of_range() {
        let default = NetworkConfig::default;
        assert_eq!(
            message(NetworkConfig { hidden: vec![4, 0], ..default() }),
            "hidden units: expected at least 1, got 0"
        );
        assert_eq!(message(NetworkConfig { epochs: 0, ..default() }), "epochs: expected at least 1, got 0");
        assert_eq!(message(NetworkConfig { batch: 0, ..default() }), "batch: expected at least 1, got 0");
        let rate = NetworkConfig { rate: f64::NAN, ..default() };
        assert_eq!(message(rate), "learning rate: expected a finite number of at least 0, got NaN");
    }

    #[test]
    fn the_seed_decides_every_bit() {
        let x = Array2::from_shape_fn((30, 2), |(i, j)| ((i * 7 + j * 3) % 11) as f64);
        let y = Array2::from_shape_fn((30, 1), |(i, _)| x[[i, 0]] * x[[i, 1]]);
        let fit = |seed| {
            let network = Network::new(NetworkConfig { seed, epochs: 3, ..Default::default() }).unwrap();
            network.fit(x.view(), y.view()).unwrap().predict(x.view()).unwrap()
        };
        assert_eq!(fit(1), fit(1));
        assert_ne!(fit(1), fit(2));
    }

    #[test]
    fn data_that_cannot_be_fitted_or_predicted() {
        let network = Network::new(NetworkConfig { rate: 1e6, ..Default::default() }).unwrap();
        let (x, y) = (array![[1.0], [2.0], [4.0]], array![[1.0], [5.0], [2.0]]);
        let message =
            |x: &Array2<f64>, y: &Array2<f64>| network.fit(x.view(), y.view()).err().unwrap().to_string();
        assert_eq!(
            message(&x, &y),
            "network: the learning rate 1000000 makes training diverge, expected a smaller one"
        );
        assert_eq!(message(&x, &array![[1.0]]), "network targets: expected 3 rows, got 1");
        assert_eq!(
            message(&Array2::zeros((3, 0)), &y),
            "rows and columns to fit a network to: expected at least one, got none"
        );
        let fitted = Network::new(NetworkConfig::default()).unwrap().fit(x.view(), y.view()).unwrap();
        let error = fitted.predict(array![[1.0, 2.0]].view()).unwrap_err().to_string();
        assert_eq!(error, "network inputs: expected 1 columns, got 2");
    }
}
