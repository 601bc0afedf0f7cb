//! What holds for node statuses on random hierarchies: the optimality conditions, measured here anew.

use granular::ndarray::{Array1, Array2, Axis};
use granular::{Constraints, ErrorKind, Hierarchy, Method, Reconciler, Report, Status};
use proptest::prelude::*;

use crate::properties::{Sketch, sketch};
use crate::support::{distance, seeded, solved, summing};

/// (kind, centre, half width) for each of at most 32 nodes.
type Draws = Vec<(u8, f64, f64)>;

fn draws() -> impl Strategy<Value = Draws> {
    prop::collection::vec((0u8..9, -50.0..50.0, 0.0..60.0), 32)
}

/// Every projection with its W, and bottom-up, whose aggregates do not count.
fn methods(sketch: &Sketch, h: &Hierarchy) -> Vec<(Method, Array2<f64>)> {
    let diagonal = |(method, w): (Method, Vec<f64>)| (method, Array2::from_diag(&Array1::from(w)));
    let mut all: Vec<(Method, Array2<f64>)> = sketch.methods(h).into_iter().map(diagonal).collect();
    let custom = correlated(sketch, &all[2].1);
    all.push((Method::Custom(custom.clone()), custom));
    let above = h.len() - h.finest_len();
    let units = Array1::from_shape_fn(h.len(), |node| if node < above { f64::INFINITY } else { 1.0 });
    all.push((Method::BottomUp, Array2::from_diag(&units)));
    all
}

/// Correlations of ±0.6.
fn correlated(sketch: &Sketch, variances: &Array2<f64>) -> Array2<f64> {
    let sign = |i: usize| sketch.numbers[i].signum();
    Array2::from_shape_fn(variances.dim(), |(i, j)| {
        let size = (variances[[i, i]] * variances[[j, j]]).sqrt();
        if i == j { size } else { 0.6 * size * sign(i) * sign(j) }
    })
}

/// Statuses, of which the fixed ones and bounds hold a common point `y0` when there is one.
fn statuses(h: &Hierarchy, draws: &Draws, inside: Option<&Array2<f64>>) -> Vec<Status> {
    let status = |(node, &(kind, centre, width)): (usize, &(u8, f64, f64))| {
        let centre = inside.map_or(centre, |y0| y0[[node, 0]]);
        match kind {
            0 => Status::Fixed(centre),
            1 => Status::Bounded { lo: centre - width, hi: f64::INFINITY },
            2 => Status::Bounded { lo: f64::NEG_INFINITY, hi: centre + 0.5 * width },
            3 => Status::Bounded { lo: centre - 0.1 * width, hi: centre + width },
            4 => Status::Missing,
            // Two kept forecasts rarely go together.
            5 if inside.is_none() => Status::Kept,
            _ => Status::Free,
        }
    };
    (0..h.len()).zip(draws).map(status).collect()
}

/// The rows that pull: those with a forecast that the method reads.
fn rows_that_count(w: &Array2<f64>, statuses: &[Status]) -> Vec<usize> {
    let counts = |node: &usize| {
        w[[*node, *node]].is_finite() && !matches!(statuses[*node], Status::Missing | Status::Fixed(_))
    };
    (0..statuses.len()).filter(counts).collect()
}

fn part(w: &Array2<f64>, rows: &[usize]) -> Array2<f64> {
    w.select(Axis(0), rows).select(Axis(1), rows)
}

