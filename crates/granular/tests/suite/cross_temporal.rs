//! Series at every order of time: the joint structure, its covariances, and reconciling in steps.

use granular::{
    Aggregator, AtBound, CrossTemporal, Direction, Error, ErrorKind, Gaussian, Hierarchy, IterativeConfig,
    Method, Reconciler, Steps, Stepwise, TemporalCovariance, TopDown,
};
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2, ArrayView2, array};

use crate::support::{crossed, distance, seeded, summing};
use crate::temporal::{covariance, lag_one, noise, textbook};

/// A total, two groups (of two series and of one), and year / half / quarter.
fn small() -> CrossTemporal {
    let series = Hierarchy::grouped()
        .key("group", ["A", "A", "B"])
        .key("series", ["a1", "a2", "b1"])
        .level("Total", &[])
        .level("Group", &["group"])
        .level("Series", &["series"])
        .build()
        .unwrap();
    let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap();
    CrossTemporal::new(&series, &year).unwrap()
}

const ORDERS: [(&str, usize); 3] = [("year", 1), ("half", 2), ("quarter", 4)];

/// A matrix of noise for each order, each series with a size of its own.
fn matrices(structure: &CrossTemporal, periods: usize, seed: usize) -> Vec<(String, Array2<f64>)> {
    let of = |steps: usize| {
        let shape = (structure.cross_sectional().len(), steps * periods);
        Array2::from_shape_fn(shape, |(i, t)| {
            (1.0 + i as f64) * (noise(seed + 31 * i + steps, t) + 0.5 * noise(seed + steps, t))
        })
    };
    structure.temporal().levels().map(|level| (level.name().to_owned(), of(level.len()))).collect()
}

fn views(matrices: &[(String, Array2<f64>)]) -> Vec<(&str, ArrayView2<'_, f64>)> {
    matrices.iter().map(|(order, series)| (order.as_str(), series.view())).collect()
}

/// Node of the joint structure, order of its step, and its step, for each row: by the names alone.
fn places(structure: &CrossTemporal) -> Vec<(usize, usize, usize)> {
    let joint = structure.hierarchy();
    let place = |row: usize| {
        let (series, step) = joint.nodes()[row].rsplit_once('@').unwrap();
        let level = joint.level_of(row).name().rsplit_once('@').unwrap();
        let i = structure.cross_sectional().node_in(level.0, series).unwrap();
        let order = structure.temporal().level(level.1).unwrap();
        let node = structure.temporal().node_in(level.1, step).unwrap();
        (i, order.position(), node - order.range().start)
    };
    (0..joint.len()).map(place).collect()
}

#[test]
fn the_joint_structure_is_the_product() {
    let structure = small();
    let (cs, te, joint) = (structure.cross_sectional(), structure.temporal(), structure.hierarchy());
    assert_eq!((joint.len(), joint.finest_len(), joint.levels().len()), (42, 12, 9));
    assert_eq!(joint.finest().name(), "Series@quarter");
    assert_eq!(joint.factors(), Some((cs, te)));
    let (s, s_cs, s_te) = (summing(joint), summing(cs), summing(te));
    for (row, (i, order, step)) in places(&structure).into_iter().enumerate() {
        let node = te.levels().nth(order).unwrap().range().start + step;
        for unit in 0..12 {
            assert_eq!(s[[row, unit]], s_cs[[i, unit / 4]] * s_te[[node, unit % 4]]);
        }
    }
    // Three structures are crossed from the left.
    let again =
        Hierarchy::cross(joint, &Hierarchy::temporal(2, &[("day", 2), ("night", 1)]).unwrap()).unwrap();
    assert!(again.node("A@half[1]@night[0]").is_ok());
}

#[test]
fn data_go_there_and_back() {
    let structure = small();
    let matrices = matrices(&structure, 5, 0);
    let values = structure.periods(&views(&matrices)).unwrap();
    for (row, (i, order, step)) in places(&structure).into_iter().enumerate() {
        let (series, steps) = (&matrices[order].1, ORDERS[order].1);
        for p in 0..5 {
            assert_eq!(values[[row, p]], series[[i, p * steps + step]]);
        }
    }
    for (order, series) in &matrices {
        assert_eq!(structure.series(order, values.view()).unwrap(), series);
    }
    let quarters = Array2::from_shape_fn((3, 8), |(i, t)| 10f64.powi(i as i32) * (t + 1) as f64);
    let whole = structure.integrate(quarters.view()).unwrap();
    assert_eq!(whole.node("Total@year[0]").unwrap(), array![1110.0, 26.0 * 111.0]);
    assert_eq!(whole.node("A@half[1]").unwrap(), array![77.0, 165.0]);
    let expected = structure.cross_sectional().integrate(quarters.view()).unwrap();
    assert_eq!(structure.series("quarter", whole.all()).unwrap(), expected.all());
}

