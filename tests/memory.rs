//! Large hierarchies are reconciled in memory of their own size.

#[path = "support/heap.rs"]
mod heap;
#[path = "support/m5.rs"]
mod m5;
#[path = "support/million.rs"]
mod million;

use granular::{Method, Reconciler, Result};
use heap::peak;

// One test, so that no other thread allocates meanwhile.
#[test]
fn large_hierarchies_take_memory_of_their_size() -> Result<()> {
    m5_stays_below_200_megabytes()?;
    a_million_nodes_are_exact()
}

/// Building from key columns included, for which 28 steps of 42,840 nodes take 10 MB themselves.
fn m5_stays_below_200_megabytes() -> Result<()> {
    let keys = m5::keys();
    let (total, bytes) = peak(|| {
        let sales = m5::hierarchy(&keys)?;
        let base = m5::base_forecasts(&sales)?;
        let agreed = Reconciler::new(&sales, Method::WlsStruct)?.reconcile(base.view())?;
        Ok::<_, granular::Error>(agreed.all()[[0, 0]])
    });
    assert!((total? / 30493.875342207 - 1.0).abs() < 1e-9);
    assert!(bytes < 200_000_000, "{bytes} bytes at once");
    Ok(())
}

/// Exact is where `Sᵀ W⁻¹ (ŷ − ỹ) = 0`: a unit and the three nodes above it move by amounts that cancel out.
fn a_million_nodes_are_exact() -> Result<()> {
    let tree = million::hierarchy(&million::keys())?;
    assert_eq!((tree.len(), tree.finest_len()), (1_001_101, 1_000_000));
    let base = million::base_forecasts(&tree);
    let agreed = Reconciler::new(&tree, Method::WlsStruct)?.reconcile(base.view())?;
    let moved: Vec<f64> = (0..tree.len())
        .map(|node| (base[[node, 0]] - agreed.all()[[node, 0]]) / tree.members(node).len() as f64)
        .collect();
    for unit in (0..1_000_000).step_by(997) {
        let above = [0, 1 + unit / 10_000, 101 + unit / 1000, 1101 + unit];
        let sum: f64 = above.iter().map(|&node| moved[node]).sum();
        assert!(sum.abs() < 1e-9, "{sum} at unit {unit}");
    }
    Ok(())
}
