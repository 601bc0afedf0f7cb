//! Split-conformal regions: the promise kept, per node and for all nodes at once, and what is refused.

use granular::{
    Coherent, Conformal, ConformalConfig, Hierarchy, Method, Reconciler, Scope, Sides, coverage,
    joint_coverage,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Exp1, StudentT};
use tensor::ndarray::{Array2, array};

use crate::support::seven_nodes;

/// 1 + 2 + 8 nodes.
fn eleven_nodes() -> Hierarchy {
    Hierarchy::grouped()
        .key("half", ["A", "A", "A", "A", "B", "B", "B", "B"])
        .key("leaf", ["1", "2", "3", "4", "5", "6", "7", "8"])
        .level("Total", &[])
        .level("Half", &["half"])
        .level("Leaf", &["half", "leaf"])
        .build()
        .unwrap()
}

fn zeros(h: &Hierarchy, columns: usize) -> Coherent {
    h.integrate(Array2::zeros((h.finest_len(), columns)).view()).unwrap()
}

/// Base errors of all nodes, reconciled by ols.
struct Errors {
    reconciler: Reconciler,
    t4: StudentT<f64>,
    rng: ChaCha8Rng,
}

impl Errors {
    fn new(seed: u64) -> Self {
        let reconciler = Reconciler::new(&eleven_nodes(), Method::Ols).unwrap();
        Self { reconciler, t4: StudentT::new(4.0).unwrap(), rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    fn draw(&mut self, columns: usize) -> Coherent {
        let base = Array2::from_shape_simple_fn((11, columns), || self.t4.sample(&mut self.rng));
        self.reconciler.reconcile(base.view()).unwrap()
    }
}

/// 100 columns for the scales, 100 calibration points, a few new ones; again and again.
#[test]
fn joint_regions_cover_all_nodes_where_regions_per_node_do_not() {
    const REPETITIONS: usize = 2000;
    const NEW: usize = 4;
    let mut errors = Errors::new(42);
    let h = eleven_nodes();
    let (past, now) = (zeros(&h, 200), zeros(&h, NEW));
    let config = |scope| ConformalConfig { scale_columns: 100, scope, ..ConformalConfig::default() };
    let configs = [Scope::Joint, Scope::Node, Scope::Level].map(config);
    let (mut joint, mut single, mut halves) = ([0.0; 3], [0.0; 3], 0.0);
    for _ in 0..REPETITIONS {
        // The errors of forecasts of 0: the forecast is what was drawn, the truth is 0.
        let (forecast, new) = (errors.draw(200), errors.draw(NEW));
        for (i, config) in configs.iter().enumerate() {
            let region = Conformal::fit(&past, &forecast, config).unwrap().region(&new).unwrap();
            joint[i] += joint_coverage(now.all(), &region).unwrap() / REPETITIONS as f64;
            single[i] += coverage(now.all(), &region).unwrap().mean().unwrap() / REPETITIONS as f64;
            if i == 2 {
                let inside = region.contains(now.all()).unwrap();
                let both = (0..NEW).filter(|&t| inside[[1, t]] && inside[[2, t]]).count();
                halves += both as f64 / (NEW * REPETITIONS) as f64;
            }
        }
    }
    // 91 of 101 places are inside.
    assert!((joint[0] - 0.90).abs() < 0.02, "all at once: {}", joint[0]);
    assert!((joint[1] - 0.406).abs() < 0.02, "per node, seen all at once: {}", joint[1]);
    assert!((single[1] - 0.90).abs() < 0.01, "per node: {}", single[1]);
    assert!((halves - 0.90).abs() < 0.02, "the two halves at once, per level: {halves}");
    assert!(joint[1] < joint[2] && joint[2] < joint[0] && single[1] < single[2] && single[2] < single[0]);
}

#[test]
fn skewed_errors_are_covered_by_both_kinds_of_sides() {
    let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)]).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut draw = |columns| {
        let leaves =
            Array2::from_shape_simple_fn((2, columns), || Distribution::<f64>::sample(&Exp1, &mut rng));
        h.integrate(leaves.view()).unwrap()
    };
    // 59 calibration points: 54 of 60 places inside, and 57 of 60 for each side, so that no share is rounded up.
    let (forecast, now) = (zeros(&h, 118), zeros(&h, 10));
    let mut covered = [0.0; 2];
    let mut width = [0.0; 2];
    for _ in 0..500 {
        let (past, new) = (draw(118), draw(10));
        for (i, sides) in [Sides::Symmetric, Sides::Asymmetric].into_iter().enumerate() {
            let config = ConformalConfig { scope: Scope::Joint, sides, ..ConformalConfig::default() };
            let region = Conformal::fit(&past, &forecast, &config).unwrap().region(&now).unwrap();
            covered[i] += joint_coverage(new.all(), &region).unwrap() / 500.0;
            width[i] += (&region.upper - &region.lower).mean().unwrap() / 500.0;
        }
    }
    assert!(covered.iter().all(|share| (share - 0.9).abs() < 0.025), "{covered:?}");
    assert!(width[1] < width[0], "errors of one sign need no room on the other side: {width:?}");
}

