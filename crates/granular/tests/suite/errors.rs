//! Every way to fail that the models' own tests do not reach, with its message.

use std::io::{self, Read, Write};

use granular::ndarray::{Array1, Array2, array};
use granular::{
    Coherent, Error, ErrorKind, Evaluation, Given, Grouped, Hierarchy, Method, Metric, Reconciler,
    SeasonalNaive, Table, mae, mase, seasonal_naive, seasonal_scale,
};

use crate::support::seven_nodes;

fn message<T>(result: Result<T, Error>) -> String {
    result.err().expect("it must fail").to_string()
}

fn keys() -> Grouped {
    Hierarchy::grouped().key("state", ["A", "A", "B"]).key("city", ["x", "y", "x"])
}

#[test]
fn building_from_keys() {
    for (builder, expected) in [
        (Hierarchy::grouped().level("Total", &[]), "keys: expected at least one, got none"),
        (keys(), "levels: expected at least one, got none"),
        (Hierarchy::grouped().key("a", [""; 0]).level("A", &["a"]), "rows: expected at least one, got none"),
        (keys().key("short", ["1"]).level("City", &["city"]), "key `short`: expected 3 values, got 1"),
        (keys().key("city", ["1", "2", "3"]), "key `city` is given twice"),
        (keys().level("Town", &["town"]), "key `town` is unknown, the keys are `state`, `city`"),
        (keys().level("A", &[]).level("A", &["state", "city"]), "level `A` is given twice"),
        (
            keys().level("State", &["state"]).level("City", &["city"]),
            "level `City`: node `x` names rows 0 and 2, but the finest level must tell rows apart",
        ),
        (
            Hierarchy::grouped().key("a", ["p/q", "p"]).key("b", ["r", "q/r"]).level("Bottom", &["a", "b"]),
            "level `Bottom`: rows 0 and 1 differ in their keys, but both join to the name `p/q/r`",
        ),
    ] {
        assert_eq!(message(builder.build()), expected);
    }
}

#[test]
fn building_a_ladder() {
    for (units, levels, expected) in [
        (0, &[("row", 1)][..], "units: expected at least one, got none"),
        (4, &[], "levels: expected at least one, got none"),
        (4, &[("three", 3), ("row", 1)], "level `three`: windows of 3 do not divide 4 units"),
        (4, &[("none", 0), ("row", 1)], "level `none`: windows of 0 do not divide 4 units"),
        (4, &[("row", 1), ("pair", 2)], "level `pair`: the last level must have windows of 1 unit, got 2"),
        (4, &[("row", 2), ("row", 1)], "level `row` is given twice"),
    ] {
        assert_eq!(message(Hierarchy::temporal(units, levels)), expected);
    }
}

#[test]
fn looking_up() {
    let h = keys().level("State", &["state"]).level("Twin", &["state"]).level("City", &["state", "city"]);
    let h = h.build().unwrap();
    assert_eq!(message(h.level("Town")), "level `Town` is unknown, the levels are `State`, `Twin`, `City`");
    assert_eq!(
        message(h.node("A")),
        "node `A` is ambiguous, the levels `State`, `Twin` each have one: name the level too"
    );
    assert_eq!(h.node_in("Twin", "A").unwrap(), 2);
    assert_eq!(message(h.node("zzzz")), "node `zzzz` is unknown");
    assert_eq!(
        message(h.node_in("City", "A")),
        "node `A` is unknown in level `City`, near names are `A/x`, `A/y`"
    );
    assert_eq!(h.level_of(h.node("B/x").unwrap()).name(), "City");
    let error = h.node("a/x").unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::UnknownNode { near, .. } if near == &["A/x", "A/y", "B/x"]));
}

#[test]
fn arranging() {
    let h = Hierarchy::temporal(2, &[("row", 1)]).unwrap();
    let (one, two) = (("row", "row[0]"), ("row", "row[1]"));
    let values = array![[1.0], [2.0]];
    assert_eq!(message(h.arrange(&[one], values.view())), "named rows: expected 1 rows, got 2");
    assert_eq!(
        message(h.arrange(&[two, two], values.view())),
        "level `row`: node `row[1]` has two rows, 0 and 1"
    );
    assert_eq!(message(h.arrange(&[two], array![[1.0]].view())), "level `row`: node `row[0]` has no row");
}

