//! What metrics refuse, and in which words.

use super::*;
use crate::ErrorKind;

const NAN: f64 = f64::NAN;

/// The message of an update that is refused, and changes nothing.
macro_rules! refused {
    ($metric:expr, $batch:expr) => {{
        let (mut metric, (prediction, target)) = ($metric, $batch);
        let before = metric.clone();
        let error = metric.update(&prediction, &target).unwrap_err();
        assert_eq!(metric, before);
        error.to_string()
    }};
}

#[test]
fn what_is_not_a_number_is_refused() {
    let message = refused!(Accuracy::new(2).unwrap(), (array![[0.0, 1.0], [1.0, NAN]], [0, 1]));
    assert_eq!(message, "accuracy: expected scores that are numbers, got NaN for sample 1");
    for message in [
        refused!(RocAuc::new(), (array![0.1, NAN], [0, 1])),
        refused!(PrAuc::new(), (array![0.1, NAN], [0, 1])),
        refused!(TopK::new(1, 2).unwrap(), (array![[0.0, 0.0], [NAN, 1.0]], [0, 1])),
        refused!(Precision::binary(0.5).unwrap(), (array![0.1, NAN], [0, 1])),
        refused!(LogLoss::binary(), (array![0.1, NAN], [0, 1])),
        refused!(Brier::binary(), (array![0.1, NAN], [0, 1])),
        refused!(CalibrationError::binary(2).unwrap(), (array![0.1, NAN], [0, 1])),
    ] {
        assert!(message.ends_with(": expected scores that are numbers, got NaN for sample 1"), "{message}");
    }
    let message = refused!(Mae::new(), (array![1.0, f64::INFINITY], array![1.0, 2.0]));
    assert_eq!(message, "mae: expected finite predictions, got inf at position 1");
    let message = refused!(R2::new(), (array![1.0, 2.0], array![NAN, 2.0]));
    assert_eq!(message, "r2: expected finite targets, got NaN at position 0");
    let mut mean = MeanLoss::new();
    assert_eq!(mean.update(NAN, 1.0).unwrap_err().to_string(), "mean_loss: expected a finite loss, got NaN");
    let error = mean.update(1.0, -1.0).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Setting { name: "the weight", .. }), "{error}");
    assert_eq!(mean, MeanLoss::new());
}

#[test]
fn labels_probabilities_and_shapes_that_do_not_fit_are_refused() {
    let message = refused!(Recall::new(3, Average::Macro).unwrap(), (array![[0.0, 0.0, 1.0]], [3]));
    assert_eq!(message, "recall: expected labels less than 3, got 3 for sample 0");
    let message = refused!(RocAuc::new(), (array![0.1, 0.2], [1, 2]));
    assert_eq!(message, "roc_auc: expected labels less than 2, got 2 for sample 1");
    let message = refused!(ConfusionMatrix::new(3).unwrap(), (array![[0.0, 1.0]], [0]));
    assert_eq!(message, "confusion_matrix: expected scores [.., 3] for each of 1 labels, got shape [1, 2]");
    let message = refused!(FBeta::binary(1.0, 0.5).unwrap(), (array![[0.0, 1.0]], [0]));
    assert_eq!(message, "f_beta: expected one score for each of 1 labels, got shape [1, 2]");
    let message = refused!(LogLoss::new(2).unwrap(), (array![[0.5, 0.5], [0.5, 0.6]], [0, 1]));
    assert_eq!(message, "log_loss: expected probabilities that add up to 1, got 1.1 for sample 1");
    let message = refused!(Brier::binary(), (array![0.5, 1.5], [0, 1]));
    assert_eq!(message, "brier: expected probabilities from 0 to 1, got 1.5 for sample 1");
    let message = refused!(Rmse::new(), (array![1.0, 2.0], array![1.0]));
    assert_eq!(message, "rmse: expected predictions of the targets' shape [1], got shape [2]");
    let message = refused!(R2::with_outputs(2).unwrap(), (array![1.0, 2.0, 3.0], array![1.0, 2.0, 3.0]));
    assert_eq!(message, "r2: expected predictions [.., 2], got shape [3]");
}

