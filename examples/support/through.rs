//! Tourism by linear models, trained for their own errors or for those of the reconciled forecasts.
//!
//! At each origin (the last known quarter) and for each horizon h every level has nine weights, shared by its series.
//! Features of a series: its last eight values less the seasonal naive forecast of the target quarter, over the scale s
//! (the mean |y_t − y_(t−4)| up to the origin), and 1. Target: the quarter h ahead, likewise. The weights minimise
//!
//! `Σ_levels (1/nodes) Σ_nodes Σ_t ((y − f) / s)² + 30 Σ weights²`,
//!
//! where f is the level's own forecast, or what reconciling makes of the forecasts of all levels: then all levels are
//! trained together, through `f = M ŷ`. Both are quadratic, and conjugate gradients on the gradients of a tape solve them.

use granular::{Coherent, Hierarchy, Method, Projector, Reconciler, seasonal_scale};
use std::error::Error;
use tensor::ndarray::{Array1, Array2, ArrayD, ArrayView2, Axis, Ix2, Slice};
use tensor::{Tape, Triangle, Var, concat};

const SEASON: usize = 4;
const LAGS: usize = 8;
const WIDTH: usize = LAGS + 1;
/// How many quarters the first window knows.
const FIRST: usize = 9;
const RIDGE: f64 = 30.0;
/// What is compared, in the order of the results.
#[allow(dead_code, reason = "tests know the order")]
pub(crate) const NAMES: [&str; 4] = ["seasonal naive", "unreconciled", "reconciled after", "trained through"];

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// The series of all nodes.
pub(crate) struct Study {
    pub(crate) hierarchy: Hierarchy,
    series: Array2<f64>,
}

impl Study {
    /// Of the values of all nodes.
    pub(crate) fn new(values: Coherent) -> Self {
        Self { hierarchy: values.hierarchy().clone(), series: values.into_inner() }
    }

    /// The absolute errors over the scales of every node, of the four forecasts in [`NAMES`], for the quarter `horizon`
    /// after the first `origin` ones. `method` makes the reconciliation from the unreconciled models' past errors.
    pub(crate) fn errors(
        &self,
        origin: usize,
        horizon: usize,
        method: impl Fn(Array2<f64>) -> Method,
    ) -> Outcome<[Array1<f64>; 4]> {
        let past = Past::new(self, origin, horizon)?;
        let alone = past.train(&self.hierarchy, None)?;
        let residuals = &past.targets - &past.forecasts(&past.windows, &alone);
        let projector = Projector::new(Reconciler::new(&self.hierarchy, method(residuals))?)?;
        let together = past.train(&self.hierarchy, Some(&projector))?;

        let now = Windows::new(self, &past.scales, [origin, origin + 1], horizon);
        let agreed = |weights: &Array2<f64>| -> Outcome<Array2<f64>> {
            Ok(projector.reconciler().reconcile(past.forecasts(&now, weights).view())?.into_inner())
        };
        let forecasts =
            [now.naive.clone(), past.forecasts(&now, &alone), agreed(&alone)?, agreed(&together)?];
        let actual = self.series.column(origin + horizon - 1);
        let scales = Array1::from(past.scales);
        Ok(forecasts.map(|forecast| (&forecast.column(0) - &actual).mapv(f64::abs) / &scales))
    }
}

/// The features of all nodes at some origins, and the seasonal naive forecasts.
struct Windows {
    /// For each level its nodes' windows, node by node (nodes · times × 9).
    features: Vec<Array2<f64>>,
    /// n × times.
    naive: Array2<f64>,
}

impl Windows {
    fn new(study: &Study, scales: &[f64], [first, end]: [usize; 2], horizon: usize) -> Self {
        let y = &study.series;
        let season = SEASON * horizon.div_ceil(SEASON);
        let naive = Array2::from_shape_fn((y.nrows(), end - first), |(node, t)| {
            y[[node, first + t + horizon - 1 - season]]
        });
        let features = study.hierarchy.levels().map(|level| {
            let times = end - first;
            Array2::from_shape_fn((level.len() * times, WIDTH), |(row, feature)| {
                let (node, t) = (level.range().start + row / times, row % times);
                if feature == LAGS {
                    return 1.0;
                }
                (y[[node, first + t - LAGS + feature]] - naive[[node, t]]) / scales[node]
            })
        });
        Self { features: features.collect(), naive }
    }
}

