//! Losses: big and infinite logits (D15, D21), ignored rows and weights (D18 to D20), labels and shapes that
//! do not fit (D22, D62).

use crate::both;
use crate::support::{array, close, close_to, var};
use std::f64::consts::LN_2;
use tensor::{BinaryCrossEntropyConfig, CrossEntropyConfig, ErrorKind, Reduction, Tape};

both! {
    /// pytorch/pytorch#11752, "nn.CrossEntropyLoss() yields wrong output for big logits".
    d15_big_logits<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 2], &[1e8, 1e8])?;
        close_to(x.cross_entropy(tape.indices(&[1])?)?.item()?, std::f64::consts::LN_2);
    }

    /// pytorch/pytorch#116349, "CrossEntropyLoss(reduction='mean'), when all the element of the label is
    /// ignore_index=-100, unexpected output : nan".
    ///
    /// The convention here: a mean over no row is refused, a sum over none is 0 with the gradient 0.
    d18_a_mean_over_no_row<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[2, 3], &[1., 2., 0., 5., -3., 1.])?;
        let labels = tape.indices(&[7, 7])?;
        let config = CrossEntropyConfig { ignore_index: Some(7), ..CrossEntropyConfig::default() };
        let error = x.cross_entropy_with(labels, &config).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Operand { op: "cross_entropy_with", .. }), "{error}");
        let config = CrossEntropyConfig { reduction: Reduction::Sum, ..config };
        let loss = x.cross_entropy_with(labels, &config)?;
        close_to(loss.item()?, 0.);
        close(&tape.backward(loss)?.wrt(x)?, &[2, 3], &[0.; 6]);
        let rows = x.cross_entropy_with(labels, &CrossEntropyConfig { reduction: Reduction::None, ..config })?;
        close(&rows.value()?, &[2], &[0., 0.]);
    }

    /// pytorch/pytorch#70348, the same of a batch without rows.
    d18_an_empty_batch<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[0, 3], &[])?;
        let mean = CrossEntropyConfig::default();
        let binary = BinaryCrossEntropyConfig::default();
        for refused in [
            x.cross_entropy(tape.indices(&[])?),
            x.cross_entropy_with(tape.indices(&[])?, &mean),
            x.cross_entropy_soft(x, &mean),
            x.binary_cross_entropy_with_logits(x, &binary),
            x.mse(x),
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Operand { .. }), "{error}");
        }
        let sum = CrossEntropyConfig { reduction: Reduction::Sum, ..mean };
        let loss = x.cross_entropy_with(tape.indices(&[])?, &sum)?;
        close_to(loss.item()?, 0.);
        close(&tape.backward(loss)?.wrt(x)?, &[0, 3], &[]);
    }

    /// tracel-ai/burn#5568, "CrossEntropyLoss includes pad tokens in the normalization denominator".
    d19_ignored_rows_do_not_count<T> {
        // A class as the mark of an ignored row, and a number that is no class.
        for ignored in [0, usize::MAX] {
            let tape = Tape::<T>::new();
            let x = var(&tape, &[3, 3], &[1., 2., 0., 5., -3., 1., 0., 0., 0.])?;
            let config = CrossEntropyConfig { ignore_index: Some(ignored), ..CrossEntropyConfig::default() };
            let loss = x.cross_entropy_with(tape.indices(&[1, ignored, 2])?, &config)?;
            close_to(loss.item()?, 0.7531091265562451);
            let third = 1. / 3.;
            let want = [
                0.122364235527, -0.167379522113, 0.045015286585, // its own row
                0., 0., 0., // ignored
                third / 2., third / 2., -third,
            ];
            close(&tape.backward(loss)?.wrt(x)?, &[3, 3], &want);
        }
    }

    /// pytorch/pytorch#69339, "CrossEntropyLoss doesn't work using all of weight, label_smoothing, and ignoring
    /// indices": a weighted mean divides by the weights of the labels.
    d20_class_weights<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3, 2], &[1., 2., 3., 0.4, 0., 0.])?;
        let weights = Some([0.2, 0.8].into());
        let config = CrossEntropyConfig { weights, ..CrossEntropyConfig::default() };
        let loss = x.cross_entropy_with(tape.indices(&[0, 1, 1])?, &config)?;
        close_to(loss.item()?, 1.6413810197365206);
    }

    /// pytorch/pytorch#69339, all three at once.
    ///
    /// The convention here, as PyTorch's: smoothing mixes in `ε/C Σ_c w_c nll_c`, and the mean divides by the
    /// weights of the labels that count.
    d20_weights_smoothing_and_ignored_rows<T> {
        for ignored in [0, usize::MAX] {
            let tape = Tape::<T>::new();
            let x = var(&tape, &[2, 2], &[1., 2., 3., 0.4])?;
            let config = CrossEntropyConfig {
                weights: Some([0.2, 0.3].into()),
                ignore_index: Some(ignored),
                label_smoothing: 0.1,
                ..CrossEntropyConfig::default()
            };
            let loss = x.cross_entropy_with(tape.indices(&[ignored, 1])?, &config)?;
            close_to(loss.item()?, 2.540450613768209);
            let gradient = tape.backward(loss)?.wrt(x)?;
            // a_c are the shares of the classes, over the weight of the label.
            let p = 1. / (1. + (-2.6f64).exp());
            let a = [0.05 * 0.2 / 0.3, 0.95];
            let slope = p * (a[0] + a[1]) - a[0];
            close(&gradient, &[2, 2], &[0., 0., slope, -slope]);
        }
    }

    /// candle-org/MindAct PR#1633, "fix cross_entropy bug when logits has inf".
    ///
    /// The convention here: a class that has a share by smoothing costs +inf if its logit is -inf.
    d21_a_class_that_cannot_be<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 3], &[0., f64::NEG_INFINITY, 0.])?;
        let loss = x.cross_entropy(tape.indices(&[0])?)?;
        close_to(loss.item()?, LN_2);
        close(&tape.backward(loss)?.wrt(x)?, &[1, 3], &[-0.5, 0., 0.5]);
        let soft = tape.constant(&array(&[1, 3], &[1., 0., 0.]))?;
        let loss = x.cross_entropy_soft(soft, &CrossEntropyConfig::default())?;
        close_to(loss.item()?, LN_2);
        close(&tape.backward(loss)?.wrt(x)?, &[1, 3], &[-0.5, 0., 0.5]);
        close_to(x.cross_entropy(tape.indices(&[1])?)?.item()?, f64::INFINITY);
        let smooth = CrossEntropyConfig { label_smoothing: 0.1, ..CrossEntropyConfig::default() };
        close_to(x.cross_entropy_with(tape.indices(&[0])?, &smooth)?.item()?, f64::INFINITY);
        close_to(x.cross_entropy_soft(soft, &smooth)?.item()?, f64::INFINITY);
    }

    /// pytorch/pytorch#5296, "reduce=False --> No error for invalid labels".
    d22_a_label_that_is_no_class<T> {
        let tape = Tape::<T>::new();
        let error = var(&tape, &[1, 2], &[0., 0.])?.cross_entropy(tape.indices(&[2])?).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cross_entropy: label 2 of row 0 is out of range: expected less than 2, the number of classes"
        );
        for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum] {
            let config = CrossEntropyConfig { reduction, ..CrossEntropyConfig::default() };
            let error = var(&tape, &[2, 2], &[0.; 4])?.cross_entropy_with(tape.indices(&[1, 2])?, &config);
            let error = error.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Label { row: 1, label: 2, classes: 2, .. }), "{error}");
        }
    }

    /// pytorch/pytorch#16413, "MSELoss behaves strangely when shapes don't match".
    d62_a_loss_is_not_broadcast<T> {
        let tape = Tape::<T>::new();
        let (y, target) = (var(&tape, &[3], &[1., 2., 3.])?, var(&tape, &[3, 1], &[1., 2., 3.])?);
        let error = y.mse(target).unwrap_err().to_string();
        assert!(error.starts_with("mse: shapes [3] and [3, 1] do not agree"), "{error}");
    }
}
