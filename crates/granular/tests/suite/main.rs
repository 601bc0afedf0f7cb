//! The crate as its users see it: golden numbers, properties, real data, refusals.

#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap like the tests they serve")]

mod conformal;
mod errors;
mod garbage;
mod golden;
mod models;
mod properties;
mod scores;
mod support;
mod tourism;
mod uncertainty;
