//! Node statuses: what users of other libraries have reported, as they would meet it here.

use granular::ndarray::{Array1, Array2, Axis, Slice, array};
use granular::{Constraints, ErrorKind, Hierarchy, Method, MultiGranularityModel, Reconciler, Ridge, Status};

use crate::m5;
use crate::support::{distance, seven_nodes};

/// A number in −1 .. 1.
fn number(i: usize) -> f64 {
    let mut x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 32;
    x = x.wrapping_mul(0xd6e8_feb8_6659_fd93);
    (x >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// 1 + 4 + 20 nodes above 200 units, and a grouping across.
fn crossed(units: usize) -> Hierarchy {
    let key = |modulus: usize| (0..units).map(move |i| format!("{}", i % modulus));
    Hierarchy::grouped()
        .key("a", key(4))
        .key("b", key(20))
        .key("c", (0..units).map(|i| format!("{}", i * 7 / units)))
        .key("unit", (0..units).map(|i| format!("{i}")))
        .level("Total", &[])
        .level("A", &["a"])
        .level("B", &["b"])
        .level("C", &["c"])
        .level("Unit", &["unit"])
        .build()
        .unwrap()
}

/// Every projection, for residuals of the nodes.
fn projections(h: &Hierarchy, residuals: &Array2<f64>) -> Vec<Method> {
    let n = h.len();
    vec![
        Method::Ols,
        Method::WlsStruct,
        Method::Wls(Array1::from_shape_fn(n, |node| 1.0 + node as f64)),
        Method::WlsVar(residuals.clone()),
        Method::MintCov(residuals.clone()),
        Method::MintShrink(residuals.clone()),
        Method::Custom(Array2::from_shape_fn((n, n), |(i, j)| if i == j { 2.0 } else { 0.3 })),
        Method::BottomUp,
    ]
}

/// «non-negative hangs forever» at a few hundred series.
#[test]
fn hierarchicalforecast_178_non_negative_ends() {
    for units in [200, 900] {
        let h = crossed(units);
        let known = Constraints::new(&h).non_negative();
        let base = Array2::from_shape_fn((h.len(), 4), |(i, c)| match c {
            0 => -1.0 - i as f64,
            1 => number(i) * 1e6,
            // Nearly every set of bounds is nearly as good.
            2 => 1e-9 * number(i) - 1e-10,
            _ => {
                if i % 2 == 0 {
                    1e8
                } else {
                    -1e8
                }
            }
        });
        for method in [Method::Ols, Method::WlsStruct, Method::BottomUp] {
            let (y, report) =
                Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known).unwrap();
            assert!(y.all().iter().all(|&value| value >= 0.0));
            assert!(report.kkt_residual() <= 1e-10);
            assert!(report.columns().iter().all(|column| column.iterations < 100), "{}", report.iterations());
            assert!(y.all().column(0).iter().all(|&value| value == 0.0), "nothing but negative forecasts");
        }
    }
}

/// Series of zeros: nodes without a variance, and forecasts on the bound.
#[test]
fn hierarchicalforecast_225_zero_inflated_series() {
    let h = seven_nodes();
    let mut residuals = Array2::from_shape_fn((7, 12), |(i, t)| number(100 * i + t));
    let mut base =
        array![[10.0, 0.0], [12.0, 0.0], [1.0, 0.0], [9.0, 0.0], [3.0, 0.0], [-2.0, 0.0], [0.0, 0.0]];
    // B2 is zero throughout, and then everything is.
    for zeros in [vec![6], (0..7).collect()] {
        for node in zeros {
            residuals.row_mut(node).fill(0.0);
            base[[node, 1]] = 0.0;
        }
        for method in [Method::WlsVar(residuals.clone()), Method::MintShrink(residuals.clone())] {
            let reconciler = Reconciler::new(&h, method).unwrap();
            assert!(!reconciler.preparation().is_clean());
            let known = Constraints::new(&h).non_negative();
            let (y, report) = reconciler.reconcile_with(base.view(), &known).unwrap();
            assert!(y.all().iter().all(|&value| value >= 0.0 && value.is_finite()));
            assert!(y.node("T").unwrap()[1] == 0.0 && report.kkt_residual() <= 1e-10);
        }
    }
}

/// No negative forecast from any projection.
#[test]
fn darts_1065_and_2014_non_negative_with_every_method() {
    let h = crossed(40);
    let residuals = Array2::from_shape_fn((h.len(), 30), |(i, t)| number(1000 * i + t));
    let base = Array2::from_shape_fn((h.len(), 3), |(i, c)| 3.0 * number(7 * i + c));
    let known = Constraints::new(&h).non_negative();
    for method in projections(&h, &residuals) {
        let reconciler = Reconciler::new(&h, method).unwrap();
        let plain = reconciler.reconcile(base.view()).unwrap();
        assert!(plain.finest().iter().any(|&value| value < 0.0));
        let (y, report) = reconciler.reconcile_with(base.view(), &known).unwrap();
        assert!(y.all().iter().all(|&value| value >= 0.0));
        assert!(report.kkt_residual() <= 1e-10 && report.columns().iter().all(|c| !c.active.is_empty()));
    }
}

/// Series that must keep their forecasts, at every step its own.
#[test]
fn sktime_7586_immutable_series() {
    let h = seven_nodes();
    let residuals = Array2::from_shape_fn((7, 30), |(i, t)| number(1000 * i + t));
    let base = array![[10.0, 20.0], [12.0, 2.0], [1.0, 5.0], [9.0, 1.0], [3.0, 8.0], [2.0, 7.0], [1.0, 4.0]];
    let known = Constraints::new(&h).kept("T").unwrap().kept("A1").unwrap().non_negative();
    for method in projections(&h, &residuals) {
        let (y, _) = Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known).unwrap();
        for (c, (total, a1)) in [(10.0, 9.0), (20.0, 1.0)].into_iter().enumerate() {
            assert!((y.node("T").unwrap()[c] - total).abs() < 1e-12);
            assert_eq!(y.node("A1").unwrap()[c], a1);
        }
        assert!(y.all().iter().all(|&value| value >= 0.0));
    }
    let known = Constraints::new(&h).kept("A").unwrap().kept("A1").unwrap().kept("A2").unwrap();
    let ols = Reconciler::new(&h, Method::Ols).unwrap();
    let error = ols.reconcile_with(base.view(), &known).unwrap_err();
    // They add up in the first step, in the second 1 + 8 is not 2.
    assert_eq!(
        error.to_string(),
        "no values that add up have these fixed values: `A` = 2, `A1` = 1, `A2` = 8"
    );
}

