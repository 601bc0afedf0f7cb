//! Every method on random structures of every kind: what comes out adds up, and what adds up already stays.

use granular::{ErrorKind, Hierarchy, Method, Reconciler, TemporalCovariance};
use proptest::prelude::*;
use tensor::ndarray::Array2;

use crate::structure_methods::{matrix, methods};
use crate::support::{crossed, distance, seeded};

#[derive(Debug, Clone)]
enum Sketch {
    /// The parent of each node after the first, as a share of the nodes before it.
    Tree(Vec<f64>),
    /// Nodes with two parents each.
    Taxonomy(Vec<(f64, f64)>),
    /// The two keys of each row.
    Crossed(Vec<(u8, u8)>),
    /// Orders above 1, of twelve steps.
    Temporal(Vec<usize>),
    /// Rows of a crossed structure at orders of six steps.
    CrossTemporal(Vec<(u8, u8)>, Vec<usize>),
    /// Blocks of a grid of 4 × 4, by their side.
    Grid(Vec<usize>),
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let keys = |most| prop::collection::vec((0u8..2, 0u8..3), 1..most);
    prop_oneof![
        prop::collection::vec(0.0..1.0, 1..14).prop_map(Sketch::Tree),
        prop::collection::vec((0.0..1.0, 0.0..1.0), 1..10).prop_map(Sketch::Taxonomy),
        keys(9).prop_map(Sketch::Crossed),
        prop::sample::subsequence(vec![12usize, 6, 4, 3, 2], 0..=5).prop_map(Sketch::Temporal),
        (keys(4), prop::sample::subsequence(vec![6usize, 3, 2], 0..=3))
            .prop_map(|(rows, orders)| Sketch::CrossTemporal(rows, orders)),
        prop::sample::subsequence(vec![4usize, 2], 0..=2).prop_map(Sketch::Grid),
    ]
}

impl Sketch {
    fn hierarchy(&self) -> granular::Result<Hierarchy> {
        match self {
            Self::Tree(shares) => tree(&shares.iter().map(|&share| [share, share]).collect::<Vec<_>>()),
            Self::Taxonomy(shares) => tree(&shares.iter().map(|&(a, b)| [a, b]).collect::<Vec<_>>()),
            Self::Crossed(rows) => Ok(crossed(rows)),
            Self::Temporal(orders) => ladder(12, orders),
            Self::CrossTemporal(rows, orders) => Hierarchy::cross(&crossed(rows), &ladder(6, orders)?),
            Self::Grid(sides) => {
                let named: Vec<(String, usize)> =
                    sides.iter().map(|&side| (format!("block{side}"), side)).collect();
                let levels = named.iter().map(|(name, side)| (name.as_str(), (*side, *side)));
                Hierarchy::pyramid_2d(4, 4, levels.chain([("pixel", (1, 1))]))
            }
        }
    }

    /// Whether its levels are orders of time.
    fn is_temporal(&self) -> bool {
        matches!(self, Self::Temporal(_) | Self::CrossTemporal(..))
    }
}

fn tree(shares: &[[f64; 2]]) -> granular::Result<Hierarchy> {
    let name = |node: usize| format!("n{node}");
    let mut links = vec![(name(0), String::new())];
    for (before, shares) in shares.iter().enumerate() {
        let [first, second] = shares.map(|share| (share * (before + 1) as f64) as usize);
        links.push((name(before + 1), name(first)));
        if second != first {
            links.push((name(before + 1), name(second)));
        }
    }
    Hierarchy::parents_list().links(links).several_parents().build()
}

fn ladder(units: usize, orders: &[usize]) -> granular::Result<Hierarchy> {
    let named: Vec<(String, usize)> = orders.iter().map(|&order| (format!("by{order}"), order)).collect();
    let mut levels: Vec<(&str, usize)> = named.iter().map(|(name, order)| (name.as_str(), *order)).collect();
    levels.push(("step", 1));
    Hierarchy::temporal(units, &levels)
}

fn with_temporal(h: &Hierarchy, temporal: bool) -> Vec<(String, Method)> {
    use TemporalCovariance as C;
    let all = methods(h).into_iter().map(|(name, method, _)| (name.to_owned(), method));
    let kinds = [
        C::Wlsv,
        C::Wlsh,
        C::Acov,
        C::StrAr1,
        C::SAr1,
        C::HAr1,
        C::BdShr,
        C::BdSam,
        C::SShr,
        C::SSam,
        C::Shr,
        C::Sam,
    ];
    let residuals = matrix(11, h.len(), 40);
    let orders = kinds.into_iter().filter(|_| temporal);
    all.chain(orders.map(|kind| (format!("{kind:?}"), Method::Temporal(kind, residuals.clone())))).collect()
}

/// Methods that do not keep what adds up already: maps learnt from the past, and shares of it.
const LEARNT: [&str; 5] =
    ["erm", "erm, ridge", "erm to bottom-up", "average proportions", "proportion averages"];

proptest! {
    #![proptest_config(seeded(120))]

    #[test]
    fn every_method_on_every_structure(sketch in sketch()) {
        let h = sketch.hierarchy().unwrap();
        let base = matrix(7, h.len(), 2).mapv(|value| 10.0 + value);
        let coherent = h.integrate(matrix(8, h.finest_len(), 2).mapv(|value| 2.0 + value).view()).unwrap();
        for (name, method) in with_temporal(&h, sketch.is_temporal()) {
            let shares_out = name.contains("proportion") || name == "middle-out";
            let reconciler = match Reconciler::new(&h, method) {
                Ok(reconciler) => reconciler,
                Err(error) => {
                    let crossed = matches!(error.kind(), ErrorKind::Crossed { .. } | ErrorKind::PartlyIn { .. });
                    prop_assert!(shares_out && crossed, "{}: {}", name, error);
                    continue;
                }
            };
            let agreed = reconciler.reconcile(base.view()).unwrap();
            prop_assert!(agreed.all().iter().all(|value| value.is_finite()), "{}", name);
            prop_assert!(agreed.gaps().iter().all(|&gap| gap == 0.0), "{}", name);
            if LEARNT.contains(&name.as_str()) {
                continue;
            }
            let near = |a: Array2<f64>, b: Array2<f64>| {
                distance(&a, &b) <= 1e-9 * b.iter().fold(1.0, |most: f64, b| most.max(b.abs()))
            };
            let again = reconciler.reconcile(agreed.all()).unwrap().into_inner();
            prop_assert!(near(again, agreed.into_inner()), "{} is idempotent", name);
            let back = reconciler.reconcile(coherent.all()).unwrap().into_inner();
            prop_assert!(near(back, coherent.all().to_owned()), "{} keeps what adds up", name);
        }
    }
}
