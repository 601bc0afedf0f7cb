//! Moments, bounds and refusals of first values.

use super::*;
use rand::{SeedableRng, rngs::ChaCha8Rng};

fn draw<T: Element>(init: Init, shape: &[usize], fans: [usize; 2]) -> Result<Param<T>> {
    init.draw(shape, fans, &mut ChaCha8Rng::seed_from_u64(11))
}

fn values(init: Init, shape: &[usize], fans: [usize; 2]) -> Vec<f64> {
    draw(init, shape, fans).unwrap().values().to_vec()
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, x| x.abs().max(largest))
}

/// Within 3 % of a variance, around the mean 0.
fn expect_variance(init: Init, fans: [usize; 2], want: f64) {
    let (mean, variance) = moments(&values(init, &[200, 300], fans));
    assert!(mean.abs() < 0.02 * want.sqrt(), "{init:?}: mean {mean}");
    assert!((variance / want - 1.0).abs() < 0.03, "{init:?}: variance {variance} instead of {want}");
}

#[test]
fn variances_are_gain_squared_over_fan() {
    let fans = [20, 60];
    for distribution in [Distribution::Uniform, Distribution::Normal] {
        for (gain, square) in [
            (Gain::Linear, 1.0),
            (Gain::Sigmoid, 1.0),
            (Gain::Tanh, 25.0 / 9.0),
            (Gain::Relu, 2.0),
            (Gain::LeakyRelu(0.5), 1.6),
            (Gain::Selu, 0.5625),
            (Gain::Value(3.0), 9.0),
        ] {
            expect_variance(Init::kaiming(distribution, Fan::In, gain), fans, square / 20.0);
            expect_variance(Init::kaiming(distribution, Fan::Out, gain), fans, square / 60.0);
            expect_variance(Init::xavier(distribution, gain), fans, square / 40.0);
        }
    }
    expect_variance(Init::XavierUniform, fans, 2.0 / 80.0);
    expect_variance(Init::XavierNormal, fans, 2.0 / 80.0);
    expect_variance(Init::KaimingUniform, fans, 2.0 / 20.0);
    expect_variance(Init::KaimingNormal, fans, 2.0 / 20.0);
    expect_variance(Init::Normal { std: 0.3 }, fans, 0.09);
    expect_variance(Init::Uniform { bound: 0.3 }, fans, 0.03);
}

