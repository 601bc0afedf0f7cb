//! Losses beside PyTorch's, with every setting, and the gradients of everything that has one.

use crate::support::torch::Fixture;
use nn::{
    BinaryCrossEntropyConfig, CrossEntropyConfig, GaussianNllConfig, HuberConfig, KlDivergenceConfig,
    KlReduction, PoissonNllConfig, QuantileConfig, Reduction, Result, Sequential, SmoothL1Config,
    bce_with_logits_with, cross_entropy, cross_entropy_soft, cross_entropy_with, gaussian_nll_with, huber,
    huber_with, kl_divergence, kl_divergence_with, mae, mae_with, mse, mse_with, poisson_nll,
    poisson_nll_with, quantile_with, smooth_l1, smooth_l1_with,
};
use std::sync::Arc;
use tensor::{Tape, Var};

const REDUCTIONS: [(&str, Reduction); 3] =
    [("none", Reduction::None), ("mean", Reduction::Mean), ("sum", Reduction::Sum)];

type Loss = for<'t> fn(Var<'t, f64>, Var<'t, f64>, Reduction) -> Result<Var<'t, f64>>;

/// One case whose differentiated input is `input`; the loss gets it and the other tensors named.
fn check(
    fixture: &Fixture,
    case: &str,
    others: &[&str],
    loss: impl for<'t> Fn(Var<'t, f64>, &[Var<'t, f64>]) -> Result<Var<'t, f64>>,
) -> Result<()> {
    let tape = Tape::new();
    let x = tape.var(&fixture.get(&format!("{case}.input")))?;
    let others = others.iter().map(|other| Ok(tape.constant(&fixture.get(&format!("{case}.{other}")))?));
    let y = loss(x, &others.collect::<Result<Vec<_>>>()?)?;
    fixture.check_output(case, &Sequential::new(), x, y);
    Ok(())
}

/// A loss of predictions and targets with every reduction, and the gradient of the targets.
fn pair(fixture: &Fixture, stem: &str, loss: Loss) -> Result<()> {
    for (name, reduction) in REDUCTIONS {
        check(fixture, &format!("{stem}_{name}"), &["target"], |x, others| loss(x, others[0], reduction))?;
    }
    let case = format!("{stem}_by_target");
    check(fixture, &case, &["prediction"], |t, others| loss(others[0], t, Reduction::None))
}

#[test]
fn losses_of_errors_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("losses");
    pair(&fixture, "mse", mse_with)?;
    pair(&fixture, "mae", mae_with)?;
    pair(&fixture, "huber", |x, t, reduction| {
        huber_with(x, t, &HuberConfig { reduction, ..Default::default() })
    })?;
    pair(&fixture, "huber_delta", |x, t, reduction| {
        huber_with(x, t, &HuberConfig { delta: 1.7, reduction })
    })?;
    pair(&fixture, "smooth_l1", |x, t, reduction| {
        smooth_l1_with(x, t, &SmoothL1Config { reduction, ..Default::default() })
    })?;
    pair(&fixture, "smooth_l1_beta", |x, t, reduction| {
        smooth_l1_with(x, t, &SmoothL1Config { beta: 1.7, reduction })
    })?;
    pair(&fixture, "smooth_l1_zero", |x, t, reduction| {
        smooth_l1_with(x, t, &SmoothL1Config { beta: 0.0, reduction })
    })?;
    pair(&fixture, "quantile", |x, t, reduction| {
        quantile_with(x, t, &QuantileConfig { quantiles: [0.1, 0.5, 0.8].into(), reduction })
    })
}

#[test]
fn plain_losses_are_means() -> Result<()> {
    let fixture = Fixture::open("losses");
    check(&fixture, "mse_mean", &["target"], |x, t| mse(x, t[0]))?;
    check(&fixture, "mae_mean", &["target"], |x, t| mae(x, t[0]))?;
    check(&fixture, "huber_mean", &["target"], |x, t| huber(x, t[0]))?;
    check(&fixture, "smooth_l1_mean", &["target"], |x, t| smooth_l1(x, t[0]))?;
    check(&fixture, "poisson_mean", &["target"], |x, t| poisson_nll(x, t[0]))?;
    check(&fixture, "kl_batchmean", &["target"], |x, t| kl_divergence(x, t[0]))
}