#[test]
fn integrating_and_checking() {
    let h = seven_nodes();
    assert_eq!(message(h.integrate(Array2::zeros((3, 1)).view())), "finest data: expected 4 rows, got 3");
    let mut b = Array2::zeros((4, 2));
    b[[2, 1]] = f64::INFINITY;
    assert_eq!(
        message(h.integrate(b.view())),
        "level `Leaf`, node `B1`, column 1: expected a finite value, got inf"
    );
    b.fill(1e308);
    assert_eq!(
        message(h.integrate(b.view())),
        "level `T`, node `T`, column 0: expected a finite value, got inf"
    );
    assert_eq!(message(h.check(b.view(), 0.0)), "data of all levels: expected 7 rows, got 4");
    let y = Array2::zeros((7, 1));
    assert_eq!(message(h.check(y.view(), f64::NAN)), "tolerance: expected a number of at least 0, got NaN");
    let y = array![[10.0], [3.0], [7.5], [1.0], [2.0], [3.0], [4.0]];
    assert_eq!(
        message(h.check(y.view(), 0.25)),
        "level `Half`, node `B`, column 0: expected 7 from its members, got 7.5 (gap 5e-1, tolerance 2.5e-1)"
    );
}

#[test]
fn reconciling() {
    let h = seven_nodes();
    let wls = |variances: Vec<f64>| Reconciler::new(&h, Method::Wls(Array1::from(variances)));
    assert_eq!(message(wls(vec![1.0; 4])), "variances: expected 7 values, got 4");
    assert_eq!(
        message(wls(vec![1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0])),
        "level `Half`, node `B`: expected a positive, finite variance, got 0"
    );
    // Twin aggregates, both as good as fixed: the system cannot tell them apart.
    let twins = Hierarchy::grouped().key("k", ["x", "y"]).level("T", &[]).level("U", &[]).level("K", &["k"]);
    let tiny = Method::Wls(array![1e-30, 1e-30, 1.0, 1.0]);
    assert_eq!(
        message(Reconciler::new(&twins.build().unwrap(), tiny)),
        "projection: the system of 2 equations has no unique solution \
         (the variances differ by too many orders of magnitude)"
    );
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    assert_eq!(
        message(reconciler.reconcile(Array2::zeros((4, 1)).view())),
        "data of all levels: expected 7 rows, got 4"
    );
    let mut base = Array2::zeros((7, 3));
    base[[1, 2]] = f64::NAN;
    assert_eq!(
        message(reconciler.reconcile(base.view())),
        "level `Half`, node `A`, column 2: expected a finite value, got NaN"
    );
}

#[test]
fn measuring() {
    let y = array![[1.0, 2.0]];
    assert_eq!(message(mae(y.view(), array![[1.0]].view())), "forecast: expected 2 columns, got 1");
    assert_eq!(message(mae(y.view(), Array2::zeros((2, 2)).view())), "forecast: expected 1 rows, got 2");
    let none = Array2::zeros((1, 0));
    assert_eq!(message(mae(none.view(), none.view())), "columns to compare: expected at least one, got none");
    assert_eq!(message(mase(y.view(), y.view(), &[])), "scales: expected 1 values, got 0");
    assert_eq!(message(seasonal_scale(y.view(), 2)), "training part: expected at least 3 columns, got 2");
    assert_eq!(message(seasonal_naive(y.view(), 3, 1)), "history: expected at least 3 columns, got 2");
    assert_eq!(message(seasonal_naive(y.view(), 0, 1)), "season: expected at least 1, got 0");
    assert_eq!(message(SeasonalNaive::new(1, 0)), "horizon: expected at least 1, got 0");
    assert_eq!(
        message(Given::new(array![[f64::NAN]])),
        "given predictions, row 0, column 0: expected a finite value, got NaN"
    );
}

