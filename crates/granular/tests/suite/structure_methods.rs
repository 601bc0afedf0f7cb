//! Every method on structures out of the ordinary: several trees, a single node, groups without members, classes with
//! several parents, balances.

use granular::{Equations, Erm, Hierarchy, Method, Penalty, Reconciler, SummingMatrix, TopDown};
use tensor::ndarray::{Array1, Array2, array};

use crate::support::{distance, reference_projection};

/// Numbers without a pattern, from −1 to 1.
fn number(seed: usize, i: usize) -> f64 {
    f64::sin((seed * 1000 + i * i + 3 * i + 1) as f64)
}

pub(crate) fn matrix(seed: usize, rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, c)| number(seed, 31 * i + c))
}

/// All methods, each with whether it is a projection, and W where that is diagonal.
pub(crate) fn methods(h: &Hierarchy) -> Vec<(&'static str, Method, Option<Vec<f64>>)> {
    let (n, m) = (h.len(), h.finest_len());
    let residuals = matrix(1, n, 12);
    let variances: Vec<f64> = (0..n).map(|i| 1.5 + number(2, i)).collect();
    let root = matrix(3, n, n + 3);
    let w = root.dot(&root.t()) + Array2::<f64>::eye(n);
    let history = matrix(4, m, 5).mapv(|value| value + 2.0);
    let erm = |penalty| {
        let (actual, fitted) = (matrix(5, n, 6), matrix(6, n, 6));
        Method::Erm(Erm { actual, fitted, columns: 6, penalty })
    };
    vec![
        ("bottom-up", Method::BottomUp, None),
        ("ols", Method::Ols, Some(vec![1.0; n])),
        ("wls_struct", Method::WlsStruct, None),
        ("wls", Method::Wls(Array1::from(variances.clone())), Some(variances)),
        ("wls_var", Method::WlsVar(residuals.clone()), None),
        ("mint_cov", Method::MintCov(residuals.clone()), None),
        ("mint_shrink", Method::MintShrink(residuals), None),
        ("custom", Method::Custom(w), None),
        ("average proportions", Method::TopDown(TopDown::AverageProportions(history.clone())), None),
        ("proportion averages", Method::TopDown(TopDown::ProportionAverages(history)), None),
        ("forecast proportions", Method::TopDown(TopDown::ForecastProportions), None),
        ("middle-out", Method::MiddleOut(h.levels().next().unwrap().name().to_owned()), None),
        ("erm", erm(Penalty::None), None),
        ("erm, ridge", erm(Penalty::Ridge(0.1)), None),
        ("erm to bottom-up", erm(Penalty::RidgeToBottomUp(0.1)), None),
    ]
}

const NOT_PROJECTIONS: [&str; 3] = ["erm", "erm, ridge", "erm to bottom-up"];

/// What every method must do: outputs that are finite and add up, coherent positive inputs unchanged, the formula.
fn all_methods_work(h: &Hierarchy, refused: &[&str]) {
    let base = matrix(7, h.len(), 2).mapv(|value| 10.0 + value);
    let coherent = h.integrate(matrix(8, h.finest_len(), 2).mapv(|value| 2.0 + value).view()).unwrap();
    for (name, method, w) in methods(h) {
        let reconciler = match Reconciler::new(h, method) {
            Ok(reconciler) => reconciler,
            Err(error) => {
                assert!(refused.contains(&name), "{name}: {error}");
                continue;
            }
        };
        assert!(!refused.contains(&name), "{name} should refuse");
        let agreed = reconciler.reconcile(base.view()).unwrap();
        assert!(agreed.gaps().iter().all(|&gap| gap == 0.0), "{name}");
        let by_history = name == "average proportions" || name == "proportion averages";
        if !NOT_PROJECTIONS.contains(&name) && !by_history {
            let back = reconciler.reconcile(coherent.all()).unwrap().into_inner();
            assert!(distance(&back, &coherent.all().to_owned()) < 1e-8, "{name}");
        }
        if let Some(w) = w {
            let expected = reference_projection(h, &w).dot(&base);
            assert!(distance(&agreed.into_inner(), &expected) < 1e-9, "{name}");
        }
    }
}

