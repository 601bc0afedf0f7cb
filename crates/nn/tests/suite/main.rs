//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod data;
mod data_files;
mod dense;
mod support;