/// Feasible, and the gradient is what multipliers of the right sign and known values explain.
fn check_optimal(
    h: &Hierarchy,
    w: &Array2<f64>,
    base: &Array2<f64>,
    statuses: &[Status],
    y: &Array2<f64>,
    report: &Report,
) -> Result<(), TestCaseError> {
    let s = summing(h);
    let counting = rows_that_count(w, statuses);
    let moved = (base - y).select(Axis(0), &counting);
    let pulls = solved(part(w, &counting), moved);
    for c in 0..base.ncols() {
        let mut force = Array1::<f64>::zeros(h.len());
        counting.iter().zip(pulls.column(c)).for_each(|(&node, &pull)| force[node] = pull);
        for (node, status) in statuses.iter().enumerate() {
            let value = y[[node, c]];
            match *status {
                Status::Fixed(fixed) => prop_assert!((value - fixed).abs() < 1e-8, "{value} is not {fixed}"),
                Status::Kept => prop_assert!((value - base[[node, c]]).abs() < 1e-8),
                Status::Bounded { lo, hi } => {
                    prop_assert!(value > lo - 1e-8 && value < hi + 1e-8, "{value} is outside [{lo}, {hi}]");
                    let finest = h.finest().range().contains(&node);
                    prop_assert!(!finest || (lo..=hi).contains(&value), "{value} crosses [{lo}, {hi}]");
                }
                Status::Free | Status::Missing => {}
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
        // No move along the known values' null space helps: the gradient lies in the span of their rows.
        let gradient = s.t().dot(&force);
        let known = |node: &usize| matches!(statuses[*node], Status::Fixed(_) | Status::Kept);
        let known: Vec<usize> = (0..h.len()).filter(known).collect();
        let size = force.iter().map(|f| f.abs()).fold(1.0, f64::max);
        let left = outside_span(&s, &known, gradient);
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

/// `min ‖y − t‖²_W` over y = S b with these nodes at these values, by elimination with pivoting; None when singular.
fn at_values(
    s: &Array2<f64>,
    inverse: &Array2<f64>,
    t: &Array1<f64>,
    held: &[(usize, f64)],
) -> Option<Array1<f64>> {
    let m = s.ncols();
    let size = m + held.len();
    let mut a = Array2::zeros((size, size + 1));
    let k = s.t().dot(inverse).dot(s);
    let right = s.t().dot(&inverse.dot(t));
    for i in 0..m {
        for j in 0..m {
            a[[i, j]] = k[[i, j]];
        }
        a[[i, size]] = right[i];
    }
    for (at, &(node, value)) in held.iter().enumerate() {
        for j in 0..m {
            a[[m + at, j]] = s[[node, j]];
            a[[j, m + at]] = s[[node, j]];
        }
        a[[m + at, size]] = value;
    }
    for column in 0..size {
        let pivot = (column..size).max_by(|&i, &j| a[[i, column]].abs().total_cmp(&a[[j, column]].abs()))?;
        if a[[pivot, column]].abs() < 1e-9 {
            return None;
        }
        for j in 0..=size {
            a.swap([pivot, j], [column, j]);
        }
        let row = a.row(column).to_owned() / a[[column, column]];
        a.row_mut(column).assign(&row);
        for i in (0..size).filter(|&i| i != column) {
            let factor = a[[i, column]];
            a.row_mut(i).scaled_add(-factor, &row);
        }
    }
    Some(s.dot(&Array1::from_shape_fn(m, |j| a[[j, size]])))
}

/// The best of all sets of active bounds.
fn by_enumeration(
    h: &Hierarchy,
    w: &Array2<f64>,
    t: &Array1<f64>,
    statuses: &[Status],
) -> Option<Array1<f64>> {
    let s = summing(h);
    let mut inverse = solved(w.clone(), Array2::eye(h.len()));
    for (node, status) in statuses.iter().enumerate() {
        if matches!(status, Status::Fixed(_)) {
            // Its own target, so it pulls nowhere.
            inverse[[node, node]] = 1.0;
        }
    }
    let mut sets: Vec<Vec<(usize, f64)>> = vec![Vec::new()];
    for (node, status) in statuses.iter().enumerate() {
        let values = match *status {
            Status::Fixed(value) => vec![value],
            Status::Bounded { lo, hi } => [lo, hi].into_iter().filter(|bound| bound.is_finite()).collect(),
            _ => continue,
        };
        let with = |set: &Vec<(usize, f64)>| {
            values.iter().map(|&v| [&set[..], &[(node, v)]].concat()).collect::<Vec<_>>()
        };
        let more: Vec<_> = sets.iter().flat_map(with).collect();
        if matches!(status, Status::Fixed(_)) { sets = more } else { sets.extend(more) }
    }
    let feasible = |y: &Array1<f64>| {
        statuses.iter().zip(y).all(|(status, &y)| match *status {
            Status::Bounded { lo, hi } => y >= lo - 1e-7 && y <= hi + 1e-7,
            _ => true,
        })
    };
    let cost = |y: &Array1<f64>| (y - t).dot(&inverse.dot(&(y - t)));
    let points = sets.iter().filter_map(|held| at_values(&s, &inverse, t, held)).filter(feasible);
    points.min_by(|a, b| cost(a).total_cmp(&cost(b)))
}

proptest! {
    #![proptest_config(seeded(256))]

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
        for (method, w) in methods(&sketch, &h) {
            match Reconciler::new(&h, method.clone()).unwrap().reconcile_with(base.view(), &known) {
                Ok((y, report)) => {
                    prop_assert!(report.kkt_residual() <= 1e-10);
                    prop_assert!(y.gaps().iter().all(|&gap| gap == 0.0));
                    check_optimal(&h, &w, &base, &statuses, &y.into_inner(), &report)?;
                }
                Err(error) => match error.kind() {
                    ErrorKind::Unidentified { .. } => {}
                    ErrorKind::Contradiction { .. } | ErrorKind::Infeasible { .. } => {
                        prop_assert!(!feasible, "{method:?}: {error}, but there is a point");
                    }
                    _ => prop_assert!(false, "{method:?}: {error}"),
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
        for (method, w) in methods(&sketch, &h) {
            let known = Constraints::new(&h).non_negative();
            let (y, report) = Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known).unwrap();
            prop_assert!(y.all().iter().all(|&value| value >= 0.0));
            check_optimal(&h, &w, &base, &statuses, &y.into_inner(), &report)?;
        }
    }

    #[test]
    fn nothing_known_is_the_plain_method(sketch in sketch()) {
        let h = sketch.hierarchy();
        let base = sketch.base(h.len());
        for (method, _) in methods(&sketch, &h) {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let plain = reconciler.reconcile(base.view()).unwrap();
            let (y, _) = reconciler.reconcile_with(base.view(), &Constraints::new(&h)).unwrap();
            prop_assert_eq!(&y, &plain);
            // No bound is no status, and bounds that do not bind change rounding at most.
            for (bound, iterations) in [(f64::INFINITY, 0), (1e6, 0)] {
                let wide = vec![Status::Bounded { lo: -bound, hi: bound }; h.len()];
                let wide = Constraints::from_statuses(&h, &wide).unwrap();
                let (y, report) = reconciler.reconcile_with(base.view(), &wide).unwrap();
                prop_assert!(distance(&y.into_inner(), &plain.all().to_owned()) < 1e-9);
                prop_assert_eq!(report.iterations(), iterations);
            }
        }
    }

    #[test]
    fn missing_is_a_huge_variance(sketch in sketch(), draws in draws()) {
        let h = sketch.hierarchy();
        let base = sketch.base(h.len());
        let missing: Vec<bool> = (0..h.len()).map(|node| draws[node].0 < 4).collect();
        let status = |&missing: &bool| if missing { Status::Missing } else { Status::Free };
        let known = Constraints::from_statuses(&h, &missing.iter().map(status).collect::<Vec<_>>()).unwrap();
        for (method, w) in methods(&sketch, &h).into_iter().take(4) {
            let Ok((y, _)) = Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known) else {
                return Ok(());
            };
            let more = missing.iter().zip(w.diag()).map(|(&missing, w)| if missing { 1e8 * w } else { 0.0 });
            let w = &w + &Array2::from_diag(&more.collect::<Array1<f64>>());
            let (s, inverse) = (summing(&h), solved(w, Array2::eye(h.len())));
            let limit = s.dot(&solved(s.t().dot(&inverse).dot(&s), s.t().dot(&inverse).dot(&base)));
            prop_assert!(distance(&y.into_inner(), &limit) < 1e-3);
        }
    }

    #[test]
    fn fixed_is_a_tiny_variance(sketch in sketch(), draws in draws()) {
        let h = sketch.hierarchy();
        let mut base = sketch.base(h.len());
        let y0 = inside(&sketch, &h);
        // Two at most: more of them would soon imply each other.
        let fixed: Vec<usize> = (0..h.len()).filter(|&node| draws[node].0 == 0).take(2).collect();
        let mut known = vec![Status::Free; h.len()];
        for &node in &fixed {
            known[node] = Status::Fixed(y0[[node, 0]]);
            base.row_mut(node).fill(y0[[node, 0]]);
        }
        let known = Constraints::from_statuses(&h, &known).unwrap();
        for (method, mut w) in methods(&sketch, &h).into_iter().take(4) {
            let (y, _) = Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known).unwrap();
            for &node in &fixed {
                let own = w[[node, node]];
                w.row_mut(node).fill(0.0);
                w.column_mut(node).fill(0.0);
                w[[node, node]] = 1e-9 * own;
            }
            let limit = Reconciler::new(&h, Method::Custom(w)).unwrap().reconcile(base.view()).unwrap();
            prop_assert!(distance(&y.into_inner(), &limit.into_inner()) < 1e-4);
        }
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

    /// At most four units and seven nodes, four of them with bounds: 81 sets.
    #[test]
    fn what_trying_all_sets_gives(
        units in 2usize..5,
        statuses in prop::collection::vec((0u8..4, -30.0..30.0, 0.0..40.0), 7),
        numbers in prop::collection::vec(-60.0..60.0, 7),
        variances in prop::collection::vec(0.1..10.0, 7),
        rho in -0.12..0.8,
    ) {
        let h = Hierarchy::grouped()
            .key("half", (0..units).map(|i| if i < 2 { "A" } else { "B" }))
            .key("unit", (0..units).map(|i| format!("u{i}")))
            .level("T", &[])
            .level("Half", &["half"])
            .level("Unit", &["unit"])
            .build()
            .unwrap();
        let n = h.len();
        let mut bounded = 0;
        let statuses: Vec<Status> = statuses[..n].iter().map(|&(kind, centre, width)| {
            bounded += usize::from(kind > 0);
            match kind {
                _ if bounded > 4 => Status::Free,
                1 => Status::Bounded { lo: centre, hi: f64::INFINITY },
                2 => Status::Bounded { lo: centre, hi: centre + width },
                3 if n > 5 && bounded < 3 => Status::Fixed(centre),
                _ => Status::Free,
            }
        }).collect();
        let known = Constraints::from_statuses(&h, &statuses).unwrap();
        let mut w = Array2::from_shape_fn((n, n), |(i, j)| {
            let size = f64::sqrt(variances[i] * variances[j]);
            if i == j { size } else { rho * size }
        });
        let diagonal = Array1::from(variances[..n].to_vec());
        let mut t = Array1::from(numbers[..n].to_vec());
        let base = t.clone().insert_axis(Axis(1));
        for (node, status) in statuses.iter().enumerate() {
            if let Status::Fixed(value) = *status {
                t[node] = value;
                w.row_mut(node).fill(0.0);
                w.column_mut(node).fill(0.0);
                w[[node, node]] = diagonal[node];
            }
        }
        let full = Method::Custom(w.clone());
        for (method, w) in [(Method::Wls(diagonal.clone()), Array2::from_diag(&diagonal)), (full, w)] {
            let found = Reconciler::new(&h, method).unwrap().reconcile_with(base.view(), &known);
            match (found, by_enumeration(&h, &w, &t, &statuses)) {
                (Ok((y, _)), Some(best)) => {
                    let best = best.insert_axis(Axis(1));
                    prop_assert!(distance(&y.all().to_owned(), &best) < 1e-6, "{} is not {best}", y.all());
                }
                (Err(error), None) => prop_assert!(matches!(
                    error.kind(),
                    ErrorKind::Infeasible { .. } | ErrorKind::Contradiction { .. }
                ), "{error}"),
                (found, best) => prop_assert!(false, "{:?}, but the best is {best:?}", found.map(|_| ())),
            }
        }
    }
}
