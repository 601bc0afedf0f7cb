//! Reported cases of optimizers and of clipping.

use crate::support::pair::{Given, expect, values};
use nn::{
    Adam, AdamConfig, AdamW, AdamWConfig, ErrorKind, GradientMap, GradientSum, Optimizer, Result, Sgd,
    SgdConfig,
};
use tensor::ndarray::array;
use tensor::{Element, Param, Tape};

fn number<T: Element>(x: f64) -> Param<T> {
    Param::new(&array![T::from_f64(x)]).expect("few axes")
}

/// The weight after each of `n` steps from `w` with the same gradient.
fn path<T: Element>(mut rule: impl Optimizer<T>, w: f64, g: f64, n: usize) -> Result<Vec<T>> {
    let mut param = number::<T>(w);
    let gradient = Given::new(&param, &[g]);
    (0..n)
        .map(|_| {
            rule.step(&mut param, &gradient)?;
            Ok(param.values()[0])
        })
        .collect()
}

fn no_gradient_is_left_over<T: Element>() -> Result<()> {
    let (mut w, mut sgd, mut tape) = (number::<T>(1.0), Sgd::new(0.1)?, Tape::new());
    for expected in [0.8, 0.64] {
        let x = tape.param(&w)?;
        let gradients = tape.backward(x.mul(x)?.sum()?)?;
        sgd.step(&mut w, &gradients)?;
        expect("d27", w.values(), &[expected]);
        drop(gradients);
        tape.reset();
    }
    Ok(())
}

#[test]
fn d27_nothing_has_to_be_zeroed_between_steps() -> Result<()> {
    no_gradient_is_left_over::<f32>()?;
    no_gradient_is_left_over::<f64>()
}

fn decay_without_momentum<T: Element>() -> Result<()> {
    let config = SgdConfig { rate: 0.1, weight_decay: 0.1, ..SgdConfig::default() };
    expect("d46", &path(Sgd::<T>::new(config)?, 1.0, 0.5, 1)?, &[0.94]);
    Ok(())
}

#[test]
fn d46_weight_decay_does_not_need_a_momentum() -> Result<()> {
    decay_without_momentum::<f32>()?;
    decay_without_momentum::<f64>()
}

fn dampening<T: Element>() -> Result<()> {
    let config = SgdConfig { rate: 0.1, momentum: 0.9, dampening: 0.5, ..SgdConfig::default() };
    expect("d47", &path(Sgd::<T>::new(config)?, 1.0, 1.0, 2)?, &[0.9, 0.76]);
    Ok(())
}

#[test]
fn d47_the_first_step_is_not_dampened() -> Result<()> {
    dampening::<f32>()?;
    dampening::<f64>()
}

fn decoupled<T: Element>() -> Result<()> {
    let config = AdamWConfig { rate: 0.1, weight_decay: 0.01, ..AdamWConfig::default() };
    expect("d48 decay alone", &path(AdamW::<T>::new(config)?, 2.0, 0.0, 1)?, &[1.998]);
    expect("d48 decoupled", &path(AdamW::<T>::new(config)?, 2.0, 0.5, 2)?, &[1.898000002, 1.796102004]);
    let config = AdamConfig { rate: 0.1, weight_decay: 0.01, ..AdamConfig::default() };
    expect("d48 penalty", &path(Adam::<T>::new(config)?, 2.0, 0.5, 2)?, &[1.900000002, 1.800005068]);
    Ok(())
}

#[test]
fn d48_decoupled_decay_takes_a_share_of_the_weight() -> Result<()> {
    decoupled::<f32>()?;
    decoupled::<f64>()
}

fn bias_correction<T: Element>() -> Result<()> {
    expect("d49 adam", &path(Adam::<T>::new(1e-3)?, 1.0, 0.5, 1)?, &[0.99900000002]);
    let config = AdamWConfig { weight_decay: 0.0, ..AdamWConfig::default() };
    expect("d49 adamw", &path(AdamW::<T>::new(config)?, 1.0, 0.5, 1)?, &[0.99900000002]);
    Ok(())
}