/// What is known at an origin.
struct Past {
    scales: Vec<f64>,
    windows: Windows,
    /// The quarter that each window is about, n × times.
    targets: Array2<f64>,
}

impl Past {
    fn new(study: &Study, origin: usize, horizon: usize) -> Outcome<Self> {
        let first = FIRST;
        let known = study.series.slice_axis(Axis(1), Slice::from(..origin));
        let scales = seasonal_scale(known, SEASON)?;
        if scales.contains(&0.0) || origin < first + horizon {
            return Err("expected series that change and are longer than a window".into());
        }
        let windows = Windows::new(study, &scales, [first, origin - horizon + 1], horizon);
        let targets = known.slice_axis(Axis(1), Slice::from(first + horizon - 1..)).to_owned();
        Ok(Self { scales, windows, targets })
    }

    /// Forecasts of all nodes (n × times) by each level's weights (levels × 9).
    fn forecasts(&self, windows: &Windows, weights: &Array2<f64>) -> Array2<f64> {
        let corrections = windows.features.iter().zip(weights.rows()).flat_map(|(x, w)| x.dot(&w).to_vec());
        let corrections: Vec<f64> = corrections.collect();
        let mut out = windows.naive.clone();
        let times = out.ncols();
        for ((node, t), value) in out.indexed_iter_mut() {
            *value += self.scales[node] * corrections[node * times + t];
        }
        out
    }

    /// The best weights, levels × 9: without a projector each level's for itself.
    fn train(&self, hierarchy: &Hierarchy, projector: Option<&Projector>) -> Outcome<Array2<f64>> {
        let levels = hierarchy.levels().len();
        let tape = Tape::<f64>::new();
        let weights = tape.var(&Array2::zeros((levels, WIDTH)))?;
        let loss = self.loss(hierarchy, weights, projector)?;
        let gradient = |at: &Array2<f64>| -> Outcome<Array2<f64>> {
            tape.set(weights, at)?;
            tape.replay()?;
            Ok(matrix(tape.backward(loss)?.wrt(weights)?))
        };
        let normal =
            self.windows.features.iter().zip(hierarchy.levels()).map(|(x, level)| {
                (x.t().dot(x) / level.len() as f64 + Array2::<f64>::eye(WIDTH) * RIDGE) * 2.0
            });
        minimise(gradient, &normal.collect::<Vec<_>>())
    }

    /// Records the loss of weights, levels × 9.
    fn loss<'t>(
        &self,
        hierarchy: &Hierarchy,
        weights: Var<'t, f64>,
        projector: Option<&Projector>,
    ) -> Outcome<Var<'t, f64>> {
        let (tape, times) = (weights.tape(), self.targets.ncols());
        let mut corrections = Vec::new();
        for (level, x) in hierarchy.levels().zip(&self.windows.features) {
            let of_level = weights.narrow(0, level.position(), 1)?;
            let correction = tape.constant(x)?.matmul_nt(of_level)?;
            corrections.push(correction.reshape(&[level.len(), times])?);
        }
        let column = |values: Vec<f64>| tape.constant(&Array1::from(values).insert_axis(Axis(1)));
        let own = concat(&corrections, 0)?.mul(column(self.scales.clone())?)?;
        let mut forecast = own.add(tape.constant(&self.windows.naive)?)?;
        if let Some(projector) = projector {
            forecast = projector.project(forecast)?;
        }
        let nodes = hierarchy.levels().flat_map(|level| std::iter::repeat_n(level.len(), level.len()));
        let shares =
            nodes.zip(&self.scales).map(|(nodes, scale)| 1.0 / (scale * (nodes as f64).sqrt())).collect();
        let errors = tape.constant(&self.targets)?.sub(forecast)?.mul(column(shares)?)?;
        Ok(errors.square()?.sum()?.add(weights.square()?.sum()?.scale(RIDGE)?)?)
    }
}

