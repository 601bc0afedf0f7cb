//! What holds for methods with data on every hierarchy.

use granular::{Hierarchy, Method, Reconciler, TopDown};
use proptest::prelude::*;
use tensor::ndarray::{Array2, Axis};

use crate::support::{distance, seeded, summing};

/// Rows of keys, whether the levels nest, and numbers.
#[derive(Debug, Clone)]
struct Sketch {
    rows: Vec<(u8, u8)>,
    nested: bool,
    numbers: Vec<f64>,
}

const COLUMNS: usize = 6;

fn sketch() -> impl Strategy<Value = Sketch> {
    // At most 10 units and 1 + 3 + 4 + 10 nodes above.
    let rows = prop::collection::vec((0u8..3, 0u8..4), 1..10);
    let numbers = prop::collection::vec(-10.0..10.0, 28 * COLUMNS);
    (rows, any::<bool>(), numbers).prop_map(|(rows, nested, numbers)| Sketch { rows, nested, numbers })
}

impl Sketch {
    fn hierarchy(&self, order: &[usize]) -> Hierarchy {
        let builder = Hierarchy::grouped()
            .key("a", order.iter().map(|&i| format!("a{}", self.rows[i].0)))
            .key("b", order.iter().map(|&i| format!("b{}", self.rows[i].1)))
            .key("unit", order.iter().map(|&i| format!("u{i}")))
            .level("Total", &[])
            .level("A", &["a"]);
        let builder = if self.nested { builder } else { builder.level("B", &["b"]) };
        builder.level("A x B", &["a", "b"]).level("Unit", &["a", "b", "unit"]).build().unwrap()
    }

    fn in_order(&self) -> Hierarchy {
        self.hierarchy(&(0..self.rows.len()).collect::<Vec<_>>())
    }

    fn numbers(&self, rows: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, COLUMNS), |(i, c)| self.numbers[i * COLUMNS + c])
    }

    /// A symmetric positive definite matrix.
    fn covariance(&self, n: usize) -> Array2<f64> {
        let numbers = self.numbers(n);
        numbers.dot(&numbers.t()) + Array2::<f64>::eye(n) * 5.0
    }
}

fn agreed(h: &Hierarchy, method: Method, base: &Array2<f64>) -> Array2<f64> {
    Reconciler::new(h, method).unwrap().reconcile(base.view()).unwrap().into_inner()
}

/// Level names and node names of all rows.
fn names(h: &Hierarchy) -> Vec<(&str, &str)> {
    h.levels().flat_map(|level| level.nodes().iter().map(move |node| (level.name(), node.as_str()))).collect()
}

