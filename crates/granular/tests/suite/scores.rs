//! Scores of distributions, intervals and quantiles: against integrals, against each other, on random data.

use granular::ndarray::{Array1, Array2, Array3, array};
use granular::{
    Estimator, Region, coverage, crps_gaussian, crps_samples, energy_score, interval_score, joint_coverage,
    mae, pinball, rmsse, smape, squared_seasonal_scale,
};
use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};

use crate::support::seeded;

/// Φ by Simpson's rule from 12 deviations below, and so independent of the crate's own.
fn phi(z: f64) -> f64 {
    let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    simpson(-12.0, z.max(-12.0), 4000, density)
}

fn simpson(from: f64, to: f64, pieces: usize, f: impl Fn(f64) -> f64) -> f64 {
    let step = (to - from) / pieces as f64;
    let inner =
        (1..pieces).map(|i| f(from + step * i as f64) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum::<f64>();
    (f(from) + inner + f(to)) * step / 3.0
}

fn gaussian(y: f64, mean: f64, deviation: f64) -> f64 {
    crps_gaussian(array![[y]].view(), array![[mean]].view(), array![[deviation]].view()).unwrap()[0]
}

/// `∫ (F(x) − 1{x ≥ y})² dx`, in two pieces as the integrand jumps at y.
#[test]
fn crps_of_a_gaussian_is_its_integral() {
    for (y, mean, deviation) in [(0.0, 0.0, 1.0), (1.3, -0.4, 0.7), (-3.0, 2.0, 1.5), (12.0, 10.0, 4.0)] {
        let cdf = |x: f64| phi((x - mean) / deviation);
        let (low, high) = (mean - 11.0 * deviation, mean + 11.0 * deviation);
        let integral =
            simpson(low, y, 400, |x| cdf(x).powi(2)) + simpson(y, high, 400, |x| (1.0 - cdf(x)).powi(2));
        let got = gaussian(y, mean, deviation);
        assert!((got - integral).abs() < 2e-8 * got.max(1.0), "{got} for {integral}");
    }
    assert_eq!(gaussian(3.0, 1.0, 0.0), 2.0);
    assert!((gaussian(1000.0, 0.0, 1.0) - (1000.0 - 1.0 / std::f64::consts::PI.sqrt())).abs() < 1e-12);
}

#[test]
fn crps_of_many_samples_is_that_of_their_distribution() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let samples = Array3::from_shape_simple_fn((1, 1, 40_000), || StandardNormal.sample(&mut rng));
    let got = crps_samples(array![[0.8]].view(), samples.view(), Estimator::Fair).unwrap()[0];
    assert!((got - gaussian(0.8, 0.0, 1.0)).abs() < 0.01, "{got}");
}

/// The mean of the fair score does not depend on k, that of the plain one does.
#[test]
fn the_fair_score_is_fair() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let actual = Array2::from_shape_simple_fn((1, 20_000), || StandardNormal.sample(&mut rng));
    let mut mean = |k, estimator| {
        let samples = Array3::from_shape_simple_fn((1, 20_000, k), || StandardNormal.sample(&mut rng));
        crps_samples(actual.view(), samples.view(), estimator).unwrap()[0]
    };
    let expected = 1.0 / std::f64::consts::PI.sqrt();
    for k in [2, 5] {
        assert!((mean(k, Estimator::Fair) - expected).abs() < 0.015, "{k}");
        let plain = expected * (1.0 + 1.0 / k as f64);
        assert!((mean(k, Estimator::Plain) - plain).abs() < 0.015, "{k}");
    }
}

/// Standard normal values: the true distribution, interval and quantile beat wrong ones on average.
#[test]
fn scores_are_proper() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let actual = Array2::from_shape_simple_fn((1, 20_000), || StandardNormal.sample(&mut rng));
    let all = |value: f64| Array2::from_elem(actual.dim(), value);
    let crps = |mean, sd| crps_gaussian(actual.view(), all(mean).view(), all(sd).view()).unwrap()[0];
    let interval = |l, u| interval_score(actual.view(), all(l).view(), all(u).view(), 0.1).unwrap()[0];
    let quantile = |q| pinball(actual.view(), all(q).view(), 0.9).unwrap()[0];
    for (mean, sd) in [(0.3, 1.0), (-0.3, 1.0), (0.0, 0.7), (0.0, 1.4)] {
        assert!(crps(0.0, 1.0) < crps(mean, sd));
    }
    for (l, u) in [(-1.2, 1.2), (-2.3, 2.3), (-1.2, 1.8)] {
        assert!(interval(-1.645, 1.645) < interval(l, u));
    }
    for q in [1.0, 1.6] {
        assert!(quantile(1.2816) < quantile(q));
    }
}

