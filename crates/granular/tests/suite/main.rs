//! The crate as its users see it: golden numbers, properties, real data, refusals.

#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap like the tests they serve")]

mod errors;
mod garbage;
mod golden;
mod models;
mod properties;
mod status;
mod status_properties;
mod support;
mod tourism;