#[test]
fn d49_adams_averages_are_corrected() -> Result<()> {
    bias_correction::<f32>()?;
    bias_correction::<f64>()
}

fn one_count<T: Element>() -> Result<()> {
    let alone = path(Adam::<T>::new(0.1)?, 1.0, 0.5, 5)?;
    let mut both = vec![number::<T>(1.0), number(1.0)];
    let gradients = Given::new(&both[0], &[0.5]).and(&both[1], &[0.5]);
    let mut adam = Adam::new(0.1)?;
    for alone in alone {
        adam.step(&mut both, &gradients)?;
        assert_eq!(values(&both), [alone, alone]);
    }
    Ok(())
}

#[test]
fn d50_a_step_is_counted_once_for_every_parameter() -> Result<()> {
    one_count::<f32>()?;
    one_count::<f64>()
}

fn eps<T: Element>() -> Result<()> {
    expect("d51", &path(Adam::<T>::new(1e-3)?, 1.0, 1e-8, 1)?, &[0.9995]);
    Ok(())
}

#[test]
fn d51_eps_is_outside_of_adams_correction() -> Result<()> {
    eps::<f32>()?;
    eps::<f64>()
}

/// Records `Σ cᵢ wᵢ`, whose gradient is `c`.
fn slopes<'t, T: Element>(tape: &'t Tape<T>, parts: &[(&Param<T>, &[f64])]) -> Result<tensor::Var<'t, T>> {
    let mut loss = tape.constant(&array![T::zero()])?.sum()?;
    for (param, slope) in parts {
        let slope: Vec<T> = slope.iter().map(|&s| T::from_f64(s)).collect();
        let slope = tape.constant(&tensor::ndarray::Array1::from(slope))?;
        loss = loss.add(tape.param(param)?.mul(slope)?.sum()?)?;
    }
    Ok(loss)
}

fn not_finite<T: Element>(bad: f64) -> Result<()> {
    let w = Param::new(&array![T::one(), T::one()])?;
    let tape = Tape::new();
    let mut gradients = tape.backward(slopes(&tape, &[(&w, &[bad, 1.0])])?)?;
    let mut sum = GradientSum::new(&w);
    sum.add(1.0, &w, &gradients);
    let is_kept = |gradient: Option<&[T]>| {
        let found: Vec<f64> = gradient.expect("a gradient").iter().map(|g| g.to_f64()).collect();
        assert_eq!(found[1], 1.0);
        assert!(found[0].to_bits() == bad.to_bits() || (found[0].is_nan() && bad.is_nan()), "{found:?}");
    };
    assert!(matches!(
        gradients.clip_norm(1.0).expect_err("not finite").kind(),
        tensor::ErrorKind::Value { .. }
    ));
    is_kept(gradients.param(&w));
    let error = sum.clip_norm(1.0).expect_err("not finite");
    assert!(matches!(error.kind(), ErrorKind::Setting { owner: "clip_norm", .. }), "{error}");
    is_kept(sum.of(&w));
    Ok(())
}

#[test]
fn d56_gradients_that_are_not_finite_are_not_clipped_in_silence() -> Result<()> {
    for bad in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        not_finite::<f32>(bad)?;
        not_finite::<f64>(bad)?;
    }
    Ok(())
}

fn global_norm<T: Element>() -> Result<()> {
    let params = vec![number::<T>(1.0), number(1.0)];
    let tape = Tape::new();
    let mut gradients = tape.backward(slopes(&tape, &[(&params[0], &[3.0]), (&params[1], &[4.0])])?)?;
    let mut sum = GradientSum::new(&params);
    sum.add(1.0, &params, &gradients);
    assert_eq!((gradients.clip_norm(1.0)?, sum.clip_norm(1.0)?), (5.0, 5.0));
    for (param, want) in params.iter().zip([0.6, 0.8]) {
        expect("d57 of a tape", gradients.param(param).expect("a gradient"), &[want]);
        expect("d57 of a sum", sum.of(param).expect("a gradient"), &[want]);
    }
    Ok(())
}

#[test]
fn d57_the_norm_is_that_of_all_parameters() -> Result<()> {
    global_norm::<f32>()?;
    global_norm::<f64>()
}
