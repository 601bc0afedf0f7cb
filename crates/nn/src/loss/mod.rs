//! Losses, one per file.

mod bce_with_logits;
mod cross_entropy;
mod gaussian_nll;
mod huber;
mod kl_divergence;
mod mae;
mod mse;
mod pair;
mod poisson_nll;
mod quantile;
mod smooth_l1;

pub use bce_with_logits::{bce_with_logits, bce_with_logits_with};
pub use cross_entropy::{cross_entropy, cross_entropy_soft, cross_entropy_with};
pub use gaussian_nll::{GaussianNllConfig, gaussian_nll, gaussian_nll_with};
pub use huber::{HuberConfig, huber, huber_with};
pub use kl_divergence::{KlDivergenceConfig, KlReduction, kl_divergence, kl_divergence_with};
pub use mae::{mae, mae_with};
pub use mse::{mse, mse_with};
pub use poisson_nll::{PoissonNllConfig, poisson_nll, poisson_nll_with};
pub use quantile::{QuantileConfig, quantile, quantile_with};
pub use smooth_l1::{SmoothL1Config, smooth_l1, smooth_l1_with};
pub use tensor::{BinaryCrossEntropyConfig, CrossEntropyConfig, Reduction};
