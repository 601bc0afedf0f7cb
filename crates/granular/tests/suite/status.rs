//! Node statuses: golden numbers, real data, refusals word for word.

use std::time::Instant;

use granular::ndarray::{Array1, Array2, array};
use granular::{Constraints, Error, ErrorKind, Evaluation, Hierarchy, Method, Metric, Reconciler, Status};

use crate::support::{distance, seven_nodes};
use crate::tourism::tourism;

fn message<T>(result: Result<T, Error>) -> String {
    result.err().expect("it must fail").to_string()
}

fn base() -> Array2<f64> {
    array![[10.0], [12.0], [1.0], [9.0], [3.0], [-2.0], [1.0]]
}

fn ols(h: &Hierarchy) -> Reconciler {
    Reconciler::new(h, Method::Ols).unwrap()
}

#[test]
fn non_negative_golden() {
    let h = seven_nodes();
    let plain = ols(&h).reconcile(base().view()).unwrap().into_inner();
    let thirds = array![[33.0], [34.0], [-1.0], [26.0], [8.0], [-5.0], [4.0]] / 3.0;
    assert!(distance(&plain, &thirds) < 1e-12);
    let (y, report) = ols(&h).reconcile_with(base().view(), &Constraints::new(&h).non_negative()).unwrap();
    let golden = array![[148.0], [144.0], [4.0], [111.0], [33.0], [0.0], [4.0]] / 13.0;
    assert!(distance(&y.clone().into_inner(), &golden) < 1e-12);
    assert_eq!(y.node("B1").unwrap()[0], 0.0, "on the bound to the last bit");
    assert_eq!(y.gaps(), [0.0; 3]);
    let column = &report.columns()[0];
    assert_eq!((column.active.len(), column.active[0].node, column.active[0].bound), (1, 5, 0.0));
    // The gradient at B1: what T, A … above and itself pull, −(10 − 148/13) − (1 − 4/13) − (−2).
    let multiplier = 148.0 / 13.0 - 10.0 + 4.0 / 13.0 - 1.0 + 2.0;
    assert!((column.active[0].multiplier - multiplier).abs() < 1e-12);
    assert!(report.kkt_residual() <= 1e-14 && report.iterations() <= 3, "{report:?}");
}

#[test]
fn fixed_values_are_met() {
    let h = seven_nodes();
    let known = Constraints::new(&h).fixed("T", 10.1).unwrap().fixed("A", 7.3).unwrap();
    let known = known.fixed("B2", 0.7).unwrap().bounded("A2", 0.5, 1.0).unwrap();
    let mut unread = base();
    unread[[0, 0]] = f64::NAN;
    unread[[1, 0]] = f64::INFINITY;
    let (y, report) = ols(&h).reconcile_with(unread.view(), &known).unwrap();
    for (node, value) in [("T", 10.1), ("A", 7.3), ("B2", 0.7)] {
        assert!((y.node(node).unwrap()[0] / value - 1.0).abs() <= 4.0 * f64::EPSILON, "{node}");
    }
    assert_eq!(y.node("B2").unwrap()[0], 0.7, "to the last bit at the finest level");
    assert_eq!(y.gaps(), [0.0; 3]);
    // A1 and A2 are 9 and 3 and must be 7.3 together: each gives way by 2.35, and A2 stays above its bound.
    assert!((y.node("A1").unwrap()[0] - 6.65).abs() < 1e-12);
    assert!((y.node("A2").unwrap()[0] - 0.65).abs() < 1e-12);
    assert!((y.node("B1").unwrap()[0] - 2.1).abs() < 1e-12);
    assert!(report.columns()[0].active.is_empty());
}

#[test]
fn bounds_above_and_below() {
    let h = seven_nodes();
    let known = Constraints::new(&h).bounded("T", 12.0, f64::INFINITY).unwrap();
    let known = known.bounded("A", f64::NEG_INFINITY, 10.0).unwrap();
    let (y, report) = ols(&h).reconcile_with(base().view(), &known).unwrap();
    // A is held at 10 (A1, A2 give way by 1 each) and T at 12, so B is 2: B1 and B2 rise from −2 and 1 by 1.5 each.
    let expected = array![[12.0], [10.0], [2.0], [8.0], [2.0], [-0.5], [2.5]];
    assert!(distance(&y.into_inner(), &expected) < 1e-12);
    let signs: Vec<(usize, bool)> =
        report.columns()[0].active.iter().map(|active| (active.node, active.multiplier > 0.0)).collect();
    assert_eq!(signs, [(0, true), (1, false)]);
}

