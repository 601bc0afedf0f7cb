//! Every way in which preparing or using a method fails, with its message.

use granular::{Erm, Error, ErrorKind, Hierarchy, Method, Penalty, Reconciler, TopDown};
use tensor::ndarray::{Array2, array};

use crate::support::seven_nodes;

fn refusal(method: Method) -> String {
    message(Reconciler::new(&seven_nodes(), method))
}

fn message<T>(result: Result<T, Error>) -> String {
    result.err().expect("it must fail").to_string()
}

#[test]
fn residuals() {
    for method in [Method::WlsVar, Method::MintCov, Method::MintShrink] {
        assert_eq!(refusal(method(Array2::ones((6, 9)))), "residuals: expected 7 rows, got 6");
        assert_eq!(refusal(method(Array2::ones((7, 0)))), "residuals: expected at least 2 columns, got 0");
        assert_eq!(refusal(method(Array2::ones((7, 1)))), "residuals: expected at least 2 columns, got 1");
        let mut errors = Array2::ones((7, 9));
        errors[[5, 4]] = f64::NAN;
        assert_eq!(
            refusal(method(errors.clone())),
            "level `Leaf`, node `B1`, column 4: expected a finite value, got NaN"
        );
        errors[[5, 4]] = 1e200;
        assert_eq!(
            refusal(method(errors)),
            "level `Leaf`, node `B1`: expected a positive, finite variance, got inf"
        );
    }
}

#[test]
fn covariances() {
    let custom = |w| refusal(Method::Custom(w));
    assert_eq!(custom(Array2::eye(6)), "W: expected 7 rows, got 6");
    assert_eq!(custom(Array2::zeros((7, 8))), "W: expected 7 columns, got 8");
    let changed = |i: usize, j: usize, value: f64| {
        let mut w = Array2::eye(7);
        w[[i, j]] = value;
        w
    };
    assert_eq!(
        custom(changed(1, 2, f64::INFINITY)),
        "level `Half`, node `A`, column 2: expected a finite value, got inf"
    );
    assert_eq!(
        custom(changed(0, 0, -1.0)),
        "level `T`, node `T`: expected a positive, finite variance, got -1"
    );
    assert_eq!(
        custom(changed(3, 1, 0.5)),
        "W is not symmetric: node `A1` of level `Leaf` with node `A` of level `Half` has 0.5, the other way round 0"
    );
    let mut w = changed(3, 1, 2.0);
    w[[1, 3]] = 2.0;
    assert_eq!(custom(w), "W of 7 rows is not positive definite, nor with 1e-2 of its diagonal added");
}

#[test]
fn crossed_levels() {
    let crossed = |levels: &[(&str, &[&str])]| {
        let mut builder = Hierarchy::grouped()
            .key("state", ["A", "A", "B", "B"])
            .key("purpose", ["work", "fun", "work", "fun"]);
        for (name, keys) in levels {
            builder = builder.level(name, keys);
        }
        builder.level("Both", &["state", "purpose"]).build().unwrap()
    };
    let h = crossed(&[("Total", &[]), ("State", &["state"]), ("Purpose", &["purpose"])]);
    let reason = "but a forecast can only be shared out where each node lies in one node of the level before";
    assert_eq!(
        message(Reconciler::new(&h, Method::TopDown(TopDown::ForecastProportions))),
        format!(
            "top-down: node `work` of level `Purpose` lies in both `A` and `B` of level `State`, {reason}"
        )
    );
    assert_eq!(
        message(Reconciler::new(&h, Method::MiddleOut("State".into()))),
        format!(
            "middle-out: node `work` of level `Purpose` lies in both `A` and `B` of level `State`, {reason}"
        )
    );
    // Purpose nests with what is below, but State above it is no sum of purposes.
    let error = Reconciler::new(&h, Method::MiddleOut("Purpose".into())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Crossed { method: "middle-out", .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "middle-out: node `work` of level `Purpose` lies in both `A` and `B` of level `State`, {reason}"
        )
    );
    assert_eq!(
        message(Reconciler::new(&h, Method::MiddleOut("Town".into()))),
        "level `Town` is unknown, the levels are `Total`, `State`, `Purpose`, `Both`"
    );
    // Historical shares need no nesting, and groups that cross above the middle are sums of it.
    let history = Method::TopDown(TopDown::AverageProportions(Array2::ones((4, 1))));
    assert!(Reconciler::new(&h, history).is_ok());
    assert!(Reconciler::new(&h, Method::MiddleOut("Both".into())).is_ok());
}

