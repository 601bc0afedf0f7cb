//! Methods that learn from the past or share out, against numbers worked out elsewhere.

use granular::{Erm, Hierarchy, Method, Penalty, Reconciler, TopDown};
use tensor::ndarray::{Array2, Axis, Slice, array};

use crate::support::{distance, seven_nodes, summing};

const BASE: [f64; 7] = [100.0, 55.0, 52.0, 30.0, 20.0, 15.0, 30.0];

fn base() -> Array2<f64> {
    Array2::from_shape_vec((7, 1), BASE.to_vec()).unwrap()
}

/// Errors of the seven nodes in 40 columns: sums of waves, and noise of their own above.
pub(crate) fn residuals() -> Array2<f64> {
    let mut rows = Array2::zeros((7, 40));
    for (t, mut column) in (1..=40).map(f64::from).zip(rows.columns_mut()) {
        let b = [2.0 * (1.1 * t).cos(), 1.5 * (2.1 * t).sin(), 1.2 * (1.7 * t).cos(), 1.8 * (0.5 * t).sin()];
        let a = b[0] + b[1] + 0.5 * (0.9 * t).sin();
        let c = b[2] + b[3] + 0.5 * (0.3 * t).cos();
        let values = [a + c + 0.8 * (1.3 * t).sin(), a, c, b[0], b[1], b[2], b[3]];
        column.iter_mut().zip(values).for_each(|(to, from)| *to = from);
    }
    rows
}

fn prepared(method: Method) -> Reconciler {
    Reconciler::new(&seven_nodes(), method).unwrap()
}

fn assert_row(method: Method, expected: [f64; 7]) {
    let got = prepared(method.clone()).reconcile(base().view()).unwrap();
    for (got, expected) in got.all().iter().zip(expected) {
        assert!((got / expected - 1.0).abs() < 1e-9, "{method:?}: {got} is not {expected}");
    }
}

#[test]
fn residual_rows() {
    let wls_var = [
        100.5658268534,
        52.3193685440,
        48.2464583093,
        31.4812334081,
        20.8381351359,
        15.9831890050,
        32.2632693043,
    ];
    let mint_cov = [
        96.7503508295,
        55.7830092857,
        40.9673415438,
        35.8628255482,
        19.9201837375,
        14.4888638158,
        26.4784777281,
    ];
    let mint_shrink = [
        99.5815124708,
        52.3366338215,
        47.2448786494,
        31.6891477462,
        20.6474860753,
        15.8647108435,
        31.3801678058,
    ];
    assert_row(Method::WlsVar(residuals()), wls_var);
    assert_row(Method::MintCov(residuals()), mint_cov);
    assert_row(Method::MintShrink(residuals()), mint_shrink);
    // The sign of an error does not matter; neither does its unit.
    assert_row(Method::MintShrink(residuals() * -1e3), mint_shrink);
}

#[test]
fn the_shrinkage_can_be_read() {
    let reconciler = prepared(Method::MintShrink(residuals()));
    let shrinkage = reconciler.preparation().shrinkage.unwrap();
    assert!((shrinkage / 0.1294597558 - 1.0).abs() < 1e-9, "{shrinkage}");
    assert!(reconciler.preparation().is_clean());
    assert_eq!(reconciler.preparation().to_string(), "covariances shrunk by 0.1295\n");
    for method in [Method::Ols, Method::MintCov(residuals()), Method::WlsVar(residuals())] {
        let reconciler = prepared(method);
        assert_eq!((reconciler.preparation().shrinkage, reconciler.preparation().is_clean()), (None, true));
        assert_eq!(reconciler.preparation().to_string(), "");
    }
}

