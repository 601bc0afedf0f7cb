//! W kept online: the weighted formulas computed independently, and refusals that change nothing.

use granular::{ErrorKind, Hierarchy, Method, OnlineCovariance, OnlineMethod, Reconciler};
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2, Axis, array};

use crate::differentiable::sketch;
use crate::support::{distance, seeded, seven_nodes};

const METHODS: [OnlineMethod; 3] = [OnlineMethod::WlsVar, OnlineMethod::MintCov, OnlineMethod::MintShrink];

fn fed(h: &Hierarchy, method: OnlineMethod, forgetting: f64, e: &Array2<f64>) -> OnlineCovariance {
    let mut online = OnlineCovariance::new(h, method, forgetting).unwrap();
    for column in e.columns() {
        online.update(column).unwrap();
    }
    online
}

fn covariance(online: &OnlineCovariance) -> Array2<f64> {
    match online.method().unwrap() {
        Method::Wls(w) => Array2::from_diag(&w),
        Method::Custom(w) => w,
        other => panic!("{other:?}"),
    }
}

/// The formulas of the documentation, from all columns at once.
struct Weighted {
    squares: Array1<f64>,
    covariance: Array2<f64>,
    shrinkage: f64,
    effective: f64,
}

fn weighted(e: &Array2<f64>, f: f64) -> Weighted {
    let (n, t) = e.dim();
    let omega = Array1::from_shape_fn(t, |i| f.powi((t - 1 - i) as i32));
    let (v1, v2) = (omega.sum(), omega.mapv(|w| w * w).sum());
    let squares = (e * e).dot(&omega) / v1;
    let centred = e - &(e.dot(&omega) / v1).insert_axis(Axis(1));
    let products = (&centred * &omega).dot(&centred.t());
    let (mut variance, mut square) = (0.0, 0.0);
    for i in 0..n {
        for j in 0..i {
            let deviation = (products[[i, i]] / v1).sqrt() * (products[[j, j]] / v1).sqrt();
            let w = &centred.row(i) * &centred.row(j) / deviation;
            let r = w.dot(&omega) / v1;
            let spread = w.mapv(|w| (w - r).powi(2)).dot(&omega) / v1;
            variance += spread * (v2 / v1 / v1) / (1.0 - v2 / v1 / v1);
            square += r * r;
        }
    }
    let shrinkage = (variance / square).clamp(0.0, 1.0);
    Weighted { squares, covariance: products / (v1 - v2 / v1), shrinkage, effective: v1 * v1 / v2 }
}

proptest! {
    #![proptest_config(seeded(96))]

    #[test]
    fn weighted_formulas(sketch in sketch(8), f in 0.3f64..=1.0, columns in 3usize..=6) {
        let h = sketch.hierarchy();
        let e = sketch.numbers(h.len(), columns);
        let expected = weighted(&e, f);
        let size = e.iter().fold(0.0, |a: f64, b| a.max(b * b));
        let diagonal = Array2::from_diag(&expected.squares);
        let mut shrunk = expected.covariance.clone() * (1.0 - expected.shrinkage);
        shrunk.diag_mut().assign(&expected.covariance.diag());
        for (method, expected_w) in METHODS.into_iter().zip([diagonal, expected.covariance.clone(), shrunk]) {
            let online = fed(&h, method, f, &e);
            prop_assert!(distance(&covariance(&online), &expected_w) <= 1e-12 * size);
            prop_assert!((online.effective_columns() / expected.effective - 1.0).abs() < 1e-12);
            prop_assert_eq!(online.columns(), columns);
        }
        let shrinkage = fed(&h, OnlineMethod::MintShrink, f, &e).reconciler().unwrap().preparation().shrinkage;
        prop_assert!((shrinkage.unwrap() - expected.shrinkage).abs() < 1e-12);
    }

    #[test]
    fn without_forgetting_it_reconciles_as_the_batch_methods(sketch in sketch(8)) {
        let h = sketch.hierarchy();
        let e = sketch.residuals(h.len());
        let batch = [Method::WlsVar(e.clone()), Method::MintCov(e.clone()), Method::MintShrink(e.clone())];
        let base = sketch.numbers(h.len(), 2);
        for (online, batch) in METHODS.into_iter().zip(batch) {
            let expected = Reconciler::new(&h, batch.clone()).unwrap();
            let got = fed(&h, online, 1.0, &e).reconciler().unwrap();
            prop_assert_eq!(got.preparation().jitter, expected.preparation().jitter);
            prop_assert_eq!(&got.preparation().replaced.len(), &expected.preparation().replaced.len());
            let (got, expected) = (got.reconcile(base.view()).unwrap(), expected.reconcile(base.view()).unwrap());
            prop_assert!(distance(&got.into_inner(), &expected.into_inner()) < 1e-8, "{:?}", batch);
        }
    }

    #[test]
    fn columns_one_by_one_or_together(sketch in sketch(8), f in 0.3f64..=1.0) {
        let h = sketch.hierarchy();
        let e = sketch.numbers(h.len(), 6);
        for method in METHODS {
            let mut together = OnlineCovariance::new(&h, method, f).unwrap();
            together.extend(e.view()).unwrap();
            prop_assert_eq!(covariance(&together), covariance(&fed(&h, method, f, &e)));
        }
    }
}

