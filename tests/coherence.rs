//! The whole road on real data: from a tape to forecasts that agree at every level.

#[path = "../examples/support/tourism.rs"]
mod job;
#[path = "../examples/support/mod.rs"]
mod support;

use granular::{Method, Metric};
use std::error::Error;

#[test]
fn the_main_job_adds_up_and_beats_the_seasonal_naive() -> Result<(), Box<dyn Error>> {
    let outcome = job::run(72, Method::WlsStruct, 0)?;
    assert_eq!((outcome.hierarchy.len(), outcome.hierarchy.levels().len()), (425, 6));
    assert_eq!(outcome.reconciled.columns(), job::HORIZON);
    let total = outcome.reconciled.node("Total")?[0];
    let [before, after] = outcome.gaps;
    assert!(before > 100.0 && after <= 1e-9 * total, "gaps {before} and {after} of {total}");
    let overall = |forecast| outcome.evaluation.overall(forecast, Metric::Mase);
    let (naive, ours) = (overall("seasonal naive")?, overall("reconciled")?);
    assert_eq!(format!("{naive:.2}"), "1.18");
    assert!(ours < naive, "{ours} against {naive}");
    Ok(())
}