#[test]
fn a_missing_row_is_a_dropped_row() {
    let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
    let base = array![[12.0, 1.0], [4.0, 5.0], [f64::NAN, 7.0]];
    let known = Constraints::new(&h).missing("half[1]").unwrap();
    for method in [Method::Ols, Method::WlsStruct, Method::Wls(array![1.0, 100.0, 1e-3])] {
        let (y, _) = Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known).unwrap();
        // Two numbers for two unknowns.
        let expected = array![[12.0, 1.0], [4.0, 5.0], [8.0, -4.0]];
        assert!(distance(&y.into_inner(), &expected) < 1e-11);
    }
    let bottom_up = Constraints::new(&h).missing_level("year").unwrap();
    let (y, _) = ols(&h).reconcile_with(array![[f64::NAN], [4.0], [5.0]].view(), &bottom_up).unwrap();
    assert!(distance(&y.into_inner(), &array![[9.0], [4.0], [5.0]]) < 1e-12);
    // A missing unit keeps its bounds from elsewhere.
    let known = known.non_negative();
    let (y, _) = ols(&h).reconcile_with(base.view(), &known).unwrap();
    assert!(distance(&y.into_inner(), &array![[12.0, 3.0], [4.0, 3.0], [8.0, 0.0]]) < 1e-11);
}

#[test]
fn a_prior_speaks_for_missing_units() {
    let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
    let base = array![[12.0], [f64::NAN], [f64::NAN]];
    let known = Constraints::new(&h).missing_level("half").unwrap();
    assert_eq!(
        message(ols(&h).reconcile_with(base.view(), &known)),
        "too much is missing to tell `half[0]`, `half[1]`: a base forecast, a fixed value or a prior for `half[1]` would, \
         or one of the levels `half`"
    );
    // Weight 1 is a base forecast of 1 and 2: 9 too few, shared out three ways.
    let one = known.clone().prior(array![1.0, 2.0].view(), 1.0).unwrap();
    let (y, _) = ols(&h).reconcile_with(base.view(), &one).unwrap();
    assert!(distance(&y.into_inner(), &array![[9.0], [4.0], [5.0]]) < 1e-12);
    // (12 − y)² + (b − 1)² / 10 + (b' − 2)² / 10: units move by 10 d, the year by d, 21 d = 9.
    let tenth = known.clone().prior(array![1.0, 2.0].view(), 0.1).unwrap();
    let (y, _) = ols(&h).reconcile_with(base.view(), &tenth).unwrap();
    let d = 9.0 / 21.0;
    assert!(distance(&y.into_inner(), &array![[12.0 - d], [1.0 + 10.0 * d], [2.0 + 10.0 * d]]) < 1e-12);
    // Nearly no weight: the year stands, the prior says how it is split.
    let little = known.prior(array![1.0, 2.0].view(), 1e-9).unwrap();
    let (y, _) = ols(&h).reconcile_with(base.view(), &little).unwrap();
    assert!(distance(&y.into_inner(), &array![[12.0], [5.5], [6.5]]) < 1e-7);
}

#[test]
fn what_is_missing_is_named() {
    let h = seven_nodes();
    let known = ["A", "A1", "A2", "B1"].iter().fold(Constraints::new(&h), |c, node| c.missing(node).unwrap());
    // T − B tells A1 + A2, B − B2 tells B1.
    assert_eq!(
        message(ols(&h).reconcile_with(base().view(), &known)),
        "too much is missing to tell `A1`, `A2`: a base forecast, a fixed value or a prior for `A2` would, or \
         one of the levels `Leaf`"
    );
    let known = known.fixed("A2", 4.0).unwrap();
    let (y, _) = ols(&h).reconcile_with(base().view(), &known).unwrap();
    let expected = array![[10.0], [9.0], [1.0], [5.0], [4.0], [0.0], [1.0]];
    assert!(distance(&y.into_inner(), &expected) < 1e-12);
    let known = known.missing("T").unwrap();
    let error = ols(&h).reconcile_with(base().view(), &known).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unidentified { nodes, needed, levels }
            if nodes == &["`A1`"] && needed == nodes && levels == &["`T`", "`Half`", "`Leaf`"]));
}

