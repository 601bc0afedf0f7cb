//! What crosses modules of the crate: layers, losses and optimizers beside PyTorch's, reported cases, files.

mod dense;
mod ema;
mod optimizer_cases;
mod optimizer_refusals;
mod optimizer_state;
mod optimizers;
mod schedules;
mod support;