#[test]
fn likelihoods_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("losses");
    let plain = PoissonNllConfig::default();
    pair(&fixture, "poisson", |x, t, reduction| {
        poisson_nll_with(x, t, &PoissonNllConfig { reduction, ..Default::default() })
    })?;
    pair(&fixture, "poisson_full", |x, t, reduction| {
        poisson_nll_with(x, t, &PoissonNllConfig { full: true, reduction, ..Default::default() })
    })?;
    pair(&fixture, "poisson_rate", |x, t, reduction| {
        let config = PoissonNllConfig { log_input: false, full: true, eps: 1e-3, reduction };
        poisson_nll_with(x, t, &config)
    })?;
    assert!(plain.log_input && !plain.full);
    for (name, reduction) in REDUCTIONS {
        let config = GaussianNllConfig { full: true, eps: 0.3, reduction };
        check(&fixture, &format!("gaussian_{name}"), &["target", "variance"], |x, others| {
            gaussian_nll_with(x, others[0], others[1], &config)
        })?;
    }
    let mut config = GaussianNllConfig { reduction: Reduction::None, ..Default::default() };
    check(&fixture, "gaussian_by_target", &["prediction", "variance"], |t, others| {
        gaussian_nll_with(others[0], t, others[1], &config)
    })?;
    config.eps = 0.3;
    check(&fixture, "gaussian_by_variance", &["prediction", "target"], |v, others| {
        gaussian_nll_with(others[0], others[1], v, &config)
    })
}

#[test]
fn divergences_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("losses");
    let reductions = [
        ("none", KlReduction::None),
        ("batchmean", KlReduction::BatchMean),
        ("mean", KlReduction::Mean),
        ("sum", KlReduction::Sum),
    ];
    for (name, reduction) in reductions {
        for (stem, log_target) in [("kl", false), ("kl_log", true)] {
            let config = KlDivergenceConfig { log_target, reduction };
            check(&fixture, &format!("{stem}_{name}"), &["target"], |x, others| {
                kl_divergence_with(x, others[0], &config)
            })?;
        }
    }
    let mut config = KlDivergenceConfig { log_target: false, reduction: KlReduction::None };
    check(&fixture, "kl_zero", &["target"], |x, others| kl_divergence_with(x, others[0], &config))?;
    check(&fixture, "kl_by_target", &["prediction"], |t, others| kl_divergence_with(others[0], t, &config))?;
    config.log_target = true;
    check(&fixture, "kl_log_by_target", &["prediction"], |t, others| {
        kl_divergence_with(others[0], t, &config)
    })
}

#[test]
fn cross_entropies_agree_with_pytorch() -> Result<()> {
    let fixture = Fixture::open("losses");
    for (name, reduction) in REDUCTIONS {
        let get = |what: &str| -> Arc<[f64]> {
            fixture.get(&format!("bce_{name}.{what}")).iter().copied().collect()
        };
        let (weights, pos_weight) = (Some(get("class_weights")), Some(get("pos_weights")));
        let mut config = CrossEntropyConfig {
            weights: weights.clone(),
            ignore_index: Some(7),
            label_smoothing: 0.1,
            reduction,
        };
        check(&fixture, &format!("cross_entropy_{name}"), &[], |x, _| {
            cross_entropy_with(x, x.tape().indices(&[2, 7, 1, 0])?, &config)
        })?;
        config.ignore_index = None;
        check(&fixture, &format!("cross_entropy_soft_{name}"), &["target"], |x, others| {
            cross_entropy_soft(x, others[0], &config)
        })?;
        let config = BinaryCrossEntropyConfig { weights, pos_weight, reduction };
        check(&fixture, &format!("bce_{name}"), &["target"], |x, others| {
            bce_with_logits_with(x, others[0], &config)
        })?;
    }
    check(&fixture, "cross_entropy_plain", &[], |x, _| cross_entropy(x, x.tape().indices(&[2, 0, 1, 1])?))
}
