//! What holds for node statuses on random hierarchies: the optimality conditions, measured here anew.

use granular::ndarray::{Array1, Array2};
use granular::{Constraints, ErrorKind, Hierarchy, Method, Reconciler, Report, Status};
use proptest::prelude::*;

use crate::properties::{Sketch, sketch};
use crate::support::{distance, reference_projection, seeded, summing};

/// (kind, centre, half width) for each of at most 32 nodes.
type Draws = Vec<(u8, f64, f64)>;

fn draws() -> impl Strategy<Value = Draws> {
    prop::collection::vec((0u8..8, -50.0..50.0, 0.0..60.0), 32)
}

/// Statuses, of which the fixed ones and bounds hold a common point `y0`, half of the time.
fn statuses(h: &Hierarchy, draws: &Draws, inside: Option<&Array2<f64>>) -> Vec<Status> {
    let status = |(node, &(kind, centre, width)): (usize, &(u8, f64, f64))| {
        let centre = inside.map_or(centre, |y0| y0[[node, 0]]);
        match kind {
            0 => Status::Fixed(centre),
            1 => Status::Bounded { lo: centre - width, hi: f64::INFINITY },
            2 => Status::Bounded { lo: f64::NEG_INFINITY, hi: centre + 0.5 * width },
            3 => Status::Bounded { lo: centre - 0.1 * width, hi: centre + width },
            4 => Status::Missing,
            _ => Status::Free,
        }
    };
    (0..h.len()).zip(draws).map(status).collect()
}

/// Feasible, and the gradient is what multipliers of the right sign and fixed values explain.
fn check_optimal(
    h: &Hierarchy,
    variances: &[f64],
    base: &Array2<f64>,
    statuses: &[Status],
    y: &Array2<f64>,
    report: &Report,
) -> Result<(), TestCaseError> {
    let s = summing(h);
    for c in 0..base.ncols() {
        let mut force = Array1::<f64>::zeros(h.len());
        for (node, status) in statuses.iter().enumerate() {
            let value = y[[node, c]];
            match *status {
                Status::Free => force[node] = (base[[node, c]] - value) / variances[node],
                Status::Missing => {}
                Status::Fixed(fixed) => prop_assert!((value - fixed).abs() < 1e-8, "{value} is not {fixed}"),
                Status::Bounded { lo, hi } => {
                    force[node] = (base[[node, c]] - value) / variances[node];
                    prop_assert!(value > lo - 1e-8 && value < hi + 1e-8, "{value} is outside [{lo}, {hi}]");
                }
            }
        }
        for active in &report.columns()[c].active {
            let Status::Bounded { lo, hi } = statuses[active.node] else { panic!("{active:?} is no bound") };
            prop_assert!((y[[active.node, c]] - active.bound).abs() < 1e-8);
            let right = (active.bound == lo && active.multiplier >= 0.0)
                || (active.bound == hi && active.multiplier <= 0.0);
            prop_assert!(right, "{active:?}");
            force[active.node] += active.multiplier;
        }
        // No move along the fixed values' null space helps: the gradient lies in the span of their rows.
        let gradient = s.t().dot(&force);
        let fixed: Vec<usize> =
            (0..h.len()).filter(|&node| matches!(statuses[node], Status::Fixed(_))).collect();
        let size = force.iter().map(|f| f.abs()).fold(1.0, f64::max);
        let left = outside_span(&s, &fixed, gradient);
        prop_assert!(left < 1e-6 * size, "gradient {left:e} against {size:e}");
    }
    Ok(())
}

/// The length of what rows of S do not explain (Gram–Schmidt, twice).
fn outside_span(s: &Array2<f64>, rows: &[usize], mut v: Array1<f64>) -> f64 {
    let mut basis: Vec<Array1<f64>> = Vec::new();
    let clear = |v: &mut Array1<f64>, basis: &[Array1<f64>]| {
        for _ in 0..2 {
            for b in basis {
                let along = b.dot(v);
                v.scaled_add(-along, b);
            }
        }
    };
    for &row in rows {
        let mut b = s.row(row).to_owned();
        clear(&mut b, &basis);
        let length = b.dot(&b).sqrt();
        if length > 1e-8 {
            basis.push(b / length);
        }
    }
    clear(&mut v, &basis);
    v.dot(&v).sqrt()
}

fn names(h: &Hierarchy) -> Vec<(&str, &str)> {
    h.levels().flat_map(|level| level.nodes().iter().map(move |node| (level.name(), node.as_str()))).collect()
}

fn inside(sketch: &Sketch, h: &Hierarchy) -> Array2<f64> {
    let finest = Array2::from_shape_fn((h.finest_len(), 1), |(i, _)| sketch.numbers[63 - i]);
    h.integrate(finest.view()).unwrap().into_inner()
}