#[test]
fn groups_share_a_score_and_other_nodes_stand_alone() {
    let h = seven_nodes();
    // Leaves A1..B2 err by t, 2t, 3t, 4t with changing signs; three columns for the scales.
    let past = Array2::from_shape_fn((4, 12), |(i, t)| {
        (i + 1) as f64 * ((t * (i + 3)) % 7) as f64 * if (t + i) % 2 == 0 { 1.0 } else { -1.0 }
    });
    let (past, forecast) = (h.integrate(past.view()).unwrap(), zeros(&h, 12));
    let fit = |scope| {
        let config = ConformalConfig { alpha: 0.2, scale_columns: 3, scope, ..ConformalConfig::default() };
        Conformal::fit(&past, &forecast, &config).unwrap()
    };
    let leaves: Vec<usize> = h.level("Leaf").unwrap().range().collect();
    let (node, level) = (fit(Scope::Node), fit(Scope::Level));
    let groups = fit(Scope::Groups(vec![vec![], leaves]));
    assert_eq!(groups.widths().0[..3], node.widths().0[..3]);
    assert_eq!(groups.widths().0[3..], level.widths().0[3..]);
    assert_eq!(fit(Scope::Groups(vec![(0..7).rev().collect()])), fit(Scope::Joint));
    assert_eq!(fit(Scope::Groups(Vec::new())), node);
    assert!(node.widths().0.iter().zip(level.widths().0).all(|(a, b)| a <= b));
}

/// Nine calibration points at α = 0.1: the largest error decides.
#[test]
fn hand_checked_widths() {
    let h = Hierarchy::temporal(1, &[("row", 1)]).unwrap();
    let actual =
        h.integrate(array![[3.0, 4.0, 1.0, -9.0, 2.0, 0.0, 5.0, 8.0, -7.0, 6.0, 2.0]].view()).unwrap();
    let forecast = zeros(&h, 11);
    let mut config = ConformalConfig { scale_columns: 2, ..ConformalConfig::default() };
    let conformal = Conformal::fit(&actual, &forecast, &config).unwrap();
    assert!((conformal.scales()[0] - 12.5_f64.sqrt()).abs() < 1e-14);
    assert!((conformal.widths().0[0] - 9.0).abs() < 1e-14);
    assert_eq!(conformal.widths().0, conformal.widths().1);
    // α = 0.4: six of ten places, |e| in order 0 1 2 2 5 6 7 8 9.
    config.alpha = 0.4;
    let conformal = Conformal::fit(&actual, &forecast, &config).unwrap();
    assert!((conformal.widths().1[0] - 6.0).abs() < 1e-14);
    // Both sides, 0.2 each: the eighth of −9 −7 0 1 2 2 5 6 8 above, of −8 −6 −5 −2 −2 −1 0 7 9 below.
    config.sides = Sides::Asymmetric;
    let conformal = Conformal::fit(&actual, &forecast, &config).unwrap();
    assert!((conformal.widths().0[0] - 7.0).abs() < 1e-14 && (conformal.widths().1[0] - 6.0).abs() < 1e-14);
    let region = conformal.region(&h.integrate(array![[100.0, 0.0]].view()).unwrap()).unwrap();
    assert!((region.lower[[0, 0]] - 93.0).abs() < 1e-12 && (region.upper[[0, 1]] - 6.0).abs() < 1e-12);
}