#[test]
fn contradictions_are_named() {
    let h = seven_nodes();
    let fixed = |values: &[(&str, f64)]| {
        values.iter().fold(Constraints::new(&h), |c, (node, value)| c.fixed(node, *value).unwrap())
    };
    let known = fixed(&[("A", 3.0), ("A1", 1.0), ("B", 4.0), ("B1", 7.5), ("T", 8.0)]);
    let error = ols(&h).reconcile_with(base().view(), &known).unwrap_err();
    assert_eq!(error.to_string(), "no values that add up have these fixed values: `T` = 8, `A` = 3, `B` = 4");
    assert!(
        matches!(error.kind(), ErrorKind::Contradiction { nodes, .. } if nodes == &["`T`", "`A`", "`B`"])
    );
    // Agreeing ones may repeat each other, rounding included.
    let known = fixed(&[("A", 0.1), ("B", 0.2), ("T", 0.3), ("A1", 0.05), ("A2", 0.05)]);
    let (y, _) = ols(&h).reconcile_with(base().view(), &known).unwrap();
    assert!((y.node("T").unwrap()[0] - 0.3).abs() < 1e-15);

    let known = Constraints::new(&h).non_negative().bounded("A", f64::NEG_INFINITY, 4.0).unwrap();
    let known = known.bounded("A1", 3.0, 9.0).unwrap().bounded("A2", 1.5, f64::INFINITY).unwrap();
    let error = ols(&h).reconcile_with(base().view(), &known).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no values that add up lie within these bounds: `A` <= 4, `A1` >= 3, `A2` >= 1.5"
    );
    let known = Constraints::new(&h).non_negative().fixed("T", -1.0).unwrap();
    assert_eq!(
        message(ols(&h).reconcile_with(base().view(), &known)),
        "no values that add up lie within these bounds: `T` = -1, `A1` >= 0, `A2` >= 0, `B1` >= 0, `B2` >= 0"
    );
    let known = Constraints::new(&h).non_negative().fixed("A1", -1.0).unwrap();
    assert_eq!(
        message(ols(&h).reconcile_with(base().view(), &known)),
        "no values that add up lie within these bounds: `A1` = -1, `A1` >= 0"
    );
}

#[test]
fn refusals() {
    let h = seven_nodes();
    let start = || Constraints::new(&h);
    let infinite = f64::INFINITY;
    for (result, expected) in [
        (start().fixed("A", f64::NAN), "level `Half`, node `A`: expected a finite fixed value, got NaN"),
        (start().fixed("A", infinite), "level `Half`, node `A`: expected a finite fixed value, got inf"),
        (
            start().bounded("A1", 2.0, 1.0),
            "level `Leaf`, node `A1`: expected bounds that hold a number, got [2, 1]",
        ),
        (
            start().bounded("A1", f64::NAN, 1.0),
            "level `Leaf`, node `A1`: expected bounds that hold a number, got [NaN, 1]",
        ),
        (
            start().status_in("Leaf", "A1", Status::Bounded { lo: infinite, hi: infinite }),
            "level `Leaf`, node `A1`: expected bounds that hold a number, got [inf, inf]",
        ),
        (start().missing("C"), "node `C` is unknown"),
        (start().missing_level("Third"), "level `Third` is unknown, the levels are `T`, `Half`, `Leaf`"),
        (start().prior(array![1.0].view(), 0.5), "prior: expected 4 values, got 1"),
        (
            start().prior(Array1::zeros(4).view(), 0.0),
            "weight: expected a number above 0 and at most 1, got 0",
        ),
        (Constraints::from_statuses(&h, &[Status::Free]), "statuses: expected 7 values, got 1"),
    ] {
        assert_eq!(message(result), expected);
    }
    let known = start().non_negative();
    let mut wrong = base();
    wrong[[3, 0]] = f64::NAN;
    assert_eq!(
        message(ols(&h).reconcile_with(wrong.view(), &known)),
        "level `Leaf`, node `A1`, column 0: expected a finite value, got NaN"
    );
    assert_eq!(
        message(ols(&h).reconcile_with(array![[1.0]].view(), &known)),
        "data of all levels: expected 7 rows, got 1"
    );
    let middle_out = Reconciler::new(&h, Method::MiddleOut("Half".into())).unwrap();
    assert_eq!(
        message(middle_out.reconcile_with(base().view(), &known)),
        "method: expected bottom-up or a projection for node statuses, got one that minimises nothing"
    );
    let bottom_up = Reconciler::new(&h, Method::BottomUp).unwrap();
    let plain = bottom_up.reconcile_with(base().view(), &start()).unwrap().0;
    assert_eq!(plain, bottom_up.reconcile(base().view()).unwrap(), "nothing known is the plain method");
    let other = Hierarchy::temporal(2, &[("half", 1)]).unwrap();
    assert_eq!(
        message(ols(&h).reconcile_with(base().view(), &Constraints::new(&other))),
        "the set of constraints has another hierarchy than the reconciler"
    );
    assert_eq!(ols(&h).reconcile_with(Array2::zeros((7, 0)).view(), &known).unwrap().0.columns(), 0);
}

