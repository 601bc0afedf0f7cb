//! What reconcilers are used for, on structures out of the ordinary: explanations, gradients, distributions, models.

use granular::{
    Aggregator, Constraints, Equations, Gaussian, Hierarchy, Method, MultiGranularityModel, Projector,
    Reconciler, Ridge, Samples, Status, SummingMatrix,
};
use tensor::Tape;
use tensor::ndarray::{Array1, Array2, Array3, Axis, array};

use crate::support::{distance, summing};

fn number(seed: usize, i: usize) -> f64 {
    f64::sin((seed * 1000 + i * i + 3 * i + 1) as f64)
}

fn matrix(seed: usize, rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, c)| number(seed, 31 * i + c))
}

fn structures() -> Vec<(&'static str, Hierarchy)> {
    let forest = [
        ("x", ""),
        ("x1", "x"),
        ("x2", "x"),
        ("y", ""),
        ("y1", "y"),
        ("y2", "y"),
        ("y2a", "y2"),
        ("y2b", "y2"),
        ("z", ""),
    ];
    let forest = Hierarchy::from_parents(forest).unwrap();
    let taxonomy = Hierarchy::parents_list()
        .links([("a", ""), ("b", "a"), ("c", "a"), ("x", "b"), ("x", "c"), ("y", "c"), ("z", "b")])
        .several_parents()
        .build()
        .unwrap();
    let s = array![[1.0, 1.0], [0.0, 0.0], [1.0, -1.0], [1.0, 0.0], [0.0, 1.0]];
    let empty = SummingMatrix::dense(["T", "empty", "balance", "a", "b"], s.view()).unwrap().allow_empty();
    let year = Hierarchy::temporal(12, &[("year", 12), ("half", 6), ("quarter", 3), ("month", 1)]).unwrap();
    let equations = Equations::new(["A", "B", "C", "D", "E"])
        .equation("first", &[("A", 1.0), ("B", -1.0), ("C", -0.5)], 0.0)
        .unwrap()
        .equation("second", &[("A", 1.0), ("D", -1.0), ("E", 2.0)], 0.0)
        .unwrap();
    vec![
        ("forest", forest.clone()),
        ("means of a forest", forest.aggregated_by(&Aggregator::Mean).unwrap()),
        ("one node", Hierarchy::from_parents([("only", "")]).unwrap()),
        ("taxonomy", taxonomy),
        ("empty group and balance", empty.build().unwrap()),
        ("last values", year.aggregated_by(&Aggregator::Last).unwrap()),
        ("equations", equations.build().unwrap().hierarchy().clone()),
        (
            "overlapping windows",
            Hierarchy::pyramid_1d(6, [("w", granular::Span::new(4).every(2)), ("c", 1.into())]).unwrap(),
        ),
    ]
}

fn linear_methods(h: &Hierarchy) -> Vec<(&'static str, Method)> {
    let n = h.len();
    let root = matrix(3, n, n + 3);
    vec![
        ("bottom-up", Method::BottomUp),
        ("ols", Method::Ols),
        ("wls_struct", Method::WlsStruct),
        ("wls", Method::Wls(Array1::from_shape_fn(n, |i| 1.5 + number(2, i)))),
        ("wls_var", Method::WlsVar(matrix(1, n, 12))),
        ("mint_shrink", Method::MintShrink(matrix(1, n, 12))),
        ("custom", Method::Custom(root.dot(&root.t()) + Array2::<f64>::eye(n))),
    ]
}

#[test]
fn projections_of_every_kind() {
    for (structure, h) in structures() {
        let s = summing(&h);
        for (name, method) in linear_methods(&h) {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let m = reconciler.projection_matrix();
            assert!(distance(&m.dot(&m), &m) < 1e-9, "{structure}, {name}: idempotent");
            assert!(distance(&m.dot(&s), &s) < 1e-9, "{structure}, {name}: M S = S");
        }
    }
}

#[test]
fn explanations_add_up() {
    for (structure, h) in structures() {
        let base = matrix(4, h.len(), 2).mapv(|value| 10.0 + value);
        for (name, method) in linear_methods(&h) {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let explanation = reconciler.explain(base.view()).unwrap();
            let mut sum = Array2::<f64>::zeros(base.dim());
            for level in h.levels() {
                sum += &explanation.contribution(level.name()).unwrap();
            }
            let gap = distance(&sum, &explanation.reconciled().all().to_owned());
            assert!(gap < 1e-10, "{structure}, {name}: {gap}");
            for effect in explanation.levels() {
                let numbers =
                    [effect.weight, effect.moved_mean, effect.moved_rms, effect.gap_before, effect.gap_after];
                assert!(numbers.iter().all(|number| number.is_finite()), "{structure}, {name}: {effect:?}");
            }
        }
    }
}

#[test]
fn gradients_are_the_transposed_map() {
    for (structure, h) in structures() {
        let (base, upstream) = (matrix(5, h.len(), 2), matrix(6, h.len(), 2));
        for (name, method) in linear_methods(&h) {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let expected = reconciler.projection_matrix().t().dot(&upstream);
            let tape = Tape::<f64>::new();
            let x = tape.var(&base).unwrap();
            let y = Projector::new(reconciler).unwrap().project(x).unwrap();
            let weighted = y.mul(tape.constant(&upstream).unwrap()).unwrap();
            let gradients = tape.backward(weighted.sum().unwrap()).unwrap();
            let got = gradients.wrt(x).unwrap().to_owned().into_dimensionality().unwrap();
            assert!(distance(&got, &expected) < 1e-10, "{structure}, {name}");
        }
    }
}

