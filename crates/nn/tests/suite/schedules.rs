//! Schedules: reported cases, beside PyTorch's, and their states.

use crate::support::torch::Fixture;
use nn::{
    ConstantRate, CosineDecay, ErrorKind, ExponentialDecay, Goal, LinearDecay, LinearWarmup, MultiStepDecay,
    OneCycle, OneCycleConfig, Optimizer, PlateauConfig, ReduceOnPlateau, Result, Schedule,
    SequentialSchedule, Sgd, StepDecay, Threshold,
};
use tensor::Element;

/// Compares the rates of the first steps, through an optimizer, each asked for twice.
fn expect_rates(name: &str, schedule: &dyn Schedule, want: &[f64]) -> Result<()> {
    fn driven<T: Element>(rate: f64) -> Result<f64> {
        let mut sgd = Sgd::<T>::new(1.0)?;
        sgd.set_rate(rate)?;
        Ok(sgd.rate())
    }
    for (step, want) in (0..).zip(want) {
        let first = schedule.rate(step);
        for got in [first, schedule.rate(step), driven::<f32>(first)?, driven::<f64>(first)?] {
            assert!((got - want).abs() <= 1e-10, "{name}: {got} at step {step}, expected {want}");
        }
    }
    Ok(())
}

#[test]
fn d52_a_cosine_ends_at_its_minimum_and_stays() -> Result<()> {
    let schedule = CosineDecay::new(1.0, 0.1, 4)?;
    expect_rates("d52", &schedule, &[1.0, 0.86819805153, 0.55, 0.23180194847, 0.1, 0.1, 0.1])?;
    assert_eq!(schedule.rate(u64::MAX), 0.1);
    Ok(())
}

#[test]
fn d53_the_first_rate_is_the_first_that_is_used() -> Result<()> {
    expect_rates("d53", &StepDecay::new(0.5, 0.1, 2)?, &[0.5, 0.5, 0.05, 0.05, 0.005])?;
    let plateau = ReduceOnPlateau::new(PlateauConfig { rate: 0.5, ..PlateauConfig::default() })?;
    let all: [Box<dyn Schedule>; 7] = [
        Box::new(ConstantRate::new(0.5)?),
        Box::new(StepDecay::new(0.5, 0.1, 1)?),
        Box::new(MultiStepDecay::new(0.5, 0.1, &[1])?),
        Box::new(ExponentialDecay::new(0.5, 0.1)?),
        Box::new(CosineDecay::new(0.5, 0.1, 1)?),
        Box::new(LinearDecay::new(0.5, 0.1, 1)?),
        Box::new(plateau),
    ];
    assert!(all.iter().all(|schedule| schedule.rate(0) == 0.5));
    Ok(())
}

#[test]
fn d54_asking_for_a_rate_does_not_change_it() -> Result<()> {
    let schedule = CosineDecay::new(1.0, 0.0, 3)?;
    expect_rates("d54", &schedule, &[1.0, 0.75, 0.25, 0.0])?;
    // In any order, too.
    let back: Vec<f64> = (0..4).rev().map(|step| schedule.rate(step)).collect();
    let forth: Vec<f64> = (0..4).map(|step| schedule.rate(step)).collect();
    assert!(back.iter().rev().eq(&forth));
    Ok(())
}

/// Compares 50 rates with PyTorch's to 1e-9 of each; those that listen get its metrics.
fn check(fixture: &Fixture, name: &str, schedule: &mut dyn Schedule) {
    let want = fixture.get(&format!("schedule_{name}.rates"));
    let metrics = fixture.find(&format!("schedule_{name}.metrics"));
    for (step, want) in want.iter().enumerate() {
        let got = schedule.rate(step as u64);
        assert!((got - want).abs() <= 1e-9 * want, "{name}: {got} at step {step}, PyTorch has {want}");
        if let Some(metrics) = &metrics {
            schedule.observe(step as u64, metrics[[step]]);
        }
    }
}

