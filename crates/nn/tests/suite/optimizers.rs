//! Optimizers beside PyTorch's: the same loss from the same weights, 50 steps.

use crate::support::pair::Pair;
use crate::support::torch::{Fixture, close};
use nn::{
    Adam, AdamConfig, AdamW, AdamWConfig, CosineDecay, Ema, GradientMap, GroupSettings, Optimizer, Result,
    RmsProp, RmsPropConfig, Schedule, Sgd, SgdConfig,
};
use tensor::{Element, Param, ParamId, Tape, ndarray::ArrayD};

pub(crate) type Rule<T> = Box<dyn Optimizer<T>>;

/// Every rule in several settings.
pub(crate) fn rules<T: Element>() -> Result<Vec<(&'static str, Rule<T>)>> {
    let mut rules = descents()?;
    rules.extend(adams()?);
    rules.extend(rms_props()?);
    Ok(rules)
}

fn descents<T: Element>() -> Result<Vec<(&'static str, Rule<T>)>> {
    let sgd = |config: SgdConfig| Ok::<Rule<T>, nn::Error>(Box::new(Sgd::new(config)?));
    let momentum = SgdConfig { rate: 0.1, momentum: 0.9, ..SgdConfig::default() };
    let dampening =
        SgdConfig { rate: 0.2, momentum: 0.8, dampening: 0.5, weight_decay: 0.02, nesterov: false };
    Ok(vec![
        ("sgd", sgd(SgdConfig::from(0.3))?),
        ("sgd_decay", sgd(SgdConfig { rate: 0.3, weight_decay: 0.1, ..SgdConfig::default() })?),
        ("sgd_momentum", sgd(momentum)?),
        ("sgd_dampening", sgd(dampening)?),
        ("sgd_nesterov", sgd(SgdConfig { nesterov: true, weight_decay: 0.05, ..momentum })?),
    ])
}

fn adams<T: Element>() -> Result<Vec<(&'static str, Rule<T>)>> {
    let adam = |config: AdamConfig| Ok::<Rule<T>, nn::Error>(Box::new(Adam::new(config)?));
    let adamw = |config: AdamWConfig| Ok::<Rule<T>, nn::Error>(Box::new(AdamW::new(config)?));
    let (plain, decoupled) = (AdamConfig::from(0.05), AdamWConfig::from(0.05));
    let quick = AdamConfig { rate: 0.1, beta1: 0.8, beta2: 0.9, weight_decay: 0.01, amsgrad: true, ..plain };
    let quickw =
        AdamWConfig { rate: 0.1, beta1: 0.8, beta2: 0.9, weight_decay: 0.2, amsgrad: true, ..decoupled };
    Ok(vec![
        ("adam", adam(plain)?),
        ("adam_decay", adam(AdamConfig { weight_decay: 0.1, ..plain })?),
        ("adam_amsgrad", adam(quick)?),
        ("adam_betas", adam(AdamConfig { beta1: 0.5, beta2: 0.9, eps: 1e-3, ..plain })?),
        ("adamw", adamw(AdamWConfig { weight_decay: 0.1, ..decoupled })?),
        ("adamw_amsgrad", adamw(quickw)?),
    ])
}

fn rms_props<T: Element>() -> Result<Vec<(&'static str, Rule<T>)>> {
    let rms = |config: RmsPropConfig| Ok::<Rule<T>, nn::Error>(Box::new(RmsProp::new(config)?));
    let plain = RmsPropConfig::default();
    let all =
        RmsPropConfig { rate: 0.01, alpha: 0.8, eps: 1e-4, momentum: 0.6, centered: true, weight_decay: 0.1 };
    Ok(vec![
        ("rms_prop", rms(plain)?),
        ("rms_prop_momentum", rms(RmsPropConfig { alpha: 0.9, momentum: 0.5, ..plain })?),
        ("rms_prop_centered", rms(RmsPropConfig { alpha: 0.9, eps: 1e-3, centered: true, ..plain })?),
        ("rms_prop_all", rms(all)?),
    ])
}

/// Gradients without those of one parameter.
struct Without<'a>(&'a dyn GradientMap<f64>, ParamId);

