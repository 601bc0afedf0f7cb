//! Models that are trained through the projection forecast better than models reconciled afterwards.
//!
//! The numbers were computed elsewhere (NumPy, normal equations of all 54 weights).

use granular::{Method, Table};

use crate::support::data;
use crate::through::{Scores, Study};
use crate::tourism::structure_of;

/// MASE: seasonal naive, unreconciled, reconciled afterwards, trained through. The last row is of all nodes.
type Expected = [[f64; 4]; 7];

const FIRST_ORIGIN: Expected = [
    [1.126708, 1.467144, 1.375793, 1.424782],
    [0.903676, 0.894028, 0.917336, 0.912184],
    [1.075757, 1.011134, 0.994474, 1.041179],
    [0.991135, 0.874293, 0.868658, 0.869303],
    [0.939872, 0.879269, 0.894102, 0.891726],
    [0.969464, 0.828131, 0.823389, 0.816103],
    [0.971243, 0.844703, 0.841487, 0.836669],
];

const ALL_ORIGINS: Expected = [
    [2.012359, 2.073857, 2.282455, 2.128195],
    [1.513528, 1.542745, 1.597345, 1.526596],
    [1.658115, 1.655935, 1.782261, 1.683918],
    [1.167491, 1.083214, 1.077662, 1.056058],
    [1.301958, 1.238922, 1.251212, 1.216691],
    [1.102439, 0.959535, 0.950375, 0.940566],
    [1.144204, 1.022842, 1.018930, 1.002831],
];

fn scores(origins: std::ops::RangeInclusive<usize>) -> Option<Scores> {
    let trips = Table::read(data("tourism_quarterly.csv.gz")?, &["state", "region", "purpose"]).unwrap();
    let values = structure_of(&trips).integrate(trips.values()).unwrap();
    Some(Study::new(values).scores(origins, Method::WlsVar).unwrap())
}

fn assert_near(scores: &Scores, expected: &Expected) {
    let rows = scores.levels.iter().map(|(_, values)| values).chain([&scores.all]);
    for (got, expected) in rows.zip(expected) {
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 2e-6, "{got} is not {expected}");
        }
    }
}

#[test]
fn one_origin() {
    let Some(scores) = scores(56..=56) else { return };
    assert_near(&scores, &FIRST_ORIGIN);
}

/// `cargo test -p granular --test suite all_origins -- --ignored`
#[test]
#[ignore = "17 times as long as one origin"]
fn all_origins() {
    let Some(scores) = scores(56..=72) else { return };
    assert_near(&scores, &ALL_ORIGINS);
}
