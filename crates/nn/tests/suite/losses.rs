//! Losses: cases reported of comparable engines, in both types; beside them PyTorch's numbers, difference
//! quotients and edges.

use nn::{
    CrossEntropyConfig, ErrorKind, KlDivergenceConfig, KlReduction, QuantileConfig, Reduction, Result,
    bce_with_logits, cross_entropy, cross_entropy_soft, cross_entropy_with, gaussian_nll, huber,
    kl_divergence, kl_divergence_with, mae, mse, mse_with, poisson_nll, quantile, quantile_with, smooth_l1,
};
use std::f64::consts::LN_2;
use tensor::ndarray::{ArrayD, IxDyn};
use tensor::{Element, Tape, Var};

/// Runs a test's body with `T` as f32 and as f64.
macro_rules! both {
    ($($(#[$doc:meta])* $name:ident<$t:ident> $body:block)*) => {
        $(
            $(#[$doc])*
            #[test]
            fn $name() -> Result<()> {
                fn run<$t: Element>() -> Result<()> {
                    $body
                    Ok(())
                }
                run::<f32>()?;
                run::<f64>()
            }
        )*
    };
}

// After the macro, which they use.
mod derivatives;
mod edges;
mod torch;

fn array<T: Element>(shape: &[usize], values: &[f64]) -> ArrayD<T> {
    let values = values.iter().map(|&x| T::from_f64(x)).collect();
    ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many numbers as the shape holds")
}

fn var<'t, T: Element>(tape: &'t Tape<T>, shape: &[usize], values: &[f64]) -> Result<Var<'t, T>> {
    Ok(tape.var(&array(shape, values))?)
}

/// Equal to 1e-9 in f64 and 1e-5 in f32, relative above 1; infinities and NaN to themselves.
fn close<T: Element>(got: &ArrayD<T>, want: &[f64]) {
    let tolerance = if size_of::<T>() == 4 { 1e-5 } else { 1e-9 };
    let equal = |(got, &want): (&T, &f64)| {
        let got = got.to_f64();
        got == want
            || (got.is_nan() && want.is_nan())
            || (got - want).abs() <= tolerance * want.abs().max(1.0)
    };
    assert!(got.len() == want.len() && got.iter().zip(want).all(equal), "{got:?} where {want:?} is right");
}

/// The value of a loss and the gradient of its sum.
fn gives<T: Element>(loss: Var<'_, T>, x: Var<'_, T>, value: &[f64], gradient: &[f64]) -> Result<()> {
    close(&loss.value()?, value);
    close(&x.tape().backward(loss.sum()?)?.wrt(x)?, gradient);
    Ok(())
}

/// Whether an error is the tape's of this op, for one array.
fn is_operand(error: &nn::Error, name: &str) -> bool {
    let ErrorKind::Tensor(source) = error.kind() else { return false };
    matches!(source.kind(), tensor::ErrorKind::Operand { op, .. } if *op == name)
}

fn rows(reduction: Reduction) -> CrossEntropyConfig {
    CrossEntropyConfig { reduction, ..Default::default() }
}

both! {
    /// tracel-ai/burn#315, "LogSoftmax and Softmax functions are numerically unstable".
    d14_logits_far_apart<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3, 3], &[-781., 890., -1235.].repeat(3))?;
        let losses = cross_entropy_with(x, tape.indices(&[0, 1, 2])?, &rows(Reduction::None))?;
        gives(losses, x, &[1671., 0., 2125.], &[-1., 1., 0., 0., 0., 0., 0., 1., -1.])?;
        let config = KlDivergenceConfig { reduction: KlReduction::None, log_target: false };
        let target = tape.constant(&array(&[1, 3], &[0., 1., 0.]))?;
        let first = x.narrow(0, 0, 1)?.log_softmax(1)?;
        close(&kl_divergence_with(first, target, &config)?.value()?, &[0., 0., 0.]);
    }

    /// pytorch/pytorch#11752, "nn.CrossEntropyLoss() yields wrong output for big logits".
    d15_big_logits<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 2], &[1e8, 1e8])?;
        gives(cross_entropy(x, tape.indices(&[1])?)?, x, &[LN_2], &[0.5, -0.5])?;
    }

    /// tracel-ai/burn#5373, "softplus overflows to inf for large inputs, producing NaN gradients": the loss of
    /// a no is the softplus of its logit.
    d16_big_logits_of_yes_and_no<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3], &[20., 50., 100.])?;
        let no = tape.constant(&array(&[3], &[0.; 3]))?;
        let third = 1. / 3.;
        gives(bce_with_logits(x, no)?, x, &[170.00000000206 / 3.], &[third; 3])?;
        let yes = tape.constant(&array(&[3], &[1.; 3]))?;
        let far = var(&tape, &[3], &[100.; 3])?;
        let tiny = bce_with_logits(far, yes)?.item()?.to_f64();
        assert!((0. ..1e-43).contains(&tiny), "{tiny}");
    }

    /// manassharma07/crysx_nn#7, "NAN loss or loss gradient when using Binary Cross Entropy or Categorical
    /// Cross Entropy sometimes".
    d17_rows_of_different_size<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[2, 2], &[0., 0., 1000., 1000.])?;
        let losses = cross_entropy_with(x, tape.indices(&[0, 1])?, &rows(Reduction::None))?;
        gives(losses, x, &[LN_2, LN_2], &[-0.5, 0.5, 0.5, -0.5])?;
    }

    /// pytorch/pytorch#116349, "CrossEntropyLoss(reduction='mean'), when all the element of the label is
    /// ignore_index=-100, unexpected output : nan".
    d18_a_mean_over_no_row_is_refused<T> {
        let tape = Tape::<T>::new();
        let (x, labels) = (var(&tape, &[2, 3], &[1., 2., 0., 5., -3., 1.])?, tape.indices(&[7, 7])?);
        let mut config = CrossEntropyConfig { ignore_index: Some(7), ..rows(Reduction::Mean) };
        assert!(is_operand(&cross_entropy_with(x, labels, &config).unwrap_err(), "cross_entropy_with"));
        config.reduction = Reduction::Sum;
        gives(cross_entropy_with(x, labels, &config)?, x, &[0.], &[0.; 6])?;
    }

    /// pytorch/pytorch#70348, the same of a batch without rows, in every loss.
    d18_a_mean_of_nothing_is_refused<T> {
        let tape = Tape::<T>::new();
        let (x, t) = (var(&tape, &[0, 3], &[])?, var(&tape, &[0, 3], &[])?);
        let quantiles = QuantileConfig { reduction: Reduction::Mean, ..Default::default() };
        let refused = [
            ("mse", mse(x, t)),
            ("mae", mae(x, t)),
            ("huber", huber(x, t)),
            ("smooth_l1", smooth_l1(x, t)),
            ("quantile", quantile(x, t, 0.5)),
            ("quantile", quantile_with(x, var(&tape, &[0], &[])?, &quantiles)),
            ("poisson_nll", poisson_nll(x, t)),
            ("gaussian_nll", gaussian_nll(x, t, t)),
            ("kl_divergence", kl_divergence(x, t)),
            ("binary_cross_entropy_with_logits", bce_with_logits(x, t)),
            ("cross_entropy_soft", cross_entropy_soft(x, t, &rows(Reduction::Mean))),
            ("cross_entropy", cross_entropy(x, tape.indices(&[])?)),
        ];
        for (name, loss) in refused {
            let error = loss.unwrap_err();
            assert!(is_operand(&error, name), "{name}: {error}");
        }
        let count = tape.len();
        assert!(mae(x, t).is_err());
        assert_eq!(tape.len(), count, "a refusal leaves the tape as it was");
    }

    /// tracel-ai/burn#5568, "CrossEntropyLoss includes pad tokens in the normalization denominator".
    d19_ignored_rows_do_not_count<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3, 3], &[1., 2., 0., 5., -3., 1., 0., 0., 0.])?;
        let config = CrossEntropyConfig { ignore_index: Some(99), ..rows(Reduction::Mean) };
        let loss = cross_entropy_with(x, tape.indices(&[1, 99, 2])?, &config)?;
        let (sixth, third) = (1. / 6., 1. / 3.);
        let own = [0.122364235527, -0.167379522113, 0.045015286585];
        let gradient = [&own[..], &[0.; 3], &[sixth, sixth, -third]].concat();
        close(&loss.value()?, &[0.7531091265562451]);
        close(&tape.backward(loss)?.wrt(x)?, &gradient);
    }

    /// pytorch/pytorch#69339, "CrossEntropyLoss doesn't work using all of weight, label_smoothing, and ignoring
    /// indices".
    d20_weights_smoothing_and_ignored_rows<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3, 2], &[1., 2., 3., 0.4, 0., 0.])?;
        let config = CrossEntropyConfig { weights: Some([0.2, 0.8].into()), ..rows(Reduction::Mean) };
        let loss = cross_entropy_with(x, tape.indices(&[0, 1, 1])?, &config)?;
        close(&loss.value()?, &[1.6413810197365206]);
        let config = CrossEntropyConfig {
            weights: Some([0.2, 0.3].into()),
            ignore_index: Some(usize::MAX),
            label_smoothing: 0.1,
            reduction: Reduction::Mean,
        };
        let loss = cross_entropy_with(x.narrow(0, 0, 2)?, tape.indices(&[usize::MAX, 1])?, &config)?;
        close(&loss.value()?, &[2.540450613768209]);
    }

    /// candle-org/MindAct PR#1633, "fix cross_entropy bug when logits has inf".
    d21_a_class_that_cannot_be<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 3], &[0., f64::NEG_INFINITY, 0.])?;
        gives(cross_entropy(x, tape.indices(&[0])?)?, x, &[LN_2], &[-0.5, 0., 0.5])?;
        close(&cross_entropy(x, tape.indices(&[1])?)?.value()?, &[f64::INFINITY]);
        let smooth = CrossEntropyConfig { label_smoothing: 0.1, ..rows(Reduction::Mean) };
        close(&cross_entropy_with(x, tape.indices(&[0])?, &smooth)?.value()?, &[f64::INFINITY]);
        // The same of a divergence: a class that is neither there nor predicted.
        let half = 0.5f64.ln();
        let x = var(&tape, &[1, 3], &[half, f64::NEG_INFINITY, half])?;
        let target = tape.constant(&array(&[1, 3], &[1., 0., 0.]))?;
        gives(kl_divergence(x, target)?, x, &[LN_2], &[-1., 0., 0.])?;
        let config = KlDivergenceConfig { log_target: true, ..Default::default() };
        let target = tape.constant(&array(&[1, 3], &[0., f64::NEG_INFINITY, f64::NEG_INFINITY]))?;
        gives(kl_divergence_with(x, target, &config)?, x, &[LN_2], &[-1., 0., 0.])?;
    }

    /// pytorch/pytorch#5296, "reduce=False --> No error for invalid labels".
    d22_a_label_that_is_no_class<T> {
        let tape = Tape::<T>::new();
        let error = cross_entropy(var(&tape, &[1, 2], &[0., 0.])?, tape.indices(&[2])?).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cross_entropy: label 2 of row 0 is out of range: expected less than 2, the number of classes"
        );
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            let x = var(&tape, &[2, 2], &[0.; 4])?;
            let error = cross_entropy_with(x, tape.indices(&[1, 2])?, &rows(reduction)).unwrap_err();
            assert!(error.to_string().contains("label 2 of row 1"), "{error}");
        }
    }

    /// pytorch/pytorch#16413, "MSELoss behaves strangely when shapes don't match": no loss is broadcast.
    d62_a_loss_is_not_broadcast<T> {
        let tape = Tape::<T>::new();
        let (x, t) = (var(&tape, &[3], &[1., 2., 3.])?, var(&tape, &[3, 1], &[1., 2., 3.])?);
        let refused = [
            ("mse", mse(x, t)),
            ("mse", mse_with(x, t, Reduction::Sum)),
            ("mae", mae(x, t)),
            ("huber", huber(x, t)),
            ("smooth_l1", smooth_l1(x, t)),
            ("quantile", quantile(x, t, 0.5)),
            ("poisson_nll", poisson_nll(x, t)),
            ("gaussian_nll", gaussian_nll(x, t, x)),
            ("kl_divergence", kl_divergence(x, t)),
            ("binary_cross_entropy_with_logits", bce_with_logits(x, t)),
        ];
        for (name, loss) in refused {
            let error = loss.unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: shapes [3] and [3, 1] do not agree")), "{error}");
        }
        let error = gaussian_nll(x, x, t).unwrap_err().to_string();
        assert!(error.starts_with("gaussian_nll: shapes [3] and [3, 1] do not agree"), "{error}");
        let error = quantile_with(t, x, &QuantileConfig::default()).unwrap_err().to_string();
        assert!(error.starts_with("quantile: shapes [3, 1] and [3] do not agree"), "{error}");
    }
}
