//! Explanations: contributions add up, and say what a reader would work out by hand.

use granular::{Erm, ErrorKind, Hierarchy, Method, Penalty, Reconciler, TopDown};
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2, Axis, array};

use crate::differentiable::sketch;
use crate::m5;
use crate::support::{distance, seeded, seven_nodes};

const BASE: [f64; 7] = [100.0, 55.0, 52.0, 30.0, 20.0, 15.0, 30.0];

fn base() -> Array2<f64> {
    Array2::from_shape_vec((7, 1), BASE.to_vec()).unwrap()
}

/// The largest miss of the sum of contributions, against the sum of their sizes.
fn miss<'a>(reconciled: &Array2<f64>, parts: impl Iterator<Item = Array2<f64>> + 'a) -> f64 {
    let (mut sum, mut size) = (Array2::zeros(reconciled.dim()), Array2::from_elem(reconciled.dim(), 1e-300));
    for part in parts {
        sum += &part;
        size += &part.mapv(f64::abs);
    }
    ((sum - reconciled) / size).iter().fold(0.0, |a: f64, b| a.max(b.abs()))
}

proptest! {
    #![proptest_config(seeded(48))]

    #[test]
    fn contributions_add_up(sketch in sketch(10)) {
        let h = sketch.hierarchy();
        let base = sketch.numbers(h.len(), 2);
        for method in sketch.methods(&h) {
            let reconciler = Reconciler::new(&h, method.clone()).unwrap();
            let explanation = reconciler.explain(base.view()).unwrap();
            let reconciled = explanation.reconciled().all().to_owned();
            prop_assert_eq!(&reconciled, &reconciler.reconcile(base.view()).unwrap().into_inner());
            let parts = h.levels().map(|level| explanation.contribution(level.name()).unwrap().to_owned());
            prop_assert!(miss(&reconciled, parts) <= 1e-10, "{:?}", method);
            // By hand from M: the columns of a level times its forecasts.
            let m = reconciler.projection_matrix();
            for level in h.levels() {
                let rows: Vec<usize> = level.range().collect();
                let expected = m.select(Axis(1), &rows).dot(&base.select(Axis(0), &rows));
                let got = explanation.contribution(level.name()).unwrap().to_owned();
                prop_assert!(distance(&got, &expected) < 1e-8);
            }
            for (row, name) in h.nodes().iter().enumerate() {
                let level = h.level_of(row).name();
                let node = explanation.node_in(level, name).unwrap();
                prop_assert_eq!(&node.reconciled, reconciled.row(row));
                let sum = node.contributions.sum_axis(Axis(0));
                let size = node.contributions.mapv(f64::abs).sum();
                prop_assert!((sum - &node.reconciled).mapv(f64::abs).sum() <= 1e-10 * size);
                let single = explanation.by_node_in(level, name).unwrap();
                let size = single.contributions.mapv(f64::abs).sum();
                let sum = single.contributions.sum_axis(Axis(0));
                prop_assert!((sum - &node.reconciled).mapv(f64::abs).sum() <= 1e-10 * size.max(1.0), "{:?}", method);
                let gap = (single.weights - m.row(row)).mapv(f64::abs).sum();
                prop_assert!(gap < 1e-8, "{}: {:?}", gap, method);
                if !matches!(method, Method::Erm(_) | Method::TopDown(_)) {
                    prop_assert!((node.weights.sum() - 1.0).abs() < 1e-9, "{:?}", method);
                }
            }
        }
    }

    #[test]
    fn effects_are_what_was_moved(sketch in sketch(10)) {
        let h = sketch.hierarchy();
        let base = sketch.numbers(h.len(), 3);
        let w = Array1::from_shape_fn(h.len(), |i| 0.5 + base[[i, 0]].abs());
        let reconciler = Reconciler::new(&h, Method::Wls(w.clone())).unwrap();
        let explanation = reconciler.explain(base.view()).unwrap();
        let moved = &explanation.reconciled().all() - &base;
        let effects = explanation.levels();
        prop_assert!((effects.iter().map(|effect| effect.weight).sum::<f64>() - 1.0).abs() < 1e-9);
        let gaps = granular::coherence_gap(&h, base.view()).unwrap();
        for ((level, effect), gap) in h.levels().zip(effects).zip(gaps) {
            let rows = moved.select(Axis(0), &level.range().collect::<Vec<_>>());
            let sizes = rows.mapv(f64::abs);
            prop_assert_eq!((effect.level.as_str(), effect.nodes), (level.name(), level.len()));
            prop_assert_eq!((effect.gap_before, effect.gap_after), (gap, 0.0));
            prop_assert!((effect.moved_mean - sizes.mean().unwrap()).abs() < 1e-12);
            prop_assert!((effect.moved_rms.powi(2) - rows.mapv(|x| x * x).mean().unwrap()).abs() < 1e-9);
            prop_assert_eq!(effect.moved_max, sizes.iter().fold(0.0, |a: f64, b| a.max(*b)));
            let widest = moved.row(h.node_in(level.name(), &effect.moved_node).unwrap()).mapv(f64::abs);
            prop_assert!(widest.iter().any(|&x| x == effect.moved_max));
            let mean = level.range().map(|node| w[node]).sum::<f64>() / level.len() as f64;
            prop_assert!((effect.variance.unwrap() - mean).abs() < 1e-12 * mean);
        }
    }
}