/// W over all pairs of rows, from `f(i, j, order, a, b)` for rows of one order; other orders do not go together.
fn by_order(structure: &CrossTemporal, f: impl Fn(usize, usize, usize, usize, usize) -> f64) -> Array2<f64> {
    let places = places(structure);
    Array2::from_shape_fn((places.len(), places.len()), |(row, column)| {
        let ((i, k, a), (j, l, b)) = (places[row], places[column]);
        if k == l { f(i, j, k, a, b) } else { 0.0 }
    })
}

#[test]
fn covariances_agree_with_plain_loops() {
    use TemporalCovariance as C;
    let structure = small();
    let matrices = matrices(&structure, 25, 3);
    let errors = structure.periods(&views(&matrices)).unwrap();
    let series = |i: usize, k: usize| matrices[k].1.row(i).to_vec();
    let at = |i: usize, k: usize, step: usize| -> Vec<f64> {
        series(i, k).into_iter().skip(step).step_by(ORDERS[k].1).collect()
    };
    let square = |e: Vec<f64>| e.iter().map(|e| e * e).sum::<f64>() / e.len() as f64;
    let same = |yes: bool, value: f64| if yes { value } else { 0.0 };
    let sizes = summing(structure.hierarchy());
    let size = |i: usize, k: usize| {
        let row = places(&structure).iter().position(|&place| place == (i, k, 0)).unwrap();
        sizes.row(row).sum()
    };
    let ar1 = |i: usize, k: usize, a: usize, b: usize| lag_one(&series(i, k)).powi(a.abs_diff(b) as i32);
    let wlsv = by_order(&structure, |i, j, k, a, b| same(i == j && a == b, square(series(i, k))));
    let wlsh = by_order(&structure, |i, j, k, a, b| same(i == j && a == b, square(at(i, k, a))));
    let acov = by_order(&structure, |i, j, k, a, b| same(i == j, covariance(&at(i, k, a), &at(i, k, b))));
    let strar1 = by_order(&structure, |i, j, k, a, b| same(i == j, size(i, k) * ar1(i, k, a, b)));
    let sar1 = by_order(&structure, |i, j, k, a, b| same(i == j, square(series(i, k)) * ar1(i, k, a, b)));
    let har1 = by_order(&structure, |i, j, k, a, b| {
        same(i == j, (square(at(i, k, a)) * square(at(i, k, b))).sqrt() * ar1(i, k, a, b))
    });
    let bdsam = by_order(&structure, |i, j, k, a, b| same(a == b, covariance(&series(i, k), &series(j, k))));
    for (kind, w) in [
        (C::Wlsv, wlsv),
        (C::Wlsh, wlsh),
        (C::Acov, acov),
        (C::StrAr1, strar1),
        (C::SAr1, sar1),
        (C::HAr1, har1),
        (C::BdSam, bdsam),
    ] {
        let reconciler =
            Reconciler::new(structure.hierarchy(), Method::Temporal(kind, errors.clone())).unwrap();
        assert!(reconciler.preparation().is_clean(), "{kind:?}: {}", reconciler.preparation());
        let gap = distance(&reconciler.projection_matrix(), &textbook(structure.hierarchy(), &w));
        assert!(gap < 1e-10, "{kind:?}: {gap:e}");
    }
}

#[test]
fn weights_set_later_leave_series_what_they_are() {
    let structure = small();
    let errors = structure.periods(&views(&matrices(&structure, 9, 3))).unwrap();
    let method = || Method::Temporal(TemporalCovariance::Wlsv, errors.clone());
    let later = structure.hierarchy().aggregated_by(&Aggregator::Mean).unwrap();
    let mean = |h: &Hierarchy| h.aggregated_by(&Aggregator::Mean).unwrap();
    let before = Hierarchy::cross(&mean(structure.cross_sectional()), &mean(structure.temporal())).unwrap();
    let m = |h: &Hierarchy| Reconciler::new(h, method()).unwrap().projection_matrix();
    assert!(distance(&m(&later), &m(&before)) < 1e-12);
    // A product of weights: a half of a half for two quarters of two series.
    let half = before.members(before.node("A@half[1]").unwrap()).collect::<Vec<_>>();
    assert_eq!(half, [(2, 0.25), (3, 0.25), (6, 0.25), (7, 0.25)]);
}