impl GradientMap<f64> for Without<'_> {
    fn of(&self, param: &Param<f64>) -> Option<&[f64]> {
        if param.id() == self.1 { None } else { self.0.of(param) }
    }
}

/// One case: what is done before and after every step.
struct Case<'a> {
    rule: Rule<f64>,
    rate: Option<&'a dyn Schedule>,
    /// Whether the bias takes part in a step.
    takes_part: fn(u64) -> bool,
    average: Option<Ema<f64>>,
}

impl Case<'_> {
    fn plain(rule: Rule<f64>) -> Self {
        Self { rule, rate: None, takes_part: |_| true, average: None }
    }

    /// Compares the weights after every step.
    fn check(mut self, fixture: &Fixture, name: &str) -> Result<()> {
        let (mut pair, x, y) = start(fixture)?;
        let (mut tape, mut found) = (Tape::new(), Vec::new());
        for step in 0..50 {
            if let Some(schedule) = self.rate {
                self.rule.set_rate(schedule.rate(step))?;
            }
            let gradients = pair.gradients(&mut tape, &x, &y)?;
            if (self.takes_part)(step) {
                self.rule.step(&mut pair, &gradients)?;
            } else {
                let bias = pair.bias.id();
                self.rule.step(&mut pair, &Without(&gradients, bias))?;
            }
            let mut seen = pair.clone();
            if let Some(average) = &mut self.average {
                average.update(&pair)?;
                average.copy_to(&mut seen)?;
            }
            found.extend(seen.values());
        }
        let found = ArrayD::from_shape_vec(vec![50, 6], found).expect("six numbers a step");
        close(name, found.view(), &fixture.get(&format!("{name}.weights")));
        Ok(())
    }
}

/// The model that PyTorch started with, inputs and targets.
fn start(fixture: &Fixture) -> Result<(Pair<f64>, ArrayD<f64>, ArrayD<f64>)> {
    let get = |what: &str| fixture.get(&format!("start.{what}"));
    let pair = Pair { weight: Param::new(&get("weight"))?, bias: Param::new(&get("bias"))? };
    Ok((pair, get("x"), get("y")))
}

#[test]
fn every_rule_goes_where_pytorch_goes() -> Result<()> {
    let fixture = Fixture::open("optimizers");
    for (name, rule) in rules()? {
        Case::plain(rule).check(&fixture, name)?;
    }
    Ok(())
}

#[test]
fn a_group_has_settings_of_its_own() -> Result<()> {
    let config = AdamWConfig { rate: 0.05, weight_decay: 0.1, ..AdamWConfig::default() };
    let group = GroupSettings { rate_factor: 0.1, weight_decay: Some(0.0), ..GroupSettings::default() };
    let rule = AdamW::new(config)?.group(|name| name == "bias", group)?;
    Case::plain(Box::new(rule)).check(&Fixture::open("optimizers"), "groups")
}

#[test]
fn a_schedule_drives_the_rate() -> Result<()> {
    let schedule = CosineDecay::new(0.5, 0.05, 50)?;
    let rule = Sgd::new(SgdConfig { momentum: 0.9, ..SgdConfig::default() })?;
    let case = Case { rate: Some(&schedule), ..Case::plain(Box::new(rule)) };
    case.check(&Fixture::open("optimizers"), "scheduled")
}

#[test]
fn every_parameter_counts_its_own_steps() -> Result<()> {
    let rule = Adam::new(AdamConfig { rate: 0.05, weight_decay: 0.1, ..AdamConfig::default() })?;
    let case = Case { takes_part: |step| step % 3 == 1, ..Case::plain(Box::new(rule)) };
    case.check(&Fixture::open("optimizers"), "skipped")
}

#[test]
fn an_average_is_pytorchs() -> Result<()> {
    let fixture = Fixture::open("optimizers");
    let average = Some(Ema::new(&start(&fixture)?.0, 0.9)?);
    let rule = Box::new(Sgd::new(0.3)?);
    Case { average, ..Case::plain(rule) }.check(&fixture, "ema")
}
