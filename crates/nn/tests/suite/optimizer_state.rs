//! What optimizers remember, and what they leave alone.

use crate::optimizers::{Rule, rules};
use crate::support::pair::{Given, Pair, expect, rows, values};
use nn::{Adam, AdamConfig, Fields, GroupSettings, Optimizer, Result, Sgd};
use tensor::{Element, Param, Tape, ndarray::Array1, ndarray::array};

/// Some steps on the loss of the pair.
pub(crate) fn train<T: Element>(rule: &mut dyn Optimizer<T>, pair: &mut Pair<T>, steps: usize) -> Result<()> {
    let ((x, y), mut tape) = (rows(), Tape::new());
    for _ in 0..steps {
        let gradients = pair.gradients(&mut tape, &x, &y)?;
        rule.step(pair, &gradients)?;
    }
    Ok(())
}

fn goes_on<T: Element>() -> Result<()> {
    let anew: Vec<(_, Rule<T>)> = rules()?;
    for ((name, mut rule), (_, mut other)) in rules::<T>()?.into_iter().zip(anew) {
        let mut pair = Pair::new();
        train(&mut rule, &mut pair, 10)?;
        let mut copy = pair.clone();
        rule.set_rate(0.02)?;
        other.restore(&copy, &rule.state())?;
        assert_eq!((other.rate(), other.state()), (0.02, rule.state()), "{name}");
        train(&mut *rule, &mut pair, 10)?;
        let mut forgetful = copy.clone();
        train(&mut *other, &mut copy, 10)?;
        assert_eq!(copy.values(), pair.values(), "{name}");
        // What is remembered matters, where there is something.
        let (_, mut fresh) =
            rules::<T>()?.into_iter().find(|(other, _)| *other == name).expect("the same rules");
        fresh.set_rate(0.02)?;
        train(&mut *fresh, &mut forgetful, 10)?;
        let remembers = !rule.state().parameters[0].arrays.is_empty();
        assert_eq!(forgetful.values() != pair.values(), remembers, "{name}");
    }
    Ok(())
}

#[test]
fn a_restored_optimizer_goes_on_with_the_same_bits() -> Result<()> {
    goes_on::<f32>()?;
    goes_on::<f64>()
}

fn repeats<T: Element>() -> Result<()> {
    for ((name, mut a), (_, mut b)) in rules::<T>()?.into_iter().zip(rules()?) {
        let (mut first, mut second) = (Pair::new(), Pair::new());
        train(&mut *a, &mut first, 20)?;
        train(&mut *b, &mut second, 20)?;
        assert_eq!(first.values(), second.values(), "{name}");
        // Every element of a large parameter goes the same way, whichever thread and vector it falls to.
        let count = 300_001;
        let mut large = Param::new(&Array1::from_elem(count, T::from_f64(0.7)))?;
        let gradient = Given::new(&large, &vec![0.3; count]);
        for _ in 0..3 {
            a.restore(&large, &nn::OptimizerState { parameters: Vec::new(), ..a.state() })?;
            a.step(&mut large, &gradient)?;
        }
        assert!(large.values().iter().all(|w| w == &large.values()[0]), "{name}");
        assert_ne!(large.values()[0], T::from_f64(0.7), "{name}");
    }
    Ok(())
}

#[test]
fn steps_repeat_to_the_bit() -> Result<()> {
    repeats::<f32>()?;
    repeats::<f64>()
}