#[test]
fn bottom_up_within_bounds() {
    let h = seven_nodes();
    let bottom_up = Reconciler::new(&h, Method::BottomUp).unwrap();
    let known = Constraints::new(&h).non_negative();
    let (y, _) = bottom_up.reconcile_with(base().view(), &known).unwrap();
    // Each unit for itself; what is forecast above is not read.
    assert_eq!(y.all(), array![[13.0], [12.0], [1.0], [9.0], [3.0], [0.0], [1.0]]);
    let (y, _) = bottom_up.reconcile_with(base().view(), &known.fixed("B", 5.0).unwrap()).unwrap();
    // 5 for B1 and B2, which are forecast −2 and 1: each rises by 3.
    assert!(distance(&y.into_inner(), &array![[17.0], [12.0], [5.0], [9.0], [3.0], [1.0], [4.0]]) < 1e-12);
    let known = Constraints::new(&h).missing("A1").unwrap().kept("A").unwrap();
    let (y, _) = bottom_up.reconcile_with(base().view(), &known).unwrap();
    assert!(distance(&y.into_inner(), &array![[11.0], [12.0], [-1.0], [9.0], [3.0], [-2.0], [1.0]]) < 1e-12);
    let known = Constraints::new(&h).missing("A1").unwrap();
    assert_eq!(
        message(bottom_up.reconcile_with(base().view(), &known)),
        "too much is missing to tell `A1`: a base forecast, a fixed value or a prior for `A1` would, or one of the \
         levels `Leaf`"
    );
}

