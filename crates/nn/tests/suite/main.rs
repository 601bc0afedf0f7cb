//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod dense;
mod losses;
mod metrics;
mod support;
