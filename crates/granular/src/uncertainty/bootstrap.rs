//! Base sample paths from residuals.

use rand::{Rng, RngExt};
use tensor::ndarray::{Array2, Array3, ArrayView2};

use crate::arrays::{expect_extent, expect_finite};
use crate::error::{ErrorKind, Result};

/// Settings of a [`Bootstrap`].
///
/// | name | default | meaning | range |
/// | --- | --- | --- | --- |
/// | `samples` | 1000 | the number of paths, k | at least 1 |
/// | `block` | 1 | residuals drawn as neighbours in time | 1 to T |
///
/// A block of 1 treats errors of different steps as independent; a longer one keeps what neighbours have in common
/// (Künsch, *The jackknife and the bootstrap for general stationary observations*, Annals of Statistics 17, 1989).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootstrapConfig {
    /// The number of paths.
    pub samples: usize,
    /// How many neighbouring columns are drawn at once.
    pub block: usize,
}

impl Default for BootstrapConfig {
    fn default() -> Self {
        Self { samples: 1000, block: 1 }
    }
}

/// Draws base sample paths: a forecast plus residuals of the past.
///
/// A column of the residuals is what was wrong at all nodes at one time. Columns are drawn whole, so paths keep how the
/// errors of the nodes hang together, which is what reconciling them needs. Residuals are taken as they are: a mean
/// that is not 0 moves the paths.
///
/// ```
/// use granular::{Bootstrap, BootstrapConfig};
/// use rand::SeedableRng;
/// use rand::rngs::ChaCha8Rng;
/// use tensor::ndarray::array;
///
/// // Two nodes; in the past both were 1 too low or both 2 too high.
/// let residuals = array![[1.0, -2.0], [1.0, -2.0]];
/// let bootstrap = Bootstrap::new(residuals, BootstrapConfig { samples: 50, block: 1 })?;
/// let paths = bootstrap.paths(array![[10.0], [20.0]].view(), &mut ChaCha8Rng::seed_from_u64(7))?;
/// assert_eq!(paths.dim(), (2, 1, 50));
/// for sample in 0..50 {
///     let (a, b) = (paths[[0, 0, sample]], paths[[1, 0, sample]]);
///     assert!(a == 11.0 && b == 21.0 || a == 8.0 && b == 18.0);
/// }
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    residuals: Array2<f64>,
    config: BootstrapConfig,
}

impl Bootstrap {
    /// Will draw from residuals `actual − forecast` of all nodes (n × T, columns in the order of time).
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for no samples or a block of 0; [`ErrorKind::TooShort`] for fewer columns than a block;
    /// [`ErrorKind::NotFiniteCell`].
    pub fn new(residuals: Array2<f64>, config: BootstrapConfig) -> Result<Self> {
        for (name, value) in [("samples", config.samples), ("block", config.block)] {
            if value == 0 {
                return Err(ErrorKind::Parameter { name, expected: "at least 1", got: "0".to_owned() }.into());
            }
        }
        let got = residuals.ncols();
        if got < config.block {
            return Err(ErrorKind::TooShort { what: "residuals", needed: config.block, got }.into());
        }
        expect_finite("residuals", residuals.view())?;
        Ok(Self { residuals, config })
    }

    /// Paths around base forecasts (n × h → n × h × k); the same state of `rng` gives the same bits.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of rows than the residuals have, [`ErrorKind::NotFiniteCell`].
    pub fn paths(&self, base: ArrayView2<'_, f64>, rng: &mut impl Rng) -> Result<Array3<f64>> {
        expect_extent("base forecasts", "rows", self.residuals.nrows(), base.nrows())?;
        expect_finite("base forecasts", base)?;
        let (rows, steps) = base.dim();
        let mut out = Array3::zeros((rows, steps, self.config.samples));
        for sample in 0..self.config.samples {
            for (step, time) in self.times(steps, rng).into_iter().enumerate() {
                for node in 0..rows {
                    out[[node, step, sample]] = base[[node, step]] + self.residuals[[node, time]];
                }
            }
        }
        Ok(out)
    }

    /// The column for each step: blocks laid one after the other, the last one cut.
    fn times(&self, steps: usize, rng: &mut impl Rng) -> Vec<usize> {
        let block = self.config.block;
        let starts = self.residuals.ncols() - block + 1;
        let mut times = Vec::with_capacity(steps + block);
        while times.len() < steps {
            let start = rng.random_range(0..starts);
            times.extend(start..start + block);
        }
        times.truncate(steps);
        times
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_block_keeps_neighbours() {
        let residuals = Array2::from_shape_fn((2, 9), |(node, t)| t as f64 + 100.0 * node as f64);
        let bootstrap = Bootstrap::new(residuals, BootstrapConfig { samples: 40, block: 3 }).unwrap();
        let paths = bootstrap.paths(Array2::zeros((2, 5)).view(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        for sample in 0..40 {
            let at = |step| paths[[0, step, sample]];
            assert_eq!((at(1), at(2), at(4)), (at(0) + 1.0, at(0) + 2.0, at(3) + 1.0));
            assert!((0..5).all(|step| paths[[1, step, sample]] == at(step) + 100.0));
        }
        assert_eq!(
            paths,
            bootstrap.paths(Array2::zeros((2, 5)).view(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
        );
    }
}
