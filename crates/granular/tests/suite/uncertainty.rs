//! Gaussian and sampled forecasts that add up.

use granular::ndarray::{Array1, Array2, Array3, Axis, array};
use granular::{Bootstrap, BootstrapConfig, Gaussian, Hierarchy, Method, Reconciler, Samples, quantiles};
use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::support::{distance, seeded, seven_nodes};

const BASE: [f64; 7] = [100.0, 55.0, 52.0, 30.0, 20.0, 15.0, 30.0];

/// B Bᵀ with random B.
fn covariance(n: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let b = Array2::from_shape_simple_fn((n, n), || rng.random_range(-1.0..1.0));
    b.dot(&b.t())
}

fn gap(h: &Hierarchy, values: &Array2<f64>) -> f64 {
    granular::coherence_gap(h, values.view()).unwrap().into_iter().fold(0.0, f64::max)
}

#[test]
fn a_covariance_is_projected_from_both_sides() {
    let h = seven_nodes();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mean, sigma) = (Array1::from(BASE.to_vec()), covariance(7, &mut rng));
    for method in [Method::Ols, Method::WlsStruct, Method::BottomUp] {
        let reconciler = Reconciler::new(&h, method).unwrap();
        let m = reconciler.projection_matrix();
        let got = Gaussian::from_covariance(&reconciler, mean.view(), sigma.view()).unwrap();
        let whole = got.covariance().unwrap().to_owned();
        assert!(distance(&whole, &m.dot(&sigma).dot(&m.t())) < 1e-12);
        assert_eq!(whole, whole.t());
        assert!(gap(&h, &whole) < 1e-12, "every column adds up");
        assert_eq!(got.variances(), whole.diag());
        assert_eq!(got.mean(), &reconciler.reconcile(mean.view().insert_axis(Axis(1))).unwrap());
    }
}

/// ols of seven nodes with Σ = I: the variances are the diagonal of M, 4/7·… by hand through M Mᵀ = M.
#[test]
fn with_the_weights_right_the_variances_are_those_of_the_projection() {
    let h = seven_nodes();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let (mean, ones) = (Array1::zeros(7), Array1::ones(7));
    let got = Gaussian::from_variances(&reconciler, mean.view(), ones.view()).unwrap();
    let expected = reconciler.projection_matrix().diag().to_owned();
    assert!((&got.variances() - &expected).iter().all(|d| d.abs() < 1e-12));
    assert!((got.variances().sum() - 4.0).abs() < 1e-12, "the trace of a projection on four dimensions");
    assert!(got.variances().iter().all(|&v| v < 1.0), "reconciling shrinks every variance");
    assert_eq!(got.covariance(), None);
}

/// More nodes than are handled at once.
#[test]
fn variances_alone_are_those_of_a_diagonal_covariance() {
    let h = Hierarchy::temporal(96, &[("all", 96), ("eighth", 12), ("third", 4), ("unit", 1)]).unwrap();
    let n = h.len();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mean = Array1::from_shape_simple_fn(n, || rng.random_range(-5.0..5.0));
    let variances = Array1::from_shape_simple_fn(n, || rng.random_range(0.0..4.0));
    let reconciler = Reconciler::new(&h, Method::WlsStruct).unwrap();
    let short = Gaussian::from_variances(&reconciler, mean.view(), variances.view()).unwrap();
    let sigma = Array2::from_diag(&variances);
    let long = Gaussian::from_covariance(&reconciler, mean.view(), sigma.view()).unwrap();
    assert!((&short.variances() - &long.variances()).iter().all(|d| d.abs() < 1e-11));
    let (low, region) = (long.quantiles(&[0.05, 0.95]).unwrap(), long.region(0.1).unwrap());
    for node in 0..n {
        assert!((low[[node, 0]] - region.lower[[node, 0]]).abs() < 1e-12);
        assert!((low[[node, 1]] - region.upper[[node, 0]]).abs() < 1e-12);
    }
}

#[test]
fn singular_covariances_are_fine() {
    let h = seven_nodes();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let mean = Array1::from(BASE.to_vec());
    let nothing = Gaussian::from_covariance(&reconciler, mean.view(), Array2::zeros((7, 7)).view()).unwrap();
    assert_eq!(nothing.variances(), Array1::<f64>::zeros(7));
    let alike = Gaussian::from_covariance(&reconciler, mean.view(), Array2::ones((7, 7)).view()).unwrap();
    assert!(alike.variances().iter().all(|&v| v >= 0.0));
}