#[test]
fn a_covariance_of_ones_own() {
    let w = array![
        [3.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5],
        [1.0, 2.0, 0.2, 0.6, 0.6, 0.1, 0.1],
        [1.0, 0.2, 2.0, 0.1, 0.1, 0.6, 0.6],
        [0.5, 0.6, 0.1, 1.0, 0.3, 0.0, 0.1],
        [0.5, 0.6, 0.1, 0.3, 1.0, 0.1, 0.0],
        [0.5, 0.1, 0.6, 0.0, 0.1, 1.0, 0.3],
        [0.5, 0.1, 0.6, 0.1, 0.0, 0.3, 1.0],
    ];
    let by_numpy = [
        100.93548387096773,
        52.33137829912024,
        48.6041055718475,
        31.16568914956012,
        21.16568914956012,
        16.80205278592375,
        31.80205278592375,
    ];
    assert_row(Method::Custom(w), by_numpy);
}

#[test]
fn sharing_out() {
    let forecast_proportions =
        [100.0, 51.4018691589, 48.5981308411, 30.8411214953, 20.5607476636, 16.1993769470, 32.3987538941];
    assert_row(Method::TopDown(TopDown::ForecastProportions), forecast_proportions);
    assert_row(Method::MiddleOut("T".into()), forecast_proportions);
    assert_row(Method::MiddleOut("Half".into()), [107.0, 55.0, 52.0, 33.0, 22.0, 52.0 / 3.0, 104.0 / 3.0]);
    assert_row(Method::MiddleOut("Leaf".into()), [95.0, 50.0, 45.0, 30.0, 20.0, 15.0, 30.0]);

    // Shares of 10 of 50, 20 of 50 and 30 of 100: their mean is 0.3; so is 60 of 200.
    let history = array![[10.0, 20.0, 30.0], [10.0, 5.0, 15.0], [20.0, 15.0, 15.0], [10.0, 10.0, 40.0]];
    let average = [100.0, 45.0, 55.0, 30.0, 15.0, 85.0 / 3.0, 80.0 / 3.0];
    let averages = [100.0, 45.0, 55.0, 30.0, 15.0, 25.0, 30.0];
    let all = seven_nodes().integrate(history.view()).unwrap().into_inner();
    for history in [history, all] {
        assert_row(Method::TopDown(TopDown::AverageProportions(history.clone())), average);
        assert_row(Method::TopDown(TopDown::ProportionAverages(history)), averages);
    }
}

#[test]
fn several_columns_are_shared_out_each_by_itself() {
    let h = seven_nodes();
    let base = Array2::from_shape_fn((7, 3), |(i, c)| BASE[(i + 2 * c) % 7] + c as f64);
    for method in [
        Method::MiddleOut("Half".into()),
        Method::TopDown(TopDown::ForecastProportions),
        Method::MintShrink(residuals()),
    ] {
        let reconciler = Reconciler::new(&h, method).unwrap();
        let all = reconciler.reconcile(base.view()).unwrap().into_inner();
        for (c, column) in base.columns().into_iter().enumerate() {
            let one = column.to_owned().into_shape_with_order((7, 1)).unwrap();
            let alone = reconciler.reconcile(one.view()).unwrap();
            assert!(alone.all().column(0).iter().zip(all.column(c)).all(|(a, b)| (a - b).abs() < 1e-12));
        }
        assert_eq!(reconciler.reconcile(Array2::zeros((7, 0)).view()).unwrap().columns(), 0);
    }
}

#[test]
fn children_that_forecast_nothing_share_by_their_size() {
    let tree = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap();
    let mut base = base();
    for node in [5, 6] {
        base[[node, 0]] = 0.0;
    }
    let got = Reconciler::new(&tree, Method::MiddleOut("half".into())).unwrap();
    assert_eq!(
        got.reconcile(base.view()).unwrap().all(),
        array![[107.0], [55.0], [52.0], [33.0], [22.0], [26.0], [26.0]]
    );
}