#[test]
fn a_correlated_error_says_something_unless_its_value_is_known_otherwise() {
    // Year 12, halves 4 and 5; the errors of year and first half go together.
    let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
    let w = array![[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let method = Reconciler::new(&h, Method::Custom(w)).unwrap();
    let base = array![[12.0], [4.0], [5.0]];
    // Kept: min (y − ŷ)ᵀ W⁻¹ (y − ŷ) with the year's error 0. The halves are 8 and are to be 12; W⁻¹ of the first is
    // 4/3, of the second 1: they rise by 3/7 and 4/7 of 3.
    let (y, _) = method.reconcile_with(base.view(), &Constraints::new(&h).kept("year[0]").unwrap()).unwrap();
    assert!(distance(&y.into_inner(), &array![[12.0], [4.0 + 9.0 / 7.0], [5.0 + 12.0 / 7.0]]) < 1e-12);
    // Fixed: there is no forecast of the year, and no error to go together with.
    let known = Constraints::new(&h).fixed("year[0]", 12.0).unwrap();
    let (y, _) = method.reconcile_with(base.view(), &known).unwrap();
    assert!(distance(&y.into_inner(), &array![[12.0], [5.5], [6.5]]) < 1e-12);
}

/// `Sᵀ W⁻¹ S`-least squares within bounds, by scipy 1.17's `nnls`, with ols.
#[test]
fn tourism_non_negative() {
    let Some(data) = tourism() else { return };
    let reconciler = ols(&data.hierarchy);
    let known = Constraints::new(&data.hierarchy).non_negative();
    let (y, report) = reconciler.reconcile_with(data.base.view(), &known).unwrap();
    let totals = [
        25894.423528579086,
        24357.235922086173,
        23865.929487905072,
        24470.7828256673,
        25901.38559965464,
        24364.196540094505,
        23872.890374549694,
        24477.742507703282,
    ];
    for (got, expected) in y.node("Total").unwrap().iter().zip(totals) {
        assert!((got / expected - 1.0).abs() < 1e-9, "{got} is not {expected}");
    }
    assert!(y.all().iter().all(|&value| value >= 0.0));
    // Two steps have no negative value to begin with.
    let active: Vec<usize> = report.columns().iter().map(|column| column.active.len()).collect();
    assert_eq!(active, [1, 1, 0, 0, 1, 1, 1, 1]);
    assert!(report.iterations() <= 8 && report.kkt_residual() <= 1e-12, "{report:?}");
}

/// The column `ols non-negative` of the reference table: RMSE and MASE, computed by hierarchicalforecast 1.5.3.
#[test]
fn tourism_reference_table() {
    let Some(data) = tourism() else { return };
    let overall = ["Total", "State", "Purpose", "StatexRegion", "StatexRegionxPurpose"];
    let known = Constraints::new(&data.hierarchy).non_negative();
    let (y, _) = ols(&data.hierarchy).reconcile_with(data.base.view(), &known).unwrap();
    let mut evaluation =
        Evaluation::new(&data.actual, &data.training, 4).unwrap().with_overall(&overall).unwrap();
    evaluation.add("ols", y.all()).unwrap();
    for (level, expected) in [
        ("Total", "1819 / 1.67"),
        ("Purpose", "515.5 / 1.25"),
        ("State", "287.3 / 1.25"),
        // 46.284: the peer has 46.29, as its solver stops earlier.
        ("StatexRegion", "46.28 / 0.99"),
        ("StatexRegionxPurpose", "18.19 / 1.01"),
    ] {
        let value = |metric| evaluation.level("ols", level, metric).unwrap();
        let digits = expected.find(' ').unwrap();
        let decimals =
            expected.find('.').filter(|&point| point < digits).map_or(0, |point| digits - point - 1);
        assert_eq!(
            format!("{:.decimals$} / {:.2}", value(Metric::Rmse), value(Metric::Mase)),
            expected,
            "{level}"
        );
    }
    let value = |metric| evaluation.overall("ols", metric).unwrap();
    // 38.746: the peer has 38.74, likewise.
    assert_eq!(format!("{:.2} / {:.2}", value(Metric::Rmse), value(Metric::Mase)), "38.75 / 1.02");
}

#[test]
fn tourism_with_everything() {
    let Some(data) = tourism() else { return };
    let h = &data.hierarchy;
    let known = Constraints::new(h).non_negative().fixed("Total", 25000.0).unwrap();
    let known = known.missing_level("State").unwrap().missing("Victoria/Melbourne/Holiday").unwrap();
    let known = known.bounded("Victoria/Melbourne", 2000.0, 2100.0).unwrap();
    let residuals = data.training.all().to_owned() - &data.fitted;
    let with_residuals = [Method::WlsVar(residuals.clone()), Method::MintShrink(residuals)];
    for method in [Method::Ols, Method::WlsStruct].into_iter().chain(with_residuals) {
        let reconciler = Reconciler::new(h, method).unwrap();
        let (y, report) = reconciler.reconcile_with(data.base.view(), &known).unwrap();
        assert!(y.node("Total").unwrap().iter().all(|&total| (total / 25000.0 - 1.0).abs() <= 1e-10));
        let melbourne = y.node("Victoria/Melbourne").unwrap();
        assert!(melbourne.iter().all(|&v| (2000.0 - 1e-7..=2100.0 + 1e-7).contains(&v)));
        assert!(y.all().iter().all(|&value| value >= 0.0));
        assert!(report.kkt_residual() <= 1e-10);
    }
}

/// The covariance of 72 columns for 425 nodes has no inverse; bounds and missing nodes are no trouble all the same.
#[test]
fn tourism_with_a_singular_covariance() {
    let Some(data) = tourism() else { return };
    let residuals = data.training.all().to_owned() - &data.fitted;
    let reconciler = Reconciler::new(&data.hierarchy, Method::MintCov(residuals)).unwrap();
    assert!(reconciler.preparation().jitter > 0.0);
    let known = Constraints::new(&data.hierarchy).non_negative();
    let known = known.missing("Victoria").unwrap().kept("Total").unwrap();
    let (y, report) = reconciler.reconcile_with(data.base.view(), &known).unwrap();
    assert_eq!(report.jitter(), 1e-4);
    assert!(y.all().iter().all(|&value| value >= 0.0) && report.kkt_residual() <= 1e-10);
    for (total, base) in y.node("Total").unwrap().iter().zip(data.base.row(0)) {
        assert!((total / base - 1.0).abs() <= 1e-10, "{total} is not {base}");
    }
}

/// Building included, under 8 ms: `cargo test --release -p granular --test suite -- --ignored --nocapture how_long`.
#[test]
#[ignore = "a measurement: prints times"]
fn how_long_tourism_non_negative_takes() {
    let Some(data) = tourism() else { return };
    let mut best = std::time::Duration::MAX;
    for _ in 0..20 {
        let begin = Instant::now();
        let known = Constraints::new(&data.hierarchy).non_negative();
        let (y, _) = ols(&data.hierarchy).reconcile_with(data.base.view(), &known).unwrap();
        best = best.min(begin.elapsed());
        assert_eq!(y.columns(), 8);
    }
    println!("tourism, ols, non-negative: {best:?}");
}
