//! What holds for every hierarchy: random trees and crossed groups, some levels left out.

use granular::{Hierarchy, Method, Reconciler, coherence_gap};
use proptest::prelude::*;
use tensor::ndarray::{Array1, Array2};

use crate::support::{distance, reference_projection, seeded, summing};

/// Rows of keys, which levels to make of them, and seeds for numbers.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) rows: Vec<(u8, u8)>,
    levels: [bool; 4],
    pub(crate) numbers: Vec<f64>,
    variances: Vec<f64>,
}

pub(crate) fn sketch() -> impl Strategy<Value = Sketch> {
    // At most 12 units and 1 + 3 + 4 + 12 nodes above: numbers for 32 nodes and 2 columns are enough.
    let rows = prop::collection::vec((0u8..3, 0u8..4), 1..12);
    let numbers = prop::collection::vec(-100.0..100.0, 64);
    let variances = prop::collection::vec(0.01..100.0, 32);
    (rows, any::<[bool; 4]>(), numbers, variances).prop_map(|(rows, levels, numbers, variances)| Sketch {
        rows,
        levels,
        numbers,
        variances,
    })
}

impl Sketch {
    /// Total, a, b crossed with it, b nested in a; the row's own name makes the finest level.
    pub(crate) fn hierarchy(&self) -> Hierarchy {
        self.permuted(&(0..self.rows.len()).collect::<Vec<_>>())
    }

    pub(crate) fn permuted(&self, order: &[usize]) -> Hierarchy {
        let mut builder = Hierarchy::grouped()
            .key("a", order.iter().map(|&i| format!("a{}", self.rows[i].0)))
            .key("b", order.iter().map(|&i| format!("b{}", self.rows[i].1)))
            .key("unit", order.iter().map(|&i| format!("u{i}")));
        let levels: [(&str, &[&str]); 4] =
            [("Total", &[]), ("A", &["a"]), ("B", &["b"]), ("A x B", &["a", "b"])];
        for ((name, keys), wanted) in levels.into_iter().zip(self.levels) {
            if wanted {
                builder = builder.level(name, keys);
            }
        }
        builder.level("Unit", &["a", "b", "unit"]).build().unwrap()
    }

    pub(crate) fn base(&self, rows: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, 2), |(i, c)| self.numbers[2 * i + c])
    }

    pub(crate) fn methods(&self, hierarchy: &Hierarchy) -> Vec<(Method, Vec<f64>)> {
        let n = hierarchy.len();
        let sizes: Vec<f64> = (0..n).map(|node| hierarchy.members(node).len() as f64).collect();
        let variances = self.variances[..n].to_vec();
        vec![
            (Method::Ols, vec![1.0; n]),
            (Method::WlsStruct, sizes),
            (Method::Wls(Array1::from(variances.clone())), variances),
        ]
    }
}