#[test]
fn proportions_of_forecasts_that_cancel_out() {
    let base = array![[9.0, 9.0], [5.0, 5.0], [4.0, 4.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [3.0, -3.0]];
    let reconciler = Reconciler::new(&seven_nodes(), Method::MiddleOut("Half".into())).unwrap();
    assert_eq!(
        message(reconciler.reconcile(base.view())),
        "level `Half`, node `B`, column 1: the forecasts of level `Leaf` under it add up to 0, so they have no \
         proportions"
    );
}

#[test]
fn histories() {
    for proportions in [TopDown::AverageProportions, TopDown::ProportionAverages] {
        let top_down = |history| refusal(Method::TopDown(proportions(history)));
        assert_eq!(top_down(Array2::ones((4, 0))), "history: expected at least 1 columns, got 0");
        assert_eq!(top_down(Array2::ones((5, 2))), "history: expected 4 rows, got 5");
        let mut history = Array2::ones((4, 2));
        history[[2, 1]] = f64::NAN;
        assert_eq!(top_down(history), "level `Leaf`, node `B1`, column 1: expected a finite value, got NaN");
        assert_eq!(
            top_down(Array2::from_elem((4, 2), 1e308)),
            "level `T`, node `T`, column 0: expected a finite value, got inf"
        );
    }
}

#[test]
fn learnt_maps() {
    let good = || Erm {
        actual: Array2::ones((7, 5)),
        fitted: Array2::ones((7, 5)),
        columns: 3,
        penalty: Penalty::None,
    };
    let erm = |erm| refusal(Method::Erm(erm));
    assert_eq!(erm(Erm { actual: Array2::ones((4, 5)), ..good() }), "actual values: expected 7 rows, got 4");
    assert_eq!(erm(Erm { fitted: Array2::ones((4, 5)), ..good() }), "fitted values: expected 7 rows, got 4");
    assert_eq!(
        erm(Erm { fitted: Array2::ones((7, 4)), ..good() }),
        "fitted values: expected 5 columns, got 4"
    );
    for (columns, got) in [(0, "0 of 5"), (6, "6 of 5")] {
        assert_eq!(
            erm(Erm { columns, ..good() }),
            format!("columns: expected at least 1 and at most the number of actual values, got {got}")
        );
    }
    let mut fitted = Array2::ones((7, 5));
    fitted[[0, 1]] = f64::NAN;
    assert_eq!(
        erm(Erm { fitted, ..good() }),
        "level `T`, node `T`, column 1: expected a finite value, got NaN"
    );
    for (penalty, got) in [
        (Penalty::Ridge(0.0), "0"),
        (Penalty::Ridge(-1.0), "-1"),
        (Penalty::RidgeToBottomUp(f64::NAN), "NaN"),
        (Penalty::RidgeToBottomUp(f64::INFINITY), "inf"),
    ] {
        assert_eq!(
            erm(Erm { penalty, ..good() }),
            format!("ridge penalty: expected a positive, finite number, got {got}")
        );
    }
    assert_eq!(
        erm(Erm { penalty: Penalty::Ridge(1e-18), ..good() }),
        "erm: the system of 3 equations has no unique solution (a ridge penalty, or a larger one, gives it one)"
    );
}
