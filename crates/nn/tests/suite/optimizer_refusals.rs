//! What optimizers refuse: nothing is changed then.

use crate::optimizer_state::train;
use crate::optimizers::rules;
use crate::support::pair::{Given, Pair};
use nn::{
    Adam, AdamConfig, AdamW, ErrorKind, GroupSettings, Optimizer, Result, RmsProp, RmsPropConfig, Sgd,
    SgdConfig,
};
use tensor::{Param, Tape, ndarray::array};

#[test]
fn a_refused_step_changes_nothing() -> Result<()> {
    let mut pair = Pair::<f64>::new();
    let mut adam = Adam::new(0.1)?;
    train(&mut adam, &mut pair, 2)?;
    let (state, before) = (adam.state(), pair.values());
    // The second parameter is held by a tape.
    let tape = Tape::new();
    tape.param(&pair.bias)?;
    let gradients = Given::new(&pair.weight, &[1.0; 4]).and(&pair.bias, &[1.0; 2]);
    let error = adam.step(&mut pair, &gradients).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Parameter { name, .. } if name == "bias"), "{error}");
    drop(tape);
    // The second gradient is too long.
    let long = Given::new(&pair.weight, &[1.0; 4]).and(&pair.bias, &[1.0; 3]);
    let error = adam.step(&mut pair, &long).unwrap_err();
    assert_eq!(error.to_string(), "parameter `bias`: step: shape [2] holds 2 elements, got 3");
    // Other models.
    let mut other = Vec::from([pair.clone()]);
    let what = "the optimizer's state does not fit the model: ";
    let error = adam.step(&mut other, &gradients).unwrap_err();
    let faults = "`0.weight` is where `weight` was; `0.bias` is where `bias` was";
    assert_eq!(error.to_string(), format!("{what}{faults}"));
    let mut less = pair.bias.clone();
    let error = adam.step(&mut less, &gradients).unwrap_err();
    let faults = "``: expected shape [2, 2] of `weight`, got [2]; `bias` is missing";
    assert_eq!(error.to_string(), format!("{what}{faults}"));
    let mut more = Vec::from([pair.clone(), pair.clone()]);
    assert!(
        adam.step(&mut more, &gradients).unwrap_err().to_string().contains("`1.bias` was not there before")
    );
    assert_eq!((adam.state(), pair.values()), (state, before));
    // A clone goes on.
    adam.step(&mut pair.clone(), &gradients)
}

#[test]
fn a_state_that_does_not_fit_is_refused_with_every_fault() -> Result<()> {
    let mut pair = Pair::<f64>::new();
    let mut adam = Adam::new(0.1)?;
    train(&mut adam, &mut pair, 2)?;
    let before = adam.state();
    let mut state = before.clone();
    state.rate = 0.7;
    state.parameters[0].shape = vec![4];
    state.parameters[1].arrays[0].1.pop();
    state.parameters[1].arrays[1].0 = "momentum_buffer".to_owned();
    state.parameters.push(nn::ParameterState { name: "scale".to_owned(), ..before.parameters[1].clone() });
    let error = adam.restore(&pair, &state).unwrap_err();
    let ErrorKind::Mismatch { what, faults } = error.kind() else { panic!("{error}") };
    assert_eq!(*what, "the optimizer's state");
    let expected = [
        "`weight`: expected shape [2, 2], got [4]",
        "`bias`: expected 2 elements of `exp_avg`, got 1",
        "`bias`: `momentum_buffer` is not expected",
        "`bias`: `exp_avg_sq` is missing",
        "`scale` is not a part of the model",
    ];
    assert_eq!(faults, &expected);
    let mut state = before.clone();
    state.parameters.remove(0);
    state.parameters.push(state.parameters[0].clone());
    let error = adam.restore(&pair, &state).unwrap_err();
    let expected = "the optimizer's state does not fit the model: `weight` is missing; `bias` is there twice";
    assert_eq!(error.to_string(), expected);
    let error = adam.restore(&pair, &AdamW::new(0.1)?.state()).unwrap_err();
    assert!(error.to_string().ends_with("expected the state of `adam`, got that of `adamw`"), "{error}");
    let state = nn::OptimizerState { rate: f64::NAN, ..before.clone() };
    assert!(matches!(adam.restore(&pair, &state).unwrap_err().kind(), ErrorKind::Setting { .. }));
    assert_eq!(adam.state(), before);
    Ok(())
}

