//! Rules for integrals over 0..1.

use std::f64::consts::PI;

/// How an integral is taken from some points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quadrature {
    /// Points where Legendre's polynomial is 0: exact for polynomials up to degree `2 steps - 1`, never at
    /// the ends.
    #[default]
    GaussLegendre,
    /// Points at equal distances, the ends among them with half of the weight.
    Trapezoid,
}

impl Quadrature {
    /// Points and weights for this many steps, at least one.
    pub(super) fn points(self, steps: usize) -> Vec<(f64, f64)> {
        match self {
            Self::GaussLegendre => (0..steps).map(|i| gauss_legendre(steps, i)).collect(),
            Self::Trapezoid => {
                let count = steps as f64;
                let weight = |i| if i == 0 || i == steps { 0.5 / count } else { 1.0 / count };
                (0..=steps).map(|i| (i as f64 / count, weight(i))).collect()
            }
        }
    }
}

/// Root `i` of Legendre's polynomial of degree `n`, moved from -1..1 to 0..1, and its weight
/// `1 / ((1 - z²) P'(z)²)`. Newton's method from Tricomi's estimate.
fn gauss_legendre(n: usize, i: usize) -> (f64, f64) {
    let mut z = -((i as f64 + 0.75) / (n as f64 + 0.5) * PI).cos();
    let mut slope = 1.0;
    for _ in 0..8 {
        let (value, derivative) = legendre(n, z);
        slope = derivative;
        z -= value / slope;
    }
    (0.5 * (1.0 + z), 1.0 / ((1.0 - z * z) * slope * slope))
}

/// `P(z)` and `P'(z)` of degree `n`, by the recursion `k P_k = (2k - 1) z P_(k-1) - (k - 1) P_(k-2)`.
fn legendre(n: usize, z: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, z);
    for k in 2..=n {
        let k = k as f64;
        (before, value) = (value, ((2.0 * k - 1.0) * z * value - (k - 1.0) * before) / k);
    }
    (value, n as f64 * (z * value - before) / (z * z - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integral(rule: Quadrature, steps: usize, f: impl Fn(f64) -> f64) -> f64 {
        rule.points(steps).into_iter().map(|(x, weight)| weight * f(x)).sum()
    }

    #[test]
    fn gauss_legendre_is_exact_for_polynomials() {
        for steps in [1, 2, 3, 8, 50, 200] {
            for degree in [0, 1, 2 * steps as i32 - 1] {
                let got = integral(Quadrature::GaussLegendre, steps, |x| x.powi(degree));
                let want = 1.0 / f64::from(degree + 1);
                assert!((got - want).abs() < 1e-14, "{steps} points, degree {degree}: {got} and {want}");
            }
        }
        // One degree more is too much for two points: 1/5 - 1/180.
        let got = integral(Quadrature::GaussLegendre, 2, |x| x.powi(4));
        assert!((got - (0.2 - 1.0 / 180.0)).abs() < 1e-15);
    }

    #[test]
    fn the_trapezoid_rule_has_its_error() {
        // x²: the error is 1 / (6 n²).
        for steps in [1, 2, 10] {
            let got = integral(Quadrature::Trapezoid, steps, |x| x * x);
            let want = 1.0 / 3.0 + 1.0 / (6.0 * (steps * steps) as f64);
            assert!((got - want).abs() < 1e-15, "{steps}: {got} and {want}");
        }
    }
}
