//! The crate as its users see it: golden numbers, properties, real data, refusals.

#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap like the tests they serve")]

mod aggregators;
mod conformal;
mod errors;
mod garbage;
mod golden;
#[path = "../../../../tests/support/m5.rs"]
mod m5;
mod method_errors;
mod method_properties;
mod methods;
mod methods_on_tourism;
mod models;
mod properties;
mod scale;
mod scores;
mod structure_files;
mod structure_methods;
mod structure_properties;
mod structures;
mod support;
mod tourism;
mod uncertainty;
