//! What reductions and losses do at ties, zeros, infinities and NaN, in `f32` and `f64`; and that fused ops
//! equal their compositions.

use crate::{
    Axes, BinaryCrossEntropyConfig, CrossEntropyConfig, Ddof, Element, Norm, Order, Reduction, Result, Tape,
    Var, hvp,
};
use ndarray::{ArrayD, IxDyn, array};

/// An array of these numbers, as `T`.
fn numbers<T: Element>(shape: &[usize], values: &[f64]) -> ArrayD<T> {
    let values = values.iter().map(|&x| T::from_f64(x)).collect();
    ArrayD::from_shape_vec(IxDyn(shape), values).unwrap()
}

/// The value of a function, and the gradient of its sum.
fn run<T: Element>(
    shape: &[usize],
    x: &[f64],
    f: impl for<'t> Fn(Var<'t, T>) -> Result<Var<'t, T>>,
) -> (Vec<f64>, Vec<f64>) {
    let tape = Tape::new();
    let x = tape.var(&numbers(shape, x)).unwrap();
    let y = f(x).unwrap();
    let value = y.value().unwrap().iter().map(|x| x.to_f64()).collect();
    let gradients = tape.backward(y.sum().unwrap()).unwrap();
    (value, gradients.wrt(x).unwrap().iter().map(|x| x.to_f64()).collect())
}

fn close(got: &[f64], want: &[f64]) {
    let equal =
        |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 2e-6 * b.abs().max(1.0);
    assert_eq!(got.len(), want.len());
    assert!(got.iter().zip(want).all(|(&a, &b)| equal(a, b)), "{got:?} instead of {want:?}");
}

/// The value and the gradient of the sum, in both types.
macro_rules! gives {
    ($shape:expr, $x:expr, |$v:ident| $f:expr, $value:expr, $gradient:expr) => {{
        let (value, gradient) = run::<f64>(&$shape, &$x, |$v| $f);
        close(&value, &$value);
        close(&gradient, &$gradient);
        let (value, gradient) = run::<f32>(&$shape, &$x, |$v| $f);
        close(&value, &$value);
        close(&gradient, &$gradient);
    }};
}

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn ties_share_the_gradient() {
    gives!([4, 3], [1.0; 12], |x| x.max_axis(0), [1.0; 3], [0.25; 12]);
    gives!([4, 3], [1.0; 12], |x| x.min(), [1.0], [1.0 / 12.0; 12]);
    gives!([3], [INF, INF, 0.0], |x| x.max(), [INF], [0.5, 0.5, 0.0]);
    gives!([2], [-INF, -INF], |x| x.max(), [-INF], [0.5, 0.5]);
}

#[test]
fn nan_wins() {
    gives!([3], [1.0, NAN, 2.0], |x| x.max(), [NAN], [0.0, 1.0, 0.0]);
    gives!([3], [1.0, NAN, 2.0], |x| x.min(), [NAN], [0.0, 1.0, 0.0]);
    type Function = for<'t> fn(Var<'t, f32>) -> Result<Var<'t, f32>>;
    let reductions: [Function; 6] =
        [|x| x.sum(), |x| x.mean(), |x| x.prod(), |x| x.logsumexp(), |x| x.max(), |x| x.min()];
    for x in [[NAN, 1.0], [1.0, NAN]] {
        for f in reductions {
            assert!(run::<f32>(&[2], &x, f).0[0].is_nan());
        }
        assert!(run::<f32>(&[2], &x, |x| x.norm(Norm::L2)).0[0].is_nan());
        assert!(run::<f32>(&[2], &x, |x| x.var(Ddof::Sample)).0[0].is_nan());
        assert!(run::<f32>(&[2], &x, |x| x.softmax(0)).0.iter().all(|x| x.is_nan()));
        assert!(run::<f32>(&[2], &x, |x| x.log_softmax(0)).0.iter().all(|x| x.is_nan()));
    }
    let tape = Tape::<f32>::new();
    let x = tape.var(&array![[1.0, f32::NAN, 3.0, f32::NAN], [2.0, 0.0, 2.0, 0.0]]).unwrap();
    assert_eq!((x.argmax().unwrap(), x.argmin().unwrap()), (1, 1));
    assert_eq!(x.argmax_axis(1).unwrap(), array![1, 0].into_dyn());
    assert_eq!(x.argmin_axis(0).unwrap(), array![0, 0, 1, 0].into_dyn());
    assert_eq!(x.all_axis(0).unwrap(), array![true, false, true, false].into_dyn());
    assert_eq!(x.any_axis(Axes::ALL.keep()).unwrap(), array![[true]].into_dyn());
}

