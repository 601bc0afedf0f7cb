//! How much memory there is in use at most: counted, not estimated.
//!
//! A test binary of its own with one test, since the counter replaces the allocator of the whole process.

#[path = "../../../tests/support/heap.rs"]
mod heap;
#[path = "../../../tests/support/m5.rs"]
mod m5;
#[path = "../../../tests/support/million.rs"]
mod million;

use granular::ndarray::Array2;
use granular::{Hierarchy, Method, Reconciler, Result};
use heap::peak;

#[test]
fn peaks() -> Result<()> {
    reconciling_fourteen_thousand_series();
    streaming();
    m5_stays_below_200_megabytes()?;
    a_million_nodes_are_exact()
}

/// hierarchicalforecast #163: a dense n × n matrix alone would be 1.7 GB.
fn reconciling_fourteen_thousand_series() {
    const SERIES: usize = 14_690;
    let key = |modulus: usize| -> Vec<String> { (0..SERIES).map(|i| (i % modulus).to_string()).collect() };
    let keys = [key(10), key(70), key(SERIES)];
    let (h, building) = peak(|| {
        Hierarchy::grouped()
            .key("state", &keys[0])
            .key("shop", &keys[1])
            .key("item", &keys[2])
            .level("Total", &[])
            .level("State", &["state"])
            .level("Shop", &["shop"])
            .level("Item", &["item"])
            .build()
            .expect("it is sound")
    });
    let base = Array2::from_elem((h.len(), 1), 1.0);
    let n = h.len();
    let (agreed, reconciling) = peak(|| {
        Reconciler::new(&h, Method::WlsStruct).and_then(|r| r.reconcile(base.view())).expect("it is sound")
    });
    assert_eq!(agreed.gaps(), [0.0; 4]);
    println!("{n} nodes: {building} bytes to build the hierarchy, {reconciling} to reconcile");
    assert!(building < 1200 * n, "{building}");
    assert!(reconciling < 400 * n, "{reconciling}");
}

/// gcForest #10: m · d numbers, and one window's n · d; the length of the series does not matter.
fn streaming() {
    let h = Hierarchy::temporal(240, &[("day", 240), ("hour", 10), ("one", 1)]).expect("it is sound");
    let numbers = (h.finest_len() + h.len()) * 3 * size_of::<f64>();
    let run = |length: usize| {
        peak(|| {
            let mut stream = h.stream(3, 1).expect("both are positive");
            let mut sum = 0.0;
            for t in 0..length {
                let at = t as f64;
                if let Some(window) = stream.push(&[at, -at, 1.0]).expect("finite") {
                    sum += window.all()[[0, 2]];
                }
            }
            sum
        })
    };
    let ((short, short_peak), (long, long_peak)) = (run(500), run(20_000));
    assert_eq!((short, long), (261.0 * 240.0, 19_761.0 * 240.0));
    assert_eq!(short_peak, long_peak, "the length does not matter");
    assert!(long_peak <= numbers + 1024, "{long_peak} bytes for {numbers} of numbers");
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