#[test]
fn frozen_parameters_and_those_without_a_gradient_stay() -> Result<()> {
    let mut pair = Pair::<f64>::new();
    let mut adam = Adam::new(AdamConfig { weight_decay: 0.1, ..AdamConfig::default() })?;
    train(&mut adam, &mut pair, 2)?;
    let (state, bias) = (adam.state(), pair.bias.values().to_vec());
    // Frozen after the gradient was computed.
    let ((x, y), mut tape) = (rows(), Tape::new());
    let gradients = pair.gradients(&mut tape, &x, &y)?;
    assert_eq!(pair.set_trainable(false, |name| name == "bias"), 1);
    adam.step(&mut pair, &gradients)?;
    drop(gradients);
    assert_eq!((pair.bias.values(), &adam.state().parameters[1]), (&bias[..], &state.parameters[1]));
    assert_eq!(adam.state().parameters[0].steps, 3);
    // Without a gradient.
    pair.set_trainable(true, |_| true);
    let only = Given::new(&pair.weight, &[1.0; 4]);
    adam.step(&mut pair, &only)?;
    assert_eq!((pair.bias.values(), &adam.state().parameters[1]), (&bias[..], &state.parameters[1]));
    // A folded step leaves them, too.
    let tape = Tape::new();
    let loss = tape.param(&pair.weight)?.sum()?.add(tape.param(&pair.bias)?.sum()?)?;
    pair.set_trainable(false, |name| name == "bias");
    let weight = pair.weight.values().to_vec();
    Sgd::new(0.5)?.descend(&mut pair, &tape, loss)?;
    assert_eq!(pair.bias.values(), bias);
    assert!(pair.weight.values().iter().zip(weight).all(|(after, before)| *after == before - 0.5));
    Ok(())
}

#[test]
fn the_first_group_that_accepts_counts() -> Result<()> {
    let mut layers: Vec<Pair<f64>> = (0..3).map(|_| Pair::new()).collect();
    let before = layers[0].values();
    let mut gradients = Given(Vec::new());
    for pair in &layers {
        gradients = gradients.and(&pair.weight, &[1.0; 4]).and(&pair.bias, &[1.0; 2]);
    }
    let still = GroupSettings { frozen: true, ..GroupSettings::default() };
    let slow = GroupSettings { rate_factor: 0.5, ..GroupSettings::default() };
    let decaying = GroupSettings { weight_decay: Some(0.5), ..GroupSettings::default() };
    let mut sgd = Sgd::new(0.1)?
        .group(|name| name == "0.bias", still)?
        .group(|name| name.starts_with("0."), slow)?
        .group(|name| name.ends_with("bias") || name.starts_with("0."), decaying)?;
    sgd.step(&mut layers, &gradients)?;
    let moved = |factor: f64, decay: f64, range: std::ops::Range<usize>| -> Vec<f64> {
        before[range].iter().map(|w| w - 0.1 * factor * (1.0 + decay * w)).collect()
    };
    expect("0.weight", layers[0].weight.values(), &moved(0.5, 0.0, 0..4));
    assert_eq!(layers[0].bias.values(), &before[4..]);
    expect("1.weight", layers[1].weight.values(), &moved(1.0, 0.0, 0..4));
    expect("1.bias", layers[1].bias.values(), &moved(1.0, 0.5, 4..6));
    assert_eq!(sgd.state().parameters[1].steps, 0, "a frozen one takes no step");
    // A group that comes later is asked after those that are there.
    let mut sgd = sgd.group(|name| name == "1.weight" || name == "1.bias", still)?;
    let (weight, bias) = (layers[1].weight.values().to_vec(), layers[1].bias.values().to_vec());
    sgd.step(&mut layers, &gradients)?;
    assert_eq!(layers[1].weight.values(), weight);
    assert_ne!(layers[1].bias.values(), bias);
    Ok(())
}

#[test]
fn an_infinite_weight_is_not_lost_without_a_decay() -> Result<()> {
    for (name, mut rule) in rules::<f64>()? {
        let decays = ["decay", "dampening", "nesterov", "adamw", "amsgrad", "all"];
        if decays.iter().any(|decay| name.contains(decay)) {
            continue;
        }
        let mut w = Param::new(&array![f64::INFINITY, 1.0])?;
        let gradient = Given::new(&w, &[1.0, 1.0]);
        rule.step(&mut w, &gradient)?;
        assert_eq!(w.values()[0], f64::INFINITY, "{name}");
        assert!(values(&w)[1] < 1.0, "{name}");
    }
    Ok(())
}
