//! Temporal structures: long series, and W from their residuals, against plain loops over the series.

use granular::{ErrorKind, Hierarchy, Method, Reconciler, TemporalCovariance};
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2, ArrayView1, arr1, array};

use crate::methods::residuals;
use crate::support::{distance, seeded, seven_nodes, solved, summing};

/// M by the textbook for any W.
pub(crate) fn textbook(hierarchy: &Hierarchy, w: &Array2<f64>) -> Array2<f64> {
    let s = summing(hierarchy);
    // W is symmetric: (W⁻¹ S)ᵀ = Sᵀ W⁻¹.
    let weighted = solved(w.clone(), s.clone()).reversed_axes();
    s.dot(&solved(weighted.dot(&s), weighted))
}

/// A number for each seed and place that looks like none.
pub(crate) fn noise(seed: usize, t: usize) -> f64 {
    let x = ((seed * 7919 + t * 104_729 + 13) as f64 * 0.618_033_988_75).fract();
    (40.0 * x).sin() + 0.3 * (seed as f64 + t as f64 * 0.7).cos()
}

fn ladder() -> Hierarchy {
    Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap()
}

/// Long residuals of the three orders for so many years, each larger and somewhat like the one before it.
fn long_series(years: usize) -> [Vec<f64>; 3] {
    let series = |seed: usize, steps: usize| {
        let mut last = 0.0;
        let next = |t: usize| {
            last = 0.6 * last + (steps as f64).recip() * (3.0 + (t % steps) as f64) * noise(seed, t);
            last
        };
        (0..years * steps).map(next).collect()
    };
    [series(1, 1), series(2, 2), series(3, 4)]
}

fn views(series: &[Vec<f64>; 3]) -> [(&'static str, ArrayView1<'_, f64>); 3] {
    let [year, half, quarter] = series;
    // In another order than the levels.
    [
        ("quarter", quarter.as_slice().into()),
        ("year", year.as_slice().into()),
        ("half", half.as_slice().into()),
    ]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(crate) fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let products: f64 = a.iter().zip(b).map(|(x, y)| (x - mean(a)) * (y - mean(b))).sum();
    products / (a.len() - 1) as f64
}

/// Every `steps`-th value from `step` on.
fn at_step(series: &[f64], step: usize, steps: usize) -> Vec<f64> {
    series.iter().skip(step).step_by(steps).copied().collect()
}

pub(crate) fn lag_one(series: &[f64]) -> f64 {
    let m = mean(series);
    let products: f64 = series.windows(2).map(|pair| (pair[0] - m) * (pair[1] - m)).sum();
    products / series.iter().map(|e| (e - m).powi(2)).sum::<f64>()
}

/// W of the ladder, from a value for two steps a and b of an order: `f(series, steps, a, b)`.
fn by_order(series: &[Vec<f64>; 3], f: impl Fn(&[f64], usize, usize, usize) -> f64) -> Array2<f64> {
    let mut w = Array2::zeros((7, 7));
    for (order, (series, steps)) in series.iter().zip([1, 2, 4]).enumerate() {
        let start = [0, 1, 3][order];
        for a in 0..steps {
            for b in 0..steps {
                w[[start + a, start + b]] = f(series, steps, a, b);
            }
        }
    }
    w
}

fn square(series: &[f64]) -> f64 {
    mean(&series.iter().map(|e| e * e).collect::<Vec<_>>())
}

fn golden_rows() -> [(TemporalCovariance, [f64; 7]); 3] {
    [
        (
            TemporalCovariance::Wlsh,
            [
                100.5658268534,
                52.3193685440,
                48.2464583093,
                31.4812334081,
                20.8381351359,
                15.9831890050,
                32.2632693043,
            ],
        ),
        (
            TemporalCovariance::Sam,
            [
                96.7503508295,
                55.7830092857,
                40.9673415438,
                35.8628255482,
                19.9201837375,
                14.4888638158,
                26.4784777281,
            ],
        ),
        (
            TemporalCovariance::Shr,
            [
                99.5815124708,
                52.3366338215,
                47.2448786494,
                31.6891477462,
                20.6474860753,
                15.8647108435,
                31.3801678058,
            ],
        ),
    ]
}

