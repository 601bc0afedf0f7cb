//! 425 series by year, half-year and quarter, against values computed with NumPy from dense matrices.

use granular::{
    CrossTemporal, Hierarchy, IterativeConfig, Method, Reconciler, Stepwise, Table, TemporalCovariance,
};
use tensor::ndarray::{Array2, ArrayView2, Axis, Slice};

use crate::support::{data, distance};
use crate::tourism::structure_of;

fn columns(values: ArrayView2<'_, f64>, from: usize, to: usize) -> ArrayView2<'_, f64> {
    values.slice_axis_move(Axis(1), Slice::from(from..to))
}

struct Case {
    structure: CrossTemporal,
    /// Forecasts of the nineteenth year.
    base: Array2<f64>,
    /// Errors of the same kind of forecast in the years before.
    residuals: Array2<f64>,
}

/// The forecast of a year, a half-year and a quarter is the mean of its last 2, 3 and 4 values a year apart.
fn case() -> Option<Case> {
    let trips = Table::read(data("tourism_quarterly.csv.gz")?, &["state", "region", "purpose"]).unwrap();
    let series = structure_of(&trips);
    let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap();
    let structure = CrossTemporal::new(&series, &year).unwrap();
    let whole = structure.integrate(trips.values()).unwrap();
    let joint = structure.hierarchy();
    let forecast = |node: usize, at: usize| {
        let years = joint.level_of(node).position() % 3 + 2;
        columns(whole.all(), at - years, at).row(node).sum() / years as f64
    };
    let forecasts = |from: usize, to: usize| {
        Array2::from_shape_fn((joint.len(), to - from), |(node, column)| forecast(node, from + column))
    };
    let (base, residuals) = (forecasts(18, 19), &columns(whole.all(), 4, 18) - &forecasts(4, 18));
    Some(Case { structure, base, residuals })
}

fn wlsv(residuals: &Array2<f64>) -> Method {
    Method::Temporal(TemporalCovariance::Wlsv, residuals.clone())
}

fn assert_values(name: &str, agreed: &granular::Coherent, expected: [f64; 3]) {
    let nodes = ["Total@year[0]", "Victoria@half[1]", "Victoria/Melbourne/Holiday@quarter[0]"];
    for (node, expected) in nodes.into_iter().zip(expected) {
        let got = agreed.node(node).unwrap()[0];
        assert!((got / expected - 1.0).abs() < 1e-9, "{name}, {node}: {got} is not {expected}");
    }
    assert_eq!(agreed.gaps(), [0.0; 18]);
}

#[test]
fn jointly() {
    let Some(Case { structure, base, residuals }) = case() else { return };
    assert_eq!((structure.hierarchy().len(), structure.hierarchy().finest_len()), (2975, 1216));
    for (name, method, expected) in [
        ("ols", Method::Ols, [93935.2577756071, 10122.198078, 633.3190856071593]),
        ("struct", Method::WlsStruct, [92635.21366041669, 9988.921764638886, 629.6300521840298]),
        ("wlsv", wlsv(&residuals), [92161.62073464783, 9948.925495143169, 629.2440171371958]),
    ] {
        let reconciler = Reconciler::new(structure.hierarchy(), method).unwrap();
        assert!(reconciler.preparation().is_clean());
        assert_values(name, &reconciler.reconcile(base.view()).unwrap(), expected);
    }
    // W = I is a product, so the steps find the same.
    let ols = Reconciler::new(structure.hierarchy(), Method::Ols).unwrap().reconcile(base.view()).unwrap();
    let steps = Stepwise::new(&structure, |_| Method::Ols, |_| Method::Ols).unwrap();
    for agreed in [steps.tcs(base.view()).unwrap(), steps.cst(base.view()).unwrap()] {
        assert!(distance(&agreed.into_inner(), &ols.all().to_owned()) < 1e-6);
    }
}

#[test]
fn in_steps() {
    let Some(Case { structure, base, residuals }) = case() else { return };
    let (time, joint) = (structure.temporal(), structure.hierarchy());
    let rows = |name: &str| -> Vec<usize> {
        time.nodes().iter().map(|step| joint.node(&format!("{name}@{step}")).unwrap()).collect()
    };
    // Mean squares of each series at each order, in both directions: those of wlsv.
    let order = |name: &str| {
        let errors = structure.series(name, residuals.view()).unwrap();
        Method::Wls(errors.map_axis(Axis(1), |e| e.iter().map(|e| e * e).sum::<f64>() / e.len() as f64))
    };
    let of_series = |name: &str| wlsv(&residuals.select(Axis(0), &rows(name)));
    let steps = Stepwise::new(&structure, order, of_series).unwrap();
    let tcs = [92162.97206553478, 9949.105039295097, 629.2451716556915];
    let cst = [92413.95255134419, 9965.96761123061, 629.0093804573745];
    assert_values("tcs", &steps.tcs(base.view()).unwrap(), tcs);
    assert_values("cst", &steps.cst(base.view()).unwrap(), cst);
    let (agreed, iterations) = steps.iterative(base.view(), &IterativeConfig::default()).unwrap();
    assert!(iterations.converged && iterations.gaps.len() < 20, "{}", iterations.gaps.len());
    // Alternating projections in one metric end in the joint one.
    let wlsv = Reconciler::new(joint, wlsv(&residuals)).unwrap().reconcile(base.view()).unwrap();
    let gap = distance(&agreed.into_inner(), &wlsv.into_inner());
    assert!(gap < 1e-3, "{gap:e} of a total of 92,162");
}
