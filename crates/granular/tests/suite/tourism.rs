//! 425 nodes of Australian tourism against values computed with other tools.

use granular::{
    Autoregression, AutoregressionConfig, Coherent, Evaluation, Features, Hierarchy, Method, Metric,
    MultiGranularityModel, Reconciler, Ridge, Table, coherence_gap, seasonal_naive,
};
use tensor::ndarray::{Array2, ArrayView2, Axis, Slice};

use crate::support::{data, distance, summing};

pub(crate) struct Tourism {
    pub(crate) hierarchy: Hierarchy,
    pub(crate) training: Coherent,
    pub(crate) actual: Coherent,
    pub(crate) base: Array2<f64>,
    /// The base forecasts of the training columns.
    pub(crate) fitted: Array2<f64>,
}

fn columns(values: ArrayView2<'_, f64>, from: usize, to: usize) -> ArrayView2<'_, f64> {
    values.slice_axis_move(Axis(1), Slice::from(from..to))
}

/// The 425 nodes of the table of trips.
pub(crate) fn structure_of(trips: &Table) -> Hierarchy {
    Hierarchy::grouped()
        .key("state", trips.key("state").unwrap())
        .key("region", trips.key("region").unwrap())
        .key("purpose", trips.key("purpose").unwrap())
        .level("Total", &[])
        .level("State", &["state"])
        .level("Purpose", &["purpose"])
        .level("StatexRegion", &["state", "region"])
        .level("StatexPurpose", &["state", "purpose"])
        .level("StatexRegionxPurpose", &["state", "region", "purpose"])
        .build()
        .unwrap()
}

pub(crate) fn tourism() -> Option<Tourism> {
    let trips = Table::read(data("tourism_quarterly.csv.gz")?, &["state", "region", "purpose"]).unwrap();
    let base = Table::read(data("tourism_quarterly_base.csv.gz")?, &["node", "level"]).unwrap();
    let hierarchy = structure_of(&trips);
    let names: Vec<(&str, &str)> = base
        .key("level")
        .unwrap()
        .iter()
        .zip(base.key("node").unwrap())
        .map(|(level, node)| (level.as_str(), node.as_str()))
        .collect();
    let fitted = hierarchy.arrange(&names, columns(base.values(), 0, 72)).unwrap();
    let base = hierarchy.arrange(&names, columns(base.values(), 72, 80)).unwrap();
    let training = hierarchy.integrate(columns(trips.values(), 0, 72)).unwrap();
    let actual = hierarchy.integrate(columns(trips.values(), 72, 80)).unwrap();
    Some(Tourism { hierarchy, training, actual, base, fitted })
}

#[test]
fn structure() {
    let Some(Tourism { hierarchy, base, .. }) = tourism() else { return };
    assert_eq!((hierarchy.len(), hierarchy.finest_len()), (425, 304));
    let sizes: Vec<usize> = hierarchy.levels().map(|level| level.len()).collect();
    assert_eq!(sizes, [1, 8, 4, 76, 32, 304]);
    assert!(hierarchy.node("Victoria/Melbourne/Holiday").is_ok());
    let error = hierarchy.node("Melbourne").unwrap_err().to_string();
    assert!(error.starts_with("node `Melbourne` is unknown, near names are `Victoria/Melbourne`"), "{error}");
    assert!(coherence_gap(&hierarchy, base.view()).unwrap()[0] > 1.0, "the base forecasts do not agree");
}

#[test]
fn total_one_step_ahead() {
    let Some(Tourism { hierarchy, base, .. }) = tourism() else { return };
    for (method, expected) in [
        (Method::BottomUp, 24380.267483),
        (Method::Ols, 25894.418775525),
        (Method::WlsStruct, 25312.333871833),
    ] {
        let reconciled = Reconciler::new(&hierarchy, method.clone()).unwrap().reconcile(base.view()).unwrap();
        let got = reconciled.node("Total").unwrap()[0];
        assert!((got / expected - 1.0).abs() < 1e-9, "{method:?}: {got} is not {expected}");
        assert_eq!(reconciled.gaps(), [0.0; 6]);
    }
}

#[test]
fn projections_leave_coherent_values_alone() {
    let Some(Tourism { hierarchy, .. }) = tourism() else { return };
    let s = summing(&hierarchy);
    for method in [Method::Ols, Method::WlsStruct] {
        let m = Reconciler::new(&hierarchy, method).unwrap().projection_matrix();
        assert!(distance(&m.dot(&s), &s) <= 1e-12);
    }
}

/// The reference table, RMSE and MASE of each level: base, bottom-up, ols, wls_struct, seasonal naive.
const REFERENCE: [(&str, [&str; 5]); 6] = [
    ("Total", ["1743 / 1.59", "3029 / 3.16", "1819 / 1.67", "2248 / 2.22", "1984 / 1.96"]),
    ("Purpose", ["534.8 / 1.32", "791.2 / 2.28", "515.5 / 1.25", "608.8 / 1.56", "561.2 / 1.42"]),
    ("State", ["308.2 / 1.39", "413.4 / 1.90", "287.3 / 1.25", "327.3 / 1.45", "302.9 / 1.40"]),
    ("StatexRegion", ["51.66 / 1.12", "55.14 / 1.19", "46.29 / 0.99", "48.58 / 1.02", "52.91 / 1.18"]),
    (
        "StatexRegionxPurpose",
        ["19.37 / 0.98", "19.37 / 0.98", "18.19 / 1.01", "18.38 / 0.97", "21.49 / 1.17"],
    ),
    ("Overall", ["41.13 / 1.02", "49.82 / 1.06", "38.75 / 1.02", "42.19 / 1.00", "43.78 / 1.18"]),
];

#[test]
fn reference_table() {
    let Some(Tourism { hierarchy, training, actual, base, .. }) = tourism() else { return };
    let overall = ["Total", "State", "Purpose", "StatexRegion", "StatexRegionxPurpose"];
    let mut evaluation = Evaluation::new(&actual, &training, 4).unwrap().with_overall(&overall).unwrap();
    evaluation.add("base", base.view()).unwrap();
    for (name, method) in
        [("bottom-up", Method::BottomUp), ("ols", Method::Ols), ("wls_struct", Method::WlsStruct)]
    {
        let reconciled = Reconciler::new(&hierarchy, method).unwrap().reconcile(base.view()).unwrap();
        evaluation.add(name, reconciled.all()).unwrap();
    }
    evaluation.add("seasonal naive", seasonal_naive(training.all(), 4, 8).unwrap().view()).unwrap();
    println!("{evaluation}");
    let value = |name: &str, level: &str, metric| match level {
        "Overall" => evaluation.overall(name, metric).unwrap(),
        level => evaluation.level(name, level, metric).unwrap(),
    };
    for (level, cells) in REFERENCE {
        for (name, expected) in
            ["base", "bottom-up", "ols", "wls_struct", "seasonal naive"].into_iter().zip(cells)
        {
            let (rmse, mase) = (value(name, level, Metric::Rmse), value(name, level, Metric::Mase));
            let decimals = if rmse >= 1000.0 {
                0
            } else if rmse >= 100.0 {
                1
            } else {
                2
            };
            assert_eq!(format!("{rmse:.decimals$} / {mase:.2}"), expected, "{name}, {level}");
        }
    }
}

/// 17 rolling origins, 8 quarters ahead; the seasonal naive figure was computed elsewhere (1.144).
#[test]
fn one_regression_for_each_level_beats_the_seasonal_naive_forecast() {
    let Some(trips) = data("tourism_quarterly.csv.gz") else { return };
    let trips = Table::read(trips, &["state", "region", "purpose"]).unwrap();
    let Some(Tourism { hierarchy, .. }) = tourism() else { return };
    let config = AutoregressionConfig { lags: 8, season: 4, horizon: 8, features: Features::Lags };
    let forecaster = Autoregression::new(Ridge::new(30.0).unwrap(), config).unwrap();
    let mut model = MultiGranularityModel::new(&hierarchy, Method::WlsStruct)
        .unwrap()
        .with_models_for_all(|_| forecaster.clone());
    let mut mase = [0.0; 3];
    for origin in 56..=72 {
        let history = columns(trips.values(), 0, origin);
        model.fit(history, Array2::zeros((304, 0)).view()).unwrap();
        let training = hierarchy.integrate(history).unwrap();
        let actual = hierarchy.integrate(columns(trips.values(), origin, origin + 8)).unwrap();
        let mut evaluation = Evaluation::new(&actual, &training, 4).unwrap();
        evaluation.add("naive", seasonal_naive(training.all(), 4, 8).unwrap().view()).unwrap();
        evaluation.add("base", model.base(history).unwrap().view()).unwrap();
        evaluation.add("reconciled", model.predict(history).unwrap().all()).unwrap();
        for (sum, name) in mase.iter_mut().zip(["naive", "base", "reconciled"]) {
            *sum += evaluation.overall(name, Metric::Mase).unwrap() / 17.0;
        }
    }
    println!("MASE over 17 origins: naive, base, reconciled = {mase:.3?}");
    assert_eq!(format!("{:.3}", mase[0]), "1.144");
    assert!(mase[1] < 1.03 && mase[2] < 1.03, "{mase:?}");
}