#[test]
fn golden_rows_of_the_ladder() {
    // With one series, what is of each series is of all nodes.
    let rows = golden_rows().into_iter().flat_map(|(covariance, expected)| match covariance {
        TemporalCovariance::Sam => vec![(covariance, expected), (TemporalCovariance::SSam, expected)],
        TemporalCovariance::Shr => vec![(covariance, expected), (TemporalCovariance::SShr, expected)],
        _ => vec![(covariance, expected)],
    });
    let base = array![[100.0], [55.0], [52.0], [30.0], [20.0], [15.0], [30.0]];
    for (covariance, expected) in rows {
        let reconciler = Reconciler::new(&ladder(), Method::Temporal(covariance, residuals())).unwrap();
        let got = reconciler.reconcile(base.view()).unwrap();
        for (got, expected) in got.all().iter().zip(expected) {
            assert!((got / expected - 1.0).abs() < 1e-9, "{covariance:?}: {got} is not {expected}");
        }
        if covariance == TemporalCovariance::Shr {
            let shrinkage = reconciler.preparation().shrinkage.unwrap();
            assert!((shrinkage / 0.1294597558 - 1.0).abs() < 1e-9, "{shrinkage}");
        }
    }
}

#[test]
fn covariances_agree_with_plain_loops() {
    use TemporalCovariance as C;
    let series = long_series(30);
    let errors = ladder().periods(&views(&series)).unwrap();
    let diagonal = |value: &dyn Fn(&[f64], usize, usize) -> f64| {
        by_order(&series, |e, steps, a, b| if a == b { value(e, steps, a) } else { 0.0 })
    };
    let ar1 = |value: &dyn Fn(&[f64], usize, usize) -> f64| {
        by_order(&series, |e, steps, a, b| {
            let scale = (value(e, steps, a) * value(e, steps, b)).sqrt();
            scale * lag_one(e).powi(a.abs_diff(b) as i32)
        })
    };
    let own = |e: &[f64], _: usize, _: usize| square(e);
    let each = |e: &[f64], steps: usize, a: usize| square(&at_step(e, a, steps));
    let size = |_: &[f64], steps: usize, _: usize| 4.0 / steps as f64;
    let acov = by_order(&series, |e, steps, a, b| covariance(&at_step(e, a, steps), &at_step(e, b, steps)));
    let at_order = diagonal(&|e, _, _| covariance(e, e));
    assert!(acov[[3, 4]].abs() > 0.1 * acov[[3, 3]], "the blocks are not diagonal");
    for (covariance, w) in [
        (C::Wlsv, diagonal(&own)),
        (C::Wlsh, diagonal(&each)),
        (C::Acov, acov),
        (C::StrAr1, ar1(&size)),
        (C::SAr1, ar1(&own)),
        (C::HAr1, ar1(&each)),
        // One series has a variance at each order and nothing to shrink.
        (C::BdShr, at_order.clone()),
        (C::BdSam, at_order),
    ] {
        let reconciler = Reconciler::new(&ladder(), Method::Temporal(covariance, errors.clone())).unwrap();
        assert!(reconciler.preparation().is_clean(), "{covariance:?}: {}", reconciler.preparation());
        let gap = distance(&reconciler.projection_matrix(), &textbook(&ladder(), &w));
        assert!(gap < 1e-12, "{covariance:?}: {gap:e}");
    }
    let by_node = Reconciler::new(&ladder(), Method::WlsVar(errors.clone())).unwrap();
    let wlsh = Reconciler::new(&ladder(), Method::Temporal(C::Wlsh, errors)).unwrap();
    assert_eq!(by_node.projection_matrix(), wlsh.projection_matrix());
}

