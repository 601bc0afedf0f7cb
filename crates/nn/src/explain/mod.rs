//! Seeing inside: which inputs a result depends on.

mod gradient;
mod integrated;
mod permutation;
mod quadrature;
mod score;
mod smooth;

pub use gradient::{Sensitivity, input_gradients};
pub use integrated::{Attribution, IntegratedGradientsConfig, integrated_gradients};
pub use permutation::{Better, Importance, PermutationConfig, PermutationImportance, permutation_importance};
pub use quadrature::Quadrature;
pub use score::{class_score, class_scores};
pub use smooth::{Noise, SmoothGradConfig, smooth_grad};
