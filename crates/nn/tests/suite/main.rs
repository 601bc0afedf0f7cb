//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod dense;
mod loss_cases;
mod loss_derivatives;
mod losses;
mod metrics;
mod support;