#[test]
fn nothing_and_one() {
    gives!([0], [], |x| x.sum(), [0.0], []);
    gives!([0], [], |x| x.prod(), [1.0], []);
    gives!([0], [], |x| x.logsumexp(), [-INF], []);
    gives!([0], [], |x| x.norm(Norm::L2), [0.0], []);
    gives!([2, 0], [], |x| x.prod_axis(1), [1.0, 1.0], []);
    gives!([], [3.0], |x| x.max(), [3.0], [1.0]);
    gives!([], [3.0], |x| x.max_axis([]), [3.0], [1.0]);
    gives!([], [-3.0], |x| x.norm(Norm::L2), [3.0], [-1.0]);
    gives!([1], [3.0], |x| x.std(Ddof::Population), [0.0], [0.0]);
    let tape = Tape::<f64>::new();
    let x = tape.var(&ArrayD::zeros(&[2, 0][..])).unwrap();
    assert_eq!(x.all_axis(1).unwrap(), array![true, true].into_dyn());
    assert!(!x.any().unwrap() && x.all().unwrap());
    assert_eq!(tape.var(&ndarray::arr0(2.0)).unwrap().argmax().unwrap(), 0);
}

#[test]
fn zeros() {
    gives!([3], [0.0; 3], |x| x.norm(Norm::L2), [0.0], [0.0; 3]);
    gives!([3], [0.0; 3], |x| x.norm(Norm::P(3.0)), [0.0], [0.0; 3]);
    gives!([3], [0.0; 3], |x| x.norm(Norm::L2).and_then(|y| y.mul(y)), [0.0], [0.0; 3]);
    gives!([2], [0.0, 4.0], |x| x.norm(Norm::P(0.5)), [4.0], [0.0, 1.0]);
    gives!([2], [3e30, 4e30], |x| x.norm(Norm::L2), [5e30], [0.6, 0.8]);
    let (value, gradient) = run::<f32>(&[2], &[3e-30, 4e-30], |x| x.norm(Norm::L2));
    close(&[value[0] * 1e30], &[5.0]);
    close(&gradient, &[0.6, 0.8]);
    gives!([3], [1.0; 3], |x| x.std(Ddof::Sample), [0.0], [0.0; 3]);
    let gradient = [-0.436_435_78, -0.109_108_95, 0.545_544_73];
    gives!([3], [1.0, 2.0, 4.0], |x| x.std(Ddof::Sample), [1.527_525_23], gradient);
    gives!([3], [0.0, 2.0, 3.0], |x| x.prod(), [0.0], [6.0, 0.0, 0.0]);
    gives!([3], [0.0, 0.0, 3.0], |x| x.prod(), [0.0], [0.0; 3]);
    // A product that underflows, of factors that do not.
    let (value, gradient) = run::<f64>(&[3], &[1e-200, 1e-200, 1e200], |x| x.prod());
    assert_eq!((value, gradient), (vec![1e-200 * 1e-200 * 1e200], vec![1.0, 1.0, 0.0]));
}

#[test]
fn the_second_derivative_of_a_product_with_zeros() {
    // d²(xyz)/dxdy = z, at (0, 0, 3).
    let products =
        hvp(|x| x[0].prod(), &[array![0.0, 0.0, 3.0].into_dyn()], &[array![1.0, 0.0, 0.0].into_dyn()]);
    assert_eq!(products.unwrap(), [array![0.0, 3.0, 0.0].into_dyn()]);
}