#[test]
fn shrunk_blocks_are_those_of_each_order() {
    let structure = small();
    let matrices = matrices(&structure, 12, 5);
    let errors = structure.periods(&views(&matrices)).unwrap();
    let kind = TemporalCovariance::BdShr;
    let reconciler = Reconciler::new(structure.hierarchy(), Method::Temporal(kind, errors)).unwrap();
    let shrinkages = &reconciler.preparation().shrinkages;
    assert_eq!(
        shrinkages.iter().map(|(order, _)| order.as_str()).collect::<Vec<_>>(),
        ["year", "half", "quarter"]
    );
    // The cross-sectional method on the residuals of one order estimates the same shrinkage.
    for ((_, series), (order, lambda)) in matrices.iter().zip(shrinkages) {
        let own = Reconciler::new(structure.cross_sectional(), Method::MintShrink(series.clone())).unwrap();
        assert_eq!(own.preparation().shrinkage, Some(*lambda), "{order}");
    }
    let lambda = |k: usize| shrinkages[k].1;
    assert!((0..3).any(|k| lambda(k) > 0.01 && lambda(k) < 0.99), "{shrinkages:?} tell nothing");
    let w = by_order(&structure, |i, j, k, a, b| {
        let kept = if i == j { 1.0 } else { 1.0 - lambda(k) };
        let series = |i: usize| matrices[k].1.row(i).to_vec();
        if a == b { kept * covariance(&series(i), &series(j)) } else { 0.0 }
    });
    assert!(distance(&reconciler.projection_matrix(), &textbook(structure.hierarchy(), &w)) < 1e-10);
    let text = reconciler.preparation().to_string();
    assert!(text.starts_with(&format!("`year`: covariances shrunk by {:.4}\n", lambda(0))), "{text}");
}

#[test]
fn whole_series_have_a_covariance_each() {
    let structure = small();
    let errors = structure.periods(&views(&matrices(&structure, 60, 5))).unwrap();
    let prepared =
        |kind| Reconciler::new(structure.hierarchy(), Method::Temporal(kind, errors.clone())).unwrap();
    let (sam, shr) = (prepared(TemporalCovariance::SSam), prepared(TemporalCovariance::SShr));
    assert!(sam.preparation().shrinkages.is_empty());
    // The temporal method on the residuals of one series estimates the same shrinkage.
    let series = structure.cross_sectional().nodes();
    let places = places(&structure);
    for (i, (name, lambda)) in shr.preparation().shrinkages.iter().enumerate() {
        assert_eq!(name, &series[i]);
        let rows: Vec<usize> = (0..places.len()).filter(|&row| places[row].0 == i).collect();
        let own = Method::MintShrink(errors.select(tensor::ndarray::Axis(0), &rows));
        let own = Reconciler::new(structure.temporal(), own).unwrap();
        assert!((own.preparation().shrinkage.unwrap() - lambda).abs() < 1e-12, "{name}");
        assert!(*lambda > 0.001 && *lambda < 0.999, "{lambda} tells nothing");
    }
    for (reconciler, shrinks) in [(sam, false), (shr, true)] {
        let w = Array2::from_shape_fn((places.len(), places.len()), |(row, column)| {
            let i = places[row].0;
            let lambda =
                if shrinks && row != column { reconciler.preparation().shrinkages[i].1 } else { 0.0 };
            let value = covariance(&errors.row(row).to_vec(), &errors.row(column).to_vec());
            if i == places[column].0 { (1.0 - lambda) * value } else { 0.0 }
        });
        let gap = distance(&reconciler.projection_matrix(), &textbook(structure.hierarchy(), &w));
        assert!(gap < 1e-9, "{gap:e}");
    }
}

/// Residuals and forecasts of the small structure, and a stepwise reconciler with another W for every part.
fn uneven(structure: &CrossTemporal, seed: usize) -> (Stepwise, Vec<Array2<f64>>, Vec<Array2<f64>>) {
    let (cs, te) = (structure.cross_sectional(), structure.temporal());
    let spd = |n: usize, seed: usize| {
        let root = Array2::from_shape_fn((n, n), |(i, j)| 0.4 * noise(seed + i, j));
        root.dot(&root.t()) + Array2::<f64>::eye(n)
    };
    let orders: Vec<_> = (0..te.levels().len()).map(|k| spd(cs.len(), seed + 100 * k)).collect();
    let series: Vec<_> = (0..cs.len()).map(|i| spd(te.len(), seed + 1000 + 100 * i)).collect();
    let order = |name: &str| Method::Custom(orders[te.level(name).unwrap().position()].clone());
    let of_series = |name: &str| Method::Custom(series[cs.node(name).unwrap()].clone());
    let stepwise = Stepwise::new(structure, order, of_series).unwrap();
    (stepwise, orders, series)
}

/// `P (A ⊗ B) Pᵀ`: for each pair of rows the entry of A for the series times that of B for the steps.
fn product(structure: &CrossTemporal, a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    let te = structure.temporal();
    let start: Vec<usize> = te.levels().map(|level| level.range().start).collect();
    let places = places(structure);
    Array2::from_shape_fn((places.len(), places.len()), |(row, column)| {
        let ((i, k, s), (j, l, t)) = (places[row], places[column]);
        a[[i, j]] * b[[start[k] + s, start[l] + t]]
    })
}