#[test]
fn settings_are_checked() -> Result<()> {
    let setting = |error: nn::Error| assert!(matches!(error.kind(), ErrorKind::Setting { .. }), "{error}");
    let (sgd, adam, rms) = (SgdConfig::default(), AdamConfig::default(), RmsPropConfig::default());
    setting(Sgd::<f32>::new(f64::NAN).unwrap_err());
    setting(Sgd::<f32>::new(SgdConfig { momentum: 1.0, ..sgd }).unwrap_err());
    setting(Sgd::<f32>::new(SgdConfig { momentum: 0.9, dampening: 1.5, ..sgd }).unwrap_err());
    setting(Sgd::<f32>::new(SgdConfig { weight_decay: -0.1, ..sgd }).unwrap_err());
    setting(Sgd::<f32>::new(SgdConfig { nesterov: true, ..sgd }).unwrap_err());
    let both = SgdConfig { nesterov: true, momentum: 0.9, dampening: 0.1, ..sgd };
    let error = Sgd::<f32>::new(both).unwrap_err();
    assert_eq!(error.to_string(), "sgd: expected dampening to be 0 with Nesterov's method, got 0.1");
    setting(Adam::<f32>::new(AdamConfig { beta1: 1.0, ..adam }).unwrap_err());
    setting(Adam::<f32>::new(AdamConfig { beta2: -0.1, ..adam }).unwrap_err());
    setting(Adam::<f32>::new(AdamConfig { eps: 0.0, ..adam }).unwrap_err());
    setting(AdamW::<f32>::new(-1.0).unwrap_err());
    setting(RmsProp::<f32>::new(RmsPropConfig { alpha: 1.0, ..rms }).unwrap_err());
    setting(RmsProp::<f32>::new(RmsPropConfig { momentum: f64::INFINITY, ..rms }).unwrap_err());
    let group = GroupSettings { rate_factor: -1.0, ..GroupSettings::default() };
    setting(Adam::<f32>::new(adam)?.group(|_| true, group).unwrap_err());
    for (name, mut rule) in rules::<f32>()? {
        let rate = rule.rate();
        setting(rule.set_rate(-1.0).unwrap_err());
        assert_eq!(rule.rate(), rate, "{name}");
    }
    Ok(())
}

#[test]
fn a_folded_step_is_plain_descent_alone() -> Result<()> {
    let mut w = Param::new(&array![1.0])?;
    let folds = |sgd: Sgd<f64>, w: &mut Param<f64>| {
        let tape = Tape::new();
        let loss = tape.param(w)?.sum()?;
        sgd.descend(w, &tape, loss)
    };
    let config = SgdConfig { rate: 0.5, ..SgdConfig::default() };
    folds(Sgd::new(config)?, &mut w)?;
    assert_eq!(w.values(), [0.5]);
    let refused = [
        (Sgd::new(SgdConfig { momentum: 0.9, ..config })?, "momentum", 0.9),
        (Sgd::new(SgdConfig { weight_decay: 0.1, ..config })?, "weight decay", 0.1),
        (Sgd::new(config)?.group(|_| true, GroupSettings::default())?, "the number of groups", 1.0),
    ];
    for (sgd, name, got) in refused {
        let error = folds(sgd, &mut w).unwrap_err();
        let expected = format!("sgd: expected {name} to be 0 for a step folded into the way back, got {got}");
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(w.values(), [0.5]);
    Ok(())
}
