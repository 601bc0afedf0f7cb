//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod activation;
mod attention;
mod conv;
mod dense;
mod ema;
mod embedding;
mod explain;
mod layer_errors;
mod layer_shapes;
mod layer_training;
mod loss_derivatives;
mod losses;
mod metrics;
mod norm;
mod optimizer_cases;
mod optimizer_refusals;
mod optimizer_state;
mod optimizers;
mod pool;
mod recurrent;
mod schedules;
mod serving;
mod support;
mod trainer;
mod weights;
