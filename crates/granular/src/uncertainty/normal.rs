//! The standard normal distribution, to about 13 digits.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// `φ(x) = exp(−x²/2) / √(2π)`.
pub(crate) fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() * FRAC_1_SQRT_2 / PI.sqrt()
}

/// `Φ(x)`, with small relative error in both tails.
pub(crate) fn cdf(x: f64) -> f64 {
    if x < -NEAR {
        upper_tail(-x)
    } else if x > NEAR {
        1.0 - upper_tail(x)
    } else {
        0.5 + centre(x)
    }
}

/// `Φ⁻¹(p)` for p between 0 and 1, which are excluded.
///
/// The answer is looked for in the lower half, where Φ keeps its relative precision.
pub(crate) fn quantile(p: f64) -> f64 {
    if p > 0.5 { -lower_quantile(1.0 - p) } else { lower_quantile(p) }
}

/// Newton's steps on `ln Φ`, which is concave: from the left of the root they rise to it and never pass it.
fn lower_quantile(p: f64) -> f64 {
    // Φ(x) ≤ exp(−x²/2) / 2 for x ≤ 0: its inverse is to the left of the root, wherever that is.
    let p = p.max(f64::MIN_POSITIVE);
    let mut x = -(-2.0 * (2.0 * p).ln()).max(0.0).sqrt();
    for _ in 0..STEPS {
        let value = cdf(x);
        let step = (p / value).ln() * value / density(x);
        x += step;
        if step.abs() <= 1e-15 * x.abs() {
            break;
        }
    }
    x.min(0.0)
}

/// Where the series ends and the continued fraction begins: each is at home on its side.
const NEAR: f64 = 2.0;
/// Newton's method doubles the digits in every step: ten are plenty, the rest is a bound.
const STEPS: usize = 60;

/// `Φ(x) − 1/2 = φ(x) (x + x³/3 + x⁵/(3·5) + …)`, all terms of one sign.
fn centre(x: f64) -> f64 {
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    density(x) * sum
}

/// `1 − Φ(x) = φ(x) / (x + 1/(x + 2/(x + 3/(x + …))))`, from the inside out (Laplace).
fn upper_tail(x: f64) -> f64 {
    let fraction = (1..=120).rev().fold(x, |inner, k| x + f64::from(k) / inner);
    density(x) / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() <= 1e-12 * expected.abs(), "{got} for {expected}");
    }

    #[test]
    fn known_values() {
        close(cdf(0.0), 0.5);
        close(cdf(1.0), 0.841_344_746_068_542_9);
        close(cdf(-1.96), 0.024_997_895_148_220_435);
        close(cdf(-5.0), 2.866_515_718_791_939e-7);
        close(cdf(3.0), 0.998_650_101_968_369_9);
        close(quantile(0.975), 1.959_963_984_540_054);
        close(quantile(0.95), 1.644_853_626_951_472_2);
        close(quantile(1e-10), -6.361_340_902_404_056);
        assert_eq!(quantile(0.5), 0.0);
    }

    #[test]
    fn the_two_forms_meet_and_the_inverse_inverts() {
        close(0.5 - centre(2.0), upper_tail(2.0));
        for x in [-30.0, -8.0, -3.3, -2.0, -0.7, -1e-3, 0.4, 1.999, 2.001, 4.0] {
            assert!((quantile(cdf(x)) - x).abs() < 1e-10 * x.abs().max(1.0), "{x}");
        }
    }
}
