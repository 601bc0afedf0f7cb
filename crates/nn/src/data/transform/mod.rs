//! Transforms that are fitted on training data and then applied to any.

mod impute;
mod min_max;
mod one_hot;
mod scale;
mod standardize;

pub use impute::{Fill, FittedImpute, Impute, Indicator};
pub use min_max::{FittedMinMax, MinMax};
pub use one_hot::{FittedOneHot, OneHot, Unknown};
pub use standardize::{FittedStandardize, Standardize};
