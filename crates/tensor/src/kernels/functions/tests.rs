use super::*;
use crate::kernels::instruction_sets;

type Kernel = fn(Arch, &mut [f32], &[f32]);
/// Arguments and results.
type Pairs = &'static [(f32, f32)];

struct Case {
    name: &'static str,
    kernel: Kernel,
    exact: fn(f64) -> f64,
    /// The greatest error allowed, in ulp of the exact result.
    bound: f64,
}

const CASES: [Case; 7] = [
    Case { name: "erf", kernel: erf, exact: libm::erf, bound: 1.5 },
    Case { name: "exp", kernel: exp, exact: f64::exp, bound: 1.2 },
    Case { name: "exp_m1", kernel: exp_m1, exact: f64::exp_m1, bound: 1.6 },
    Case { name: "ln", kernel: ln, exact: f64::ln, bound: 0.9 },
    Case { name: "ln_1p", kernel: ln_1p, exact: f64::ln_1p, bound: 2.0 },
    Case { name: "tanh", kernel: tanh, exact: f64::tanh, bound: 2.0 },
    Case { name: "sigmoid", kernel: sigmoid, exact: logistic, bound: 2.5 },
];

fn logistic(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

/// The distance from the exact result, in units of the last place of an `f32` of that size.
fn ulps(got: f32, want: f64) -> f64 {
    let nearest = want as f32;
    if got == nearest || (got.is_nan() && nearest.is_nan()) {
        // Not quite 0, but no less than half.
        return if got.is_finite() { error(got, want) } else { 0.0 };
    }
    if got.is_nan() || nearest.is_nan() || got.is_infinite() && want.abs() < f64::from(f32::MAX) {
        return f64::INFINITY;
    }
    error(got.clamp(f32::MIN, f32::MAX), want.clamp(f64::from(f32::MIN), f64::from(f32::MAX)))
}

fn error(got: f32, want: f64) -> f64 {
    let exponent = (want.abs().to_bits() >> 52) as i32 - 1023;
    (f64::from(got) - want).abs() / 2f64.powi(exponent.max(-126) - 23)
}

/// The worst error on each instruction set over every `step`th pattern of bits, with its argument.
fn worst(case: &Case, sets: &[Arch], step: usize) -> Vec<(f64, f32)> {
    let mut worst = vec![(0.0, 0.0); sets.len()];
    let mut out = [0.0; 1 << 12];
    let mut patterns = (0..1u64 << 32).step_by(step).map(|bits| f32::from_bits(bits as u32)).peekable();
    while patterns.peek().is_some() {
        let x: Vec<f32> = patterns.by_ref().take(out.len()).collect();
        let exact: Vec<f64> = x.iter().map(|&x| (case.exact)(f64::from(x))).collect();
        for (&arch, worst) in sets.iter().zip(&mut worst) {
            let out = &mut out[..x.len()];
            (case.kernel)(arch, out, &x);
            for ((&x, &y), &exact) in x.iter().zip(&*out).zip(&exact) {
                let error = ulps(y, exact);
                if error > worst.0 {
                    *worst = (error, x);
                }
            }
        }
    }
    worst
}

fn sweep(step: usize) {
    let sets = instruction_sets();
    for case in &CASES {
        for (set, (error, x)) in worst(case, &sets, step).into_iter().enumerate() {
            println!("{} on set {set}: {error:.3} ulp at {x:e}", case.name);
            assert!(error <= case.bound, "{} of {x:e} on set {set} is off by {error} ulp", case.name);
        }
    }
}

#[test]
fn every_exponent_is_within_the_bound() {
    sweep(4099);
}

#[test]
#[ignore = "a minute with optimisation: cargo test --release -p tensor --lib -- --ignored"]
fn every_seventh_number_is_within_the_bound() {
    sweep(7);
}

#[test]
fn special_values() {
    const INF: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    const TINY: f32 = f32::from_bits(1);
    let table: [(&str, Kernel, Pairs); 7] = [
        ("erf", erf, &[(-INF, -1.0), (-0.0, -0.0), (0.0, 0.0), (TINY, TINY), (4.0, 1.0), (INF, 1.0)]),
        ("exp", exp, &[(-INF, 0.0), (-200.0, 0.0), (-0.0, 1.0), (INF, INF), (89.0, INF), (-103.5, TINY)]),
        ("exp_m1", exp_m1, &[(-INF, -1.0), (-0.0, -0.0), (0.0, 0.0), (INF, INF), (89.0, INF), (TINY, TINY)]),
        (
            "ln",
            ln,
            &[(-INF, NAN), (-1.0, NAN), (-TINY, NAN), (-0.0, -INF), (0.0, -INF), (1.0, 0.0), (INF, INF)],
        ),
        ("ln_1p", ln_1p, &[(-2.0, NAN), (-1.0, -INF), (-0.0, -0.0), (0.0, 0.0), (INF, INF), (TINY, TINY)]),
        ("tanh", tanh, &[(-INF, -1.0), (-0.0, -0.0), (0.0, 0.0), (TINY, TINY), (20.0, 1.0), (INF, 1.0)]),
        (
            "sigmoid",
            sigmoid,
            &[(-INF, 0.0), (-200.0, 0.0), (0.0, 0.5), (-0.0, 0.5), (100.0, 1.0), (INF, 1.0)],
        ),
    ];
    for (name, kernel, pairs) in table {
        for arch in instruction_sets() {
            for &(x, want) in pairs.iter().chain(&[(NAN, NAN), (-NAN, NAN)]) {
                let mut got = [7.0];
                kernel(arch, &mut got, &[x]);
                let same = got[0].to_bits() == want.to_bits() || (got[0].is_nan() && want.is_nan());
                assert!(same, "{name}({x}) is {} on {arch:?}", got[0]);
            }
        }
    }
}

#[test]
fn length_and_position_do_not_matter() {
    let x: Vec<f32> = (0..80).map(|i| (i as f32 - 40.0) * 0.37).collect();
    for case in &CASES {
        for arch in instruction_sets() {
            let one = |x: f32| {
                let mut out = [0.0];
                (case.kernel)(arch, &mut out, &[x]);
                out[0].to_bits()
            };
            for length in 0..=67 {
                let x = &x[length % 13..][..length];
                let mut out = vec![0.0; length + 1];
                (case.kernel)(arch, &mut out[..length], x);
                assert!(x.iter().zip(&out).all(|(&x, y)| one(x) == y.to_bits()), "{} {length}", case.name);
                assert_eq!(out[length], 0.0, "beyond the end");
            }
        }
    }
}

#[test]
fn a_shift_is_a_difference() {
    let x: Vec<f32> = (0..37).map(|i| 3.0 - i as f32 * 5.3).collect();
    let shifted: Vec<f32> = x.iter().map(|x| x - 3.0).collect();
    for arch in instruction_sets() {
        let (mut got, mut want) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        exp_minus(arch, &mut got, &x, 3.0);
        exp(arch, &mut want, &shifted);
        assert_eq!(got, want);
    }
}