#[test]
fn shr_agrees_with_plain_loops() {
    let series = long_series(12);
    let errors = ladder().periods(&views(&series)).unwrap();
    let node = |i: usize| errors.row(i).to_vec();
    let correlation = |i: usize, j: usize| {
        covariance(&node(i), &node(j))
            / (covariance(&node(i), &node(i)) * covariance(&node(j), &node(j))).sqrt()
    };
    let scaled = |i: usize| -> Vec<f64> {
        let e = node(i);
        let deviation = (covariance(&e, &e) * 11.0 / 12.0).sqrt();
        e.iter().map(|x| (x - mean(&e)) / deviation).collect()
    };
    let (mut above, mut below) = (0.0, 0.0);
    for i in 0..7 {
        for j in 0..i {
            let products: Vec<f64> = scaled(i).iter().zip(scaled(j)).map(|(a, b)| a * b).collect();
            above += products.iter().map(|w| (w - mean(&products)).powi(2)).sum::<f64>() / (12.0 * 11.0);
            below += correlation(i, j).powi(2);
        }
    }
    let lambda = above / below;
    assert!(lambda > 0.05 && lambda < 0.95, "{lambda} tells nothing");
    let w = Array2::from_shape_fn((7, 7), |(i, j)| {
        covariance(&node(i), &node(j)) * if i == j { 1.0 } else { 1.0 - lambda }
    });
    let shr = Reconciler::new(&ladder(), Method::Temporal(TemporalCovariance::Shr, errors.clone())).unwrap();
    assert!(distance(&shr.projection_matrix(), &textbook(&ladder(), &w)) < 1e-12);
    assert!((shr.preparation().shrinkage.unwrap() - lambda).abs() < 1e-12);
}

#[test]
fn series_of_zeros_are_no_failure() {
    use TemporalCovariance as C;
    let mut errors = residuals();
    for row in 3..7 {
        errors.row_mut(row).fill(0.0);
    }
    let base = array![[100.0], [55.0], [52.0], [30.0], [20.0], [15.0], [30.0]];
    for covariance in [
        C::Wlsv,
        C::Wlsh,
        C::Acov,
        C::StrAr1,
        C::SAr1,
        C::HAr1,
        C::BdShr,
        C::BdSam,
        C::SShr,
        C::SSam,
        C::Shr,
        C::Sam,
    ] {
        let reconciler = Reconciler::new(&ladder(), Method::Temporal(covariance, errors.clone())).unwrap();
        let agreed = reconciler.reconcile(base.view()).unwrap();
        assert_eq!(agreed.gaps(), [0.0; 3], "{covariance:?}");
        if covariance != C::StrAr1 {
            assert!(!reconciler.preparation().is_clean(), "{covariance:?}");
            let quarters = agreed.level("quarter").unwrap().to_owned();
            let kept = distance(&quarters, &array![[30.0], [20.0], [15.0], [30.0]]);
            assert!(kept < 1e-6, "{covariance:?}: quarters never wrong move by {kept:e}");
        }
    }
}

#[test]
fn arranging_refuses_by_name() {
    let h = ladder();
    let (one, two, four) = (arr1(&[1.0]), arr1(&[1.0, 2.0]), arr1(&[1.0, 2.0, 3.0, 4.0]));
    let (one, two, four) = (one.view(), two.view(), four.view());
    let message = |series: &[(&str, ArrayView1<'_, f64>)]| h.periods(series).unwrap_err().to_string();
    assert_eq!(message(&[("year", one), ("quarter", four)]), "level `half` has no series");
    assert_eq!(message(&[]), "level `year` has no series");
    assert_eq!(message(&[("year", one), ("year", one)]), "level `year` is given twice");
    assert_eq!(
        message(&[("month", one)]),
        "level `month` is unknown, the levels are `year`, `half`, `quarter`"
    );
    assert_eq!(
        message(&[("half", one)]),
        "level `half`: expected a multiple of 2 values, as a period has that many, got 1"
    );
    assert_eq!(
        message(&[("half", two), ("year", two)]),
        "level `year`: expected 1 periods as in level `half`, got 2"
    );
    let error = h.integrate_series(two).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PartPeriod { steps: 4, got: 2, .. }), "{error}");
    let error = h.series("half", Array2::zeros((6, 1)).view()).unwrap_err();
    assert_eq!(error.to_string(), "data of all levels: expected 7 rows, got 6");
    let none = h.periods(&[
        ("year", Array1::zeros(0).view()),
        ("half", Array1::zeros(0).view()),
        ("quarter", Array1::zeros(0).view()),
    ]);
    assert_eq!(none.unwrap().dim(), (7, 0));
}

