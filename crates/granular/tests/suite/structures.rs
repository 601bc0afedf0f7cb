//! Hierarchies from parent lists, summing matrices, equations and grids: by hand, and what is refused.

use granular::{Block, Equations, ErrorKind, Hierarchy, Method, Parents, Reconciler, Span, SummingMatrix};
use tensor::ndarray::{Array1, Array2, array};

use crate::support::{distance, seven_nodes, summing};

const BASE: [f64; 7] = [100.0, 55.0, 52.0, 30.0, 20.0, 15.0, 30.0];

/// The golden fixture by every constructor.
fn seven_by_all() -> Vec<(&'static str, Hierarchy)> {
    let names = ["T", "A", "B", "A1", "A2", "B1", "B2"];
    let links = [("T", ""), ("A", "T"), ("B", "T"), ("A1", "A"), ("A2", "A"), ("B1", "B"), ("B2", "B")];
    let s = summing(&seven_nodes());
    let mut c = Array2::zeros((3, 7));
    for row in 0..3 {
        c[[row, row]] = 1.0;
        (0..4).for_each(|unit| c[[row, 3 + unit]] = -s[[row, unit]]);
    }
    let entries: Vec<(usize, usize, f64)> = seven_nodes().summing_triplets().collect();
    let windows = [("year", 4), ("half", 2), ("quarter", 1)];
    let matrix = SummingMatrix::dense(names, s.view()).unwrap();
    vec![
        ("key columns", seven_nodes()),
        ("parents", Hierarchy::from_parents(links).unwrap()),
        ("parents from below", Hierarchy::from_parents(links.into_iter().rev()).unwrap()),
        ("S", matrix.level("T", 1).level("Half", 2).level("Leaf", 4).build().unwrap()),
        ("entries of S", SummingMatrix::triplets(names, 4, entries).unwrap().build().unwrap()),
        ("equations", Hierarchy::from_constraints(names, c.view()).unwrap()),
        ("windows", Hierarchy::pyramid_1d(4, windows).unwrap()),
    ]
}

#[test]
fn golden_numbers_by_every_constructor() {
    let ols = [
        101.2857142857,
        52.4761904762,
        48.8095238095,
        31.2380952381,
        21.2380952381,
        16.9047619048,
        31.9047619048,
    ];
    let structural = [
        100.6666666667,
        52.3333333333,
        48.3333333333,
        31.1666666667,
        21.1666666667,
        16.6666666667,
        31.6666666667,
    ];
    for (name, h) in seven_by_all() {
        let mut base = Array2::from_shape_vec((7, 1), BASE.to_vec()).unwrap();
        let backwards = name == "parents from below";
        let mut places: Vec<usize> = (0..7).collect();
        if backwards {
            // The nodes of a level stand in the order of the list.
            places = vec![0, 2, 1, 6, 5, 4, 3];
            base = Array2::from_shape_fn((7, 1), |(row, _)| BASE[places[row]]);
        }
        for (method, expected) in [(Method::Ols, ols), (Method::WlsStruct, structural)] {
            let agreed = Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap();
            for (row, got) in agreed.all().column(0).iter().enumerate() {
                assert!((got / expected[places[row]] - 1.0).abs() < 1e-9, "{name}: {got}");
            }
        }
    }
}

#[test]
fn the_same_structure_is_the_same_hierarchy() {
    let (h, names) = (seven_nodes(), ["T", "A", "B", "A1", "A2", "B1", "B2"]);
    let links = [("T", ""), ("A", "T"), ("B", "T"), ("A1", "A"), ("A2", "A"), ("B1", "B"), ("B2", "B")];
    let tree = Hierarchy::parents_list().links(links).level_names(["T", "Half", "Leaf"]).build().unwrap();
    assert_eq!(tree, h);
    let matrix = SummingMatrix::dense(names, summing(&h).view()).unwrap();
    assert_eq!(matrix.level("T", 1).level("Half", 2).level("Leaf", 4).build().unwrap(), tree);
}