#[test]
fn a_history_of_nothing_shares_by_size() {
    let reconciler = prepared(Method::TopDown(TopDown::AverageProportions(Array2::zeros((4, 3)))));
    let got = reconciler.reconcile(base().view()).unwrap();
    assert_eq!(got.finest(), array![[25.0], [25.0], [25.0], [25.0]]);
    assert_eq!(reconciler.preparation().replaced.len(), 4);
    let report = reconciler.preparation().to_string();
    let first = "level `Leaf`, node `A1`: the data give no proportion, in use is 2.5e-1\n";
    assert!(report.starts_with(first), "{report}");
    // A column in which nothing was sold says nothing about shares.
    let history = array![[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]];
    let reconciler = prepared(Method::TopDown(TopDown::AverageProportions(history)));
    assert!(reconciler.preparation().is_clean());
}

#[test]
fn projections_have_a_matrix_and_shares_of_forecasts_none() {
    for method in
        [Method::MintCov(residuals()), Method::TopDown(TopDown::ProportionAverages(Array2::ones((4, 1))))]
    {
        let reconciler = prepared(method);
        assert!(reconciler.is_linear());
        let m = reconciler.projection_matrix();
        let applied = reconciler.reconcile(base().view()).unwrap().into_inner();
        assert!(distance(&m.dot(&base()), &applied) < 1e-11);
    }
    for method in [Method::MiddleOut("Half".into()), Method::TopDown(TopDown::ForecastProportions)] {
        let reconciler = prepared(method);
        assert!(!reconciler.is_linear());
        assert!(reconciler.projection_matrix().iter().all(|entry| entry.is_nan()));
    }
    assert!(prepared(Method::MiddleOut("Leaf".into())).is_linear());
}

/// Actual values and fits of ten columns, from small whole numbers.
fn past() -> (Array2<f64>, Array2<f64>) {
    let finest = Array2::from_shape_fn((4, 10), |(i, j)| (9 + i + (3 * i + 2 * j) % 5) as f64);
    let actual = seven_nodes().integrate(finest.view()).unwrap().into_inner();
    let wiggle = Array2::from_shape_fn((7, 10), |(i, j)| (((5 * i + 3 * j + i * j) % 7) as f64 - 3.0) / 2.0);
    let fitted = &actual + &wiggle;
    (actual, fitted)
}

fn learnt(columns: usize, penalty: Penalty) -> Array2<f64> {
    let (actual, fitted) = past();
    let erm = Erm { actual, fitted, columns, penalty };
    prepared(Method::Erm(erm)).reconcile(base().view()).unwrap().into_inner()
}

#[test]
fn learnt_maps() {
    for (columns, penalty, expected) in [
        (4, Penalty::None, [32.673971525561, 19.447739427616, 16.518141885761, 36.773750379893]),
        (4, Penalty::Ridge(2.0), [30.851798417733, 20.035535972618, 17.802161086826, 34.823620879009]),
        (
            4,
            Penalty::RidgeToBottomUp(2.0),
            [31.852110017324, 17.021133154043, 15.408698797578, 33.796264441113],
        ),
        (10, Penalty::None, [38.590203726917, 16.807347204812, 14.305635138726, 37.795101863458]),
        (10, Penalty::Ridge(2.0), [31.141558847446, 20.009220131428, 16.695042365052, 32.872856269881]),
        (
            10,
            Penalty::RidgeToBottomUp(2.0),
            [29.732627745936, 17.111761205921, 14.778802748236, 32.153145173131],
        ),
    ] {
        let got = learnt(columns, penalty);
        for (got, expected) in got.iter().skip(3).zip(expected) {
            assert!((got / expected - 1.0).abs() < 1e-9, "{columns}, {penalty:?}: {got} is not {expected}");
        }
    }
}

