//! A tree of 1,001,101 nodes: one, of which 100 parts have 10 parts each, of which each has 1,000 units.

use granular::ndarray::Array2;
use granular::{Hierarchy, Result};

const PARTS: [usize; 3] = [100, 10, 1000];

/// The key columns, the finest last.
pub(crate) fn keys() -> [(&'static str, Vec<String>); 3] {
    let units = 0..PARTS.iter().product::<usize>();
    [
        ("region", units.clone().map(|unit| format!("r{}", unit / (PARTS[1] * PARTS[2]))).collect()),
        ("shop", units.clone().map(|unit| format!("s{}", unit / PARTS[2])).collect()),
        ("item", units.map(|unit| format!("i{unit}")).collect()),
    ]
}

pub(crate) fn hierarchy(keys: &[(&'static str, Vec<String>); 3]) -> Result<Hierarchy> {
    let grouped = Hierarchy::grouped().level("All", &[]);
    let grouped = keys.iter().fold(grouped, |grouped, (name, values)| grouped.key(name, values));
    let levels = ["region", "shop", "item"];
    levels.iter().fold(grouped, |grouped, name| grouped.level(name, &[name])).build()
}

/// One step: each unit forecasts 0 to 9, the nodes above expect 5 for each unit and up to 4 more.
pub(crate) fn base_forecasts(tree: &Hierarchy) -> Array2<f64> {
    Array2::from_shape_fn((tree.len(), 1), |(node, _)| match tree.members(node).len() {
        1 => (node * 7 % 10) as f64,
        units => (units * 5 + node % 5) as f64,
    })
}
