//! Methods that learn from the past, on 425 nodes of Australian tourism.

use granular::{Erm, Evaluation, Method, Metric, Penalty, Reconciler, TopDown};

use crate::support::{distance, summing};
use crate::tourism::{Tourism, tourism};

fn learning(tourism: &Tourism) -> [(&'static str, Method); 3] {
    let residuals = tourism.training.all().to_owned() - &tourism.fitted;
    let erm = Erm {
        actual: tourism.training.all().to_owned(),
        fitted: tourism.fitted.clone(),
        columns: 8,
        penalty: Penalty::None,
    };
    [
        ("wls_var", Method::WlsVar(residuals.clone())),
        ("mint_shrink", Method::MintShrink(residuals)),
        ("erm", Method::Erm(erm)),
    ]
}

/// RMSE and MASE of each level, computed by hierarchicalforecast 1.5.3: wls_var, mint_shrink, ERM closed.
const REFERENCE: [(&str, [&str; 3]); 6] = [
    ("Total", ["2465 / 2.49", "2113 / 2.06", "1275 / 1.20"]),
    ("Purpose", ["657.8 / 1.75", "577.3 / 1.48", "422.5 / 1.04"]),
    ("State", ["350.5 / 1.60", "316.9 / 1.40", "242.2 / 1.08"]),
    ("StatexRegion", ["49.25 / 1.08", "46.56 / 1.01", "47.15 / 1.07"]),
    ("StatexRegionxPurpose", ["18.27 / 0.95", "17.80 / 0.94", "20.11 / 1.13"]),
    ("Overall", ["43.76 / 1.00", "40.47 / 0.97", "37.15 / 1.12"]),
];

#[test]
fn reference_table() {
    let Some(tourism) = tourism() else { return };
    let overall = ["Total", "State", "Purpose", "StatexRegion", "StatexRegionxPurpose"];
    let mut evaluation =
        Evaluation::new(&tourism.actual, &tourism.training, 4).unwrap().with_overall(&overall).unwrap();
    for (name, method) in learning(&tourism) {
        let reconciler = Reconciler::new(&tourism.hierarchy, method).unwrap();
        assert!(reconciler.preparation().is_clean());
        evaluation.add(name, reconciler.reconcile(tourism.base.view()).unwrap().all()).unwrap();
    }
    let value = |name: &str, level: &str, metric| match level {
        "Overall" => evaluation.overall(name, metric).unwrap(),
        level => evaluation.level(name, level, metric).unwrap(),
    };
    for (level, cells) in REFERENCE {
        for (name, expected) in ["wls_var", "mint_shrink", "erm"].into_iter().zip(cells) {
            let (rmse, mase) = (value(name, level, Metric::Rmse), value(name, level, Metric::Mase));
            let digits = expected.find(' ').expect("two numbers");
            let decimals =
                expected.find('.').filter(|&point| point < digits).map_or(0, |point| digits - point - 1);
            assert_eq!(format!("{rmse:.decimals$} / {mase:.2}"), expected, "{name}, {level}");
        }
    }
}

/// First quarter of Total and of the first unit, computed with numpy.
#[test]
fn one_step_ahead() {
    let Some(tourism) = tourism() else { return };
    let history = tourism.training.finest().to_owned();
    let top_down = [
        ("average", Method::TopDown(TopDown::AverageProportions(history.clone()))),
        ("averages", Method::TopDown(TopDown::ProportionAverages(history))),
    ];
    let expected = [
        [25031.687738127, 127.432244597],
        [25427.127038380, 133.149302079],
        [26051.437725814, 122.437642998],
        [25990.068004000, 179.632937173],
        [25990.068004000, 178.741167056],
    ];
    for ((name, method), expected) in learning(&tourism).into_iter().chain(top_down).zip(expected) {
        let reconciler = Reconciler::new(&tourism.hierarchy, method).unwrap();
        let got = reconciler.reconcile(tourism.base.view()).unwrap();
        for (got, expected) in [got.all()[[0, 0]], got.finest()[[0, 0]]].into_iter().zip(expected) {
            assert!((got / expected - 1.0).abs() < 1e-9, "{name}: {got} is not {expected}");
        }
        assert_eq!(got.gaps(), [0.0; 6]);
        if name == "mint_shrink" {
            let shrinkage = reconciler.preparation().shrinkage.unwrap();
            assert!((shrinkage - 0.721278761288).abs() < 1e-10, "{shrinkage}");
        }
    }
}

#[test]
fn a_covariance_of_few_columns_still_projects() {
    let Some(tourism) = tourism() else { return };
    // 72 columns for 425 nodes: the covariance has no inverse.
    let residuals = tourism.training.all().to_owned() - &tourism.fitted;
    let reconciler = Reconciler::new(&tourism.hierarchy, Method::MintCov(residuals)).unwrap();
    assert_eq!(reconciler.preparation().jitter, 1e-8);
    let s = summing(&tourism.hierarchy);
    assert!(distance(&reconciler.projection_matrix().dot(&s), &s) < 1e-5);
}