#[test]
fn penalties_at_their_ends() {
    let closed = learnt(4, Penalty::None);
    assert!(distance(&learnt(4, Penalty::Ridge(1e-7)), &closed) < 1e-5);
    let bottom_up = prepared(Method::BottomUp).reconcile(base().view()).unwrap().into_inner();
    assert!(distance(&learnt(10, Penalty::RidgeToBottomUp(1e12)), &bottom_up) < 1e-6);
    assert!(learnt(10, Penalty::Ridge(1e12)).iter().all(|value| value.abs() < 1e-5));
}

#[test]
fn columns_of_zeros_teach_nothing() {
    let (actual, _) = past();
    let erm = Erm { actual, fitted: Array2::zeros((7, 10)), columns: 10, penalty: Penalty::None };
    let got = prepared(Method::Erm(erm)).reconcile(base().view()).unwrap();
    assert_eq!(got.all(), Array2::<f64>::zeros((7, 1)));
}

#[test]
fn nodes_without_errors_are_trusted_and_named() {
    let mut errors = residuals();
    errors.row_mut(4).fill(0.0);
    for method in
        [Method::WlsVar(errors.clone()), Method::MintCov(errors.clone()), Method::MintShrink(errors)]
    {
        let reconciler = prepared(method.clone());
        let [replaced] = reconciler.preparation().replaced.as_slice() else { panic!("one node is") };
        assert_eq!(
            (replaced.level.as_str(), replaced.node.as_str(), replaced.quantity),
            ("Leaf", "A2", "variance")
        );
        assert_eq!(reconciler.preparation().jitter, 0.0, "{method:?}");
        let got = reconciler.reconcile(base().view()).unwrap();
        assert!((got.all()[[4, 0]] - 20.0).abs() < 1e-6, "{method:?}: {}", got.all()[[4, 0]]);
    }
    // A constant error has no variance about its mean, but a mean square.
    let mut errors = residuals();
    errors.row_mut(4).fill(0.1);
    assert!(prepared(Method::WlsVar(errors.clone())).preparation().is_clean());
    for method in [Method::MintCov(errors.clone()), Method::MintShrink(errors)] {
        let reconciler = prepared(method);
        assert_eq!(reconciler.preparation().replaced.len(), 1);
        assert!((reconciler.reconcile(base().view()).unwrap().all()[[4, 0]] - 20.0).abs() < 1e-6);
    }
}

#[test]
fn no_errors_at_all_leave_the_structure() {
    let wls_struct = prepared(Method::WlsStruct).reconcile(base().view()).unwrap().into_inner();
    let zeros = Array2::zeros((7, 5));
    for method in [Method::WlsVar(zeros.clone()), Method::MintCov(zeros.clone()), Method::MintShrink(zeros)] {
        let reconciler = prepared(method);
        assert_eq!(reconciler.preparation().replaced.len(), 7);
        let got = reconciler.reconcile(base().view()).unwrap().into_inner();
        assert!(distance(&got, &wls_struct) < 1e-12);
    }
}

#[test]
fn few_columns_need_help_and_say_so() {
    let few = residuals().slice_axis(Axis(1), Slice::from(0..3)).to_owned();
    let reconciler = prepared(Method::MintCov(few.clone()));
    assert_eq!(reconciler.preparation().jitter, 1e-8);
    assert_eq!(
        reconciler.preparation().to_string(),
        "W is not positive definite: 1e-8 of its diagonal was added\n"
    );
    let got = reconciler.reconcile(base().view()).unwrap();
    assert!(got.all().iter().all(|value| value.is_finite()));
    // Shrinking is what makes few columns enough.
    let reconciler = prepared(Method::MintShrink(few));
    assert!(reconciler.preparation().is_clean());
}

#[test]
fn a_covariance_at_the_edge_is_mended() {
    // All nodes move together: rank 1.
    let reconciler = prepared(Method::Custom(Array2::ones((7, 7))));
    assert_eq!(reconciler.preparation().jitter, 1e-8);
    let s = summing(&seven_nodes());
    assert!(distance(&reconciler.projection_matrix().dot(&s), &s) < 1e-6);
}