#[test]
fn schedules_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("optimizers");
    check(&fixture, "step", &mut StepDecay::new(0.5, 0.3, 7)?);
    check(&fixture, "multi_step", &mut MultiStepDecay::new(0.5, 0.2, &[3, 10, 40])?);
    check(&fixture, "exponential", &mut ExponentialDecay::new(0.5, 0.95)?);
    check(&fixture, "cosine", &mut CosineDecay::new(0.5, 0.05, 49)?);
    check(&fixture, "warmup", &mut LinearWarmup::new(0.5, 0.1, 20)?);
    check(&fixture, "linear_decay", &mut LinearDecay::new(0.5, 0.1, 30)?);
    let cycle = OneCycleConfig { max_rate: 0.5, steps: 51, ..OneCycleConfig::default() };
    check(&fixture, "one_cycle", &mut OneCycle::new(cycle)?);
    let warmup = SequentialSchedule::new(LinearWarmup::new(0.5, 0.1, 8)?);
    check(&fixture, "warm_cosine", &mut warmup.then(8, CosineDecay::new(0.5, 0.01, 42)?)?);
    let three = SequentialSchedule::new(LinearWarmup::new(0.5, 0.25, 5)?).then(5, ConstantRate::new(0.5)?)?;
    check(&fixture, "three", &mut three.then(20, ExponentialDecay::new(0.5, 0.9)?)?);
    Ok(())
}

fn plateaus() -> Result<[(&'static str, ReduceOnPlateau); 3]> {
    let base = PlateauConfig { rate: 0.5, ..PlateauConfig::default() };
    let min = PlateauConfig { factor: 0.5, patience: 3, cooldown: 2, min_rate: 0.04, ..base };
    let absolute = PlateauConfig { factor: 0.3, patience: 1, threshold: Threshold::Absolute(0.02), ..base };
    let threshold = Threshold::Relative(1e-3);
    let max = PlateauConfig { goal: Goal::Max, patience: 2, threshold, min_rate: 1e-9, ..base };
    Ok([
        ("plateau_min", ReduceOnPlateau::new(min)?),
        ("plateau_absolute", ReduceOnPlateau::new(absolute)?),
        ("plateau_max", ReduceOnPlateau::new(max)?),
    ])
}

#[test]
fn a_plateau_is_pytorchs() -> Result<()> {
    let fixture = Fixture::open("optimizers");
    for (name, mut schedule) in plateaus()? {
        check(&fixture, name, &mut schedule);
    }
    Ok(())
}

#[test]
fn a_plateau_goes_on_from_its_state() -> Result<()> {
    let fixture = Fixture::open("optimizers");
    for (name, mut whole) in plateaus()? {
        let metrics = fixture.get(&format!("schedule_{name}.metrics"));
        let fresh = whole.clone();
        for (step, &metric) in metrics.iter().enumerate() {
            // Taken up anew at every step, as a part of a sequence.
            let mut other = SequentialSchedule::new(fresh.clone());
            other.restore(&whole.state())?;
            whole.observe(step as u64, metric);
            other.observe(step as u64, metric);
            assert_eq!(other.state(), whole.state(), "{name}");
        }
        assert_ne!(whole.state(), fresh.state());
    }
    Ok(())
}

#[test]
fn a_metric_that_is_no_number_is_no_better() -> Result<()> {
    let config = PlateauConfig { rate: 1.0, factor: 0.5, patience: 1, ..PlateauConfig::default() };
    let mut schedule = ReduceOnPlateau::new(config)?;
    schedule.observe(0, f64::NAN);
    assert_eq!((schedule.best(), schedule.rate(1)), (f64::INFINITY, 1.0));
    schedule.observe(1, f64::NAN);
    assert_eq!((schedule.best(), schedule.rate(2)), (f64::INFINITY, 0.5));
    schedule.observe(2, -1.0);
    // A hair better than a negative best is not better by a relative threshold, on the right side of it.
    schedule.observe(3, -1.0 - 1e-5);
    assert_eq!(schedule.best(), -1.0);
    schedule.observe(4, -1.1);
    assert_eq!(schedule.best(), -1.1);
    Ok(())
}

#[test]
fn what_is_observed_goes_to_the_schedule_of_the_step() -> Result<()> {
    let config = PlateauConfig { rate: 1.0, factor: 0.5, patience: 0, ..PlateauConfig::default() };
    let warmup = LinearWarmup::new(1.0, 0.5, 3)?;
    let mut schedule = SequentialSchedule::new(warmup).then(3, ReduceOnPlateau::new(config)?)?;
    for step in 0..3 {
        schedule.observe(step, 1.0);
    }
    assert_eq!(schedule.rate(3), 1.0, "the warm-up does not listen");
    schedule.observe(3, 1.0);
    schedule.observe(4, 1.0);
    assert_eq!((schedule.rate(2), schedule.rate(5)), (LinearWarmup::new(1.0, 0.5, 3)?.rate(2), 0.5));
    Ok(())
}

#[test]
fn a_state_of_another_schedule_is_refused_whole() -> Result<()> {
    let plateau = || ReduceOnPlateau::new(PlateauConfig::default());
    let mut both = SequentialSchedule::new(plateau()?).then(10, plateau()?)?;
    let before = both.state();
    let bad = [0.5, 1.0, 0.0, 0.0, 0.5, 1.0, 0.5, 0.0];
    let error = both.restore(&bad).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Data { owner: "reduce on plateau", .. }), "{error}");
    assert_eq!(both.state(), before, "the first is as it was");
    let error = both.restore(&bad[..7]).unwrap_err();
    let expected = "sequential schedule: expected a state of 8 numbers, got 7";
    assert_eq!(error.to_string(), expected);
    let error = ConstantRate::new(0.1)?.restore(&[1.0]).unwrap_err();
    assert_eq!(error.to_string(), "schedule: expected a state of 0 numbers, got 1");
    Ok(())
}

