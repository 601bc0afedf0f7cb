//! The same structure by each constructor gives the same hierarchy and the same forecasts, for random trees, crossed
//! groups and taxonomies.

use granular::{Hierarchy, Method, Reconciler, SummingMatrix};
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2};

use crate::support::{crossed, distance, reference_projection, seeded, summing};

/// For each node the share of its way up the list, where its parents stand.
fn tree() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.0..1.0, 1..16)
}

fn name(node: usize) -> String {
    format!("n{node}")
}

fn parent(node: usize, share: f64) -> usize {
    (node as f64 * share) as usize
}

/// Node 0 is a root, and so are those whose share is below a tenth: a forest.
fn links(shares: &[f64]) -> Vec<(String, String)> {
    let above = |node: usize| {
        if node == 0 || shares[node] < 0.1 { String::new() } else { name(parent(node, shares[node])) }
    };
    (0..shares.len()).map(|node| (name(node), above(node))).collect()
}

/// S by names: (node, unit, weight), sorted.
fn entries(h: &Hierarchy) -> Vec<(String, String, u64)> {
    let named = |(node, unit, weight): (usize, usize, f64)| {
        (h.nodes()[node].clone(), h.finest().nodes()[unit].clone(), f64::to_bits(weight))
    };
    let mut all: Vec<_> = h.summing_triplets().map(named).collect();
    all.sort();
    all
}

/// Rows of S and names, reversed, as a matrix with shuffled columns; levels by names.
fn by_matrix(h: &Hierarchy, dense: bool) -> Hierarchy {
    let (n, m) = (h.len(), h.finest_len());
    let s = summing(h);
    let column = |c: usize| (c + m / 2) % m;
    let nodes: Vec<String> = h.nodes().iter().rev().cloned().collect();
    let mut matrix = if dense {
        let shuffled = Array2::from_shape_fn((n, m), |(row, c)| s[[n - 1 - row, column(c)]]);
        SummingMatrix::dense(nodes, shuffled.view()).unwrap()
    } else {
        let place = |c: usize| (c + m - m / 2) % m;
        let entries: Vec<(usize, usize, f64)> =
            h.summing_triplets().map(|(node, unit, weight)| (n - 1 - node, place(unit), weight)).collect();
        SummingMatrix::triplets(nodes, m, entries).unwrap()
    };
    for level in h.levels() {
        matrix = matrix.level_of(level.name(), level.nodes().to_vec());
    }
    matrix.build().unwrap()
}

/// `y_aggregate − Σ weight · y_unit = 0` for each aggregate.
fn by_equations(h: &Hierarchy) -> Hierarchy {
    let aggregates = h.len() - h.finest_len();
    let s = summing(h);
    let c =
        Array2::from_shape_fn((aggregates, h.len()), |(row, column)| match column.checked_sub(aggregates) {
            Some(unit) => -s[[row, unit]],
            None => f64::from(u8::from(row == column)),
        });
    Hierarchy::from_constraints(h.nodes().to_vec(), c.view()).unwrap()
}