/// Two nodes that move together: samples that know it score better than ones with the same margins that do not.
#[test]
fn the_energy_score_sees_dependence_which_crps_cannot() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let mut pair = |columns: usize, k: usize, together: bool| {
        let mut out = Array3::<f64>::zeros((2, columns, k));
        for h in 0..columns {
            for s in 0..k {
                let (a, b): (f64, f64) = (StandardNormal.sample(&mut rng), StandardNormal.sample(&mut rng));
                out[[0, h, s]] = a;
                out[[1, h, s]] = if together { a } else { b };
            }
        }
        out
    };
    let actual = pair(2000, 1, true).remove_axis(tensor::ndarray::Axis(2));
    let (right, wrong) = (pair(2000, 20, true), pair(2000, 20, false));
    let score = |samples: &Array3<f64>| {
        energy_score(actual.view(), samples.view(), Estimator::Fair).unwrap().mean().unwrap()
    };
    assert!(score(&right) + 0.02 < score(&wrong), "{} {}", score(&right), score(&wrong));
}

proptest! {
    #![proptest_config(seeded(64))]

    #[test]
    fn crps_by_sorting_is_crps_by_pairs(numbers in prop::collection::vec(-50.0..50.0_f64, 3..30), shift in -1e6..1e6_f64) {
        let k = numbers.len() - 1;
        let x: Vec<f64> = numbers[1..].iter().map(|v| v + shift).collect();
        let y = numbers[0] + shift;
        let error = x.iter().map(|x| (x - y).abs()).sum::<f64>() / k as f64;
        let spread: f64 = x.iter().map(|a| x.iter().map(|b| (a - b).abs()).sum::<f64>()).sum();
        let samples = Array3::from_shape_vec((1, 1, k), x).unwrap();
        let actual = array![[y]];
        for (estimator, pairs) in [(Estimator::Plain, k * k), (Estimator::Fair, k * (k - 1))] {
            let expected = error - 0.5 * spread / pairs as f64;
            let crps = crps_samples(actual.view(), samples.view(), estimator).unwrap()[0];
            let energy = energy_score(actual.view(), samples.view(), estimator).unwrap()[0];
            prop_assert!((crps - expected).abs() < 1e-8, "{} for {}", crps, expected);
            prop_assert!((energy - expected).abs() < 1e-8, "{} for {}", energy, expected);
        }
    }

    #[test]
    fn relations(numbers in prop::collection::vec(-50.0..50.0_f64, 12), alpha in 0.05..0.95_f64) {
        let part = |from: usize| Array2::from_shape_vec((2, 2), numbers[4 * from..4 * from + 4].to_vec()).unwrap();
        let (y, a, b) = (part(0), part(1), part(2));
        let half_error = mae(y.view(), a.view()).unwrap() / 2.0;
        let close = |a: &Array1<f64>, b: &Array1<f64>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        prop_assert!(close(&pinball(y.view(), a.view(), 0.5).unwrap(), &half_error));
        // The interval score is made of the pinball losses of its two ends.
        let (low, high) = (a.clone().min_with(&b), a.max_with(&b));
        let ends = pinball(y.view(), low.view(), alpha / 2.0).unwrap()
            + pinball(y.view(), high.view(), 1.0 - alpha / 2.0).unwrap();
        let score = interval_score(y.view(), low.view(), high.view(), alpha).unwrap();
        prop_assert!(close(&score, &(ends * 2.0 / alpha)));
        let region = Region { lower: low, upper: high };
        let joint = joint_coverage(y.view(), &region).unwrap();
        prop_assert!(coverage(y.view(), &region).unwrap().iter().all(|&single| single >= joint));
        prop_assert!(smape(y.view(), b.view()).unwrap().iter().all(|s| (0.0..=200.0).contains(s)));
    }
}