proptest! {
    #![proptest_config(seeded(256))]

    #[test]
    fn projections(sketch in sketch()) {
        let h = sketch.hierarchy();
        let s = summing(&h);
        for (method, variances) in sketch.methods(&h) {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let m = reconciler.projection_matrix();
            prop_assert!(distance(&m, &reference_projection(&h, &variances)) < 1e-9);
            prop_assert!(distance(&m.dot(&m), &m) < 1e-9, "idempotent");
            prop_assert!(distance(&m.dot(&s), &s) < 1e-9, "M S = S");
            let base = sketch.base(h.len());
            let reconciled = reconciler.reconcile(base.view()).unwrap().into_inner();
            prop_assert!(distance(&reconciled, &m.dot(&base)) < 1e-8, "M is what is applied");
        }
    }

    #[test]
    fn coherent_values_come_back(sketch in sketch()) {
        let h = sketch.hierarchy();
        let y = h.integrate(sketch.base(h.finest_len()).view()).unwrap();
        for (method, _) in sketch.methods(&h).into_iter().chain([(Method::BottomUp, Vec::new())]) {
            let back = Reconciler::new(&h, method).unwrap().reconcile(y.all()).unwrap();
            prop_assert!(distance(&back.into_inner(), &y.all().to_owned()) < 1e-9);
        }
    }

    #[test]
    fn aggregates_are_exact_sums(sketch in sketch()) {
        let h = sketch.hierarchy();
        let reconciler = Reconciler::new(&h, Method::WlsStruct).unwrap();
        let y = reconciler.reconcile(sketch.base(h.len()).view()).unwrap();
        for node in 0..h.finest().range().start {
            for c in 0..2 {
                let sum = h.members(node).fold(0.0, |sum, (unit, _)| sum + y.finest()[[unit, c]]);
                prop_assert_eq!(y.all()[[node, c]], sum);
            }
        }
        prop_assert!(y.gaps().iter().all(|&gap| gap == 0.0));
        // Every level is a partition of the units: its parts sum to the whole.
        let whole = y.finest().sum();
        for level in h.levels() {
            prop_assert!((y.level(level.name()).unwrap().sum() - whole).abs() < 1e-9);
        }
    }

    #[test]
    fn huge_variances_above_are_bottom_up(sketch in sketch()) {
        let h = sketch.hierarchy();
        let finest = h.finest().range();
        let variances = (0..h.len()).map(|node| if finest.contains(&node) { 1.0 } else { 1e12 }).collect();
        let base = sketch.base(h.len());
        let wls = Reconciler::new(&h, Method::Wls(variances)).unwrap().reconcile(base.view()).unwrap();
        let bottom_up = Reconciler::new(&h, Method::BottomUp).unwrap().reconcile(base.view()).unwrap();
        prop_assert!(distance(&wls.into_inner(), &bottom_up.into_inner()) < 1e-7);
    }

    #[test]
    fn order_of_rows_does_not_matter(
        (sketch, order) in sketch().prop_flat_map(|sketch| {
            let order: Vec<usize> = (0..sketch.rows.len()).collect();
            (Just(sketch), Just(order).prop_shuffle())
        })
    ) {
        let (h, permuted) = (sketch.hierarchy(), sketch.permuted(&order));
        let base = sketch.base(h.len());
        let names: Vec<(&str, &str)> =
            h.levels().flat_map(|level| level.nodes().iter().map(move |node| (level.name(), node.as_str()))).collect();
        let moved = permuted.arrange(&names, base.view()).unwrap();
        for method in [Method::BottomUp, Method::Ols, Method::WlsStruct] {
            let a = Reconciler::new(&h, method.clone()).unwrap().reconcile(base.view()).unwrap();
            let b = Reconciler::new(&permuted, method).unwrap().reconcile(moved.view()).unwrap();
            for (level, node) in &names {
                let gap = &a.node_in(level, node).unwrap() - &b.node_in(level, node).unwrap();
                prop_assert!(gap.iter().all(|gap| gap.abs() < 1e-9));
            }
        }
    }

    #[test]
    fn checking_finds_the_gap(sketch in sketch(), shift in 1.0f64..10.0) {
        let h = sketch.hierarchy();
        let mut y = h.integrate(sketch.base(h.finest_len()).view()).unwrap().into_inner();
        prop_assert!(h.check(y.view(), 0.0).is_ok());
        if h.len() > h.finest_len() {
            y[[0, 1]] += shift;
            let gap = coherence_gap(&h, y.view()).unwrap()[0];
            prop_assert!((gap - shift).abs() < 1e-9);
            prop_assert!(h.check(y.view(), 0.5).is_err());
            prop_assert!(h.check(y.view(), 11.0).is_ok());
        }
    }

    #[test]
    fn ladders(orders in prop::sample::subsequence(vec![12usize, 6, 4, 3, 2], 0..=5), numbers in prop::collection::vec(-9.0..9.0, 64)) {
        let names: Vec<(String, usize)> = orders.iter().map(|&order| (format!("by{order}"), order)).collect();
        let mut levels: Vec<(&str, usize)> = names.iter().map(|(name, order)| (name.as_str(), *order)).collect();
        levels.push(("row", 1));
        let h = Hierarchy::temporal(12, &levels).unwrap();
        let s = summing(&h);
        for method in [Method::Ols, Method::WlsStruct] {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let m = reconciler.projection_matrix();
            prop_assert!(distance(&m.dot(&m), &m) < 1e-12);
            prop_assert!(distance(&m.dot(&s), &s) < 1e-12);
            let base = Array2::from_shape_fn((h.len(), 2), |(i, c)| numbers[2 * i + c]);
            prop_assert!(reconciler.reconcile(base.view()).unwrap().gaps().iter().all(|&gap| gap == 0.0));
        }
    }
}