#[test]
fn d64_xavier_uniform_is_centred() {
    fn check<T: Element>() {
        let w = draw::<T>(Init::XavierUniform, &[300, 200], [300, 200]).unwrap();
        let w: Vec<f64> = w.values().iter().map(|w| w.to_f64()).collect();
        let (mean, variance) = moments(&w);
        assert!(largest(&w) <= 0.10954451 + 1e-8 && largest(&w) > 0.1095);
        assert!(mean.abs() < 1e-3, "mean {mean}");
        assert!((variance - 0.004).abs() < 5e-5, "variance {variance}");
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn between_fills_its_range() {
    let w = values(Init::Between { low: 2.0, high: 5.0 }, &[1000], [1, 1]);
    assert!(w.iter().all(|w| (2.0..=5.0).contains(w)));
    let (mean, variance) = moments(&w);
    assert!((mean - 3.5).abs() < 0.1 && (variance - 0.75).abs() < 0.08, "{mean} {variance}");
    assert_eq!(values(Init::Between { low: 2.0, high: 2.0 }, &[2], [1, 1]), [2.0, 2.0]);
    assert_eq!(values(Init::Constant(2.0), &[2], [0, 0]), [2.0, 2.0]);
}

#[test]
fn orthogonal_rows_or_columns() {
    for shape in [&[4, 4][..], &[3, 7], &[7, 3], &[6, 2, 2, 2], &[20, 3, 3], &[1, 5], &[5, 1], &[30, 30]] {
        let w = values(Init::Orthogonal { gain: 1.5 }, shape, [1, 1]);
        let (rows, columns) = (shape[0], shape[1..].iter().product::<usize>());
        let at = |i: usize, k: usize| if rows <= columns { w[i * columns + k] } else { w[k * columns + i] };
        let (few, many) = (rows.min(columns), rows.max(columns));
        for (i, j) in (0..few).flat_map(|i| (0..few).map(move |j| (i, j))) {
            let dot: f64 = (0..many).map(|k| at(i, k) * at(j, k)).sum();
            let want = if i == j { 2.25 } else { 0.0 };
            assert!((dot - want).abs() < 1e-12, "{shape:?}: {dot} at {i}, {j}");
        }
    }
    assert!(values(Init::Orthogonal { gain: 1.0 }, &[0, 3], [1, 1]).is_empty());
    assert!(values(Init::Orthogonal { gain: 1.0 }, &[3, 0], [1, 1]).is_empty());
}

/// A rotation of the plane is by any angle alike, and turns over half of the time.
#[test]
fn orthogonal_matrices_are_uniform() {
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let (mut first, mut turned) = (0.0, 0);
    for _ in 0..2000 {
        let w: Param<f64> = Init::Orthogonal { gain: 1.0 }.draw(&[2, 2], [2, 2], rng).unwrap();
        let [a, b, c, d] = w.values() else { panic!("four elements") };
        first += a;
        turned += usize::from(a * d - b * c < 0.0);
    }
    assert!((first / 2000.0).abs() < 0.05, "{first}");
    assert!((900..1100).contains(&turned), "{turned}");
}

#[test]
fn truncated_normal_keeps_to_its_bounds() {
    // Means and variances of the truncated standard normal, from its density and distribution function.
    let cases = [
        (-2.0, 2.0, 0.0, 0.773741),
        (-1.0, 1.0, 0.0, 0.291125),
        (0.0, f64::INFINITY, 0.797885, 0.363380),
        (-0.25, 0.75, 0.229872, 0.080353),
        (2.0, 2.5, 2.204452, 0.019434),
    ];
    for (low, high, mean, variance) in cases {
        let w = values(Init::TruncatedNormal { std: 2.0, low, high }, &[20_000], [1, 1]);
        assert!(w.iter().all(|w| (2.0 * low..=2.0 * high).contains(w)), "{low} {high}");
        let (m, v) = moments(&w);
        assert!((m / 2.0 - mean).abs() < 0.015, "{low} {high}: mean {m}");
        assert!((v / 4.0 / variance - 1.0).abs() < 0.04, "{low} {high}: variance {v}");
    }
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let message = |init, shape: &[usize], fans| draw::<f64>(init, shape, fans).unwrap_err().to_string();
    let spread = |got: &str| format!("init: expected the spread to be finite and not negative, got {got}");
    let flat = [1, 1];
    assert_eq!(message(Init::Normal { std: -1.0 }, &[1], flat), spread("-1"));
    assert_eq!(message(Init::Uniform { bound: f64::NAN }, &[1], flat), spread("NaN"));
    assert_eq!(message(Init::Uniform { bound: -1.0 }, &[1], flat), spread("-1"));
    assert_eq!(message(Init::Between { low: 2.0, high: 1.0 }, &[1], flat), spread("-1"));
    assert_eq!(message(Init::Between { low: f64::NEG_INFINITY, high: 1.0 }, &[1], flat), spread("inf"));
    assert_eq!(message(Init::XavierNormal, &[1], [0, 0]), spread("inf"));
    assert_eq!(message(Init::KaimingUniform, &[1], [0, 1]), spread("inf"));
    assert_eq!(message(Init::Orthogonal { gain: f64::NAN }, &[2, 2], flat), spread("NaN"));
    let truncated = |low, high| message(Init::TruncatedNormal { std: 1.0, low, high }, &[1], flat);
    assert_eq!(truncated(3.0, 4.0), "init: expected the lower bound to be at most 2 deviations, got 3");
    assert_eq!(truncated(-4.0, -3.0), "init: expected the upper bound to be at least -2 deviations, got -3");
    assert_eq!(truncated(1.0, 1.0), "init: expected the upper bound to be above the lower one, got 1");
    assert_eq!(
        truncated(f64::NAN, 1.0),
        "init: expected the lower bound to be at most 2 deviations, got NaN"
    );
    for shape in [&[][..], &[3]] {
        assert_eq!(
            message(Init::Orthogonal { gain: 1.0 }, shape, flat),
            format!("init: expected at least two axes for an orthogonal matrix, got shape {shape:?}")
        );
    }
    assert_eq!(
        Init::conv_fans(&[3]).unwrap_err().to_string(),
        "init: expected a kernel [out, in / groups, taps..], got shape [3]"
    );
    assert!(draw::<f64>(Init::Normal { std: 1.0 }, &[usize::MAX, 2], flat).is_err());
}

#[test]
fn both_element_types_start_alike() {
    let wide = draw::<f64>(Init::Orthogonal { gain: 1.0 }, &[5, 3], [1, 1]).unwrap();
    let narrow = draw::<f32>(Init::Orthogonal { gain: 1.0 }, &[5, 3], [1, 1]).unwrap();
    let rounded: Vec<f32> = wide.values().iter().map(|&w| w as f32).collect();
    assert_eq!(narrow.values(), rounded);
}
