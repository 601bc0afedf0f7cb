//! Hierarchies too large for a dense system.

use granular::{ErrorKind, Hierarchy, Method, Reconciler};
use tensor::ndarray::{Array1, Array2, Axis, Slice};

use crate::m5;

fn close(got: f64, expected: f64) {
    assert!((got / expected - 1.0).abs() < 1e-9, "{got} is not {expected}");
}

/// `Sᵀ W⁻¹ (ŷ − ỹ) = 0` is what makes ỹ the projection; the largest miss of it, against the sizes it is a sum of.
fn miss(hierarchy: &Hierarchy, base: &Array2<f64>, agreed: &Array2<f64>, variances: &[f64]) -> f64 {
    let of_column = |c: usize| {
        let mut sums = vec![(0.0, 1.0); hierarchy.finest_len()];
        for (node, w) in variances.iter().enumerate() {
            let moved = (base[[node, c]] - agreed[[node, c]]) / w;
            for (unit, _) in hierarchy.members(node) {
                let (sum, size) = &mut sums[unit];
                *sum += moved;
                *size += f64::abs(moved);
            }
        }
        sums.into_iter().map(|(sum, size)| f64::abs(sum) / size).fold(0.0, f64::max)
    };
    (0..base.ncols()).map(of_column).fold(0.0, f64::max)
}

#[test]
fn m5_to_nine_digits() {
    let h = m5::hierarchy(&m5::keys()).unwrap();
    assert_eq!((h.len(), h.finest_len()), (42_840, 30_490));
    // Nine of the 28 steps: a block of eight and one alone.
    let base = m5::base_forecasts(&h).unwrap().slice_axis(Axis(1), Slice::from(..9)).to_owned();
    let sizes: Vec<f64> = (0..h.len()).map(|node| h.members(node).len() as f64).collect();
    for (method, variances, total, first) in [
        (Method::Ols, vec![1.0; h.len()], 31433.561793521, 1.640450227),
        (Method::WlsStruct, sizes, 30493.875342207, 1.509744944),
    ] {
        let agreed = Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap();
        close(agreed.all()[[0, 0]], total);
        close(agreed.finest()[[0, 0]], first);
        assert!(agreed.gaps().iter().all(|&gap| gap == 0.0));
        assert!(miss(&h, &base, &agreed.into_inner(), &variances) < 1e-9);
    }
}

/// 1 + 20 + 700 nodes over 4,200 units: nested, so two passes.
#[test]
fn a_large_tree_is_exact() {
    let h = Hierarchy::temporal(4200, &[("all", 4200), ("w", 210), ("v", 6), ("unit", 1)]).unwrap();
    let variances: Vec<f64> = (0..h.len()).map(|node| 0.1 + (node * 7 % 13) as f64).collect();
    let base = Array2::from_shape_fn((h.len(), 3), |(i, c)| ((i * 31 + c * 17) % 101) as f64 - 40.0);
    let method = Method::Wls(Array1::from(variances.clone()));
    let agreed = Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap();
    // Sums of 4,200 forecasts are rounded at 1e-11, and then divided by variances from 0.1 on.
    assert!(miss(&h, &base, &agreed.into_inner(), &variances) < 1e-9);
}

/// Rows of windows that do not nest, with variances over 600 orders of magnitude.
#[test]
fn what_cannot_be_solved_says_so() {
    let h = Hierarchy::temporal(4200, &[("w", 6), ("v", 7), ("unit", 1)]).unwrap();
    let variances = Array1::from_shape_fn(h.len(), |node| 10f64.powi((node * 37 % 601) as i32 - 300));
    let base = Array2::from_shape_fn((h.len(), 1), |(i, _)| (i % 10) as f64);
    let error = match Reconciler::new(&h, Method::Wls(variances)) {
        Ok(reconciler) => reconciler.reconcile(base.view()).unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error.kind(), ErrorKind::NotConverged { .. } | ErrorKind::Singular { .. }), "{error}");
}