proptest! {
    #![proptest_config(seeded(128))]

    #[test]
    fn projections_with_data(sketch in sketch()) {
        let h = sketch.in_order();
        let (s, e) = (summing(&h), sketch.numbers(h.len()));
        for method in [
            Method::WlsVar(e.clone()),
            Method::MintShrink(e),
            Method::Custom(sketch.covariance(h.len())),
        ] {
            let reconciler = Reconciler::new(&h, method.clone()).unwrap();
            prop_assert_eq!(reconciler.preparation().jitter, 0.0);
            let m = reconciler.projection_matrix();
            prop_assert!(distance(&m.dot(&m), &m) < 1e-8, "idempotent");
            prop_assert!(distance(&m.dot(&s), &s) < 1e-8, "M S = S");
            let base = sketch.numbers(h.len()) + 3.0;
            let applied = reconciler.reconcile(base.view()).unwrap();
            prop_assert!(applied.gaps().iter().all(|&gap| gap == 0.0));
            prop_assert!(distance(&applied.into_inner(), &m.dot(&base)) < 1e-7, "M is what is applied");
        }
    }

    /// A projection is the nearest one in the distance of W⁻¹ just when `M W` is symmetric.
    #[test]
    fn values_move_to_the_nearest_that_add_up(sketch in sketch()) {
        let h = sketch.in_order();
        let (s, w) = (summing(&h), sketch.covariance(h.len()));
        let m = Reconciler::new(&h, Method::Custom(w.clone())).unwrap().projection_matrix();
        let mw = m.dot(&w);
        prop_assert!(distance(&mw, &mw.t().to_owned()) < 1e-6);
        prop_assert!(distance(&m.dot(&s), &s) < 1e-8);
    }

    #[test]
    fn custom_covers_the_others(sketch in sketch(), c in 0.1f64..100.0) {
        let h = sketch.in_order();
        let base = sketch.numbers(h.len());
        let n = h.len();
        let ols = agreed(&h, Method::Ols, &base);
        prop_assert!(distance(&agreed(&h, Method::Custom(Array2::eye(n) * c), &base), &ols) < 1e-10);
        let squares = base.map_axis(Axis(1), |row| row.iter().map(|e| e * e).sum::<f64>() / COLUMNS as f64);
        let custom = agreed(&h, Method::Custom(Array2::from_diag(&squares)), &base);
        prop_assert!(distance(&agreed(&h, Method::WlsVar(base.clone()), &base), &custom) < 1e-8);
        prop_assert!(distance(&agreed(&h, Method::Wls(squares), &base), &custom) < 1e-8);
    }

    #[test]
    fn shared_out_levels_are_kept(mut sketch in sketch()) {
        sketch.nested = true;
        let h = sketch.in_order();
        let base = sketch.numbers(h.len()).mapv(|v| v.abs() + 0.1);
        for level in h.levels() {
            let got = agreed(&h, Method::MiddleOut(level.name().to_owned()), &base);
            for node in level.range() {
                for c in 0..COLUMNS {
                    prop_assert!((got[[node, c]] - base[[node, c]]).abs() < 1e-10);
                }
            }
        }
        let history = sketch.numbers(h.finest_len()).mapv(f64::abs);
        for proportions in [
            TopDown::ForecastProportions,
            TopDown::AverageProportions(history.clone()),
            TopDown::ProportionAverages(history),
        ] {
            let got = agreed(&h, Method::TopDown(proportions), &base);
            for c in 0..COLUMNS {
                prop_assert!((got[[0, c]] - base[[0, c]]).abs() < 1e-10, "the top is kept");
            }
        }
        let y = h.integrate(sketch.numbers(h.finest_len()).mapv(|v| v.abs() + 0.1).view()).unwrap();
        for method in [Method::TopDown(TopDown::ForecastProportions), Method::MiddleOut("A".into())] {
            let back = agreed(&h, method, &y.all().to_owned());
            prop_assert!(distance(&back, &y.all().to_owned()) < 1e-10, "what adds up comes back");
        }
    }

    #[test]
    fn order_of_nodes_does_not_matter(
        (sketch, order) in sketch().prop_flat_map(|sketch| {
            let order: Vec<usize> = (0..sketch.rows.len()).collect();
            (Just(sketch), Just(order).prop_shuffle())
        })
    ) {
        let (h, moved) = (sketch.in_order(), sketch.hierarchy(&order));
        let names = names(&h);
        let arrange = |values: &Array2<f64>| moved.arrange(&names, values.view()).unwrap();
        let arranged_square = |w: &Array2<f64>| arrange(&arrange(w).t().to_owned());
        let e = sketch.numbers(h.len());
        let w = sketch.covariance(h.len());
        let base = e.mapv(|v| v.abs() + 0.1);
        let finest = h.integrate(base.select(Axis(0), &(0..h.finest_len()).collect::<Vec<_>>()).view()).unwrap();
        let history = finest.into_inner();
        let mut pairs = vec![
            (Method::WlsVar(e.clone()), Method::WlsVar(arrange(&e))),
            (Method::MintShrink(e.clone()), Method::MintShrink(arrange(&e))),
            (Method::Custom(w.clone()), Method::Custom(arranged_square(&w))),
            (
                Method::TopDown(TopDown::AverageProportions(history.clone())),
                Method::TopDown(TopDown::AverageProportions(arrange(&history))),
            ),
        ];
        if sketch.nested {
            pairs.push((Method::MiddleOut("A".into()), Method::MiddleOut("A".into())));
        }
        for (a, b) in pairs {
            let gap = distance(&arrange(&agreed(&h, a.clone(), &base)), &agreed(&moved, b, &arrange(&base)));
            prop_assert!(gap < 1e-8, "{:?}: {}", a, gap);
        }
    }

    #[test]
    fn any_residuals_prepare(sketch in sketch(), zeros in prop::collection::vec(any::<bool>(), 28), exponent in -60i32..60) {
        let h = sketch.in_order();
        let mut e = sketch.numbers(h.len()) * 10f64.powi(exponent);
        for (mut row, _) in e.rows_mut().into_iter().zip(&zeros).filter(|(_, zero)| **zero) {
            row.fill(0.0);
        }
        let base = sketch.numbers(h.len());
        for method in [Method::WlsVar(e.clone()), Method::MintCov(e.clone()), Method::MintShrink(e)] {
            let reconciler = Reconciler::new(&h, method).unwrap();
            prop_assert!(reconciler.reconcile(base.view()).unwrap().gaps().iter().all(|&gap| gap == 0.0));
        }
    }
}