#[test]
fn bootstrap_paths_become_coherent_ones() {
    let h = seven_nodes();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let residuals = Array2::from_shape_simple_fn((7, 60), || rng.random_range(-2.0..2.0));
    let base = Array2::from_shape_fn((7, 3), |(i, step)| BASE[i] + step as f64);
    let config = BootstrapConfig { samples: 4000, block: 1 };
    let paths = Bootstrap::new(residuals.clone(), config).unwrap().paths(base.view(), &mut rng).unwrap();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let samples = Samples::reconcile(&reconciler, paths.view()).unwrap();
    assert_eq!(samples.all().dim(), (7, 3, 4000));
    for sample in [0, 17, 3999] {
        assert_eq!(samples.sample(sample).gaps(), [0.0; 3]);
        let alone = reconciler.reconcile(paths.index_axis(Axis(2), sample)).unwrap();
        assert!(distance(&samples.sample(sample).into_inner(), &alone.into_inner()) < 1e-12);
    }
    // The mean and spread of the samples are those of M applied to the residuals' own.
    let moved = &base + &residuals.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
    let expected = reconciler.reconcile(moved.view()).unwrap().into_inner();
    let mean = samples.mean().unwrap();
    assert_eq!(mean.gaps(), [0.0; 3]);
    assert!(distance(&mean.into_inner(), &expected) < 0.12);
    let centred = &residuals - &residuals.mean_axis(Axis(1)).unwrap().insert_axis(Axis(1));
    let sigma = centred.dot(&centred.t()) / 60.0;
    let gaussian = Gaussian::from_covariance(&reconciler, expected.column(0), sigma.view()).unwrap();
    for node in 0..7 {
        let sampled = samples.all().index_axis(Axis(0), node).row(0).var(0.0);
        assert!((sampled / gaussian.variances()[node] - 1.0).abs() < 0.1, "node {node}");
    }
}

#[test]
fn refusals() {
    let h = seven_nodes();
    let reconciler = Reconciler::new(&h, Method::Ols).unwrap();
    let mean = Array1::zeros(7);
    let from = |sigma: &Array2<f64>| {
        Gaussian::from_covariance(&reconciler, mean.view(), sigma.view()).unwrap_err().to_string()
    };
    let mut sigma = Array2::eye(7);
    sigma[[2, 1]] = 0.5;
    assert_eq!(from(&sigma), "covariance: expected a symmetric matrix, got 0 at (1, 2) and 0.5 at (2, 1)");
    sigma[[2, 1]] = 2.0;
    sigma[[1, 2]] = 2.0;
    assert_eq!(
        from(&sigma),
        "covariance: expected a positive semi-definite matrix, got one with a negative eigenvalue"
    );
    assert_eq!(from(&Array2::eye(6)), "covariance: expected 7 rows, got 6");
    sigma[[0, 3]] = f64::NAN;
    assert_eq!(from(&sigma), "covariance, row 0, column 3: expected a finite value, got NaN");
    let variances =
        |v: f64| Gaussian::from_variances(&reconciler, mean.view(), Array1::from_elem(7, v).view());
    assert_eq!(variances(-1.0).unwrap_err().to_string(), "variances: expected numbers of at least 0, got -1");
    let quantile = variances(1.0).unwrap().quantiles(&[0.5, 1.0]).unwrap_err().to_string();
    assert_eq!(quantile, "probability: expected a number between 0 and 1, got 1");
    assert_eq!(quantiles(&[], &[0.5]).unwrap_err().to_string(), "samples: expected at least one, got none");
    assert_eq!(
        quantiles(&[1.0], &[1.5]).unwrap_err().to_string(),
        "probability: expected a number from 0 to 1, got 1.5"
    );
    let empty = Samples::reconcile(&reconciler, Array3::zeros((7, 2, 0)).view()).unwrap_err();
    assert_eq!(empty.to_string(), "samples: expected at least one, got none");
    let short = Bootstrap::new(array![[1.0, 2.0]], BootstrapConfig { samples: 3, block: 3 }).unwrap_err();
    assert_eq!(short.to_string(), "residuals: expected at least 3 columns, got 2");
    let none = Bootstrap::new(array![[1.0, 2.0]], BootstrapConfig { samples: 0, block: 1 }).unwrap_err();
    assert_eq!(none.to_string(), "samples: expected at least 1, got 0");
}

proptest! {
    #![proptest_config(seeded(64))]

    #[test]
    fn quantiles_rise_and_stay_inside(
        sample in prop::collection::vec(-1e3..1e3_f64, 1..40),
        mut p in prop::collection::vec(0.0..=1.0_f64, 2..12),
    ) {
        p.sort_unstable_by(f64::total_cmp);
        let got = quantiles(&sample, &p).unwrap();
        prop_assert!(got.windows(2).all(|pair| pair[0] <= pair[1]));
        let ends = quantiles(&sample, &[0.0, 1.0]).unwrap();
        prop_assert!(sample.iter().all(|x| ends[0] <= *x && *x <= ends[1]));
        prop_assert!(ends[0] <= got[0] && got[got.len() - 1] <= ends[1]);
    }

    #[test]
    fn samples_add_up(seed in any::<u64>(), steps in 1usize..4, count in 1usize..6) {
        let h = seven_nodes();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let base = Array3::from_shape_simple_fn((7, steps, count), || rng.random_range(-9.0..9.0));
        for method in [Method::Ols, Method::WlsStruct, Method::BottomUp] {
            let reconciler = Reconciler::new(&h, method).unwrap();
            let samples = Samples::reconcile(&reconciler, base.view()).unwrap();
            for sample in 0..count {
                prop_assert_eq!(samples.sample(sample).gaps(), vec![0.0; 3]);
            }
            let q = samples.quantiles(&[0.1, 0.5, 0.9]).unwrap();
            prop_assert!(q.lanes(Axis(2)).into_iter().all(|q| q[0] <= q[1] && q[1] <= q[2]));
        }
    }
}