#[test]
fn distributions_are_those_of_the_map() {
    for (structure, h) in structures() {
        let n = h.len();
        let root = matrix(7, n, n);
        let (mean, covariance) = (matrix(8, n, 1), root.dot(&root.t()));
        for (name, method) in linear_methods(&h) {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let m = reconciler.projection_matrix();
            let gaussian = Gaussian::from_covariance(&reconciler, mean.column(0), covariance.view()).unwrap();
            let expected = m.dot(&covariance).dot(&m.t());
            let gap = distance(&gaussian.covariance().unwrap().to_owned(), &expected);
            assert!(gap < 1e-8, "{structure}, {name}: {gap}");
            let paths =
                Array3::from_shape_fn((n, 2, 5), |(i, step, sample)| number(9, 97 * i + 7 * step + sample));
            let samples = Samples::reconcile(&reconciler, paths.view()).unwrap();
            let first = m.dot(&paths.index_axis(Axis(2), 0));
            assert!(distance(&samples.sample(0).into_inner(), &first) < 1e-9, "{structure}, {name}");
            assert!(samples.mean().unwrap().gaps().iter().all(|&gap| gap == 0.0), "{structure}, {name}");
        }
    }
}

/// Inputs and targets of one column: what every node's model sees adds up as S says.
#[test]
fn models_of_all_levels() {
    for (structure, h) in structures() {
        let m = h.finest_len();
        let (x, y) = (matrix(10, m, 1), matrix(11, m, 2));
        let model = MultiGranularityModel::new(&h, Method::WlsStruct).unwrap();
        let mut model = model.with_models_for_all(|_| Ridge::new(0.1).unwrap());
        model.fit(x.view(), y.view()).unwrap();
        let predicted = model.predict(x.view()).unwrap();
        assert_eq!(predicted.all().dim(), (h.len(), 2), "{structure}");
        assert!(predicted.gaps().iter().all(|&gap| gap == 0.0), "{structure}");
    }
}

/// Means over a year of series that add up, at once: S is the product of both.
#[test]
fn crossed_with_means() {
    let (series, year) = (
        Hierarchy::from_parents([("T", ""), ("A", "T"), ("B", "T"), ("B1", "B"), ("B2", "B")]).unwrap(),
        Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap(),
    );
    let year = year.aggregated_by(&Aggregator::Mean).unwrap();
    let joint = Hierarchy::cross(&series, &year).unwrap();
    let (first, second, s) = (summing(&series), summing(&year), summing(&joint));
    for (i, a) in series.nodes().iter().enumerate() {
        for (j, b) in year.nodes().iter().enumerate() {
            let row = joint.node(&format!("{a}@{b}")).unwrap();
            for (unit, outer) in first.row(i).iter().enumerate() {
                for (step, inner) in second.row(j).iter().enumerate() {
                    assert_eq!(s[[row, 4 * unit + step]], outer * inner);
                }
            }
        }
    }
    let base = matrix(12, joint.len(), 1);
    let reconciler = Reconciler::new(&joint, Method::WlsStruct).unwrap();
    assert!(reconciler.reconcile(base.view()).unwrap().gaps().iter().all(|&gap| gap == 0.0));
}

/// A unit whose value is known, and the first node without a forecast: least squares in all other directions.
#[test]
fn statuses_keep_their_meaning() {
    for (structure, h) in structures() {
        let above = h.len() - h.finest_len();
        let base = matrix(13, h.len(), 2);
        let variances = Array1::from_shape_fn(h.len(), |i| 1.5 + number(2, i));
        let known = h.len() - 1;
        let mut statuses = vec![Status::Free; h.len()];
        statuses[known] = Status::Fixed(3.0);
        if above > 0 {
            statuses[0] = Status::Missing;
        }
        let constraints = Constraints::from_statuses(&h, &statuses).unwrap();
        let reconciler = Reconciler::new(&h, Method::Wls(variances.clone())).unwrap();
        let (agreed, _) = reconciler.reconcile_with(base.view(), &constraints).unwrap();
        let agreed = agreed.into_inner();
        let s = summing(&h);
        for c in 0..2 {
            assert!((agreed[[known, c]] - 3.0).abs() < 1e-12, "{structure}");
            for unit in 0..h.finest_len() - 1 {
                let counts = (0..h.len()).filter(|&node| statuses[node] == Status::Free);
                let slope: f64 = counts
                    .map(|node| s[[node, unit]] * (agreed[[node, c]] - base[[node, c]]) / variances[node])
                    .sum();
                assert!(slope.abs() < 1e-10, "{structure}, unit {unit}: {slope}");
            }
        }
    }
}

/// The balance of two and what is subtracted twice are known, the units have no forecasts.
#[test]
fn balances_tell_their_units() {
    let s = array![
        [1.0, -1.0, 0.0],
        [0.0, -1.0, -1.0],
        [0.0, -1.0, 1.0],
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 1.0]
    ];
    let names = ["balance", "less both", "difference", "a", "b", "c"];
    let h = SummingMatrix::dense(names, s.view()).unwrap().build().unwrap();
    let constraints = Constraints::new(&h)
        .fixed("balance", 5.0)
        .unwrap()
        .fixed("less both", -4.0)
        .unwrap()
        .fixed("difference", 2.0)
        .unwrap()
        .missing_level("unit")
        .unwrap();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let (agreed, _) =
        reconciler.reconcile_with(Array2::from_elem((6, 1), f64::NAN).view(), &constraints).unwrap();
    assert!(distance(&agreed.finest().to_owned(), &array![[6.0], [1.0], [3.0]]) < 1e-12);
}
