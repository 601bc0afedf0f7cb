//! Hand-made fixtures with known answers.

use granular::{Hierarchy, Method, Reconciler};
use tensor::ndarray::{Array1, Array2, array};

use crate::support::{distance, reference_projection, seven_nodes};

const BASE: [f64; 7] = [100.0, 55.0, 52.0, 30.0, 20.0, 15.0, 30.0];

fn reconciled(hierarchy: &Hierarchy, method: Method) -> Vec<f64> {
    let base = Array2::from_shape_vec((7, 1), BASE.to_vec()).unwrap();
    let reconciler = Reconciler::new(hierarchy, method).unwrap();
    reconciler.reconcile(base.view()).unwrap().all().iter().copied().collect()
}

fn assert_close(got: &[f64], expected: [f64; 7]) {
    for (got, expected) in got.iter().zip(expected) {
        assert!((got / expected - 1.0).abs() < 1e-9, "{got} is not {expected}");
    }
}

#[test]
fn ols_and_wls_struct_rows() {
    let ols = [
        101.2857142857,
        52.4761904762,
        48.8095238095,
        31.2380952381,
        21.2380952381,
        16.9047619048,
        31.9047619048,
    ];
    let wls_struct = [
        100.6666666667,
        52.3333333333,
        48.3333333333,
        31.1666666667,
        21.1666666667,
        16.6666666667,
        31.6666666667,
    ];
    let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap();
    for hierarchy in [seven_nodes(), year] {
        assert_close(&reconciled(&hierarchy, Method::Ols), ols);
        assert_close(&reconciled(&hierarchy, Method::WlsStruct), wls_struct);
        assert_close(&reconciled(&hierarchy, Method::Wls(Array1::from_elem(7, 3.0))), ols);
        assert_eq!(reconciled(&hierarchy, Method::BottomUp), [95.0, 50.0, 45.0, 30.0, 20.0, 15.0, 30.0]);
    }
}

#[test]
fn uneven_variances_agree_with_the_textbook_in_both_forms() {
    let variances = [0.5, 2.0, 3.0, 1.0, 4.0, 0.25, 7.0];
    let h = seven_nodes();
    let m = Reconciler::new(&h, Method::Wls(Array1::from(variances.to_vec()))).unwrap().projection_matrix();
    assert!(distance(&m, &reference_projection(&h, &variances)) < 1e-14);

    // Five aggregates over two units: the smaller system is the one of the units.
    let h = Hierarchy::grouped()
        .key("a", ["x", "y"])
        .key("b", ["p", "p"])
        .level("T", &[])
        .level("A", &["a"])
        .level("B", &["b"])
        .level("B again", &["b"])
        .level("Unit", &["a", "b"])
        .build()
        .unwrap();
    assert_eq!(h.len(), 7);
    let m = Reconciler::new(&h, Method::Wls(Array1::from(variances.to_vec()))).unwrap().projection_matrix();
    assert!(distance(&m, &reference_projection(&h, &variances)) < 1e-14);
}

#[test]
fn one_level_comes_back_unchanged() {
    let h = Hierarchy::temporal(3, &[("row", 1)]).unwrap();
    let base = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
    for method in [Method::BottomUp, Method::Ols, Method::WlsStruct] {
        assert_eq!(Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap().all(), base);
    }
}

#[test]
fn no_columns_are_no_trouble() {
    let h = seven_nodes();
    for method in [Method::BottomUp, Method::Ols] {
        let none = Reconciler::new(&h, method).unwrap().reconcile(Array2::zeros((7, 0)).view()).unwrap();
        assert_eq!(none.all().dim(), (7, 0));
    }
    assert_eq!(h.integrate(Array2::zeros((4, 0)).view()).unwrap().gaps(), [0.0; 3]);
}

#[test]
fn a_transposed_base_gives_the_same_bits() {
    let h = seven_nodes();
    let base = Array2::from_shape_fn((7, 3), |(i, c)| BASE[i] * (c + 1) as f64 / 7.0);
    let columns_first = base.t().as_standard_layout().into_owned();
    let reconciler = Reconciler::new(&h, Method::WlsStruct).unwrap();
    assert_eq!(reconciler.reconcile(base.view()).unwrap(), reconciler.reconcile(columns_first.t()).unwrap());
}

#[test]
fn a_node_with_a_tiny_variance_keeps_its_value() {
    let h = seven_nodes();
    let mut variances = Array1::ones(7);
    variances[0] = 1e-10;
    let agreed = reconciled(&h, Method::Wls(variances.clone()));
    assert!((agreed[0] - 100.0).abs() < 1e-7, "{}", agreed[0]);
    variances[1] = 1e-10;
    let agreed = reconciled(&h, Method::Wls(variances));
    assert!((agreed[0] - 100.0).abs() < 1e-7 && (agreed[1] - 55.0).abs() < 1e-7);
    assert!((agreed[2] - 45.0).abs() < 1e-7, "what is left for B");
}