/// Matrices of the steps: M_i of each series on its own rows, M_k of each order on its own.
fn step_matrices(
    structure: &CrossTemporal,
    orders: &[Array2<f64>],
    series: &[Array2<f64>],
) -> [Array2<f64>; 2] {
    let te = structure.temporal();
    let start: Vec<usize> = te.levels().map(|level| level.range().start).collect();
    let places = places(structure);
    let n = places.len();
    let temporal = Array2::from_shape_fn((n, n), |(row, column)| {
        let ((i, k, s), (j, l, t)) = (places[row], places[column]);
        if i == j { series[i][[start[k] + s, start[l] + t]] } else { 0.0 }
    });
    let cross = Array2::from_shape_fn((n, n), |(row, column)| {
        let ((i, k, s), (j, l, t)) = (places[row], places[column]);
        if k == l && s == t { orders[k][[i, j]] } else { 0.0 }
    });
    [temporal, cross]
}

fn mean(matrices: &[Array2<f64>]) -> Array2<f64> {
    let sum = matrices.iter().fold(Array2::zeros(matrices[0].dim()), |sum, m| sum + m);
    sum / matrices.len() as f64
}

#[test]
fn two_steps_agree_with_their_matrices() {
    let structure = small();
    let (cs, te) = (structure.cross_sectional(), structure.temporal());
    let (stepwise, w_orders, w_series) = uneven(&structure, 1);
    let orders: Vec<_> = w_orders.iter().map(|w| textbook(cs, w)).collect();
    let series: Vec<_> = w_series.iter().map(|w| textbook(te, w)).collect();
    let [temporal, cross] = step_matrices(&structure, &orders, &series);
    let base = structure.periods(&views(&matrices(&structure, 3, 9))).unwrap();
    let eye = |n: usize| Array2::<f64>::eye(n);
    let tcs = product(&structure, &mean(&orders), &eye(te.len())).dot(&temporal).dot(&base);
    let cst = product(&structure, &eye(cs.len()), &mean(&series)).dot(&cross).dot(&base);
    assert!(distance(&stepwise.tcs(base.view()).unwrap().into_inner(), &tcs) < 1e-10);
    assert!(distance(&stepwise.cst(base.view()).unwrap().into_inner(), &cst) < 1e-10);
    assert!(distance(&tcs, &cst) > 1e-3, "the two differ");

    let turns =
        |first: [&Array2<f64>; 2]| (0..200).fold(base.clone(), |y, _| first[1].dot(&first[0].dot(&y)));
    for (first, limit) in [
        (Direction::Temporal, turns([&temporal, &cross])),
        (Direction::CrossSectional, turns([&cross, &temporal])),
    ] {
        let config = IterativeConfig { first, tolerance: 1e-12, ..Default::default() };
        let (agreed, iterations) = stepwise.iterative(base.view(), &config).unwrap();
        assert!(iterations.converged && iterations.gaps.len() > 2, "{}", iterations.gaps.len());
        assert!(distance(&agreed.into_inner(), &limit) < 1e-9);
        let last = iterations.gaps[iterations.gaps.len() - 1];
        assert!(last.temporal.min(last.cross_sectional) <= iterations.needed);
        // What a step has just closed is not counted as a gap of the step.
        assert!(iterations.gaps[0].temporal > 0.0 && iterations.gaps[0].cross_sectional > 0.0);
    }
    assert_eq!(stepwise.structure(), &structure);
    let m = stepwise.at_order("half").unwrap().projection_matrix();
    assert!(distance(&m, &orders[1]) < 1e-12);
    let m = stepwise.of_series("A").unwrap().projection_matrix();
    assert!(distance(&m, &series[1]) < 1e-12);
}

