//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod activation;
mod attention;
mod conv;
mod dense;
mod embedding;
mod explain;
mod layer_errors;
mod layer_shapes;
mod loss_cases;
mod losses;
mod norm;
mod pool;
mod recurrent;
mod serving;
mod support;