#[test]
fn exponentials() {
    gives!([1, 3], [-781.0, 890.0, -1235.0], |x| x.log_softmax(1), [-1671.0, 0.0, -2125.0], [1.0, -2.0, 1.0]);
    gives!([1, 3], [-781.0, 890.0, -1235.0], |x| x.softmax(1), [0.0, 1.0, 0.0], [0.0; 3]);
    gives!([2, 2], [0.0, 0.0, 1e3, 1e3], |x| x.softmax(1), [0.5; 4], [0.0; 4]);
    let columns = [0.119_202_922, 0.119_202_922, 0.880_797_078, 0.880_797_078];
    gives!([2, 2], [1.0, 2.0, 3.0, 4.0], |x| x.softmax(0), columns, [0.0; 4]);
    gives!([3], [0.0, -INF, 0.0], |x| x.softmax(0), [0.5, 0.0, 0.5], [0.0; 3]);
    let halves = [-(2f64.ln()), -INF, -(2f64.ln())];
    gives!([3], [0.0, -INF, 0.0], |x| x.log_softmax(0), halves, [-0.5, 1.0, -0.5]);
    gives!([2], [-INF, -INF], |x| x.softmax(0), [NAN, NAN], [NAN, NAN]);
    gives!([2, 2], [-INF, -INF, 0.0, -INF], |x| x.logsumexp_axis(1), [-INF, 0.0], [0.0, 0.0, 1.0, 0.0]);
    gives!([2], [1e8, 1e8], |x| x.logsumexp(), [1e8 + 2f64.ln()], [0.5, 0.5]);
    assert_eq!(run::<f64>(&[2], &[INF, 0.0], |x| x.logsumexp()).0, [INF]);
}

/// The cross-entropy of some labels.
fn labelled<'t, T: Element>(
    x: Var<'t, T>,
    labels: &[usize],
    config: &CrossEntropyConfig,
) -> Result<Var<'t, T>> {
    x.cross_entropy_with(x.tape().indices(labels)?, config)
}

#[test]
fn cross_entropy_counts_as_torch_does() {
    let plain = CrossEntropyConfig::default();
    gives!([1, 2], [1e8, 1e8], |x| labelled(x, &[1], &plain), [2f64.ln()], [0.5, -0.5]);
    gives!([1, 3], [0.0, -INF, 0.0], |x| labelled(x, &[0], &plain), [2f64.ln()], [-0.5, 0.0, 0.5]);
    gives!([1, 3], [0.0, -INF, 0.0], |x| labelled(x, &[1], &plain), [INF], [0.5, -1.0, 0.5]);
    let smooth = CrossEntropyConfig { label_smoothing: 0.1, ..plain.clone() };
    assert_eq!(run::<f32>(&[1, 2], &[0.0, -INF], |x| labelled(x, &[0], &smooth)).0, [INF]);
    let ignoring = CrossEntropyConfig { ignore_index: Some(100), ..plain.clone() };
    let logits = [1.0, 2.0, 0.0, 5.0, -3.0, 1.0, 0.0, 0.0, 0.0];
    let third = 1.0 / 3.0;
    let gradient =
        [0.122_364_236, -0.167_379_522, 0.045_015_287, 0.0, 0.0, 0.0, third / 2.0, third / 2.0, -third];
    gives!([3, 3], logits, |x| labelled(x, &[1, 100, 2], &ignoring), [0.753_109_126_556_245_1], gradient);
    let weighted = CrossEntropyConfig { weights: Some([0.2, 0.8].into()), ..plain.clone() };
    let value =
        run::<f64>(&[3, 2], &[1.0, 2.0, 3.0, 0.4, 0.0, 0.0], |x| labelled(x, &[0, 1, 1], &weighted)).0;
    close(&value, &[1.641_381_019_736_520_6]);
    let all = CrossEntropyConfig { weights: Some([0.2, 0.3].into()), label_smoothing: 0.1, ..ignoring };
    let value = run::<f64>(&[2, 2], &[1.0, 2.0, 3.0, 0.4], |x| labelled(x, &[100, 1], &all)).0;
    close(&value, &[2.540_450_613_768_209]);
    // A class without weight may have a logit of -inf, smoothing or not.
    let free = CrossEntropyConfig { weights: Some([1.0, 0.0].into()), label_smoothing: 0.1, ..plain };
    gives!([1, 2], [0.0, -INF], |x| labelled(x, &[0], &free), [0.0], [0.0, 0.0]);
}