#[test]
fn steps_are_reconcilers_too() {
    let structure = small();
    let (cs, te) = (structure.cross_sectional(), structure.temporal());
    let (stepwise, w_orders, w_series) = uneven(&structure, 1);
    let orders: Vec<_> = w_orders.iter().map(|w| textbook(cs, w)).collect();
    let series: Vec<_> = w_series.iter().map(|w| textbook(te, w)).collect();
    let [temporal, cross] = step_matrices(&structure, &orders, &series);
    let base = structure.periods(&views(&matrices(&structure, 3, 9))).unwrap();
    let eye = |n: usize| Array2::<f64>::eye(n);
    let tcs = stepwise.reconciler(Steps::TemporalFirst).unwrap();
    let m = product(&structure, &mean(&orders), &eye(te.len())).dot(&temporal);
    assert!(distance(&tcs.projection_matrix(), &m) < 1e-10);
    assert_eq!(tcs.reconcile(base.view()).unwrap(), stepwise.tcs(base.view()).unwrap());
    let cst = stepwise.reconciler(Steps::CrossSectionalFirst).unwrap();
    let m = product(&structure, &eye(cs.len()), &mean(&series)).dot(&cross);
    assert!(distance(&cst.projection_matrix(), &m) < 1e-10);
    assert_eq!(cst.reconcile(base.view()).unwrap(), stepwise.cst(base.view()).unwrap());
    // A distribution through the steps: M Σ Mᵀ.
    let sigma = product(&structure, &w_orders[0], &w_series[0]);
    let gaussian = Gaussian::from_covariance(&cst, base.column(0), sigma.view()).unwrap();
    let expected = m.dot(&sigma).dot(&m.t());
    assert!(distance(&gaussian.covariance().unwrap().to_owned(), &expected) < 1e-9);

    let config = IterativeConfig { first: Direction::CrossSectional, ..Default::default() };
    let turns = stepwise.reconciler(Steps::Iterative(config)).unwrap();
    assert!(!turns.is_linear());
    assert_eq!(turns.reconcile(base.view()).unwrap(), stepwise.iterative(base.view(), &config).unwrap().0);
    let short = IterativeConfig { iterations: 1, ..config };
    let error = stepwise.reconciler(Steps::Iterative(short)).unwrap().reconcile(base.view()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotConverged { iterations: 1, .. }), "{error}");
    let none = IterativeConfig { iterations: 0, ..config };
    assert!(stepwise.reconciler(Steps::Iterative(none)).is_err());
}

#[test]
fn reports_of_the_parts_are_in_the_whole() {
    let structure = small();
    let matrices = matrices(&structure, 12, 5);
    let order = |name: &str| {
        let (_, errors) = matrices.iter().find(|(order, _)| order == name).unwrap();
        let mut errors = errors.clone();
        errors.row_mut(4).fill(0.0);
        Method::MintShrink(errors)
    };
    let stepwise = Stepwise::new(&structure, order, |_| Method::Ols).unwrap();
    let whole = stepwise.reconciler(Steps::TemporalFirst).unwrap();
    let preparation = whole.preparation();
    let own = |name: &str| stepwise.at_order(name).unwrap().preparation().shrinkage.unwrap();
    let expected = ["year", "half", "quarter"].map(|name| (name.to_owned(), own(name)));
    assert_eq!(preparation.shrinkages, expected);
    assert_eq!(preparation.replaced.len(), 3, "series a2 has no errors at any order");
    assert!(preparation.replaced.iter().all(|replaced| replaced.node == "a2"));

    let top_down = |_: &str| Method::TopDown(TopDown::ForecastProportions);
    let stepwise = Stepwise::new(&structure, |_| Method::Ols, top_down).unwrap();
    let first = stepwise.reconciler(Steps::TemporalFirst).unwrap();
    assert!(!first.is_linear() && first.projection_matrix().iter().all(|m| m.is_nan()));
    let refused = stepwise.reconciler(Steps::CrossSectionalFirst).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::NonlinearPart { .. }), "{refused}");
}

#[test]
fn bottom_up_and_partly_bottom_up() {
    let structure = small();
    let (cs, te) = (structure.cross_sectional(), structure.temporal());
    let matrices = matrices(&structure, 2, 2);
    let base = structure.periods(&views(&matrices)).unwrap();
    let quarters = &matrices[2].1;
    let bottom = quarters.select(tensor::ndarray::Axis(0), &cs.finest().range().collect::<Vec<_>>());
    let expected = structure.integrate(bottom.view()).unwrap();
    let joint = Reconciler::new(structure.hierarchy(), Method::BottomUp).unwrap();
    assert_eq!(joint.reconcile(base.view()).unwrap(), expected);
    let stepwise = Stepwise::new(&structure, |_| Method::BottomUp, |_| Method::BottomUp).unwrap();
    for agreed in [
        stepwise.tcs(base.view()).unwrap(),
        stepwise.cst(base.view()).unwrap(),
        stepwise.iterative(base.view(), &IterativeConfig::default()).unwrap().0,
    ] {
        assert!(distance(&agreed.into_inner(), &expected.all().to_owned()) < 1e-12);
    }
    // Cross-sectional ols at the finest order, added up over time.
    let partly = Stepwise::new(&structure, |_| Method::Ols, |_| Method::BottomUp).unwrap();
    let ols = Reconciler::new(cs, Method::Ols).unwrap().reconcile(quarters.view()).unwrap();
    let expected = structure.integrate(ols.finest()).unwrap();
    let agreed = partly.cst(base.view()).unwrap();
    assert!(distance(&agreed.into_inner(), &expected.into_inner()) < 1e-12);
    // Temporal struct of the finest series, added up across.
    let partly = Stepwise::new(&structure, |_| Method::BottomUp, |_| Method::WlsStruct).unwrap();
    let agreed = partly.tcs(base.view()).unwrap();
    let wls = Reconciler::new(te, Method::WlsStruct).unwrap();
    for series in ["a1", "a2", "b1"] {
        let rows: Vec<usize> = (te.nodes().iter())
            .map(|step| structure.hierarchy().node(&format!("{series}@{step}")).unwrap())
            .collect();
        let own = wls.reconcile(base.select(tensor::ndarray::Axis(0), &rows).view()).unwrap();
        let got = agreed.all().select(tensor::ndarray::Axis(0), &rows);
        assert!(distance(&got, &own.into_inner()) < 1e-12);
    }
}

