//! The crate as its users see it: golden numbers, properties, real data, refusals.

mod errors;
mod garbage;
mod golden;
mod models;
mod properties;
mod support;
mod tourism;