/// Elementwise, as ndarray has neither.
trait Pairwise {
    fn min_with(self, other: &Self) -> Self;
    fn max_with(&self, other: &Self) -> Self;
}

impl Pairwise for Array2<f64> {
    fn min_with(mut self, other: &Self) -> Self {
        self.zip_mut_with(other, |a, b| *a = a.min(*b));
        self
    }

    fn max_with(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.zip_mut_with(other, |a, b| *a = a.max(*b));
        out
    }
}

/// A random walk's naive forecast has the expected squared error of its own scale.
#[test]
fn rmsse_of_the_naive_forecast_of_a_random_walk_is_about_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let mut level = 0.0;
    let walk = Array2::from_shape_simple_fn((1, 20_001), || {
        level += rng.random_range(-1.0..1.0);
        level
    });
    let scale = squared_seasonal_scale(walk.view(), 1).unwrap();
    assert!((scale[0] - 1.0 / 3.0).abs() < 0.01);
    let (today, tomorrow) = (array![[walk[[0, 0]], walk[[0, 1]]]], array![[walk[[0, 1]], walk[[0, 2]]]]);
    let got = rmsse(tomorrow.view(), today.view(), &scale).unwrap()[0];
    let expected = ((tomorrow - today).mapv(|e| e * e).sum() / 2.0 / scale[0]).sqrt();
    assert!((got - expected).abs() < 1e-12);
}

#[test]
fn refusals() {
    let y = array![[1.0, 2.0]];
    let one = Array3::zeros((1, 2, 1));
    let wrong = array![[1.0]];
    let none = Array2::<f64>::zeros((1, 0));
    let crps = |samples: &Array3<f64>, estimator| crps_samples(y.view(), samples.view(), estimator);
    for (result, expected) in [
        (crps(&one, Estimator::Fair), "score: expected at least 2 samples, got 1"),
        (crps(&Array3::zeros((1, 2, 0)), Estimator::Plain), "score: expected at least 1 samples, got 0"),
        (crps(&Array3::zeros((2, 2, 3)), Estimator::Fair), "samples: expected 1 rows, got 2"),
        (crps(&Array3::zeros((1, 3, 3)), Estimator::Fair), "samples: expected 2 columns, got 3"),
        (
            crps(&Array3::from_elem((1, 2, 3), f64::NAN), Estimator::Fair),
            "samples, row 0, column 0: expected a finite value, got NaN",
        ),
        (
            crps_samples(none.view(), Array3::zeros((1, 0, 3)).view(), Estimator::Fair),
            "columns to compare: expected at least one, got none",
        ),
        (
            energy_score(Array2::zeros((0, 1)).view(), Array3::zeros((0, 1, 3)).view(), Estimator::Fair),
            "rows to compare: expected at least one, got none",
        ),
        (crps_gaussian(y.view(), y.view(), wrong.view()), "deviation: expected 2 columns, got 1"),
        (
            crps_gaussian(y.view(), y.view(), (-&y).view()),
            "deviation: expected numbers of at least 0, got -1",
        ),
        (interval_score(y.view(), y.view(), wrong.view(), 0.1), "upper bounds: expected 2 columns, got 1"),
        (
            interval_score(y.view(), y.view(), y.view(), 1.5),
            "alpha: expected a number between 0 and 1, got 1.5",
        ),
        (pinball(y.view(), y.view(), 0.0), "probability: expected a number between 0 and 1, got 0"),
        (smape(y.view(), wrong.view()), "forecast: expected 2 columns, got 1"),
        (smape(none.view(), none.view()), "columns to compare: expected at least one, got none"),
        (rmsse(y.view(), y.view(), &[]), "scales: expected 1 values, got 0"),
        (
            coverage(y.view(), &Region { lower: y.clone(), upper: wrong.clone() }),
            "upper bounds: expected 2 columns, got 1",
        ),
    ] {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
    assert_eq!(
        squared_seasonal_scale(y.view(), 2).unwrap_err().to_string(),
        "training part: expected at least 3 columns, got 2"
    );
}