#[test]
fn a_method_that_is_not_linear_can_come_first() {
    let structure = small();
    let matrices = matrices(&structure, 2, 2);
    let positive: Vec<_> =
        matrices.iter().map(|(order, m)| (order.clone(), m.mapv(|v| v.abs() + 1.0))).collect();
    let base = structure.periods(&views(&positive)).unwrap();
    let top_down = || Method::TopDown(TopDown::ForecastProportions);
    let stepwise = Stepwise::new(&structure, |_| Method::Ols, |_| top_down()).unwrap();
    assert_eq!(stepwise.tcs(base.view()).unwrap().gaps(), [0.0; 9]);
    let refused = stepwise.cst(base.view()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "temporal step, node `Total`: expected a linear method, as the projections of this step are averaged"
    );
    assert!(matches!(refused.kind(), ErrorKind::NonlinearPart { step: "temporal step", .. }));
    let stepwise = Stepwise::new(
        &structure,
        |order| if order == "half" { top_down() } else { Method::Ols },
        |_| Method::Ols,
    )
    .unwrap();
    assert_eq!(stepwise.cst(base.view()).unwrap().gaps(), [0.0; 9]);
    assert_eq!(
        stepwise.tcs(base.view()).unwrap_err().to_string(),
        "cross-sectional step, level `half`: expected a linear method, as the projections of this step are averaged"
    );
    // What it says of a column is told of the right series.
    let stepwise = Stepwise::new(&structure, |_| Method::Ols, |_| top_down()).unwrap();
    let mut zeros = base.clone();
    for (step, value) in [("half[0]", 3.0), ("half[1]", -3.0)] {
        zeros[[structure.hierarchy().node(&format!("B@{step}")).unwrap(), 1]] = value;
    }
    assert_eq!(
        stepwise.tcs(zeros.view()).unwrap_err().to_string(),
        "node `B`: level `year`, node `year[0]`, column 1: the forecasts of level `half` under it add up to 0, so they \
         have no proportions"
    );
}

fn message<T>(result: Result<T, Error>) -> String {
    result.err().expect("it must fail").to_string()
}

#[test]
fn arranging_refuses_by_name() {
    let structure = small();
    let series = structure.cross_sectional().clone();
    let odd = Hierarchy::grouped().key("a", ["x@y", "z"]).level("L", &["a"]).build().unwrap();
    assert_eq!(
        message(CrossTemporal::new(&series, &odd)),
        "name of the second structure: expected no `@`, got `x@y`"
    );
    assert!(CrossTemporal::new(&odd, structure.temporal()).is_ok());

    let (one, two, four) =
        (Array2::<f64>::ones((6, 1)), Array2::<f64>::ones((6, 2)), Array2::<f64>::ones((5, 4)));
    let (one, two, four) = (one.view(), two.view(), four.view());
    assert_eq!(
        message(structure.periods(&[("year", one), ("half", two), ("quarter", four)])),
        "level `quarter`: series: expected 6 rows, got 5"
    );
    assert_eq!(message(structure.periods(&[("year", one)])), "level `half` has no series");
    assert_eq!(
        message(structure.periods(&[("half", one)])),
        "level `half`: expected a multiple of 2 values, as a period has that many, got 1"
    );
    assert_eq!(message(structure.integrate(four)), "finest data: expected 3 rows, got 5");
    assert_eq!(
        message(structure.integrate(Array2::ones((3, 6)).view())),
        "level `quarter`: expected a multiple of 4 values, as a period has that many, got 6"
    );
    assert_eq!(message(structure.series("year", four)), "data of all levels: expected 42 rows, got 5");
}

