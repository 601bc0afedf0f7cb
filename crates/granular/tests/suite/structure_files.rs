//! Structures in CSV files, and what users of other libraries report about orders and names.

use granular::{Hierarchy, Method, Parents, Reconciler, SummingMatrix};
use tensor::ndarray::{Array2, array};

use crate::support::{seven_nodes, summing};

/// S as other libraries write it: a data frame with floats.
const S_DF: &str = "unique_id,A1,A2,B1,B2
T,1.0,1.0,1.0,1.0
A,1.0,1.0,0.0,0.0
B,0.0,0.0,1.0,1.0
A1,1.0,0.0,0.0,0.0
A2,0.0,1.0,0.0,0.0
B1,0.0,0.0,1.0,0.0
B2,0.0,0.0,0.0,1.0
";

fn tagged(csv: &str) -> granular::Result<Hierarchy> {
    SummingMatrix::read(csv.as_bytes())?
        .level_of("T", ["T"])
        .level_of("Half", ["A", "B"])
        .level_of("Leaf", ["A1", "A2", "B1", "B2"])
        .build()
}

#[test]
fn a_summing_csv_comes_back() {
    assert_eq!(tagged(S_DF).unwrap(), seven_nodes());
    for h in [
        seven_nodes(),
        seven_nodes().aggregated_by(&granular::Aggregator::WeightedMean(vec![0.1, 0.7, 1.0, 0.3])).unwrap(),
    ] {
        let mut csv = Vec::new();
        h.write_summing_csv(&mut csv).unwrap();
        assert_eq!(tagged(std::str::from_utf8(&csv).unwrap()).unwrap(), h, "to the last bit");
    }
}

/// hierarchicalforecast #2: S and data whose rows come in another order.
#[test]
fn report_2_rows_of_s_in_any_order() {
    let mut lines: Vec<&str> = S_DF.lines().collect();
    lines[1..].reverse();
    assert_eq!(tagged(&lines.join("\n")).unwrap(), seven_nodes());
    lines[1..].rotate_left(3);
    assert_eq!(tagged(&lines.join("\n")).unwrap(), seven_nodes());
}

/// #354: base forecasts whose rows come in another order than those of S.
#[test]
fn report_354_base_forecasts_in_any_order() {
    let h = tagged(S_DF).unwrap();
    let base = array![[100.0], [55.0], [52.0], [30.0], [20.0], [15.0], [30.0]];
    let names: Vec<(&str, &str)> = h
        .levels()
        .flat_map(|level| level.nodes().iter().map(move |node| (level.name(), node.as_str())))
        .collect();
    let moved: Vec<(&str, &str)> = names.iter().rev().copied().collect();
    let values = Array2::from_shape_fn((7, 1), |(row, _)| base[[6 - row, 0]]);
    let arranged = h.arrange(&moved, values.view()).unwrap();
    assert_eq!(arranged, base);
    let agreed = Reconciler::new(&h, Method::Ols).unwrap().reconcile(arranged.view()).unwrap();
    assert!((agreed.node("T").unwrap()[0] - 101.2857142857).abs() < 1e-9);
}

/// #342: columns of S in another order than its unit rows.
#[test]
fn report_342_columns_of_s_in_any_order() {
    let csv = "id,B2,A1,B1,A2
T,1,1,1,1
A,0,1,0,1
B,1,0,1,0
A1,0,1,0,0
A2,0,0,0,1
B1,0,0,1,0
B2,1,0,0,0
";
    assert_eq!(tagged(csv).unwrap(), seven_nodes());
    // Without levels the units are in the order of the columns.
    let h = SummingMatrix::read(csv.as_bytes()).unwrap().build().unwrap();
    assert_eq!(h.nodes(), ["T", "A", "B", "B2", "A1", "B1", "A2"]);
    assert_eq!(h.members(h.node("A").unwrap()).collect::<Vec<_>>(), [(1, 1.0), (3, 1.0)]);
}

/// #227: a series of S without forecasts is a bare KeyError elsewhere.
#[test]
fn report_227_a_missing_node_is_named() {
    let h = tagged(S_DF).unwrap();
    let names = [("T", "T"), ("Half", "A"), ("Half", "B"), ("Leaf", "A1"), ("Leaf", "A2"), ("Leaf", "B1")];
    assert_eq!(
        h.arrange(&names, Array2::zeros((6, 1)).view()).unwrap_err().to_string(),
        "level `Leaf`: node `B2` has no row"
    );
    // And a unit without its row in S.
    let csv = "unique_id,A,B\nT,1,1\nA,1,0\n";
    assert_eq!(
        SummingMatrix::read(csv.as_bytes()).unwrap().build().unwrap_err().to_string(),
        "S, unit `B`: expected a row, got none"
    );
}

/// #87: a forecast for a series which S does not have.
#[test]
fn report_87_an_unknown_node_is_named_with_near_names() {
    let h = tagged(S_DF).unwrap();
    let names = [
        ("T", "T"),
        ("Half", "A"),
        ("Half", "B"),
        ("Leaf", "A1"),
        ("Leaf", "A2"),
        ("Leaf", "B1"),
        ("Leaf", "B-2"),
    ];
    assert_eq!(
        h.arrange(&names, Array2::zeros((7, 1)).view()).unwrap_err().to_string(),
        "node `B-2` is unknown in level `Leaf`, near names are `B2`"
    );
}

