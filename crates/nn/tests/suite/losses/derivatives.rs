//! First and second derivatives of losses beside difference quotients, by everything they depend on.

use nn::{
    GaussianNllConfig, HuberConfig, KlDivergenceConfig, KlReduction, PoissonNllConfig, QuantileConfig,
    Reduction, SmoothL1Config, gaussian_nll_with, huber_with, kl_divergence_with, mae_with, mse_with,
    poisson_nll_with, quantile_with, smooth_l1_with,
};
use tensor::ndarray::{ArrayD, array};
use tensor::{CheckError, Element, Var, check, check_second};

/// Checks a function of nn on plain and on dual numbers.
macro_rules! derivatives {
    ($inputs:expr, |$x:ident| $loss:expr) => {{
        fn loss<'t, T: Element>($x: &[Var<'t, T>]) -> Result<Var<'t, T>, tensor::Error> {
            Ok($loss.expect("a loss of these shapes"))
        }
        check(|x| loss(x), &$inputs)?;
        check_second(|x| loss(x), &$inputs)?;
    }};
}

/// Predictions and targets whose distances are 0.3, 1.5, -0.6 and -4.
fn pair() -> [ArrayD<f64>; 2] {
    [array![[0.5, 2.0], [0.4, -3.0]].into_dyn(), array![[0.2, 0.5], [1.0, 1.0]].into_dyn()]
}

#[test]
fn losses_have_the_derivatives_of_their_values() -> Result<(), CheckError> {
    derivatives!(pair(), |x| mse_with(x[0], x[1], Reduction::None));
    derivatives!(pair(), |x| mse_with(x[0], x[1], Reduction::Mean));
    derivatives!(pair(), |x| mae_with(x[0], x[1], Reduction::None));
    derivatives!(pair(), |x| mae_with(x[0], x[1], Reduction::Mean));
    derivatives!(pair(), |x| huber_with(x[0], x[1], &HuberConfig { delta: 1.2, ..Default::default() }));
    derivatives!(pair(), |x| smooth_l1_with(x[0], x[1], &SmoothL1Config { beta: 1.2, ..Default::default() }));
    let counts = [array![0.5, -0.2, 1.5].into_dyn(), array![0.5, 2.5, 7.0].into_dyn()];
    derivatives!(counts, |x| {
        poisson_nll_with(x[0], x[1], &PoissonNllConfig { full: true, ..Default::default() })
    });
    let rates = [array![0.5, 0.2, 1.5].into_dyn(), array![0.5, 2.5, 7.0].into_dyn()];
    derivatives!(rates, |x| {
        poisson_nll_with(x[0], x[1], &PoissonNllConfig { log_input: false, ..Default::default() })
    });
    let [x, t] = pair();
    let spread = [x, t, array![[0.5, 2.0], [1.5, 3.0]].into_dyn()];
    derivatives!(spread, |x| gaussian_nll_with(x[0], x[1], x[2], &GaussianNllConfig::default()));
    Ok(())
}

#[test]
fn losses_of_distributions_have_the_derivatives_of_their_values() -> Result<(), CheckError> {
    let logarithms = || array![[-0.5, -1.2], [-0.2, -2.0]].into_dyn();
    let both = [logarithms(), array![[0.3, 0.7], [0.6, 0.4]].into_dyn()];
    derivatives!(both, |x| kl_divergence_with(x[0], x[1], &KlDivergenceConfig::default()));
    let both = [logarithms(), array![[-1.0, -0.4], [-0.3, -1.5]].into_dyn()];
    derivatives!(both, |x| {
        kl_divergence_with(x[0], x[1], &KlDivergenceConfig { log_target: true, reduction: KlReduction::None })
    });
    // Predictions on both sides of the targets, which are shared by the quantiles of a row.
    let both = [array![[0.5, 2.0, 3.0], [-1.0, 0.4, -3.0]].into_dyn(), array![1.0, 0.0].into_dyn()];
    derivatives!(both, |x| quantile_with(x[0], x[1], &QuantileConfig::default()));
    derivatives!(both, |x| {
        quantile_with(x[0], x[1], &QuantileConfig { reduction: Reduction::None, ..Default::default() })
    });
    Ok(())
}
