//! The structure of the M5 competition, 42,840 nodes over 30,490 series in 12 levels, with made-up numbers.
//!
//! Keys and numbers come from one hash of a counter, the same in every language, so that results can be compared.

use granular::ndarray::Array2;
use granular::{Hierarchy, Result};

const ITEMS: usize = 3049;
const STEPS: usize = 28;
/// Items of each department: hobbies 1-2, household 1-2, foods 1-3; then the category of each, and stores' states.
const DEPARTMENTS: [usize; 7] = [416, 149, 532, 515, 216, 398, 823];
const CATEGORY: [usize; 7] = [0, 0, 1, 1, 2, 2, 2];
const STATE: [usize; 10] = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2];

/// The key columns: state, store, category, department, item; store by store.
pub(crate) fn keys() -> [(&'static str, Vec<String>); 5] {
    let department: Vec<usize> =
        DEPARTMENTS.iter().enumerate().flat_map(|(d, &size)| std::iter::repeat_n(d, size)).collect();
    let column = |name: &str, of: &dyn Fn(usize, usize) -> usize| {
        let cells = (0..STATE.len()).flat_map(|store| (0..ITEMS).map(move |item| (store, item)));
        cells.map(|(store, item)| format!("{name}{}", of(store, item))).collect()
    };
    [
        ("state", column("state", &|store, _| STATE[store])),
        ("store", column("store", &|store, _| store)),
        ("cat", column("cat", &|_, item| CATEGORY[department[item]])),
        ("dept", column("dept", &|_, item| department[item])),
        ("item", column("item", &|_, item| item)),
    ]
}

/// The twelve levels of the competition.
pub(crate) fn hierarchy(keys: &[(&'static str, Vec<String>)]) -> Result<Hierarchy> {
    let mut grouped = Hierarchy::grouped();
    for (name, values) in keys {
        grouped = grouped.key(name, values);
    }
    let levels: [(&str, &[&str]); 12] = [
        ("Total", &[]),
        ("State", &["state"]),
        ("Store", &["store"]),
        ("Category", &["cat"]),
        ("Department", &["dept"]),
        ("State x category", &["state", "cat"]),
        ("State x department", &["state", "dept"]),
        ("Store x category", &["store", "cat"]),
        ("Store x department", &["store", "dept"]),
        ("Item", &["item"]),
        ("Item x state", &["item", "state"]),
        ("Item x store", &["item", "store"]),
    ];
    levels.iter().fold(grouped, |grouped, (name, keys)| grouped.level(name, keys)).build()
}

/// Forecasts of all nodes, 28 steps: sums of made-up sales, each wrong by up to a tenth.
pub(crate) fn base_forecasts(hierarchy: &Hierarchy) -> Result<Array2<f64>> {
    let sales =
        Array2::from_shape_fn((hierarchy.finest_len(), STEPS), |(i, step)| 1.0 + hashed(1, i * STEPS + step));
    let mut base = hierarchy.integrate(sales.view())?.into_inner();
    let by_state = hierarchy.level("Item x state")?.range();
    for ((node, step), value) in base.indexed_iter_mut() {
        // The errors are numbered with the states of an item side by side, here they stand state by state.
        let place = match node.checked_sub(by_state.start) {
            Some(at) if by_state.contains(&node) => by_state.start + at % ITEMS * 3 + at / ITEMS,
            _ => node,
        };
        *value *= 1.0 + 0.1 * hashed(2, place * STEPS + step);
    }
    Ok(base)
}

/// The number at `position` of the stream `seed`, in −1 .. 1.
fn hashed(seed: u32, position: usize) -> f64 {
    let mut x = (position as u32).wrapping_mul(2_654_435_761).wrapping_add(seed * 40_503 + 12_345);
    x ^= x >> 16;
    x = x.wrapping_mul(0x7feb_352d);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846c_a68b);
    x ^= x >> 16;
    f64::from(x >> 8) * (2.0 / 16_777_216.0) - 1.0
}
