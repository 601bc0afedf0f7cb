#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod arrays;
mod blend;
mod coherent;
mod combine;
mod cross_temporal;
mod differentiable;
mod error;
mod explain;
mod files;
mod forecasts;
pub mod guide;
mod hierarchy;
mod integrate;
mod linalg;
mod metrics;
mod model;
mod multi;
#[cfg(feature = "plot")]
mod picture;
mod printed;
mod rolling;
mod sparse;
mod status;
mod table;
mod uncertainty;
mod windows;

pub use blend::Stacking;
pub use coherent::Coherent;
pub use combine::{
    Erm, Method, OnlineCovariance, OnlineMethod, Penalty, Preparation, Reconciler, Replaced,
    TemporalCovariance, TopDown,
};
pub use cross_temporal::{
    AtBound, CrossTemporal, Direction, IterationGaps, Iterations, IterativeConfig, Steps, Stepwise,
};
pub use differentiable::{LearnedProjector, Projectable, Projection, Projector};
pub use error::{Error, ErrorKind, Result};
pub use explain::{Explanation, LevelEffect, NodeContributions, NodeExplanation};
pub use hierarchy::{
    Aggregator, Block, Constrained, Equations, Grouped, Hierarchy, Level, Parents, Span, SummingMatrix,
};
pub use integrate::coherence_gap;
pub use metrics::{
    Estimator, Evaluation, Metric, Scores, coverage, crps_gaussian, crps_samples, energy_score,
    interval_score, joint_coverage, mae, mase, pinball, rmse, rmsse, seasonal_naive, seasonal_scale, smape,
    squared_seasonal_scale,
};
pub use model::{
    Autoregression, AutoregressionConfig, Features, FittedModel, Given, Model, Network, NetworkConfig,
    Replay, Ridge, SeasonalNaive,
};
pub use multi::{Combine, Inputs, MultiGranularityModel};
#[cfg(feature = "plot")]
pub use picture::{Picture, Subject};
pub use rolling::{Origin, Origins, RollingOrigins, Window};
pub use status::{ActiveBound, ColumnReport, Constraints, Report, Status};
pub use table::Table;
pub use tensor::ndarray;
pub use uncertainty::{
    Bootstrap, BootstrapConfig, Conformal, ConformalConfig, Gaussian, Region, Samples, Scope, Sides,
    quantiles,
};
pub use windows::{WindowStream, Windows};