#[test]
fn several_trees_one_of_them_a_leaf() {
    let links = [
        ("x", ""),
        ("x1", "x"),
        ("x2", "x"),
        ("y", ""),
        ("y1", "y"),
        ("y2", "y"),
        ("y2a", "y2"),
        ("y2b", "y2"),
    ];
    let h = Hierarchy::from_parents(links.into_iter().chain([("alone", "")])).unwrap();
    assert_eq!((h.len(), h.finest_len()), (9, 6));
    all_methods_work(&h, &[]);
    // What lies in no node of the first level keeps its forecast.
    let base = matrix(7, 9, 1).mapv(|value| 10.0 + value);
    let alone = h.node("alone").unwrap();
    for (name, method, _) in methods(&h).into_iter().filter(|method| !NOT_PROJECTIONS.contains(&method.0)) {
        if ["mint_cov", "mint_shrink", "custom"].contains(&name) {
            continue;
        }
        let agreed = Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap();
        assert!((agreed.all()[[alone, 0]] - base[[alone, 0]]).abs() < 1e-12, "{name}");
    }
}

/// One tree does not move the other, whatever is forecast there.
#[test]
fn trees_do_not_touch_each_other() {
    let h =
        Hierarchy::from_parents([("x", ""), ("x1", "x"), ("x2", "x"), ("y", ""), ("y1", "y"), ("y2", "y")])
            .unwrap();
    let alone = Hierarchy::from_parents([("x", ""), ("x1", "x"), ("x2", "x")]).unwrap();
    let (base, small) = (array![[9.0], [99.0], [4.0], [3.0], [7.0], [70.0]], array![[9.0], [4.0], [3.0]]);
    for (both, one) in [(Method::Ols, Method::Ols), (Method::WlsStruct, Method::WlsStruct)] {
        let both = Reconciler::new(&h, both).unwrap().reconcile(base.view()).unwrap();
        let one = Reconciler::new(&alone, one).unwrap().reconcile(small.view()).unwrap();
        for node in ["x", "x1", "x2"] {
            assert!((both.node(node).unwrap()[0] - one.node(node).unwrap()[0]).abs() < 1e-13);
        }
    }
}

#[test]
fn a_single_node() {
    let h = Hierarchy::from_parents([("only", "")]).unwrap();
    all_methods_work(&h, &[]);
    for method in [Method::BottomUp, Method::Ols, Method::WlsStruct, Method::MiddleOut("leaf".to_owned())] {
        let agreed = Reconciler::new(&h, method).unwrap().reconcile(array![[3.0, -4.0]].view()).unwrap();
        assert_eq!(agreed.all(), array![[3.0, -4.0]]);
    }
}

#[test]
fn groups_without_members() {
    let s = array![
        [1.0, 1.0, 1.0],
        [1.0, 1.0, 0.0],
        [0.0, 0.0, 0.0],
        [1.0, 0.0, 0.0],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 1.0]
    ];
    let names = ["T", "group", "empty", "a", "b", "c"];
    let matrix = SummingMatrix::dense(names, s.view()).unwrap().allow_empty();
    let h = matrix.level("Top", 1).level("Group", 2).level("Unit", 3).build().unwrap();
    assert_eq!(h.members(2).len(), 0);
    assert!(h.parents(2).is_empty() && h.children(2).is_empty());
    assert_eq!(
        h.average(array![[1.0], [2.0], [6.0]].view()).unwrap().column(0).to_vec(),
        [3.0, 1.5, 0.0, 1.0, 2.0, 6.0]
    );
    all_methods_work(&h, &[]);
    let mean = h.aggregated_by(&granular::Aggregator::Mean).unwrap();
    all_methods_work(&mean, &[]);
    // It has the value 0, and no forecast for it moves any other node.
    let mut base = array![[10.0], [5.0], [0.0], [2.0], [2.0], [4.0]];
    for (method, again) in [(Method::Ols, Method::Ols), (Method::WlsStruct, Method::WlsStruct)] {
        let quiet = Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap();
        base[[2, 0]] = 1000.0;
        assert_eq!(Reconciler::new(&h, again).unwrap().reconcile(base.view()).unwrap(), quiet);
        assert_eq!(quiet.node("empty").unwrap()[0], 0.0);
        base[[2, 0]] = 0.0;
    }
}

