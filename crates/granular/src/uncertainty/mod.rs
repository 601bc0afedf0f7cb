//! How sure coherent forecasts are: Gaussians, sample paths, and regions with a promised coverage.

mod bootstrap;
mod conformal;
mod gaussian;
mod normal;
mod quantile;
mod region;
mod samples;
mod scope;

pub use bootstrap::{Bootstrap, BootstrapConfig};
pub use conformal::{Conformal, ConformalConfig, Sides};
pub use gaussian::Gaussian;
pub use quantile::quantiles;
pub use region::Region;
pub use samples::Samples;
pub use scope::Scope;

pub(crate) use normal::{cdf as normal_cdf, density as normal_density};
pub(crate) use quantile::expect_probability;