#[test]
fn steps_refuse_by_name() {
    let structure = small();
    let wrong = |_: &str| Method::Wls(Array1::ones(3));
    assert_eq!(
        message(Stepwise::new(&structure, wrong, |_| Method::Ols)),
        "level `year`: variances: expected 6 values, got 3"
    );
    assert_eq!(
        message(Stepwise::new(&structure, |_| Method::Ols, wrong)),
        "node `Total`: variances: expected 7 values, got 3"
    );
    let (stepwise, ..) = uneven(&structure, 4);
    let short = Array2::ones((6, 1));
    for refused in [
        message(stepwise.tcs(short.view())),
        message(stepwise.cst(short.view())),
        message(stepwise.iterative(short.view(), &IterativeConfig::default())),
    ] {
        assert_eq!(refused, "data of all levels: expected 42 rows, got 6");
    }
    let mut base = structure.periods(&views(&matrices(&structure, 2, 8))).unwrap();
    let iterate = |base: &Array2<f64>, config| message(stepwise.iterative(base.view(), &config));
    assert_eq!(
        iterate(&base, IterativeConfig { iterations: 0, ..Default::default() }),
        "iterations: expected at least 1, got 0"
    );
    assert_eq!(
        iterate(&base, IterativeConfig { tolerance: f64::NAN, ..Default::default() }),
        "tolerance: expected a finite number of at least 0, got NaN"
    );
    let short = IterativeConfig { iterations: 2, ..Default::default() };
    let (last, iterations) =
        stepwise.iterative(base.view(), &IterativeConfig { at_bound: AtBound::Report, ..short }).unwrap();
    assert_eq!(last.gaps(), [0.0; 9]);
    assert!(!iterations.converged && iterations.gaps.len() == 2);
    let (residual, needed) = (iterations.gaps[1].temporal, iterations.needed);
    assert_eq!(
        iterate(&base, short),
        format!(
            "iterative reconciliation: 2 iterations leave a residual of {residual:e}, expected at most {needed:e}"
        )
    );
    base[[7, 1]] = f64::NAN;
    let nan = "level `Group@year`, node `A@year[0]`, column 1: expected a finite value, got NaN";
    assert_eq!(message(stepwise.tcs(base.view())), nan);
    assert_eq!(message(stepwise.cst(base.view())), nan);
    assert_eq!(iterate(&base, IterativeConfig::default()), nan);
}

#[test]
fn no_columns_and_single_nodes_are_no_trouble() {
    let structure = small();
    let (stepwise, ..) = uneven(&structure, 6);
    let none = Array2::zeros((42, 0));
    let config = IterativeConfig::default();
    for agreed in [
        stepwise.tcs(none.view()).unwrap(),
        stepwise.cst(none.view()).unwrap(),
        stepwise.iterative(none.view(), &config).unwrap().0,
        structure.integrate(Array2::zeros((3, 0)).view()).unwrap(),
    ] {
        assert_eq!(agreed.all().dim(), (42, 0));
    }
    // One series at one order: nothing to reconcile.
    let one = Hierarchy::temporal(1, &[("only", 1)]).unwrap();
    let single = CrossTemporal::new(&one, &one).unwrap();
    let stepwise = Stepwise::new(&single, |_| Method::Ols, |_| Method::WlsStruct).unwrap();
    let base = array![[3.0, -1.0]];
    assert_eq!(stepwise.tcs(base.view()).unwrap().all(), base);
    assert_eq!(stepwise.cst(base.view()).unwrap().all(), base);
    let (agreed, iterations) = stepwise.iterative(base.view(), &config).unwrap();
    assert_eq!((agreed.all(), iterations.gaps.len(), iterations.converged), (base.view(), 1, true));
}

#[test]
fn forecasts_too_large_to_add_up_are_an_error() {
    let structure = small();
    let stepwise = Stepwise::new(&structure, |_| Method::BottomUp, |_| Method::BottomUp).unwrap();
    let base = Array2::from_elem((42, 1), 1e308);
    for error in [
        stepwise.tcs(base.view()).unwrap_err(),
        stepwise.cst(base.view()).unwrap_err(),
        stepwise.iterative(base.view(), &IterativeConfig::default()).unwrap_err(),
    ] {
        assert!(error.to_string().ends_with("expected a finite value, got inf"), "{error}");
    }
}

/// Rows of keys, orders of time, and a seed for numbers.
#[derive(Debug, Clone)]
struct Sketch {
    rows: Vec<(u8, u8)>,
    orders: Vec<usize>,
    /// How the series and the steps are aggregated.
    aggregators: (Aggregator, Aggregator),
    seed: usize,
}

fn aggregator() -> impl Strategy<Value = Aggregator> {
    prop::sample::select(vec![Aggregator::Sum, Aggregator::Mean, Aggregator::Last])
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let rows = prop::collection::vec((0u8..2, 0u8..2), 1..5);
    let orders = prop::sample::subsequence(vec![6usize, 3, 2], 0..=3);
    (rows, orders, (aggregator(), aggregator()), 0usize..10_000)
        .prop_map(|(rows, orders, aggregators, seed)| Sketch { rows, orders, aggregators, seed })
}

impl Sketch {
    fn structure(&self) -> CrossTemporal {
        let cs = crossed(&self.rows);
        let names: Vec<(String, usize)> =
            self.orders.iter().map(|&order| (format!("by{order}"), order)).collect();
        let mut levels: Vec<(&str, usize)> =
            names.iter().map(|(name, order)| (name.as_str(), *order)).collect();
        levels.push(("row", 1));
        let te = Hierarchy::temporal(6, &levels).unwrap();
        let (across, over) = &self.aggregators;
        CrossTemporal::new(&cs.aggregated_by(across).unwrap(), &te.aggregated_by(over).unwrap()).unwrap()
    }

