//! What several test modules share.

use std::fs::File;
use std::path::Path;

use flate2::read::GzDecoder;
use granular::Hierarchy;
use proptest::test_runner::{Config, RngSeed};
use tensor::ndarray::Array2;

/// Total T, halves A and B, leaves A1, A2, B1, B2.
pub(crate) fn seven_nodes() -> Hierarchy {
    Hierarchy::grouped()
        .key("half", ["A", "A", "B", "B"])
        .key("leaf", ["A1", "A2", "B1", "B2"])
        .level("T", &[])
        .level("Half", &["half"])
        .level("Leaf", &["leaf"])
        .build()
        .unwrap()
}

/// A row for each pair of keys, below levels of either key.
pub(crate) fn crossed(rows: &[(u8, u8)]) -> Hierarchy {
    Hierarchy::grouped()
        .key("a", rows.iter().map(|row| format!("a{}", row.0)))
        .key("b", rows.iter().map(|row| format!("b{}", row.1)))
        .key("unit", (0..rows.len()).map(|i| format!("u{i}")))
        .level("Total", &[])
        .level("A", &["a"])
        .level("B", &["b"])
        .level("Unit", &["unit"])
        .build()
        .unwrap()
}

/// A file of the workspace's `data` folder. A checkout without it skips the test with a line, CI fails.
pub(crate) fn data(name: &str) -> Option<GzDecoder<File>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
    match File::open(&path) {
        Ok(file) => Some(GzDecoder::new(file)),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{}: {error}", path.display());
            println!("skipped: {} is not there", path.display());
            None
        }
    }
}

/// The same cases in every run, so that a failure is everybody's.
pub(crate) fn seeded(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() }
}

/// S, dense.
pub(crate) fn summing(hierarchy: &Hierarchy) -> Array2<f64> {
    let mut s = Array2::zeros((hierarchy.len(), hierarchy.finest_len()));
    for node in 0..hierarchy.len() {
        for (unit, weight) in hierarchy.members(node) {
            s[[node, unit]] = weight;
        }
    }
    s
}

/// M by the textbook, slowly: `S (Sᵀ W⁻¹ S)⁻¹ Sᵀ W⁻¹` with Gauss–Jordan elimination.
pub(crate) fn reference_projection(hierarchy: &Hierarchy, variances: &[f64]) -> Array2<f64> {
    let s = summing(hierarchy);
    let mut scaled = s.t().to_owned();
    for (mut column, w) in scaled.columns_mut().into_iter().zip(variances) {
        column /= *w;
    }
    s.dot(&solved(scaled.dot(&s), scaled))
}

/// `K⁻¹ b` for a positive definite K.
pub(crate) fn solved(mut k: Array2<f64>, mut b: Array2<f64>) -> Array2<f64> {
    for i in 0..k.nrows() {
        // K is positive definite: no pivoting needed.
        let pivot = k[[i, i]];
        k.row_mut(i).mapv_inplace(|v| v / pivot);
        b.row_mut(i).mapv_inplace(|v| v / pivot);
        let (k_row, b_row) = (k.row(i).to_owned(), b.row(i).to_owned());
        for other in (0..k.nrows()).filter(|&other| other != i) {
            let factor = k[[other, i]];
            k.row_mut(other).scaled_add(-factor, &k_row);
            b.row_mut(other).scaled_add(-factor, &b_row);
        }
    }
    b
}

/// The largest difference of two arrays.
pub(crate) fn distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