/// #88: tags that list the nodes of a level in an order of their own, or one that S does not have.
#[test]
fn report_88_tags_in_any_order() {
    let h = SummingMatrix::read(S_DF.as_bytes())
        .unwrap()
        .level_of("Half", ["B", "A"])
        .level_of("T", ["T"])
        .level_of("Leaf", ["B2", "A1", "B1", "A2"])
        .build()
        .unwrap();
    assert_eq!(h.nodes(), ["B", "A", "T", "B2", "A1", "B1", "A2"]);
    let y = h.integrate(array![[1.0], [20.0], [300.0], [4000.0]].view()).unwrap();
    assert_eq!(y.node("B").unwrap().to_vec(), [301.0]);
    let unknown = SummingMatrix::read(S_DF.as_bytes()).unwrap().level_of("Half", ["A", "C"]);
    assert_eq!(unknown.build().unwrap_err().to_string(), "node `C` is unknown in level `Half`");
    let left_out = SummingMatrix::read(S_DF.as_bytes())
        .unwrap()
        .level_of("Half", ["A", "B"])
        .level_of("Leaf", ["A1", "A2", "B1", "B2"]);
    assert_eq!(
        left_out.build().unwrap_err().to_string(),
        "S: expected levels of 7 nodes together, one for each row, got 6"
    );
}

#[test]
fn summing_csvs_are_refused_with_row_and_column() {
    let refused = |csv: &str| SummingMatrix::read(csv.as_bytes()).unwrap_err().to_string();
    assert_eq!(refused(""), "the table has no header");
    assert_eq!(refused("unique_id\nT\n"), "the table has no columns of units");
    assert_eq!(refused("unique_id,A\n"), "the table has no rows");
    assert_eq!(refused("unique_id,A,A\nT,1,1\n"), "column `A` is given twice");
    assert_eq!(refused("unique_id,A,B\nT,1\n"), "row 1: expected 3 fields, got 2");
    assert_eq!(refused("unique_id,A,B\nT,1,1\nA,,0\n"), "row 2, column `A`: the value is missing");
    assert_eq!(
        refused("unique_id,A,B\nT,1,1\nA,1,no\n"),
        "row 2, column `B`: expected a finite number, got `no`"
    );
    assert_eq!(refused("unique_id,A,B\nT,1,inf\n"), "row 1, column `B`: expected a finite number, got `inf`");
    assert_eq!(refused("unique_id,A,B\n,1,1\n"), "row 1, column `unique_id`: the value is missing");
    assert_eq!(refused("unique_id,A,B\nT,1,1\nA,1,0\nA,0,1\n"), "node `A` is listed twice, in rows 2 and 3");
    let built = |csv: &str| SummingMatrix::read(csv.as_bytes()).unwrap().build().unwrap_err().to_string();
    assert_eq!(
        built("unique_id,A,B\nT,1,1\nA,0,1\nB,1,0\n"),
        "S, unit `A`: expected the column of its name, got `B`"
    );
    assert_eq!(
        built("unique_id,A,B\nT,1,1\nA,1,1\nB,1,0\n"),
        "S, unit `A`: expected a single 1, got 2 entries"
    );
}

#[test]
fn parent_csvs_in_any_order() {
    let csv = "\u{feff}node,note,parent\nB2,x,B\nB1,x,B\nA2,,A\nA1,,A\nA,,T\nB,,T\nT,, \n";
    let h = Parents::read(csv.as_bytes()).unwrap().level_names(["T", "Half", "Leaf"]).build().unwrap();
    assert_eq!(h.nodes(), ["T", "A", "B", "B2", "B1", "A2", "A1"]);
    assert_eq!(summing(&h).sum(), 12.0);
    assert_eq!(h.tree(9), "T\n  A\n    A2\n    A1\n  B\n    B2\n    B1\n");
}

#[test]
fn parent_csvs_are_refused_with_row_and_column() {
    let refused = |csv: &str| Parents::read(csv.as_bytes()).and_then(Parents::build).unwrap_err().to_string();
    assert_eq!(refused("node,parent\n"), "the table has no rows");
    assert_eq!(refused("node,mother\nA,\n"), "key `parent` is unknown, the keys are `node`, `mother`");
    assert_eq!(refused("node,parent\nT,\nA\n"), "row 2: expected 2 fields, got 1");
    assert_eq!(refused("node,parent\nT,\n,T\n"), "row 2, column `node`: the value is missing");
    assert_eq!(
        refused("node,parent\nTotal,\nA,Total\nB,total\n"),
        "row 3: the parent `total` of node `B` is not listed as a node, near names are `Total`"
    );
    assert_eq!(refused("node,parent\nT,\nA,T\nA,T\n"), "node `A` is listed twice, in rows 2 and 3");
    assert_eq!(refused("node,parent\nA,A\n"), "row 1: node `A` is its own parent");
}

#[test]
fn summaries() {
    let many =
        Hierarchy::from_parents((0..7).map(|i| (format!("n{i}"), if i == 0 { "" } else { "n0" }))).unwrap();
    assert_eq!(many.to_string(), "7 nodes over 6 units\ndepth 0  1  n0\nleaf     6  n1, n2, n3, n4, …\n");
    assert_eq!(format!("{many:?}"), "Hierarchy {\"depth 0\": 1, \"leaf\": 6}");
}
