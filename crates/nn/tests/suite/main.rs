//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod checkpoints;
mod dense;
mod files;
mod kill;
mod support;
mod weights;
