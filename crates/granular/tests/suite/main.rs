//! The crate as its users see it: golden numbers, properties, real data, refusals.

#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap like the tests they serve")]

mod aggregators;
mod blending;
mod conformal;
mod cross_temporal;
mod cross_temporal_on_tourism;
mod differentiable;
mod errors;
mod evaluation;
mod every_reconciler;
mod explain;
mod garbage;
mod garbage_scores;
mod golden;
mod learning;
#[path = "../../../../tests/support/m5.rs"]
mod m5;
mod method_errors;
mod method_properties;
mod methods;
mod methods_on_tourism;
mod models;
mod online;
#[cfg(feature = "plot")]
mod pictures;
mod properties;
mod random_cases;
mod reconciling;
mod reports;
mod scale;
mod scores;
mod status;
mod status_properties;
mod status_reports;
mod structure_files;
mod structure_methods;
mod structure_properties;
mod structures;
mod structures_everywhere;
mod support;
mod temporal;
mod temporal_on_demand;
#[path = "../../../../examples/support/through.rs"]
mod through;
mod tourism;
mod train_through;
mod uncertainty;
