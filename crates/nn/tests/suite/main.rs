//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod attention;
mod dense;
mod norm;
mod support;