#[test]
fn soft_targets_and_binary_targets_may_meet_infinite_logits() {
    let soft = |x: Var<'_, f64>| -> Result<f64> {
        let targets = x.tape().constant(&array![[0.5, 0.0, 0.5]])?;
        x.cross_entropy_soft(targets, &CrossEntropyConfig::default())?.item()
    };
    let tape = Tape::new();
    assert_eq!(soft(tape.var(&array![[0.0, -INF, 0.0]]).unwrap()).unwrap(), 2f64.ln());
    let (x, targets) = (array![INF, -INF, 0.0, -800.0], array![1.0, 0.0, 0.5, 1.0]);
    let (x, targets) = (tape.var(&x).unwrap(), tape.var(&targets).unwrap());
    let config =
        BinaryCrossEntropyConfig { reduction: Reduction::None, ..BinaryCrossEntropyConfig::default() };
    let loss = x.binary_cross_entropy_with_logits(targets, &config).unwrap();
    assert_eq!(loss.value().unwrap(), array![0.0, 0.0, 2f64.ln(), 800.0].into_dyn());
    let gradient = tape.backward(loss.sum().unwrap()).unwrap().wrt(x).unwrap();
    assert_eq!(gradient, array![0.0, 0.0, 0.0, -1.0].into_dyn());
}

#[test]
fn the_gradient_of_a_sure_no_keeps_its_digits() {
    let (_, gradient) = run::<f64>(&[1], &[-50.0], |x| {
        x.binary_cross_entropy_with_logits(
            x.tape().constant(&array![0.0])?,
            &BinaryCrossEntropyConfig::default(),
        )
    });
    assert!((gradient[0] / (-50f64).exp() - 1.0).abs() < 1e-12);
}

#[test]
fn sorting_is_stable_and_puts_nan_last() {
    let tape = Tape::<f32>::new();
    let x = tape.var(&array![f32::NAN, 2.0, 1.0, 2.0, f32::NAN, 1.0]).unwrap();
    let (up, order) = x.sort(0, Order::Ascending).unwrap();
    assert_eq!(order, array![2, 5, 1, 3, 0, 4].into_dyn());
    assert!(up.value().unwrap()[5].is_nan());
    assert_eq!(x.sort(0, Order::Descending).unwrap().1, array![1, 3, 2, 5, 0, 4].into_dyn());
    let (top, order) = x.topk(3, 0, Order::Descending).unwrap();
    assert_eq!((top.value().unwrap(), order), (array![2.0, 2.0, 1.0].into_dyn(), array![1, 3, 2].into_dyn()));
    let x = tape.var(&array![[3.0, 1.0], [1.0, 2.0], [2.0, 0.0]]).unwrap();
    let (sorted, order) = x.sort(0, Order::Ascending).unwrap();
    assert_eq!(sorted.value().unwrap(), array![[1.0, 0.0], [2.0, 1.0], [3.0, 2.0]].into_dyn());
    assert_eq!(order, array![[1, 2], [2, 0], [0, 1]].into_dyn());
}

#[test]
fn a_replay_sorts_the_new_values() {
    let tape = Tape::<f64>::new();
    let x = tape.var(&array![3.0, 1.0, 2.0]).unwrap();
    let (sorted, _) = x.sort(0, Order::Ascending).unwrap();
    tape.set(x, &array![1.0, 9.0, 5.0]).unwrap();
    tape.replay().unwrap();
    assert_eq!(sorted.value().unwrap(), array![1.0, 5.0, 9.0].into_dyn());
    let gradients = tape.backward_with(sorted, &array![1.0, 2.0, 3.0]).unwrap();
    assert_eq!(gradients.wrt(x).unwrap(), array![1.0, 3.0, 2.0].into_dyn());
}