#[test]
fn classes_with_several_parents() {
    let h = Hierarchy::parents_list()
        .links([("a", ""), ("b", "a"), ("c", "a"), ("x", "b"), ("x", "c"), ("y", "c"), ("z", "b")])
        .several_parents()
        .build()
        .unwrap();
    // The leaf x would be given a part of b and a part of c.
    all_methods_work(&h, &["forecast proportions", "middle-out"]);
    let refused = Reconciler::new(&h, Method::TopDown(TopDown::ForecastProportions)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "top-down: node `x` of level `leaf` lies in both `b` and `c` of level `depth 1`, but a forecast can only be \
         shared out where each node lies in one node of the level before"
    );
}

#[test]
fn a_node_that_lies_above_in_part_is_refused() {
    // The second level holds what the first leaves out, and more.
    let s = array![[1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let matrix = SummingMatrix::dense(["p", "q", "a", "b", "c"], s.view()).unwrap();
    let h = matrix.level("P", 1).level("Q", 1).level("Unit", 3).build().unwrap();
    let refused = Reconciler::new(&h, Method::TopDown(TopDown::ForecastProportions)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "top-down: node `q` of level `Q` lies in `p` of level `P` in part only, but a forecast can only be shared out \
         where each node lies in one node of the level before"
    );
}

#[test]
fn balances_with_weights_below_zero() {
    let h = Equations::new(["Net", "Exports", "Imports", "Goods", "Services"])
        .equation("balance", &[("Net", 1.0), ("Exports", -1.0), ("Imports", 1.0)], 0.0)
        .unwrap()
        .equation("exports", &[("Exports", 1.0), ("Goods", -1.0), ("Services", -1.0)], 0.0)
        .unwrap()
        .build()
        .unwrap()
        .hierarchy()
        .clone();
    // Exports and its parts lie in one level with Net, so only what goes level by level is refused.
    let sums: Vec<f64> = (0..2).map(|node| h.members(node).map(|(_, weight)| weight).sum()).collect();
    assert_eq!(sums, [1.0, 2.0]);
    all_methods_work(
        &h,
        &["average proportions", "proportion averages", "forecast proportions", "middle-out"],
    );
    let sizes = vec![3.0, 2.0, 1.0, 1.0, 1.0];
    let reconciler = Reconciler::new(&h, Method::WlsStruct).unwrap();
    assert!(distance(&reconciler.projection_matrix(), &reference_projection(&h, &sizes)) < 1e-12);
}

/// Large enough for the forms without a system: a forest of uneven trees is solved in two passes, and what is not a tree
/// by conjugate gradients.
#[test]
fn large_forests_are_exact() {
    let mut links: Vec<(String, String)> = Vec::new();
    for tree in 0..3 {
        links.push((format!("t{tree}"), String::new()));
        for group in 0..300 {
            links.push((format!("t{tree}g{group}"), format!("t{tree}")));
            // Every third group is a leaf, the others have leaves.
            let leaves = if group % 3 == 0 { 0 } else { 1 + (group + tree) % 3 };
            links.extend((0..leaves).map(|i| (format!("t{tree}g{group}u{i}"), format!("t{tree}g{group}"))));
        }
    }
    let h = Hierarchy::from_parents(links).unwrap();
    assert!(h.len() - h.finest_len() > 512 && h.finest_len() > 512);
    let base = Array2::from_shape_fn((h.len(), 2), |(i, c)| 5.0 + 3.0 * number(c, i));
    for h in [h.clone(), h.aggregated_by(&granular::Aggregator::Mean).unwrap()] {
        let n = h.len();
        let variances: Vec<f64> = (0..n).map(|i| 2.0 + number(9, i)).collect();
        let method = Method::Wls(Array1::from(variances.clone()));
        let agreed = Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap().into_inner();
        // Sᵀ W⁻¹ (ŷ − ỹ) = 0.
        let mut miss = Array2::<f64>::zeros((h.finest_len(), 2));
        for (node, unit, weight) in h.summing_triplets() {
            let moved = (&base.row(node) - &agreed.row(node)) * (weight / variances[node]);
            let mut row = miss.row_mut(unit);
            row += &moved;
        }
        assert!(miss.iter().all(|miss| miss.abs() < 1e-10));
    }
}
