//! Half-hourly electricity demand at six orders of time, against values computed with NumPy from dense matrices.

use std::fs::File;
use std::path::{Path, PathBuf};

use granular::{Hierarchy, Method, Reconciler, Table, TemporalCovariance, rmse};
use tensor::ndarray::{Array2, ArrayView2, Axis, Slice};

/// The file, of a folder of data sets that are not part of the repository. Without it the test is skipped with a line,
/// CI fails.
fn shared(name: &str) -> Option<File> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("GRANULAR_DATA").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    match File::open(&path) {
        Ok(file) => Some(file),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{}: {error}", path.display());
            println!("skipped: {} is not there", path.display());
            None
        }
    }
}

fn columns(values: ArrayView2<'_, f64>, from: usize, to: usize) -> ArrayView2<'_, f64> {
    values.slice_axis_move(Axis(1), Slice::from(from..to))
}

/// A node of the level at position k is forecast by the mean of its last k + 1 values of the same weekday.
fn forecast(day: &Hierarchy, demand: ArrayView2<'_, f64>, at: usize) -> Vec<f64> {
    let node = |node: usize| {
        let weeks = day.level_of(node).position() + 1;
        (1..=weeks).map(|week| demand[[node, at - 7 * week]]).sum::<f64>() / weeks as f64
    };
    (0..day.len()).map(node).collect()
}

#[test]
fn demand_a_day_ahead() {
    let Some(file) = shared("taylor_30_min.csv") else { return };
    let table = Table::read(file, &["date"]).unwrap();
    let orders = [("day", 48), ("8 h", 16), ("4 h", 8), ("2 h", 4), ("hour", 2), ("half hour", 1)];
    let day = Hierarchy::temporal(48, &orders).unwrap();
    let demand = day.integrate_series(table.values().column(0)).unwrap();
    assert_eq!((day.len(), demand.columns()), (94, 84));
    let forecasts = |from: usize, to: usize| {
        let all: Vec<f64> = (from..to).flat_map(|at| forecast(&day, demand.all(), at)).collect();
        Array2::from_shape_vec((to - from, 94), all).unwrap().reversed_axes()
    };
    let residuals = &columns(demand.all(), 42, 77) - &forecasts(42, 77);
    let (base, actual) = (forecasts(77, 84), columns(demand.all(), 77, 84));
    let temporal = |covariance| Method::Temporal(covariance, residuals.clone());
    // The first day, its second 8 hours on the fourth, the last half hour of all; then RMSE by level.
    let expected = [
        (
            temporal(TemporalCovariance::Wlsv),
            [1460028.8166777603, 573758.1772124675, 23535.72577331242],
            ["40614", "13719", "6949", "3503", "1758", "882"],
        ),
        (
            temporal(TemporalCovariance::Acov),
            [1474566.1407241053, 575786.9474003892, 23750.73317771063],
            ["30549", "10433", "5344", "2715", "1367", "687"],
        ),
        (
            Method::WlsStruct,
            [1465949.0, 573793.3451851853, 23749.44833912036],
            ["35681", "12123", "6165", "3124", "1571", "788"],
        ),
    ];
    for (method, values, errors) in expected {
        let reconciler = Reconciler::new(&day, method).unwrap();
        assert!(reconciler.preparation().is_clean(), "{}", reconciler.preparation());
        let agreed = reconciler.reconcile(base.view()).unwrap();
        let got = [agreed.all()[[0, 0]], agreed.all()[[2, 3]], agreed.all()[[93, 6]]];
        for (got, expected) in got.iter().zip(values) {
            assert!((got / expected - 1.0).abs() < 1e-9, "{got} is not {expected}");
        }
        let by_node = rmse(actual, agreed.all()).unwrap();
        let by_level = |level: granular::Level<'_>| {
            let mean = level.range().map(|node| by_node[node]).sum::<f64>() / level.len() as f64;
            format!("{mean:.0}")
        };
        assert_eq!(day.levels().map(by_level).collect::<Vec<_>>(), errors);
    }
}