#[test]
fn a_table_of_levels_and_of_one_node() {
    let h = seven_nodes();
    let reconciler = Reconciler::new(&h, Method::WlsStruct).unwrap();
    let explanation = reconciler.explain(base().view()).unwrap();
    assert_eq!(
        explanation.to_string(),
        "\
level  nodes  gap before  gap after  moved mean     rms     max  at  variance  weight
T          1       5.000      0.000      0.6667  0.6667  0.6667   T     4.000   0.333
Half       2       7.000      0.000       3.167   3.206   3.667   B     2.000   0.333
Leaf       4       0.000      0.000       1.417   1.439   1.667  B1     1.000   0.333
"
    );
    assert_eq!(
        explanation.node("A").unwrap().to_string(),
        "\
A           weight     h1
base                55.00
reconciled   1.000  52.33
T            0.333  16.67
Half         0.333  18.58
Leaf         0.333  17.08
"
    );
    let b2 = explanation.by_node("B2").unwrap();
    assert_eq!(
        b2.to_string(),
        "\
B2  level  weight       h1
B2   Leaf   0.708    21.25
B    Half   0.208    10.83
T       T   0.083    8.333
B1   Leaf  -0.292   -4.375
A    Half  -0.042   -2.292
A1   Leaf  -0.042   -1.250
A2   Leaf  -0.042  -0.8333
"
    );
    assert_eq!(b2.largest(2), [6, 2]);
}

#[test]
fn methods_without_a_w_have_no_variances() {
    let h = seven_nodes();
    let bottom_up = Reconciler::new(&h, Method::BottomUp).unwrap();
    let explanation = bottom_up.explain(base().view()).unwrap();
    assert!(explanation.levels().iter().all(|effect| effect.variance.is_none()));
    assert_eq!(explanation.levels()[2].weight, 1.0);
    assert_eq!(explanation.contribution("T").unwrap(), Array2::<f64>::zeros((7, 1)));
    assert!(explanation.to_string().contains("  -   1.000"), "{explanation}");
    let custom = Method::Custom(Array2::from_diag(&array![4.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0]));
    let custom = Reconciler::new(&h, custom).unwrap();
    assert_eq!(custom.explain(base().view()).unwrap().levels()[1].variance, Some(2.0));
}

#[test]
fn no_columns_and_one_level() {
    let h = seven_nodes();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let explanation = reconciler.explain(Array2::zeros((7, 0)).view()).unwrap();
    assert!(explanation.levels()[0].moved_mean.is_nan() && explanation.levels()[0].moved_max.is_nan());
    assert!(explanation.to_string().contains(" -  "), "{explanation}");
    assert_eq!(explanation.node("A").unwrap().contributions.dim(), (3, 0));
    assert_eq!(explanation.by_node("A").unwrap().contributions.dim(), (7, 0));
    let h = Hierarchy::temporal(2, &[("row", 1)]).unwrap();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let explanation = reconciler.explain(array![[1.0], [2.0]].view()).unwrap();
    assert_eq!(explanation.contribution("row").unwrap(), array![[1.0], [2.0]]);
    assert_eq!(explanation.base(), array![[1.0], [2.0]]);
    assert_eq!(explanation.by_node("row[1]").unwrap().weights, array![0.0, 1.0]);
}

