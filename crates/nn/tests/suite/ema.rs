//! Averages of weights.

use crate::support::pair::{Pair, expect, rows};
use nn::{Ema, ErrorKind, Optimizer, Result, Sgd};
use tensor::{Element, Param, Tape, ndarray::array};

/// Some steps of descent, each followed by an update of the average.
fn train<T: Element>(pair: &mut Pair<T>, ema: &mut Ema<T>, steps: usize) -> Result<()> {
    let ((x, y), mut sgd, mut tape) = (rows(), Sgd::new(0.3)?, Tape::new());
    for _ in 0..steps {
        let gradients = pair.gradients(&mut tape, &x, &y)?;
        sgd.step(pair, &gradients)?;
        ema.update(pair)?;
    }
    Ok(())
}

fn decays<T: Element>() -> Result<()> {
    let mut w = Param::new(&array![T::zero()])?;
    let (mut plain, mut warm) = (Ema::new(&w, 0.5)?, Ema::new(&w, 0.5)?.with_warmup());
    let (mut slow, mut fast) = (0.0, 0.0);
    for t in 0..20u32 {
        let x = f64::from(t + 1);
        w.values_mut()?[0] = T::from_f64(x);
        let decay = ((1.0 + f64::from(t)) / (10.0 + f64::from(t))).min(0.5);
        assert_eq!((plain.decay(), warm.decay()), (0.5, decay));
        plain.update(&w)?;
        warm.update(&w)?;
        (slow, fast) = (0.5 * slow + 0.5 * x, decay * fast + (1.0 - decay) * x);
        let mut copy = w.clone();
        plain.copy_to(&mut copy)?;
        expect("plain", copy.values(), &[slow]);
        warm.copy_to(&mut copy)?;
        expect("warm", copy.values(), &[fast]);
    }
    assert_eq!(warm.updates(), 20);
    Ok(())
}

#[test]
fn a_warm_up_keeps_less_at_first() -> Result<()> {
    decays::<f32>()?;
    decays::<f64>()
}

#[test]
fn two_swaps_are_none() -> Result<()> {
    let mut pair = Pair::<f64>::new();
    let mut ema = Ema::new(&pair, 0.9)?;
    train(&mut pair, &mut ema, 5)?;
    let (weights, mut averaged) = (pair.values(), pair.clone());
    ema.copy_to(&mut averaged)?;
    let state = ema.state()?;
    ema.swap(&mut pair)?;
    assert_eq!(pair.values(), averaged.values());
    assert_ne!(pair.values(), weights);
    let refusals =
        [ema.update(&pair), ema.copy_to(&mut averaged), ema.state().map(|_| ()), ema.restore(&pair, &state)];
    for refusal in refusals {
        assert!(matches!(refusal.unwrap_err().kind(), ErrorKind::Data { owner: "ema", .. }));
    }
    ema.swap(&mut pair)?;
    assert_eq!((pair.values(), ema.state()?), (weights, state));
    Ok(())
}

fn goes_on<T: Element>() -> Result<()> {
    let mut pair = Pair::<T>::new();
    let mut ema = Ema::new(&pair, 0.99)?.with_warmup();
    train(&mut pair, &mut ema, 7)?;
    let mut other = Pair::new();
    let mut restored = Ema::new(&other, 0.99)?.with_warmup();
    restored.restore(&other, &ema.state()?)?;
    other.weight.values_mut()?.copy_from_slice(pair.weight.values());
    other.bias.values_mut()?.copy_from_slice(pair.bias.values());
    train(&mut pair, &mut ema, 7)?;
    train(&mut other, &mut restored, 7)?;
    assert_eq!(restored.state()?, ema.state()?);
    assert_eq!(restored.updates(), 14);
    Ok(())
}

#[test]
fn a_restored_average_goes_on() -> Result<()> {
    goes_on::<f32>()?;
    goes_on::<f64>()
}

#[test]
fn refusals_change_nothing() -> Result<()> {
    assert!(matches!(Ema::new(&Pair::<f32>::new(), 1.0).unwrap_err().kind(), ErrorKind::Setting { .. }));
    let mut pair = Pair::<f64>::new();
    let mut ema = Ema::new(&pair, 0.9)?;
    train(&mut pair, &mut ema, 2)?;
    let (state, weights) = (ema.state()?, pair.values());
    // A tape holds the second parameter.
    let tape = Tape::new();
    tape.param(&pair.bias)?;
    let error = ema.swap(&mut pair).unwrap_err();
    assert!(error.to_string().starts_with("parameter `bias`: "), "{error}");
    assert!(ema.copy_to(&mut pair).is_err());
    assert_eq!((pair.values(), ema.state()?), (weights, state.clone()));
    drop(tape);
    // Another model, another state.
    let error = ema.update(&pair.weight.clone()).unwrap_err();
    let expected = "the average's state does not fit the model: `` is where `weight` was; `bias` is missing";
    assert_eq!(error.to_string(), expected);
    let mut uneven = state.clone();
    uneven[1].steps = 9;
    let error = ema.restore(&pair, &uneven).unwrap_err();
    assert!(error.to_string().ends_with("`bias`: expected 3 steps, got 9"), "{error}");
    assert_eq!(ema.state()?, state);
    Ok(())
}