/// The minimum of a quadratic function from its gradients: preconditioned conjugate gradients, from 0. `normal` are the
/// blocks of the Hessian that each row of the argument has without the others: where that is all, one step is enough.
fn minimise(
    gradient: impl Fn(&Array2<f64>) -> Outcome<Array2<f64>>,
    normal: &[Array2<f64>],
) -> Outcome<Array2<f64>> {
    let tape = Tape::<f64>::new();
    let factors: Vec<ArrayD<f64>> = normal
        .iter()
        .map(|block| tape.constant(block)?.cholesky()?.value())
        .collect::<tensor::Result<_>>()?;
    let mut at = Array2::zeros((normal.len(), WIDTH));
    let start = gradient(&at)?;
    let mut residual = -&start;
    let mut z = solved(&factors, residual.view())?;
    let mut direction = z.clone();
    let mut size = (&residual * &z).sum();
    let enough = 1e-16 * size;
    for _ in 0..200 {
        if size <= enough {
            return Ok(at);
        }
        let curved = gradient(&direction)? - &start;
        let step = size / (&direction * &curved).sum();
        at.scaled_add(step, &direction);
        residual.scaled_add(-step, &curved);
        z = solved(&factors, residual.view())?;
        let next = (&residual * &z).sum();
        direction = &z + &(direction * (next / size));
        size = next;
    }
    Err("200 conjugate gradients did not reach the minimum".into())
}

/// Each row by its own system, of which the Cholesky factor is given.
fn solved(factors: &[ArrayD<f64>], rows: ArrayView2<'_, f64>) -> Outcome<Array2<f64>> {
    let tape = Tape::<f64>::new();
    let mut out = Array2::zeros(rows.dim());
    for ((factor, row), mut out) in factors.iter().zip(rows.rows()).zip(out.rows_mut()) {
        let lower = tape.constant(factor)?;
        let half = lower.solve_triangular(tape.constant(&row)?, Triangle::Lower)?;
        let x = lower.solve_triangular(half, Triangle::LowerTransposed)?.value()?;
        out.iter_mut().zip(&x).for_each(|(out, &x)| *out = x);
    }
    Ok(out)
}

fn matrix(values: ArrayD<f64>) -> Array2<f64> {
    values.into_dimensionality::<Ix2>().expect("weights have two axes")
}

/// The MASE of the four forecasts: of all nodes, and of each level.
pub(crate) struct Scores {
    pub(crate) all: [f64; 4],
    pub(crate) levels: Vec<(String, [f64; 4])>,
}

impl Study {
    /// Means over origins, horizons 1 to 8 and nodes.
    pub(crate) fn scores(
        &self,
        origins: impl IntoIterator<Item = usize>,
        method: impl Fn(Array2<f64>) -> Method,
    ) -> Outcome<Scores> {
        let mut sums = [(); 4].map(|()| Array1::<f64>::zeros(self.hierarchy.len()));
        let mut count = 0.0;
        for origin in origins {
            for horizon in 1..=8 {
                let errors = self.errors(origin, horizon, &method)?;
                sums.iter_mut().zip(errors).for_each(|(sum, errors)| *sum += &errors);
                count += 1.0;
            }
        }
        let mean = |nodes: std::ops::Range<usize>| {
            let of = |sum: &Array1<f64>| {
                nodes.clone().map(|node| sum[node]).sum::<f64>() / nodes.len() as f64 / count
            };
            sums.each_ref().map(of)
        };
        let levels = self.hierarchy.levels().map(|level| (level.name().to_owned(), mean(level.range())));
        Ok(Scores { all: mean(0..self.hierarchy.len()), levels: levels.collect() })
    }
}
