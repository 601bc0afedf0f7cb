#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod arrays;
mod coherent;
mod combine;
mod error;
mod forecasts;
mod hierarchy;
mod integrate;
mod linalg;
mod metrics;
mod model;
mod multi;
mod sparse;
mod status;
mod table;

pub use coherent::Coherent;
pub use combine::{Method, Reconciler};
pub use error::{Error, ErrorKind, Result};
pub use hierarchy::{Grouped, Hierarchy, Level};
pub use integrate::coherence_gap;
pub use metrics::{Evaluation, Metric, mae, mase, rmse, seasonal_naive, seasonal_scale};
pub use model::{
    Autoregression, AutoregressionConfig, Features, FittedModel, Given, Model, Network, NetworkConfig, Ridge,
    SeasonalNaive,
};
pub use multi::{Inputs, MultiGranularityModel};
pub use status::{ActiveBound, ColumnReport, Constraints, Report, Status};
pub use table::Table;
pub use tensor::ndarray;