#[test]
fn short_cycles_stay_within_their_rates() -> Result<()> {
    for (steps, rise) in (2..20).flat_map(|steps| [0.01, 0.3, 0.5, 0.99].map(|rise| (steps, rise))) {
        let config = OneCycleConfig { max_rate: 1.0, steps, rise, ..OneCycleConfig::default() };
        let schedule = OneCycle::new(config)?;
        let last = 1.0 / 25.0 / 1e4;
        let rates: Vec<f64> = (0..steps + 3).map(|step| schedule.rate(step)).collect();
        assert!(rates.iter().all(|rate| (last..=1.0).contains(rate)), "{steps} {rise}: {rates:?}");
        assert!(rates[steps as usize - 1..].iter().all(|&rate| rate == last), "{steps} {rise}: {rates:?}");
    }
    Ok(())
}

#[test]
fn a_boxed_schedule_is_one() -> Result<()> {
    let config = PlateauConfig { rate: 1.0, patience: 0, ..PlateauConfig::default() };
    let boxed: Box<dyn Schedule> = Box::new(ReduceOnPlateau::new(config)?);
    let mut schedule = SequentialSchedule::new(boxed).then(9, |step: u64| 0.5 / (1.0 + step as f64))?;
    schedule.observe(0, f64::NAN);
    assert_eq!([schedule.rate(1), schedule.rate(9), schedule.rate(10)], [0.1, 0.5, 0.25]);
    assert_eq!(schedule.state().len(), 4);
    let state = schedule.state();
    schedule.restore(&state)
}

#[test]
fn settings_are_checked() -> Result<()> {
    let plateau = PlateauConfig::default();
    let setting = |error: nn::Error| assert!(matches!(error.kind(), ErrorKind::Setting { .. }), "{error}");
    setting(ConstantRate::new(-0.1).unwrap_err());
    setting(StepDecay::new(0.1, f64::NAN, 1).unwrap_err());
    setting(StepDecay::new(0.1, 0.1, 0).unwrap_err());
    setting(ExponentialDecay::new(f64::INFINITY, 0.1).unwrap_err());
    setting(CosineDecay::new(0.1, 0.0, 0).unwrap_err());
    setting(LinearDecay::new(0.1, -1.0, 5).unwrap_err());
    setting(LinearWarmup::new(0.1, 1.5, 5).unwrap_err());
    setting(OneCycle::new(OneCycleConfig { steps: 1, ..OneCycleConfig::default() }).unwrap_err());
    setting(OneCycle::new(OneCycleConfig { rise: 1.0, ..OneCycleConfig::default() }).unwrap_err());
    setting(ReduceOnPlateau::new(PlateauConfig { factor: 1.0, ..plateau }).unwrap_err());
    let threshold = Threshold::Absolute(-1.0);
    setting(ReduceOnPlateau::new(PlateauConfig { threshold, ..plateau }).unwrap_err());
    let error = MultiStepDecay::new(0.1, 0.1, &[3, 3]).unwrap_err();
    assert_eq!(error.to_string(), "multi-step decay: expected milestones that grow, got [3, 3]");
    let error = SequentialSchedule::new(ConstantRate::new(0.1)?).then(0, |_| 0.2).unwrap_err();
    assert_eq!(error.to_string(), "sequential schedule: expected a milestone after 0, got 0");
    Ok(())
}