/// Values by names are the same for the same forecasts by names.
fn agree(a: &Hierarchy, b: &Hierarchy, numbers: &[f64], variances: &[f64]) -> Result<(), TestCaseError> {
    let value = |h: &Hierarchy, from: &[f64]| -> Vec<f64> {
        h.nodes().iter().map(|node| from[a.node(node).unwrap()]).collect()
    };
    let methods =
        |h: &Hierarchy| [Method::Ols, Method::WlsStruct, Method::Wls(Array1::from(value(h, variances)))];
    for (of_a, of_b) in methods(a).into_iter().zip(methods(b)) {
        let reconciled = |h: &Hierarchy, method| {
            let base = Array2::from_shape_vec((h.len(), 1), value(h, numbers)).unwrap();
            Reconciler::new(h, method).unwrap().reconcile(base.view()).unwrap()
        };
        let (first, second) = (reconciled(a, of_a), reconciled(b, of_b));
        for node in a.nodes() {
            let gap = first.node(node).unwrap()[0] - second.node(node).unwrap()[0];
            prop_assert!(gap.abs() < 1e-9, "{}: {}", node, gap);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(seeded(64))]

    #[test]
    fn trees_by_each_constructor(
        shares in tree(),
        numbers in prop::collection::vec(-100.0..100.0, 16),
        variances in prop::collection::vec(0.01..100.0, 16),
    ) {
        let list = links(&shares);
        let h = Hierarchy::from_parents(list.clone()).unwrap();
        prop_assert_eq!(h.len(), shares.len());
        // By hand: a unit lies below what its chain of parents passes.
        for unit in 0..shares.len() {
            if list.iter().any(|(_, parent)| *parent == name(unit)) {
                continue;
            }
            let mut chain = vec![unit];
            while !list[chain[chain.len() - 1]].1.is_empty() {
                chain.push(parent(chain[chain.len() - 1], shares[chain[chain.len() - 1]]));
            }
            let at = h.node(&name(unit)).unwrap() + h.finest_len() - h.len();
            for node in 0..shares.len() {
                let row = h.node(&name(node)).unwrap();
                prop_assert_eq!(h.members(row).any(|(member, _)| member == at), chain.contains(&node));
            }
        }
        // Relations are those of the list.
        for (node, above) in &list {
            let parents: Vec<&String> = h.parents(h.node(node).unwrap()).iter().map(|&row| &h.nodes()[row]).collect();
            let expected = if above.is_empty() { vec![] } else { vec![above] };
            prop_assert_eq!(parents, expected);
        }
        let several = Hierarchy::parents_list().links(list.clone()).several_parents().build().unwrap();
        prop_assert_eq!(&several, &h);
        let backwards = Hierarchy::from_parents(list.into_iter().rev()).unwrap();
        prop_assert_eq!(entries(&backwards), entries(&h));
        agree(&h, &backwards, &numbers, &variances)?;
        for dense in [true, false] {
            prop_assert_eq!(&by_matrix(&h, dense), &h);
        }
        let equations = by_equations(&h);
        prop_assert_eq!(entries(&equations), entries(&h));
        agree(&h, &equations, &numbers, &variances)?;
    }

    #[test]
    fn crossed_groups_by_each_constructor(
        rows in prop::collection::vec((0u8..3, 0u8..4), 1..12),
        numbers in prop::collection::vec(-100.0..100.0, 32),
        variances in prop::collection::vec(0.01..100.0, 32),
    ) {
        let h = crossed(&rows);
        for dense in [true, false] {
            prop_assert_eq!(&by_matrix(&h, dense), &h);
        }
        let equations = by_equations(&h);
        prop_assert_eq!(entries(&equations), entries(&h));
        agree(&h, &equations, &numbers, &variances)?;
        // As a taxonomy in which each row has two classes.
        let mut list = vec![("Total".to_owned(), String::new())];
        let mut classes: Vec<String> = rows.iter().flat_map(|row| [format!("a{}", row.0), format!("b{}", row.1)]).collect();
        classes.sort();
        classes.dedup();
        list.extend(classes.into_iter().map(|class| (class, "Total".to_owned())));
        for (i, row) in rows.iter().enumerate() {
            list.extend([format!("a{}", row.0), format!("b{}", row.1)].map(|class| (format!("u{i}"), class)));
        }
        let taxonomy = Hierarchy::parents_list().links(list).several_parents().build().unwrap();
        prop_assert_eq!(entries(&taxonomy), entries(&h));
        agree(&h, &taxonomy, &numbers, &variances)?;
    }

    /// Nodes with up to three parents among those before them, against sets of leaves found by hand.
    #[test]
    fn taxonomies(
        shares in prop::collection::vec((0.0..1.0, 0.0..1.0, 0.0..1.0), 1..14),
        numbers in prop::collection::vec(-100.0..100.0, 14),
        variances in prop::collection::vec(0.01..100.0, 14),
    ) {
        let mut above: Vec<Vec<usize>> = shares
            .iter()
            .enumerate()
            .map(|(node, &(a, b, c))| if node == 0 { vec![] } else { [a, b, c].map(|s| parent(node, s)).to_vec() })
            .collect();
        above.iter_mut().for_each(|parents| { parents.sort(); parents.dedup(); });
        let mut list = vec![(name(0), String::new())];
        for (node, parents) in above.iter().enumerate() {
            list.extend(parents.iter().map(|&parent| (name(node), name(parent))));
        }
        let h = Hierarchy::parents_list().links(list).several_parents().build().unwrap();
        prop_assert_eq!(h.len(), shares.len());
        for unit in 0..shares.len() {
            if above.iter().any(|parents| parents.contains(&unit)) {
                continue;
            }
            let mut reached = vec![false; shares.len()];
            let mut open = vec![unit];
            while let Some(node) = open.pop() {
                reached[node] = true;
                open.extend(&above[node]);
            }
            let at = h.node(&name(unit)).unwrap() + h.finest_len() - h.len();
            for (node, &reached) in reached.iter().enumerate() {
                let row = h.node(&name(node)).unwrap();
                let count = h.members(row).filter(|&(member, weight)| member == at && weight == 1.0).count();
                prop_assert_eq!(count, usize::from(reached));
            }
        }
        for dense in [true, false] {
            prop_assert_eq!(&by_matrix(&h, dense), &h);
        }
        agree(&h, &by_equations(&h), &numbers, &variances)?;
        let wls = Method::Wls(Array1::from(variances[..h.len()].to_vec()));
        let m = Reconciler::new(&h, wls).unwrap().projection_matrix();
        prop_assert!(distance(&m, &reference_projection(&h, &variances[..h.len()])) < 1e-9);
    }

    /// Random equations with constants: `ŷ − W Cᵀ (C W Cᵀ)⁻¹ (C ŷ − c)` is the nearest y that fulfils them, so C y = c and
    /// `W⁻¹ (ŷ − y)` is a combination of the rows of C.
    #[test]
    fn equations(
        factors in prop::collection::vec(-3i32..=3, 18),
        constants in prop::collection::vec(-9.0..9.0, 3),
        numbers in prop::collection::vec(-100.0..100.0, 6),
        variances in prop::collection::vec(0.1..10.0, 6),
    ) {
        let c = Array2::from_shape_fn((3, 6), |(i, j)| f64::from(factors[6 * i + j]));
        // A solution first, so that the constants are feasible whatever the rank.
        let solution = Array1::from_shape_fn(6, |j| constants[j % 3] * (1.0 + j as f64));
        let right = c.dot(&solution);
        let nodes: Vec<String> = (0..6).map(name).collect();
        let system = granular::Equations::new(nodes)
            .matrix(["e", "f", "g"], c.view(), right.as_slice().unwrap())
            .unwrap()
            .build()
            .unwrap();
        let (h, order) = (system.hierarchy(), system.given_order());
        let base = Array2::from_shape_fn((6, 1), |(row, _)| numbers[order[row]]);
        let w: Array1<f64> = order.iter().map(|&node| variances[node]).collect();
        let reconciler = Reconciler::new(h, Method::Wls(w.clone())).unwrap();
        let agreed = system.reconcile(&reconciler, base.view()).unwrap();
        let mut given = Array1::zeros(6);
        order.iter().enumerate().for_each(|(row, &node)| given[node] = agreed[[row, 0]]);
        let scale = 1.0 + given.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        prop_assert!((&c.dot(&given) - &right).iter().all(|miss| miss.abs() < 1e-8 * scale));
        // No direction that the equations leave free makes it nearer.
        for unit in 0..h.finest_len() {
            let mut slope = 0.0;
            let mut size = 1.0;
            for node in 0..6 {
                let weight = h.members(node).find(|&(member, _)| member == unit).map_or(0.0, |(_, weight)| weight);
                let part = weight * (base[[node, 0]] - agreed[[node, 0]]) / w[node];
                slope += part;
                size += f64::abs(part);
            }
            prop_assert!(f64::abs(slope) < 1e-8 * size);
        }
    }

    /// Whatever a file holds: a hierarchy or a reason.
    #[test]
    fn files_of_any_content(
        rows in prop::collection::vec(prop::sample::select(vec![
            "a,", "b,a", "c,a", "c,b", "a,c", ",", ",a", "b,b", "d,e", "e,1", "\"", "a,b,c", "\u{feff}", " b , a ",
        ]), 0..9),
        cells in prop::collection::vec(prop::sample::select(vec!["0", "1", "-1", "2.5", "", "x", "1e999", "nan"]), 12),
        several in any::<bool>(),
    ) {
        let list = format!("node,parent\n{}\n", rows.join("\n"));
        if let Ok(parents) = granular::Parents::read(list.as_bytes()) {
            let parents = if several { parents.several_parents() } else { parents };
            match parents.build() {
                Ok(h) => prop_assert_eq!(h.levels().map(|level| level.len()).sum::<usize>(), h.len()),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
        let row = |i: usize| format!("{},{},{}\n", ["T", "U", "a", "b"][i], cells[2 * i], cells[2 * i + 1]);
        let csv: String = std::iter::once("id,a,b\n".to_owned()).chain((0..4).map(row)).collect();
        if let Ok(h) = SummingMatrix::read(csv.as_bytes()).and_then(|matrix| matrix.allow_empty().build()) {
            prop_assert_eq!((h.len(), h.finest().nodes()), (4, &["a".to_owned(), "b".to_owned()][..]));
        }
    }

    /// Any finite weights above the units: every projection is the formula's, and the largest ones do not overflow.
    #[test]
    fn summing_matrices_of_any_weights(
        weights in prop::collection::vec(prop_oneof![Just(0.0), -3.0..3.0, Just(1.0), Just(-1.0)], 20),
        numbers in prop::collection::vec(-100.0..100.0, 9),
        variances in prop::collection::vec(0.01..100.0, 9),
    ) {
        let unit = |row: usize, column: usize| f64::from(u8::from(row == column));
        let s = Array2::from_shape_fn((9, 4), |(row, c)| if row < 5 { weights[4 * row + c] } else { unit(row - 5, c) });
        let matrix = SummingMatrix::dense((0..9).map(name), s.view()).unwrap().allow_empty();
        let h = matrix.level("first", 2).level("second", 3).level("unit", 4).build().unwrap();
        prop_assert_eq!(h.summing_matrix(), s.view());
        let base = Array2::from_shape_vec((9, 1), numbers).unwrap();
        let sizes: Vec<f64> =
            s.rows().into_iter().map(|row| row.iter().map(|w| w.abs()).sum()).map(|size: f64| if size > 0.0 { size } else { 1.0 }).collect();
        let wls = Method::Wls(Array1::from(variances.clone()));
        for (method, variances) in [(Method::Ols, vec![1.0; 9]), (Method::WlsStruct, sizes), (wls, variances)] {
            let agreed = Reconciler::new(&h, method).unwrap().reconcile(base.view()).unwrap();
            let expected = reference_projection(&h, &variances).dot(&base);
            prop_assert!(distance(&agreed.into_inner(), &expected) < 1e-7);
        }
    }
}
