//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod activation;
mod conv;
mod dense;
mod embedding;
mod layer_errors;
mod layer_shapes;
mod layer_training;
mod pool;
mod support;