#[test]
fn long_sums_of_f32_keep_their_digits() {
    let tape = Tape::<f32>::new();
    let ones = tape.constant(&ArrayD::from_elem(IxDyn(&[4, 1_250_000, 4]), 1.0)).unwrap();
    for axes in [Axes::ALL, 0.into(), 1.into(), 2.into(), [0, 1].into(), [0, 2].into()] {
        assert!(ones.mean_axis(axes).unwrap().value().unwrap().iter().all(|&x| x == 1.0), "{axes:?}");
    }
    let x = tape.constant(&ArrayD::from_elem(IxDyn(&[5_000_000]), 0.1)).unwrap();
    let (sum, want) = (x.sum().unwrap().item().unwrap(), 5e6 * f64::from(0.1f32));
    assert!((f64::from(sum) / want - 1.0).abs() < 1e-6, "{sum}");
    let running = x.cumsum(0).unwrap().value().unwrap();
    assert!((f64::from(running[4_999_999]) / want - 1.0).abs() < 1e-6);
    assert!(x.std(Ddof::Sample).unwrap().item().unwrap() < 1e-7);
}

type Pair<'f> = &'f dyn for<'t> Fn([Var<'t, f64>; 2]) -> Result<Var<'t, f64>>;

/// Two functions with one value and one gradient for each of two inputs.
fn same(
    shape: &[usize],
    f: impl for<'t> Fn([Var<'t, f64>; 2]) -> Result<Var<'t, f64>>,
    g: impl for<'t> Fn([Var<'t, f64>; 2]) -> Result<Var<'t, f64>>,
) {
    let mut count = 0.0;
    let mut next = |scale: f64| {
        ArrayD::from_shape_simple_fn(IxDyn(shape), || {
            count += 0.754_877_666;
            scale * f64::fract(count)
        })
    };
    let (a, b) = (next(4.0), next(1.0));
    let run = |f: Pair<'_>| -> Result<Vec<f64>> {
        let tape = Tape::new();
        let x = [tape.var(&a)?, tape.var(&b)?];
        let y = f(x)?;
        let mut weight = 0.0;
        let weights = ArrayD::from_shape_simple_fn(IxDyn(&y.shape()?), || {
            weight += 1.0;
            weight
        });
        let gradients = tape.backward_with(y, &weights)?;
        let parts = [y.value()?, gradients.wrt(x[0])?, gradients.wrt(x[1])?];
        Ok(parts.into_iter().flatten().collect())
    };
    let (f, g) = (run(&f).unwrap(), run(&g).unwrap());
    assert_eq!(f.len(), g.len());
    assert!(f.iter().zip(&g).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs().max(1.0)), "{f:?} and {g:?}");
}

#[test]
fn a_fused_op_equals_its_composition() {
    let plain = CrossEntropyConfig::default;
    for axis in 0..3 {
        same(
            &[2, 3, 2],
            move |[x, y]| x.mul(y)?.softmax(axis),
            move |[x, y]| x.mul(y)?.log_softmax(axis)?.exp(),
        );
        same(
            &[2, 3, 2],
            move |[x, y]| x.mul(y)?.logsumexp_axis(axis),
            move |[x, y]| x.mul(y)?.exp()?.sum_axis(axis)?.ln(),
        );
        same(
            &[2, 3, 2],
            move |[x, y]| x.mul(y)?.log_softmax(axis),
            move |[x, y]| {
                let x = x.mul(y)?;
                x.sub(x.logsumexp_axis(Axes::from(axis).keep())?)
            },
        );
        same(
            &[2, 3, 2],
            move |[x, y]| x.mul(y)?.var_axis(axis, Ddof::Population),
            move |[x, y]| {
                let x = x.mul(y)?;
                let apart = x.sub(x.mean_axis(Axes::from(axis).keep())?)?;
                apart.mul(apart)?.mean_axis(axis)
            },
        );
    }
    same(
        &[3, 4],
        move |[x, t]| x.cross_entropy_soft(t, &plain()),
        |[x, t]| t.mul(x.log_softmax(1)?)?.sum_axis(1)?.mean()?.neg(),
    );
    same(
        &[3, 4],
        |[x, t]| x.binary_cross_entropy_with_logits(t, &BinaryCrossEntropyConfig::default()),
        |[x, t]| {
            let p = x.sigmoid()?;
            let no = t.neg()?.shift(1.0)?.mul(p.neg()?.shift(1.0)?.ln()?)?;
            t.mul(p.ln()?)?.add(no)?.mean()?.neg()
        },
    );
}
