#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod arrays;
mod coherent;
mod combine;
mod cross_temporal;
mod error;
mod forecasts;
mod hierarchy;
mod integrate;
mod linalg;
mod metrics;
mod model;
mod multi;
mod sparse;
mod table;
mod uncertainty;

pub use coherent::Coherent;
pub use combine::{Erm, Method, Penalty, Preparation, Reconciler, Replaced, TemporalCovariance, TopDown};
pub use cross_temporal::{
    AtBound, CrossTemporal, Direction, IterationGaps, Iterations, IterativeConfig, Stepwise,
};
pub use error::{Error, ErrorKind, Result};
pub use hierarchy::{Grouped, Hierarchy, Level};
pub use integrate::coherence_gap;
pub use metrics::{
    Estimator, Evaluation, Metric, coverage, crps_gaussian, crps_samples, energy_score, interval_score,
    joint_coverage, mae, mase, pinball, rmse, rmsse, seasonal_naive, seasonal_scale, smape,
    squared_seasonal_scale,
};
pub use model::{
    Autoregression, AutoregressionConfig, Features, FittedModel, Given, Model, Network, NetworkConfig, Ridge,
    SeasonalNaive,
};
pub use multi::{Inputs, MultiGranularityModel};
pub use table::Table;
pub use tensor::ndarray;
pub use uncertainty::{
    Bootstrap, BootstrapConfig, Conformal, ConformalConfig, Gaussian, Region, Samples, Scope, Sides,
    quantiles,
};