#[test]
fn a_node_that_never_erred_is_no_trouble() {
    let h = seven_nodes();
    let leaves =
        Array2::from_shape_fn((4, 30), |(i, t)| if i == 2 { 0.0 } else { ((t * 7 + i) % 5) as f64 - 2.0 });
    let conformal =
        Conformal::fit(&h.integrate(leaves.view()).unwrap(), &zeros(&h, 30), &ConformalConfig::default())
            .unwrap();
    assert_eq!(conformal.without_scale(), [5]);
    assert!(conformal.scales().iter().all(|&scale| scale > 0.0));
    assert_eq!(conformal.widths().0[5], 0.0);
}

#[test]
fn refusals() {
    let h = seven_nodes();
    let refused = |past: usize, config: &ConformalConfig| {
        Conformal::fit(&zeros(&h, past), &zeros(&h, past), config).unwrap_err().to_string()
    };
    let base = ConformalConfig::default();
    let with = |alpha, sides| ConformalConfig { alpha, sides, scale_columns: 5, ..base.clone() };
    for (past, alpha, sides, expected) in [
        (13, 0.1, Sides::Symmetric, "calibration part: expected at least 9 samples, got 8"),
        (23, 0.1, Sides::Asymmetric, "calibration part: expected at least 19 samples, got 18"),
        (5, 0.01, Sides::Symmetric, "calibration part: expected at least 99 samples, got 0"),
        (3, 0.5, Sides::Symmetric, "calibration part: expected at least 1 samples, got 0"),
        (50, 0.0, Sides::Symmetric, "alpha: expected a number between 0 and 1, got 0"),
        (50, 1.0, Sides::Symmetric, "alpha: expected a number between 0 and 1, got 1"),
        (50, f64::NAN, Sides::Symmetric, "alpha: expected a number between 0 and 1, got NaN"),
    ] {
        assert_eq!(refused(past, &with(alpha, sides)), expected);
    }
    assert!(Conformal::fit(&zeros(&h, 14), &zeros(&h, 14), &with(0.1, Sides::Symmetric)).is_ok());
    assert_eq!(refused(1, &base), "scale part: expected at least 1 samples, got 0");
    let groups = |groups| ConformalConfig { scope: Scope::Groups(groups), ..base.clone() };
    assert_eq!(
        refused(40, &groups(vec![vec![1, 7]])),
        "groups: expected rows of the hierarchy, got row 7 of 7"
    );
    assert_eq!(
        refused(40, &groups(vec![vec![1, 2], vec![2]])),
        "groups: expected each node at most once, got row 2 twice"
    );
    let (other, fitted) = (eleven_nodes(), Conformal::fit(&zeros(&h, 40), &zeros(&h, 40), &base).unwrap());
    assert_eq!(
        Conformal::fit(&zeros(&h, 40), &zeros(&other, 40), &base).unwrap_err().to_string(),
        "the forecast has another hierarchy than the actual values"
    );
    assert_eq!(
        fitted.region(&zeros(&other, 1)).unwrap_err().to_string(),
        "the forecast has another hierarchy than the calibration part"
    );
    assert_eq!(
        Conformal::fit(&zeros(&h, 40), &zeros(&h, 39), &base).unwrap_err().to_string(),
        "forecast: expected 40 columns, got 39"
    );
}