    fn spd(&self, n: usize, seed: usize) -> Array2<f64> {
        let root = Array2::from_shape_fn((n, n), |(i, j)| 0.4 * noise(self.seed + seed + i, j));
        root.dot(&root.t()) + Array2::<f64>::eye(n)
    }
}

proptest! {
    #![proptest_config(seeded(48))]

    #[test]
    fn with_a_kronecker_w_all_ways_are_one(sketch in sketch()) {
        let structure = sketch.structure();
        let (cs, te) = (structure.cross_sectional(), structure.temporal());
        let (w_cs, w_te) = (sketch.spd(cs.len(), 0), sketch.spd(te.len(), 77));
        let joint = Reconciler::new(structure.hierarchy(), Method::Custom(product(&structure, &w_cs, &w_te))).unwrap();
        let m = joint.projection_matrix();
        let (m_cs, m_te) = (textbook(cs, &w_cs), textbook(te, &w_te));
        prop_assert!(distance(&m, &product(&structure, &m_cs, &m_te)) < 1e-9);
        let base = structure.periods(&views(&matrices(&structure, 2, sketch.seed))).unwrap();
        let expected = m.dot(&base);
        let stepwise = Stepwise::new(&structure, |_| Method::Custom(w_cs.clone()), |_| Method::Custom(w_te.clone())).unwrap();
        prop_assert!(distance(&stepwise.tcs(base.view()).unwrap().into_inner(), &expected) < 1e-9);
        prop_assert!(distance(&stepwise.cst(base.view()).unwrap().into_inner(), &expected) < 1e-9);
        for first in [Direction::Temporal, Direction::CrossSectional] {
            let config = IterativeConfig { first, ..Default::default() };
            let (agreed, iterations) = stepwise.iterative(base.view(), &config).unwrap();
            prop_assert_eq!(iterations.gaps.len(), 1);
            prop_assert!(distance(&agreed.into_inner(), &expected) < 1e-7);
        }
        // Diagonal factors: the same by the diagonal method.
        let diagonal = |n: usize, seed: usize| Array1::from_shape_fn(n, |i| noise(seed + sketch.seed, i).abs() + 0.1);
        let (a, b) = (diagonal(cs.len(), 1), diagonal(te.len(), 2));
        let w = product(&structure, &Array2::from_diag(&a), &Array2::from_diag(&b)).diag().to_owned();
        let m = Reconciler::new(structure.hierarchy(), Method::Wls(w)).unwrap().projection_matrix();
        let of = |h: &Hierarchy, w: &Array1<f64>| Reconciler::new(h, Method::Wls(w.clone())).unwrap().projection_matrix();
        prop_assert!(distance(&m, &product(&structure, &of(cs, &a), &of(te, &b))) < 1e-9);
    }

    #[test]
    fn projections(sketch in sketch()) {
        use TemporalCovariance as C;
        let structure = sketch.structure();
        let errors = structure.periods(&views(&matrices(&structure, 30, sketch.seed))).unwrap();
        let s = summing(structure.hierarchy());
        for kind in [C::Wlsv, C::Wlsh, C::Acov, C::StrAr1, C::SAr1, C::HAr1, C::BdShr, C::SShr, C::Shr] {
            let reconciler = Reconciler::new(structure.hierarchy(), Method::Temporal(kind, errors.clone())).unwrap();
            let m = reconciler.projection_matrix();
            let size = m.iter().fold(1.0, |a: f64, b| a.max(b.abs()));
            prop_assert!(distance(&m.dot(&m), &m) < 1e-8 * size * size, "{:?} idempotent", kind);
            prop_assert!(distance(&m.dot(&s), &s) < 1e-8 * size, "{:?} M S = S", kind);
        }
    }

    #[test]
    fn steps_keep_what_is_coherent_and_make_the_rest_so(sketch in sketch()) {
        let structure = sketch.structure();
        let (stepwise, ..) = uneven(&structure, sketch.seed);
        let base = structure.periods(&views(&matrices(&structure, 2, sketch.seed))).unwrap();
        let config = IterativeConfig { at_bound: AtBound::Report, ..Default::default() };
        let all = |base: ArrayView2<'_, f64>| {
            [stepwise.tcs(base).unwrap(), stepwise.cst(base).unwrap(), stepwise.iterative(base, &config).unwrap().0]
        };
        for agreed in all(base.view()) {
            prop_assert!(agreed.gaps().iter().all(|&gap| gap == 0.0));
            for again in all(agreed.all()) {
                prop_assert!(distance(&again.into_inner(), &agreed.all().to_owned()) < 1e-8);
            }
        }
        let (_, iterations) = stepwise.iterative(base.view(), &config).unwrap();
        prop_assert!(iterations.converged);
    }
}