/// Nodes without a forecast are no crash.
#[test]
fn hts_60_missing_nodes() {
    let h = seven_nodes();
    let residuals = Array2::from_shape_fn((7, 30), |(i, t)| number(1000 * i + t));
    let base = array![[10.0], [f64::NAN], [1.0], [9.0], [f64::NAN], [2.0], [f64::NAN]];
    let known = ["A", "A2", "B2"].iter().fold(Constraints::new(&h), |c, node| c.missing(node).unwrap());
    for method in projections(&h, &residuals) {
        let bottom_up = method == Method::BottomUp;
        let reconciler = Reconciler::new(&h, method).unwrap();
        assert!(reconciler.reconcile(base.view()).is_err(), "NaN is no forecast");
        match reconciler.reconcile_with(base.view(), &known) {
            // Four numbers for four unknowns.
            Ok((y, _)) => {
                let expected = array![[10.0], [9.0], [1.0], [9.0], [0.0], [2.0], [-1.0]];
                assert!(distance(&y.into_inner(), &expected) < 1e-9);
            }
            Err(error) => {
                assert!(bottom_up && matches!(error.kind(), ErrorKind::Unidentified { .. }), "{error}");
            }
        }
    }
}

#[test]
fn levels_without_a_model() {
    let h = seven_nodes();
    let x = array![[1.0], [2.0], [3.0], [4.0]];
    let ridge = || Ridge::new(1e-6).unwrap();
    let mut model = MultiGranularityModel::new(&h, Method::WlsStruct).unwrap();
    model = model.with_model("T", ridge()).unwrap().with_model("Leaf", ridge()).unwrap();
    model.fit_granularity("T", x.view(), x.view()).unwrap();
    model.fit_granularity("Leaf", x.view(), x.view()).unwrap();
    assert_eq!(model.predict(x.view()).unwrap_err().to_string(), "level `Half` has no model");
    let known = Constraints::new(&h).missing_level("Half").unwrap().non_negative();
    let (y, _) = model.predict_with(x.view(), &known).unwrap();
    assert!(distance(&y.into_inner(), &array![[10.0], [3.0], [7.0], [1.0], [2.0], [3.0], [4.0]]) < 1e-4);
    // All of a level fixed: it is not asked either.
    let known = known.fixed("A", 4.0).unwrap().fixed("B", 6.0).unwrap();
    let (y, _) = model.predict_with(x.view(), &known).unwrap();
    assert!((y.node("A").unwrap()[0] - 4.0).abs() < 1e-12);
    let all = Constraints::from_statuses(&h, &[Status::Missing; 7]).unwrap();
    assert_eq!(
        model.predict_with(x.view(), &all).unwrap_err().to_string(),
        "levels with a prediction that is read: expected at least one, got none"
    );
    let other = Hierarchy::temporal(2, &[("half", 1)]).unwrap();
    assert_eq!(
        model.predict_with(x.view(), &Constraints::new(&other)).unwrap_err().to_string(),
        "the set of constraints has another hierarchy than the model"
    );
}