#[test]
fn leaves_at_different_depths() {
    let links =
        [("T", ""), ("A", "T"), ("leaf", "T"), ("A1", "A"), ("A2", "A"), ("A2x", "A2"), ("A2y", "A2")];
    let h = Hierarchy::from_parents(links).unwrap();
    let sizes: Vec<(&str, usize)> = h.levels().map(|level| (level.name(), level.len())).collect();
    assert_eq!(sizes, [("depth 0", 1), ("depth 1", 1), ("depth 2", 1), ("leaf", 4)]);
    assert_eq!(h.nodes(), ["T", "A", "A2", "leaf", "A1", "A2x", "A2y"]);
    let y = h.integrate(array![[1.0], [2.0], [3.0], [4.0]].view()).unwrap();
    assert_eq!(y.all().column(0).to_vec(), [10.0, 9.0, 7.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(h.parents(3), [0], "the leaf hangs from the root");
    assert_eq!(h.children(0), [1, 3]);
    assert_eq!(h.tree(9), "T\n  A\n    A2\n      A2x\n      A2y\n    A1\n  leaf\n");
}

#[test]
fn a_class_with_two_parents_counts_once() {
    // x lies below both b and c, which both lie below a: a diamond.
    let h = Hierarchy::parents_list()
        .links([("a", ""), ("b", "a"), ("c", "a"), ("x", "b"), ("x", "c"), ("y", "c")])
        .several_parents()
        .build()
        .unwrap();
    assert_eq!(h.nodes(), ["a", "b", "c", "x", "y"]);
    assert_eq!(summing(&h), array![[1.0, 1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]);
    // Deepest parents decide: d lies below a and below c.
    let h = Hierarchy::parents_list()
        .links([("a", ""), ("c", "a"), ("d", "a"), ("d", "c"), ("x", "d"), ("y", "c")])
        .several_parents()
        .build()
        .unwrap();
    assert_eq!(h.level("depth 2").unwrap().nodes(), ["d"]);
    assert_eq!(h.parents(h.node("x").unwrap()), [h.node("d").unwrap()]);
}

#[test]
fn parent_lists_are_refused_with_names() {
    let refused =
        |links: &[(&str, &str)]| Hierarchy::from_parents(links.iter().copied()).unwrap_err().to_string();
    let refused_several = |links: &[(&str, &str)]| {
        Hierarchy::parents_list()
            .links(links.iter().copied())
            .several_parents()
            .build()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refused(&[]), "nodes: expected at least one, got none");
    assert_eq!(refused(&[("T", ""), ("", "T")]), "row 1: the name of the node is empty");
    assert_eq!(refused(&[("T", ""), ("A", "A")]), "row 1: node `A` is its own parent");
    assert_eq!(
        refused(&[("T", ""), ("A", "C"), ("B", "A"), ("C", "B"), ("D", "C")]),
        "nodes lie above themselves: `A` lies below `C` lies below `B` lies below `A`"
    );
    assert_eq!(
        refused(&[("Total", ""), ("A", "Totl")]),
        "row 1: the parent `Totl` of node `A` is not listed as a node, near names are `Total`"
    );
    let twice = [("T", ""), ("A", "T"), ("B", "T"), ("A", "B")];
    assert_eq!(refused(&twice), "node `A` is listed twice, in rows 1 and 3");
    assert!(Hierarchy::parents_list().links(twice).several_parents().build().is_ok());
    assert_eq!(
        refused_several(&[("T", ""), ("A", "T"), ("A", "T")]),
        "node `A` is listed twice, in rows 1 and 2"
    );
    assert_eq!(
        refused_several(&[("T", ""), ("A", "T"), ("A", "")]),
        "node `A` is listed twice, in rows 1 and 2",
        "a root and below another node"
    );
    let tree = || Hierarchy::parents_list().link("A", "T").root("T");
    assert_eq!(
        tree().level_names(["only"]).build().unwrap_err().to_string(),
        "names of levels: expected 2 names, got 1"
    );
    assert_eq!(tree().level_names(["x", "x"]).build().unwrap_err().to_string(), "level `x` is given twice");
}

#[test]
fn a_long_chain_and_a_wide_star() {
    let chain =
        (0..5000).map(|i| (format!("n{i}"), if i == 0 { String::new() } else { format!("n{}", i - 1) }));
    let h = Hierarchy::from_parents(chain).unwrap();
    assert_eq!((h.len(), h.finest_len(), h.levels().len()), (5000, 1, 5000));
    assert_eq!((h.parents(4999), h.children(0)), (&[4998][..], &[1][..]));
    let star = (0..5000).map(|i| (format!("n{i}"), if i == 0 { "" } else { "n0" }));
    let h = Hierarchy::from_parents(star).unwrap();
    assert_eq!((h.len(), h.finest_len(), h.levels().len()), (5000, 4999, 2));
}

#[test]
fn summing_matrices_are_refused_with_names() {
    let s = array![[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
    let names = ["T", "A", "B"];
    let dense = |s: &Array2<f64>| SummingMatrix::dense(names, s.view());
    assert_eq!(
        SummingMatrix::dense(["T"], s.view()).unwrap_err().to_string(),
        "names of the rows of S: expected 3 names, got 1"
    );
    assert_eq!(
        dense(&array![[1.0, f64::NAN], [1.0, 0.0], [0.0, 1.0]]).unwrap_err().to_string(),
        "S, row 0, column 1: expected a finite value, got NaN"
    );
    assert_eq!(
        SummingMatrix::dense([""; 0], Array2::zeros((0, 2)).view()).unwrap_err().to_string(),
        "rows of S: expected at least one, got none"
    );
    assert_eq!(
        SummingMatrix::dense(["x"], Array2::zeros((1, 0)).view()).unwrap_err().to_string(),
        "columns of S: expected at least one, got none"
    );
    let built = |s: &Array2<f64>| dense(s).unwrap().level("Top", 1).level("Unit", 2).build();
    assert!(built(&s).is_ok());
    assert_eq!(
        built(&array![[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).unwrap_err().to_string(),
        "level `Top`: node `T` has no members in S, and groups without members were not allowed"
    );
    assert_eq!(
        built(&array![[1.0, 1.0], [1.0, 0.0], [0.0, 2.0]]).unwrap_err().to_string(),
        "S, unit `B`: expected a single 1, got 2"
    );
    assert_eq!(
        built(&array![[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).unwrap_err().to_string(),
        "S, unit `B`: expected a single 1, got 2 entries"
    );
    assert_eq!(
        built(&array![[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]]).unwrap_err().to_string(),
        "S, unit `B`: expected a column of its own, got the column of `A`"
    );
}

#[test]
fn levels_and_entries_of_s_are_refused_with_names() {
    let s = array![[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]];
    let names = ["T", "A", "B"];
    let dense = |s: &Array2<f64>| SummingMatrix::dense(names, s.view());
    assert_eq!(
        dense(&s).unwrap().level("Top", 2).level("Unit", 1).build().unwrap_err().to_string(),
        "S, unit `column 0`: expected a row in the last level, got none"
    );
    assert_eq!(
        dense(&s).unwrap().level("Top", 1).level("Unit", 1).build().unwrap_err().to_string(),
        "S: expected levels of 3 nodes together, one for each row, got 2"
    );
    assert_eq!(
        dense(&s).unwrap().level("Top", 1).level("Unit", 3).build().unwrap_err().to_string(),
        "S: expected levels of 3 nodes together, one for each row, got 4"
    );
    assert_eq!(
        dense(&s).unwrap().level("x", 1).level("x", 2).build().unwrap_err().to_string(),
        "level `x` is given twice"
    );
    assert_eq!(
        dense(&s).unwrap().level("x", 0).level("y", 3).build().unwrap_err().to_string(),
        "nodes of a level: expected at least one, got none"
    );
    assert_eq!(
        dense(&s).unwrap().level_of("x", ["t"]).level_of("y", ["A", "B"]).build().unwrap_err().to_string(),
        "node `t` is unknown in level `x`, near names are `T`"
    );
    assert_eq!(
        dense(&s)
            .unwrap()
            .level_of("x", ["T", "A"])
            .level_of("y", ["A", "B"])
            .build()
            .unwrap_err()
            .to_string(),
        "node `A` is listed twice, in rows 1 and 2"
    );
    let twins = SummingMatrix::dense(["T", "A", "A"], s.view()).unwrap();
    assert_eq!(
        twins.level("x", 1).level("y", 2).build().unwrap_err().to_string(),
        "level `y`: node `A` has two rows, 1 and 2"
    );
    let entry = |entry| SummingMatrix::triplets(names, 2, [(0, 0, 1.0), entry]).unwrap_err().to_string();
    assert_eq!(entry((3, 0, 1.0)), "S, row 3, column 0: expected a place within the matrix, got 1");
    assert_eq!(entry((0, 1, f64::INFINITY)), "S, row 0, column 1: expected a finite weight, got inf");
    assert_eq!(entry((0, 0, 5.0)), "S, row 0, column 0: expected one entry for each place, got 5");
}

#[test]
fn columns_of_s_are_sorted_to_the_rows() {
    let s = array![[2.0, 3.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    let h = SummingMatrix::dense(["x", "c", "a", "b"], s.view()).unwrap().build().unwrap();
    assert_eq!(h.members(0).collect::<Vec<_>>(), [(1, 2.0), (2, 3.0)]);
    assert_eq!(h.finest().nodes(), ["c", "a", "b"]);
}

#[test]
fn balance_of_payments_is_the_projection_of_its_equations() {
    // A = B + C = D + E with constants: A − B − C = 2, A − D − E = −1.
    let c = array![[1.0, -1.0, -1.0, 0.0, 0.0], [1.0, 0.0, 0.0, -1.0, -1.0]];
    let constants = [2.0, -1.0];
    let nodes = ["A", "B", "C", "D", "E"];
    let system =
        Equations::new(nodes).matrix(["first", "second"], c.view(), &constants).unwrap().build().unwrap();
    let h = system.hierarchy();
    assert_eq!(h.finest_len(), 3);
    let w = array![0.5, 2.0, 1.0, 3.0, 0.25];
    let base = array![[10.0], [3.0], [4.0], [5.0], [6.0]];
    // By the formula: ŷ − W Cᵀ (C W Cᵀ)⁻¹ (C ŷ − c).
    let weighted = &c * &w;
    let k = weighted.dot(&c.t());
    let determinant = k[[0, 0]] * k[[1, 1]] - k[[0, 1]] * k[[1, 0]];
    let inverse = array![[k[[1, 1]], -k[[0, 1]]], [-k[[1, 0]], k[[0, 0]]]] / determinant;
    let miss = c.dot(&base) - array![[2.0], [-1.0]];
    let expected = &base - &weighted.t().dot(&inverse.dot(&miss));

    let order = system.given_order();
    let arranged = |values: &Array2<f64>| Array2::from_shape_fn((5, 1), |(row, _)| values[[order[row], 0]]);
    let variances: Array1<f64> = order.iter().map(|&node| w[node]).collect();
    let reconciler = Reconciler::new(h, Method::Wls(variances)).unwrap();
    let agreed = system.reconcile(&reconciler, arranged(&base).view()).unwrap();
    assert!(distance(&agreed, &arranged(&expected)) < 1e-13);
    // The equations hold.
    let mut given = Array2::zeros((5, 1));
    order.iter().enumerate().for_each(|(row, &node)| given[[node, 0]] = agreed[[row, 0]]);
    assert!(distance(&c.dot(&given), &array![[2.0], [-1.0]]) < 1e-13);
}

#[test]
fn equations_are_refused_with_names() {
    let xyz = || Equations::new(["x", "y", "z"]);
    assert_eq!(
        xyz().equation("e", &[("X", 1.0)], 0.0).unwrap_err().to_string(),
        "node `X` is unknown, near names are `x`"
    );
    assert_eq!(
        xyz().equation("e", &[("x", f64::NAN)], 0.0).unwrap_err().to_string(),
        "equation `e`: expected finite numbers, got NaN"
    );
    let contradicting = xyz()
        .equation("sum", &[("x", 1.0), ("y", 1.0)], 1.0)
        .unwrap()
        .equation("other", &[("z", 1.0), ("y", 2.0)], 1.0)
        .unwrap()
        .equation("double", &[("x", 2.0), ("y", 2.0)], 3.0)
        .unwrap();
    assert_eq!(
        contradicting.build().unwrap_err().to_string(),
        "the equations `sum`, `double` contradict each other: no values fulfil all of them"
    );
    let all = xyz().matrix(["a", "b", "c"], Array2::eye(3).view(), &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!(
        all.build().unwrap_err().to_string(),
        "the equations determine all 3 nodes, so none is left free"
    );
    assert_eq!(
        Equations::new(["x", "x"]).build().unwrap_err().to_string(),
        "node `x` is listed twice, in rows 0 and 1"
    );
    assert_eq!(
        Equations::new([""; 0]).build().unwrap_err().to_string(),
        "nodes: expected at least one, got none"
    );
    assert_eq!(
        xyz().matrix(["a"], Array2::eye(2).view(), &[0.0]).unwrap_err().to_string(),
        "C: expected 3 columns, got 2"
    );
    // Without equations everything is free.
    assert_eq!(xyz().build().unwrap().hierarchy().levels().len(), 1);
}

#[test]
fn redundant_equations_change_nothing() {
    let c =
        array![[1.0, -1.0, -1.0, 0.0], [0.0, 1.0, 0.0, -2.0], [1.0, 0.0, -1.0, -2.0], [3.0, -3.0, -3.0, 0.0]];
    let nodes = ["a", "b", "c", "d"];
    let two =
        Hierarchy::from_constraints(nodes, c.slice_axis(tensor::ndarray::Axis(0), (..2).into())).unwrap();
    assert_eq!(Hierarchy::from_constraints(nodes, c.view()).unwrap(), two);
    assert_eq!(summing(&two), array![[1.0, 2.0], [0.0, 2.0], [1.0, 0.0], [0.0, 1.0]]);
}

#[test]
fn blocks_of_an_image() {
    let h = Hierarchy::pyramid_2d(
        4,
        6,
        [("all", Block::from((4, 6))), ("half", (2, 3).into()), ("px", 1.into())],
    )
    .unwrap();
    assert_eq!(h.len(), 1 + 4 + 24);
    let pixels = Array2::from_shape_fn((24, 1), |(i, _)| i as f64);
    let y = h.integrate(pixels.view()).unwrap();
    // Rows 2 and 3, columns 0 to 2.
    assert_eq!(y.node("half[1,0]").unwrap().to_vec(), [12.0 + 13.0 + 14.0 + 18.0 + 19.0 + 20.0]);
    assert_eq!(y.node("all[0,0]").unwrap().to_vec(), [276.0]);
    assert_eq!(h.node("px[3,5]").unwrap(), h.len() - 1);

    // 3 × 3 windows at every place of a 4 × 4 grid.
    let sliding = Block::from(3).every(1, 1);
    let h = Hierarchy::pyramid_2d(4, 4, [("window", sliding), ("px", 1.into())]).unwrap();
    assert_eq!(
        h.level("window").unwrap().nodes(),
        ["window[0,0]", "window[0,1]", "window[1,0]", "window[1,1]"]
    );
    let y = h.integrate(Array2::ones((16, 1)).view()).unwrap();
    assert_eq!(y.level("window").unwrap(), Array2::from_elem((4, 1), 9.0));
}

#[test]
fn grids_are_refused_with_names() {
    let span = |size: usize, stride: usize| Span { size, stride };
    let refused = |span: Span| Hierarchy::pyramid_1d(10, [("w", span), ("cell", Span::new(1))]).unwrap_err();
    assert_eq!(
        refused(span(4, 4)).to_string(),
        "level `w`: windows of 4 every 4 do not end with the last of 10 cells (sizes and strides are at least 1)"
    );
    assert!(Hierarchy::pyramid_1d(10, [("w", span(4, 3)), ("cell", Span::new(1))]).is_ok());
    for wrong in [span(0, 1), span(2, 0), span(11, 1), span(usize::MAX, 1)] {
        assert!(matches!(refused(wrong).kind(), ErrorKind::Windows { .. }));
    }
    let text = |cells: usize, levels: &[(&str, usize)]| {
        Hierarchy::pyramid_1d(cells, levels.iter().copied()).unwrap_err().to_string()
    };
    assert_eq!(text(0, &[("cell", 1)]), "cells: expected at least one, got none");
    assert_eq!(text(4, &[]), "levels: expected at least one, got none");
    assert_eq!(text(4, &[("w", 2)]), "level `w`: the last level must have windows of 1 unit, got 2");
    assert_eq!(text(4, &[("w", 1), ("w", 1)]), "level `w` is given twice");
    assert_eq!(
        Hierarchy::pyramid_2d(4, 6, [("b", 4), ("px", 1)]).unwrap_err().to_string(),
        "level `b`: windows of 4 every 4 do not end with the last of 6 columns (sizes and strides are at least 1)"
    );
}

#[test]
fn direct_relations_skip_levels_and_repeat_none() {
    let year =
        Hierarchy::temporal(12, &[("year", 12), ("third", 4), ("half", 6), ("quarter", 3), ("month", 1)])
            .unwrap();
    let names =
        |nodes: &[usize]| -> Vec<&str> { nodes.iter().map(|&node| year.nodes()[node].as_str()).collect() };
    let node = |name: &str| year.node(name).unwrap();
    assert_eq!(names(year.parents(node("quarter[1]"))), ["half[0]"]);
    assert_eq!(names(year.parents(node("month[3]"))), ["third[0]", "quarter[1]"]);
    assert_eq!(
        names(year.children(node("year[0]"))),
        ["third[0]", "third[1]", "third[2]", "half[0]", "half[1]"]
    );
    assert!(year.parents(0).is_empty());
    assert!(year.children(year.len() - 1).is_empty());
}

#[test]
fn one_node_is_a_hierarchy() {
    for h in [
        Hierarchy::from_parents([("only", "")]).unwrap(),
        SummingMatrix::dense(["only"], array![[1.0]].view()).unwrap().build().unwrap(),
        Equations::new(["only"]).build().unwrap().hierarchy().clone(),
        Hierarchy::pyramid_1d(1, [("only", 1)]).unwrap(),
        Hierarchy::pyramid_2d(1, 1, [("only", 1)]).unwrap(),
        Parents::default().root("only").build().unwrap(),
    ] {
        assert_eq!((h.len(), h.finest_len(), h.levels().len()), (1, 1, 1));
        assert_eq!(h.tree(3).lines().count(), 1);
    }
}

/// 1 + 1,000 + 1,000,000 nodes; in a build with optimisation in about a second.
#[test]
#[ignore = "a million nodes: run it by name, with --nocapture for the times"]
fn a_million_nodes() {
    let links: Vec<(String, String)> = (0..1_001_001_usize)
        .map(|i| match i {
            0 => ("T".to_owned(), String::new()),
            1..=1000 => (format!("g{}", i - 1), "T".to_owned()),
            _ => (format!("leaf {i}"), format!("g{}", (i - 1001) / 1000)),
        })
        .collect();
    let start = std::time::Instant::now();
    let h = Hierarchy::parents_list().links(links).build().unwrap();
    println!("parents: {:?}", start.elapsed());
    assert_eq!((h.len(), h.finest_len()), (1_001_001, 1_000_000));
    let groups: Vec<String> = (0..1_000_000).map(|i| format!("g{}", i / 1000)).collect();
    let leaves: Vec<String> = (0..1_000_000).map(|i| format!("leaf {i}")).collect();
    let start = std::time::Instant::now();
    let grouped = Hierarchy::grouped()
        .key("group", groups)
        .key("leaf", leaves)
        .level("T", &[])
        .level("Group", &["group"])
        .level("Leaf", &["leaf"])
        .build()
        .unwrap();
    println!("key columns: {:?}", start.elapsed());
    assert_eq!(grouped.len(), h.len());
    let base = Array2::from_shape_fn((h.len(), 1), |(i, _)| (i % 17) as f64);
    let start = std::time::Instant::now();
    let agreed = Reconciler::new(&h, Method::WlsStruct).unwrap().reconcile(base.view()).unwrap();
    println!("wls_struct: {:?}", start.elapsed());
    assert!(agreed.gaps().iter().all(|&gap| gap == 0.0));
}