#[test]
fn residuals_are_refused_by_name() {
    use TemporalCovariance as C;
    for covariance in [
        C::Wlsv,
        C::Wlsh,
        C::Acov,
        C::StrAr1,
        C::SAr1,
        C::HAr1,
        C::BdShr,
        C::BdSam,
        C::SShr,
        C::SSam,
        C::Shr,
        C::Sam,
    ] {
        let refusal = |errors: Array2<f64>| {
            Reconciler::new(&ladder(), Method::Temporal(covariance, errors)).unwrap_err().to_string()
        };
        assert_eq!(refusal(Array2::ones((6, 9))), "residuals: expected 7 rows, got 6");
        assert_eq!(refusal(Array2::ones((7, 1))), "residuals: expected at least 2 columns, got 1");
        let mut errors = residuals();
        errors[[2, 5]] = f64::INFINITY;
        assert_eq!(
            refusal(errors.clone()),
            "level `half`, node `half[1]`, column 5: expected a finite value, got inf"
        );
        errors[[2, 5]] = 1e200;
        let wide = Reconciler::new(&ladder(), Method::Temporal(covariance, errors));
        match covariance {
            C::StrAr1 => assert!(wide.is_ok(), "its variances are not the residuals'"),
            // The first step of the order names a variance of the order.
            C::Wlsv | C::SAr1 | C::BdShr | C::BdSam => {
                assert!(wide.unwrap_err().to_string().contains("node `half[0]`"))
            }
            _ => assert_eq!(
                wide.unwrap_err().to_string(),
                "level `half`, node `half[1]`: expected a positive, finite variance, got inf"
            ),
        }
    }
}

#[test]
fn a_grouped_structure_takes_its_levels_for_orders() {
    // Each level of a grouped hierarchy is one block: the same as on the ladder with the same S.
    for covariance in [TemporalCovariance::Wlsv, TemporalCovariance::Acov] {
        let m = |h: &Hierarchy| {
            Reconciler::new(h, Method::Temporal(covariance, residuals())).unwrap().projection_matrix()
        };
        assert_eq!(m(&seven_nodes()), m(&ladder()));
    }
}

proptest! {
    #![proptest_config(seeded(64))]

    #[test]
    fn ladders(orders in prop::sample::subsequence(vec![12usize, 6, 4, 3, 2], 0..=5), seed in 0usize..1000, periods in 2usize..40) {
        use TemporalCovariance as C;
        let names: Vec<(String, usize)> = orders.iter().map(|&order| (format!("by{order}"), order)).collect();
        let mut levels: Vec<(&str, usize)> = names.iter().map(|(name, order)| (name.as_str(), *order)).collect();
        levels.push(("row", 1));
        let h = Hierarchy::temporal(12, &levels).unwrap();
        let series: Vec<Array1<f64>> = h.levels().enumerate()
            .map(|(k, level)| Array1::from_shape_fn(level.len() * periods, |t| noise(seed + k, t)))
            .collect();
        let named: Vec<_> = h.levels().zip(&series).map(|(level, series)| (level.name(), series.view())).collect();
        let errors = h.periods(&named).unwrap();
        for (level, series) in &named {
            prop_assert_eq!(h.series(level, errors.view()).unwrap(), series);
        }
        let whole = h.integrate_series(series[series.len() - 1].view()).unwrap();
        let s = summing(&h);
        for covariance in [C::Wlsv, C::Wlsh, C::Acov, C::StrAr1, C::SAr1, C::HAr1, C::Shr] {
            let reconciler = Reconciler::new(&h, Method::Temporal(covariance, errors.clone())).unwrap();
            let agreed = reconciler.reconcile(errors.view()).unwrap();
            prop_assert!(agreed.gaps().iter().all(|&gap| gap == 0.0));
            // Fewer periods than steps give an estimate of low rank, which serves but is no ground for digits.
            if periods < 20 {
                continue;
            }
            let m = reconciler.projection_matrix();
            let size = m.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
            prop_assert!(distance(&m.dot(&m), &m) < 1e-8 * size * size, "{:?} idempotent", covariance);
            prop_assert!(distance(&m.dot(&s), &s) < 1e-8 * size, "{:?} M S = S", covariance);
            let back = reconciler.reconcile(whole.all()).unwrap();
            prop_assert!(distance(&back.all().to_owned(), &whole.all().to_owned()) < 1e-7 * size);
        }
    }
}
