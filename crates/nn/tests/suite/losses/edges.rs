//! Kinks, nothing to count, what is not a number, settings out of range, long arrays.

use super::{array, gives, is_operand, var};
use nn::{
    ErrorKind, GaussianNllConfig, HuberConfig, KlDivergenceConfig, KlReduction, PoissonNllConfig,
    QuantileConfig, Reduction, Result, SmoothL1Config, gaussian_nll, gaussian_nll_with, huber, huber_with,
    kl_divergence, kl_divergence_with, mae, mae_with, mse, mse_with, poisson_nll, poisson_nll_with, quantile,
    quantile_with, smooth_l1, smooth_l1_with,
};
use tensor::{Element, Tape};

both! {
    a_sum_of_nothing_is_0<T> {
        let tape = Tape::<T>::new();
        let (x, t) = (var(&tape, &[0, 3], &[])?, var(&tape, &[0, 3], &[])?);
        let reduction = Reduction::Sum;
        let quantiles = QuantileConfig { reduction, ..Default::default() };
        let sums = [
            mse_with(x, t, reduction)?,
            mae_with(x, t, reduction)?,
            huber_with(x, t, &HuberConfig { reduction, ..Default::default() })?,
            smooth_l1_with(x, t, &SmoothL1Config { reduction, ..Default::default() })?,
            quantile_with(x, var(&tape, &[0], &[])?, &quantiles)?,
            poisson_nll_with(x, t, &PoissonNllConfig { reduction, full: true, ..Default::default() })?,
            gaussian_nll_with(x, t, t, &GaussianNllConfig { reduction, ..Default::default() })?,
            kl_divergence_with(x, t, &KlDivergenceConfig { reduction: KlReduction::Sum, log_target: true })?,
        ];
        for sum in sums {
            gives(sum, x, &[0.], &[])?;
        }
    }

    kinks_have_the_slopes_that_the_docs_say<T> {
        let tape = Tape::<T>::new();
        let at = |x: f64| var(&tape, &[1], &[x]);
        let zero = at(0.)?;
        let x = at(0.)?;
        gives(mae(x, zero)?, x, &[0.], &[0.])?;
        gives(quantile(x, zero, 0.9)?, x, &[0.], &[0.])?;
        gives(huber(x, zero)?, x, &[0.], &[0.])?;
        gives(smooth_l1_with(x, zero, &SmoothL1Config { beta: 0., ..Default::default() })?, x, &[0.], &[0.])?;
        let x = at(-1.)?;
        gives(huber(x, zero)?, x, &[0.5], &[-1.])?;
        gives(smooth_l1(x, zero)?, x, &[0.5], &[-1.])?;
        // A variance below the floor has the slope at the floor, so that it grows again.
        let (x, v) = (at(2.)?, at(0.)?);
        let config = GaussianNllConfig { eps: 0.5, ..Default::default() };
        gives(gaussian_nll_with(x, zero, v, &config)?, v, &[(0.5f64.ln() + 8.) / 2.], &[(2. - 16.) / 2.])?;
    }

    not_a_number_stays_one<T> {
        let tape = Tape::<T>::new();
        let (x, t) = (var(&tape, &[2, 1], &[f64::NAN, 1.])?, var(&tape, &[2, 1], &[1., 2.])?);
        let poisson = PoissonNllConfig { full: true, ..Default::default() };
        for (x, t) in [(x, t), (t, x)] {
            let losses = [
                mse(x, t)?, mae(x, t)?, huber(x, t)?, smooth_l1(x, t)?, quantile(x, t, 0.5)?,
                poisson_nll_with(x, t, &poisson)?, gaussian_nll(x, t, x)?, kl_divergence(x, t)?,
            ];
            for loss in losses {
                assert!(loss.item()?.is_nan());
            }
        }
    }

    settings_out_of_range_are_refused<T> {
        let tape = Tape::<T>::new();
        let (x, t) = (var(&tape, &[2], &[0., 1.])?, var(&tape, &[2], &[1., 2.])?);
        let none = QuantileConfig { quantiles: [].into(), ..Default::default() };
        let wrong = QuantileConfig { quantiles: [0.5, 1.5].into(), ..Default::default() };
        let refused = [
            huber_with(x, t, &HuberConfig { delta: 0., ..Default::default() }),
            huber_with(x, t, &HuberConfig { delta: f64::NAN, ..Default::default() }),
            smooth_l1_with(x, t, &SmoothL1Config { beta: -1., ..Default::default() }),
            quantile(x, t, 0.),
            quantile(x, t, f64::NAN),
            quantile_with(x, t, &none),
            quantile_with(x, t, &wrong),
            poisson_nll_with(x, t, &PoissonNllConfig { eps: -1., ..Default::default() }),
            gaussian_nll_with(x, t, t, &GaussianNllConfig { eps: 0., ..Default::default() }),
        ];
        for loss in refused {
            let error = loss.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Setting { .. }), "{error}");
        }
        let negative = var(&tape, &[2], &[1., -2.])?;
        let error = gaussian_nll(x, t, negative).unwrap_err().to_string();
        assert_eq!(error, "gaussian_nll: expected variances of at least 0, got -2");
        let scalar = var(&tape, &[], &[0.])?;
        let error = kl_divergence(scalar, scalar).unwrap_err();
        assert!(is_operand(&error, "kl_divergence"), "{error}");
    }
}

/// Long arrays are computed in pieces; the losses are the same as of short ones.
#[test]
fn long_arrays_give_what_short_ones_give() -> Result<()> {
    let (n, piece) = (40_000, 8);
    let pattern = |k: f64| -> Vec<f64> { (0..piece).map(|i| ((i as f64 + k) * 1.7).sin()).collect() };
    let run = |n: usize| -> Result<[f64; 3]> {
        let tape = Tape::<f64>::new();
        let x = var(&tape, &[n], &pattern(0.).repeat(n / piece))?;
        let t = tape.constant(&array(&[n], &pattern(0.3).repeat(n / piece)))?;
        let losses = [mae(x, t)?, huber(x, t)?, smooth_l1(x, t)?, quantile(x, t, 0.2)?, poisson_nll(x, t)?];
        let sum = losses.into_iter().try_fold(tape.constant(&array(&[], &[0.]))?, |a, b| a.add(b))?;
        let gradient = tape.backward(sum)?.wrt(x)?;
        Ok([sum.item()?, gradient[[0]] * n as f64, gradient[[n - 1]] * n as f64])
    };
    for (long, short) in run(n)?.into_iter().zip(run(piece)?) {
        assert!((long - short).abs() < 1e-9, "{long} {short}");
    }
    Ok(())
}