proptest! {
    #![proptest_config(seeded(512))]

    #[test]
    fn optimal_or_a_typed_error(sketch in sketch(), draws in draws(), feasible in any::<bool>()) {
        let h = sketch.hierarchy();
        let y0 = inside(&sketch, &h);
        let statuses = statuses(&h, &draws, feasible.then_some(&y0));
        let known = Constraints::from_statuses(&h, &statuses).unwrap();
        let mut base = sketch.base(h.len());
        for (node, status) in statuses.iter().enumerate() {
            if matches!(status, Status::Missing | Status::Fixed(_)) {
                base.row_mut(node).fill(f64::NAN);
            }
        }
        for (method, variances) in sketch.methods(&h) {
            match Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known) {
                Ok((y, report)) => {
                    prop_assert!(report.kkt_residual() <= 1e-10);
                    prop_assert!(y.gaps().iter().all(|&gap| gap == 0.0));
                    check_optimal(&h, &variances, &base, &statuses, &y.into_inner(), &report)?;
                }
                Err(error) => match error.kind() {
                    ErrorKind::Unidentified { .. } => {}
                    ErrorKind::Contradiction { .. } | ErrorKind::Infeasible { .. } => {
                        prop_assert!(!feasible, "{error}, but there is a point");
                    }
                    _ => prop_assert!(false, "{error}"),
                },
            }
        }
    }

    #[test]
    fn non_negative_is_optimal(sketch in sketch()) {
        let h = sketch.hierarchy();
        let base = sketch.base(h.len());
        let zero = |node| if h.finest().range().contains(&node) {
            Status::Bounded { lo: 0.0, hi: f64::INFINITY }
        } else {
            Status::Free
        };
        let statuses: Vec<Status> = (0..h.len()).map(zero).collect();
        for (method, variances) in sketch.methods(&h) {
            let known = Constraints::new(&h).non_negative();
            let (y, report) = Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known).unwrap();
            prop_assert!(y.all().iter().all(|&value| value >= 0.0));
            check_optimal(&h, &variances, &base, &statuses, &y.into_inner(), &report)?;
        }
    }

    #[test]
    fn nothing_known_is_the_projection(sketch in sketch()) {
        let h = sketch.hierarchy();
        let base = sketch.base(h.len());
        for (method, _) in sketch.methods(&h) {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let plain = reconciler.reconcile(base.view()).unwrap();
            let (y, _) = reconciler.reconcile_with(base.view(), &Constraints::new(&h)).unwrap();
            prop_assert_eq!(&y, &plain);
            // Bounds that do not bind change rounding at most.
            let wide = vec![Status::Bounded { lo: -1e6, hi: 1e6 }; h.len()];
            let wide = Constraints::from_statuses(&h, &wide).unwrap();
            let (y, report) = reconciler.reconcile_with(base.view(), &wide).unwrap();
            prop_assert!(distance(&y.into_inner(), &plain.into_inner()) < 1e-9);
            prop_assert_eq!(report.iterations(), 0);
        }
    }

    #[test]
    fn a_missing_aggregate_has_a_huge_variance(sketch in sketch(), draws in draws()) {
        let h = sketch.hierarchy();
        let base = sketch.base(h.len());
        let missing: Vec<bool> =
            (0..h.len()).map(|node| draws[node].0 < 4 && !h.finest().range().contains(&node)).collect();
        let status = |&missing: &bool| if missing { Status::Missing } else { Status::Free };
        let known = Constraints::from_statuses(&h, &missing.iter().map(status).collect::<Vec<_>>()).unwrap();
        let variances: Vec<f64> = missing.iter().map(|&missing| if missing { 1e13 } else { 1.0 }).collect();
        let reference = reference_projection(&h, &variances).dot(&base);
        let ols = Reconciler::new(&h, Method::Ols).unwrap();
        let (y, _) = ols.reconcile_with(base.view(), &known).unwrap();
        prop_assert!(distance(&y.into_inner(), &reference) < 1e-6);
    }

    #[test]
    fn order_of_rows_does_not_matter(
        (sketch, order) in sketch().prop_flat_map(|sketch| {
            let order: Vec<usize> = (0..sketch.rows.len()).collect();
            (Just(sketch), Just(order).prop_shuffle())
        }),
        draws in draws(),
    ) {
        let (h, permuted) = (sketch.hierarchy(), sketch.permuted(&order));
        let base = sketch.base(h.len());
        let moved = permuted.arrange(&names(&h), base.view()).unwrap();
        let y0 = inside(&sketch, &h);
        let statuses = statuses(&h, &draws, Some(&y0));
        let known = Constraints::from_statuses(&h, &statuses).unwrap();
        let elsewhere = names(&h).iter().zip(&statuses).fold(Constraints::new(&permuted), |c, ((level, node), status)| {
            c.status_in(level, node, *status).unwrap()
        });
        let a = Reconciler::new(&h, Method::WlsStruct).unwrap().reconcile_with(base.view(), &known);
        let b = Reconciler::new(&permuted, Method::WlsStruct).unwrap().reconcile_with(moved.view(), &elsewhere);
        match (a, b) {
            (Ok((a, _)), Ok((b, _))) => for (level, node) in names(&h) {
                let gap = &a.node_in(level, node).unwrap() - &b.node_in(level, node).unwrap();
                prop_assert!(gap.iter().all(|gap| gap.abs() < 1e-7));
            },
            (Err(a), Err(b)) => prop_assert!(
                matches!((a.kind(), b.kind()), (ErrorKind::Unidentified { .. }, ErrorKind::Unidentified { .. })), "{a} {b}"
            ),
            (a, b) => prop_assert!(false, "{:?} but {:?}", a.is_ok(), b.is_ok()),
        }
    }
}