/// 42,840 nodes, a quarter of the units forecast below 0: no dense system of any kind.
#[test]
fn m5_non_negative() {
    let h = m5::hierarchy(&m5::keys()).unwrap();
    let mut base = m5::base_forecasts(&h).unwrap().slice_axis(Axis(1), Slice::from(..1)).to_owned();
    for node in 0..h.len() {
        base[[node, 0]] -= 0.6 * h.members(node).len() as f64;
    }
    let known = Constraints::new(&h).non_negative();
    let (y, report) = Reconciler::new(&h, Method::Ols).unwrap().reconcile_with(base.view(), &known).unwrap();
    let column = &report.columns()[0];
    println!(
        "{} iterations, {} active, KKT {:e}",
        column.iterations,
        column.active.len(),
        column.kkt_residual
    );
    assert!(column.active.len() > 5000 && column.iterations < 30 && column.kkt_residual <= 1e-10);
    assert!(y.all().iter().all(|&value| value >= 0.0));
    // The gradient from the definition: 0 for free units, not below 0 for those at 0.
    let mut gradient = vec![0.0; h.finest_len()];
    for node in 0..h.len() {
        for (unit, _) in h.members(node) {
            gradient[unit] += y.all()[[node, 0]] - base[[node, 0]];
        }
    }
    for (unit, gradient) in gradient.into_iter().enumerate() {
        let held = y.finest()[[unit, 0]] == 0.0;
        assert!(gradient > -1e-6 && (held || gradient < 1e-6), "unit {unit}: {gradient:e}");
    }
    // A level that nobody forecasts, and a total that is known.
    let known = Constraints::new(&h).missing_level("Item x state").unwrap().fixed("Total", 30_000.0).unwrap();
    let (y, report) =
        Reconciler::new(&h, Method::WlsStruct).unwrap().reconcile_with(base.view(), &known).unwrap();
    assert!((y.all()[[0, 0]] / 30_000.0 - 1.0).abs() <= 1e-10 && report.kkt_residual() <= 1e-10);
    // With a known total, bounds are forces one by one: so many are refused before memory runs out.
    let error = Reconciler::new(&h, Method::Ols)
        .unwrap()
        .reconcile_with(base.view(), &known.non_negative())
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooManyStatuses { limit: 1566, .. }), "{error}");
}