#[test]
fn evaluating() {
    let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
    let other = Hierarchy::temporal(2, &[("half", 1)]).unwrap();
    let numbers = |h: &Hierarchy| h.integrate(array![[1.0, 2.0], [3.0, 3.0]].view()).unwrap();
    let (y, z) = (numbers(&h), numbers(&other));
    assert_eq!(
        message(Evaluation::new(&y, &z, 1)),
        "the training part has another hierarchy than the actual values"
    );
    let mut evaluation = Evaluation::new(&y, &y, 1).unwrap();
    evaluation.add("same", y.all()).unwrap();
    assert_eq!(message(evaluation.add("same", y.all())), "forecast `same` is already in the evaluation");
    assert_eq!(message(evaluation.overall("new", Metric::Mae)), "forecast `new` is not in the evaluation");
    assert_eq!(
        message(evaluation.clone().with_overall(&["week"])),
        "level `week` is unknown, the levels are `year`, `half`"
    );
    // The second half never changes: it has no MASE, and the mean of its level is that of the first half.
    assert!(evaluation.nodes("same", Metric::Mase).unwrap()[2].is_nan());
    assert_eq!(evaluation.level("same", "half", Metric::Mase).unwrap(), 0.0);
}

#[test]
fn reading_tables() {
    for (csv, expected) in [
        ("", "the table has no header"),
        ("k,a\n", "the table has no rows"),
        ("k\nx\n", "the table has no value columns"),
        ("k,a\nx,1\ny,2,3\n", "row 2: expected 2 fields, got 3"),
        ("k,a,b\nx,1\n", "row 1: expected 3 fields, got 2"),
        ("k,a,a\nx,1,2\n", "column `a` is given twice"),
        ("j,a\nx,1\n", "key `k` is unknown, the keys are `j`, `a`"),
        ("k,a\nx,1\ny,\n", "row 2, column `a`: the value is missing"),
        ("k,a\n,1\n", "row 1, column `k`: the value is missing"),
        ("k,a\nx,NaN\n", "row 1, column `a`: expected a finite number, got `NaN`"),
        ("k,a\nx,1e999\n", "row 1, column `a`: expected a finite number, got `1e999`"),
        ("k,a\nx,ten\n", "row 1, column `a`: expected a finite number, got `ten`"),
    ] {
        assert_eq!(message(Table::read(csv.as_bytes(), &["k"])), expected, "{csv:?}");
    }
    assert_eq!(message(Table::read("k,a\nx,1\n".as_bytes(), &["k", "k"])), "key `k` is given twice");
    let table = Table::read("\u{feff}k , a\nx, 1.5\n".as_bytes(), &["k"]).unwrap();
    assert_eq!((table.columns(), table.values()[[0, 0]]), (&["a".to_owned()][..], 1.5));
    assert_eq!(message(table.key("a")), "key `a` is unknown, the keys are `k`");
}

/// A pipe that is closed.
struct Closed;

impl Read for Closed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the pipe is closed"))
    }
}

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("the pipe is closed"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn two() -> Coherent {
    let h = Hierarchy::temporal(2, &[("all, both", 2), ("row", 1)]).unwrap();
    h.integrate(array![[0.1], [0.2]].view()).unwrap()
}

#[test]
fn pipes_and_files() {
    assert_eq!(message(Table::read(Closed, &["k"])), "csv: the pipe is closed");
    assert_eq!(message(two().write_csv(Closed)), "csv: the pipe is closed");

    let folder = std::env::temp_dir().join(format!("granular-{}", std::process::id()));
    let path = folder.join("forecasts.csv");
    let error = message(two().save_csv(&path));
    assert!(error.starts_with(&format!("file `{}`: ", path.display())), "{error}");
    std::fs::create_dir_all(&folder).unwrap();
    two().save_csv(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        text,
        "level,node,h1\n\"all, both\",\"all, both[0]\",0.30000000000000004\nrow,row[0],0.1\nrow,row[1],0.2\n"
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    // A folder cannot be replaced: the error says so, and the half-way file is gone.
    std::fs::create_dir(folder.join("taken")).unwrap();
    assert!(message(two().save_csv(folder.join("taken"))).contains("taken`: "));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    let back = Table::read(text.as_bytes(), &["level", "node"]).unwrap();
    assert_eq!(back.values(), two().all());
    std::fs::remove_dir_all(&folder).unwrap();
}