#[test]
fn csv_has_a_row_for_each_node_and_column() {
    let h = seven_nodes();
    let reconciler = Reconciler::new(&h, Method::BottomUp).unwrap();
    let base = Array2::from_shape_fn((7, 2), |(i, c)| BASE[i] + c as f64);
    let mut csv = Vec::new();
    reconciler.explain(base.view()).unwrap().write_csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 15);
    assert_eq!(lines[0], "level,node,column,base,reconciled,moved,from T,from Half,from Leaf");
    assert_eq!(lines[3], "Half,A,h1,55,50,-5,0,0,50");
    assert_eq!(lines[14], "Leaf,B2,h2,31,31,0,0,0,31");

    let explanation = reconciler.explain(base.view()).unwrap();
    let path = std::env::temp_dir().join(format!("granular_explain_{}.csv", std::process::id()));
    explanation.save_csv(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), csv);
    std::fs::remove_file(&path).unwrap();
    let error = explanation.save_csv(path.join("below.csv")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::File { .. }), "{error}");
    let mut single = Vec::new();
    explanation.by_node("A").unwrap().write_csv(&mut single).unwrap();
    assert_eq!(
        String::from_utf8(single).unwrap(),
        "level,node,weight,h1,h2\nT,T,0,0,0\nHalf,A,0,0,0\nHalf,B,0,0,0\nLeaf,A1,1,30,31\nLeaf,A2,1,20,21\n\
         Leaf,B1,0,0,0\nLeaf,B2,0,0,0\n"
    );
}

#[test]
fn refusals() {
    let h = seven_nodes();
    for method in [Method::TopDown(TopDown::ForecastProportions), Method::MiddleOut("Half".into())] {
        let reconciler = Reconciler::new(&h, method).unwrap();
        let error = reconciler.explain(base().view()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NoMatrix { what: "explain" }));
        assert_eq!(
            error.to_string(),
            "explain: the method is not linear in the base forecasts (`Reconciler::is_linear`), so no weights take them \
             to the reconciled ones"
        );
    }
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let mut nan = base();
    nan[[1, 0]] = f64::NAN;
    let error = reconciler.explain(nan.view()).unwrap_err().to_string();
    assert_eq!(error, "level `Half`, node `A`, column 0: expected a finite value, got NaN");
    let error = reconciler.explain(Array2::zeros((6, 1)).view()).unwrap_err().to_string();
    assert_eq!(error, "data of all levels: expected 7 rows, got 6");
    let explanation = reconciler.explain(base().view()).unwrap();
    let error = explanation.contribution("Third").unwrap_err().to_string();
    assert_eq!(error, "level `Third` is unknown, the levels are `T`, `Half`, `Leaf`");
    for error in [explanation.node("A3").unwrap_err(), explanation.by_node("A3").unwrap_err()] {
        assert!(matches!(error.kind(), ErrorKind::UnknownNode { .. }), "{error}");
    }
    for error in [explanation.node_in("T", "A").unwrap_err(), explanation.by_node_in("T", "A").unwrap_err()] {
        assert!(error.to_string().starts_with("node `A` is unknown in level `T`"), "{error}");
    }
}

/// A map that was learnt keeps no total: weights need not add up to 1, contributions do.
#[test]
fn weights_of_a_learnt_map() {
    let h = seven_nodes();
    let fitted = Array2::from_shape_fn((7, 6), |(i, c)| BASE[i] * (1.0 + f64::sin((i * 6 + c) as f64) / 9.0));
    let actual = h.integrate(fitted.select(Axis(0), &[3, 4, 5, 6]).view()).unwrap().into_inner() * 1.1;
    let erm = Erm { actual, fitted, columns: 6, penalty: Penalty::None };
    let reconciler = Reconciler::new(&h, Method::Erm(erm)).unwrap();
    let explanation = reconciler.explain(base().view()).unwrap();
    let node = explanation.node("A").unwrap();
    assert!((node.weights.sum() - 1.0).abs() > 0.01, "{node}");
    assert!((node.contributions.sum() / node.reconciled[0] - 1.0).abs() < 1e-10);
}

/// 42,840 nodes: n × n would be 15 GB.
#[test]
fn large_hierarchies() {
    let h = m5::hierarchy(&m5::keys()).unwrap();
    let base = m5::base_forecasts(&h).unwrap().select(Axis(1), &[0]);
    let reconciler = Reconciler::new(&h, Method::WlsStruct).unwrap();
    let explanation = reconciler.explain(base.view()).unwrap();
    let reconciled = explanation.reconciled().all().to_owned();
    let parts = h.levels().map(|level| explanation.contribution(level.name()).unwrap().to_owned());
    assert!(miss(&reconciled, parts) < 1e-7);
    let top = h.levels().next().unwrap();
    let node = explanation.node_in(top.name(), &top.nodes()[0]).unwrap();
    assert!((node.weights.sum() - 1.0).abs() < 1e-9);
    let single = explanation.by_node_in(top.name(), &top.nodes()[0]).unwrap();
    assert!((single.contributions.sum() / node.reconciled[0] - 1.0).abs() < 1e-9);
    assert!((explanation.levels().iter().map(|effect| effect.weight).sum::<f64>() - 1.0).abs() < 1e-9);
}