#[test]
fn old_columns_fade() {
    let h = seven_nodes();
    let wave = |t: usize, i: usize| f64::sin((t * 5 + i * i * 11) as f64);
    let e = Array2::from_shape_fn((7, 400), |(i, t)| wave(t, i) * if t < 200 { 100.0 } else { 1.0 });
    for method in METHODS {
        let all = covariance(&fed(&h, method, 1.0, &e));
        let recent = covariance(&fed(&h, method, 0.9, &e));
        assert!(all[[0, 0]] > 1000.0 && recent[[0, 0]] < 1.0, "{} and {}", all[[0, 0]], recent[[0, 0]]);
        let effective = fed(&h, method, 0.9, &e).effective_columns();
        assert!((effective - 19.0).abs() < 1e-9, "{effective}");
    }
}

#[test]
fn missing_residuals_leave_variances_of_what_is_there() {
    let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
    let mut online = OnlineCovariance::new(&h, OnlineMethod::WlsVar, 0.5).unwrap();
    online.update_present(&[Some(2.0), Some(1.0), None]).unwrap();
    online.update_present(&[Some(4.0), None, Some(3.0)]).unwrap();
    // (0.5 · 4 + 16) / 1.5; 1 alone, whatever its weight; 9 alone.
    assert_eq!(online.method().unwrap(), Method::Wls(array![12.0, 1.0, 9.0]));
    assert_eq!(online.effective_columns(), 1.0);
    // A node that is away for so long that its weight vanishes starts anew.
    for _ in 0..5000 {
        online.update_present(&[Some(4.0), None, Some(3.0)]).unwrap();
    }
    let Method::Wls(w) = online.method().unwrap() else { panic!("variances are kept") };
    assert_eq!(w[1], 1.0);
    online.update(array![4.0, 7.0, 3.0].view()).unwrap();
    let Method::Wls(w) = online.method().unwrap() else { panic!("variances are kept") };
    assert!((w - array![16.0, 49.0, 9.0]).mapv(f64::abs).sum() < 1e-12);
}

#[test]
fn constant_residuals_get_a_floor() {
    let h = seven_nodes();
    let mut e = Array2::from_shape_fn((7, 9), |(i, t)| f64::sin((t * 5 + i * i * 11) as f64));
    e.row_mut(3).fill(0.0);
    e.row_mut(4).fill(2.5);
    for (method, replaced) in METHODS.into_iter().zip([1, 2, 2]) {
        let reconciler = fed(&h, method, 0.9, &e).reconciler().unwrap();
        assert_eq!(reconciler.preparation().replaced.len(), replaced, "{}", reconciler.preparation());
        assert_eq!(reconciler.preparation().replaced[0].node, "A1");
    }
}

#[test]
fn refusals_change_nothing() {
    let h = seven_nodes();
    let message =
        |forgetting| OnlineCovariance::new(&h, OnlineMethod::WlsVar, forgetting).unwrap_err().to_string();
    assert_eq!(message(0.0), "forgetting: expected a number above 0 and at most 1, got 0");
    assert_eq!(message(1.5), "forgetting: expected a number above 0 and at most 1, got 1.5");
    assert_eq!(message(f64::NAN), "forgetting: expected a number above 0 and at most 1, got NaN");
    for method in METHODS {
        let mut online = OnlineCovariance::new(&h, method, 0.9).unwrap();
        assert_eq!(online.effective_columns(), 0.0);
        assert_eq!(online.hierarchy(), &h);
        online.update(Array1::ones(7).view()).unwrap();
        for result in [online.reconciler().map(|_| ()), online.method().map(|_| ())] {
            assert_eq!(result.unwrap_err().to_string(), "residuals: expected at least 2 columns, got 1");
        }
        online.update(Array1::from_shape_fn(7, |i| i as f64).view()).unwrap();
        let before = format!("{online:?}");
        let mut nan = Array1::zeros(7);
        nan[2] = f64::NAN;
        let error = online.update(nan.view()).unwrap_err().to_string();
        assert_eq!(error, "level `Half`, node `B`, column 2: expected a finite value, got NaN");
        let mut huge = Array1::ones(7);
        huge[6] = 1e200;
        let error = online.update(huge.view()).unwrap_err().to_string();
        assert_eq!(error, "level `Leaf`, node `B2`: expected a positive, finite variance, got inf");
        let error = online.update(Array1::ones(6).view()).unwrap_err().to_string();
        assert_eq!(error, "residuals: expected 7 rows, got 6");
        let error = online.extend(Array2::ones((6, 2)).view()).unwrap_err().to_string();
        assert_eq!(error, "residuals: expected 7 rows, got 6");
        let mut second = Array2::ones((7, 2));
        second[[1, 1]] = f64::INFINITY;
        let error = online.extend(second.view()).unwrap_err().to_string();
        assert_eq!(error, "level `Half`, node `A`, column 3: expected a finite value, got inf");
        let mut missing = [Some(1.0); 7];
        missing[3] = None;
        if method != OnlineMethod::WlsVar {
            let error = online.update_present(&missing).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::MissingResidual { column: 2, .. }));
            assert_eq!(
                error.to_string(),
                "level `Leaf`, node `A1`, column 2: expected a residual, as covariances need all nodes at the same \
                 times, got none"
            );
        }
        assert_eq!(format!("{online:?}"), before);
    }
    let mut never = OnlineCovariance::new(&h, OnlineMethod::WlsVar, 0.9).unwrap();
    let mut missing = [Some(1.0); 7];
    missing[3] = None;
    for _ in 0..2 {
        never.update_present(&missing).unwrap();
    }
    let error = never.reconciler().unwrap_err().to_string();
    assert_eq!(error, "level `Leaf`, node `A1`: expected a positive, finite variance, got NaN");
}