#[test]
fn values_of_too_little_are_refused() {
    let nothing = "expected at least one sample, got none";
    let refused = [
        Accuracy::new(2).unwrap().value(),
        TopK::new(1, 2).unwrap().value(),
        ConfusionMatrix::new(2).unwrap().value(),
        Precision::binary(0.5).unwrap().value(),
        Recall::new(2, Average::Micro).unwrap().value(),
        RocAuc::new().value(),
        PrAuc::new().value(),
        LogLoss::binary().value(),
        Brier::binary().value(),
        CalibrationError::binary(3).unwrap().value(),
        Mae::new().value(),
        Mase::new(&[1.0, 2.0], 1).unwrap().value(),
        MeanLoss::new().value(),
    ];
    for value in refused {
        let message = value.unwrap_err().to_string();
        assert!(message.ends_with(nothing), "{message}");
    }
    assert!(Precision::binary(0.5).unwrap().per_class().is_err());
    let one = seen!(R2::new(), (array![1.0], array![1.0])).value().unwrap_err();
    assert_eq!(one.to_string(), "r2: expected at least 2 samples, got 1");
    let alone = seen!(RocAuc::new(), (array![0.1, 0.2, 0.3], [1, 1, 1])).value().unwrap_err();
    assert_eq!(alone.to_string(), "roc_auc: expected samples of both classes, got 3 of class 1 alone");
}

#[test]
fn settings_out_of_range_are_refused() {
    let refused = [
        Accuracy::new(1).map(drop),
        Accuracy::binary(NAN).map(drop),
        TopK::new(0, 3).map(drop),
        TopK::new(4, 3).map(drop),
        ConfusionMatrix::new(0).map(drop),
        FBeta::binary(0.0, 0.5).map(drop),
        FBeta::new(NAN, 2, Average::Macro).map(drop),
        LogLoss::new(1).map(drop),
        Brier::new(1).map(drop),
        CalibrationError::binary(0).map(drop),
        R2::with_outputs(0).map(drop),
        Mase::new(&[1.0, 2.0], 0).map(drop),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Setting { .. }), "{error}");
    }
    let message = |series: &[f64], season| Mase::new(series, season).unwrap_err().to_string();
    assert_eq!(
        message(&[1.0, 2.0], 2),
        "mase: expected a training series longer than a season of 2, got 2 numbers"
    );
    assert_eq!(
        message(&[1.0, 2.0, 1.0, 2.0], 2),
        "mase: expected a training series that changes from season to season, got one that does not"
    );
    assert_eq!(message(&[1.0, NAN], 1), "mase: expected a finite training series, got NaN at position 1");
}

#[test]
fn metrics_of_other_settings_are_not_merged() {
    let mut accuracy = Accuracy::new(2).unwrap();
    assert!(accuracy.merge(&Accuracy::new(3).unwrap()).is_err());
    assert!(accuracy.merge(&Accuracy::binary(0.5).unwrap()).is_err());
    assert!(TopK::new(1, 3).unwrap().merge(&TopK::new(2, 3).unwrap()).is_err());
    assert!(FBeta::binary(1.0, 0.5).unwrap().merge(&FBeta::binary(2.0, 0.5).unwrap()).is_err());
    let mut of_classes = Precision::new(2, Average::Macro).unwrap();
    assert!(of_classes.merge(&Precision::new(2, Average::Micro).unwrap()).is_err());
    assert!(LogLoss::binary().merge(&LogLoss::new(2).unwrap()).is_err());
    assert!(CalibrationError::binary(2).unwrap().merge(&CalibrationError::binary(3).unwrap()).is_err());
    assert!(R2::new().merge(&R2::with_outputs(2).unwrap()).is_err());
    assert!(Mase::new(&[1.0, 2.0], 1).unwrap().merge(&Mase::new(&[1.0, 3.0], 1).unwrap()).is_err());
}
