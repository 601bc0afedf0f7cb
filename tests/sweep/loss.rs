//! Losses, with every setting.

use crate::case;
use crate::case::{Case, Layout, mixed, positive};
use tensor::ndarray::ArrayD;
use tensor::{BinaryCrossEntropyConfig, CrossEntropyConfig, Reduction};

/// Logits of three rows and three classes, in every layout.
fn logits() -> Vec<Vec<ArrayD<f64>>> {
    [Layout::Plain, Layout::Reversed, Layout::Strided].map(|layout| vec![mixed(&[3, 3], 4, layout)]).to_vec()
}

/// Logits with targets between 0 and 1.
fn with_targets(shape: &[usize]) -> Vec<Vec<ArrayD<f64>>> {
    let pair = |layout| vec![mixed(shape, 4, layout), positive(shape, 5, layout) * 0.6];
    [Layout::Plain, Layout::Reversed, Layout::Strided].map(pair).to_vec()
}

fn config(reduction: Reduction) -> CrossEntropyConfig {
    CrossEntropyConfig {
        weights: Some([0.5, 2.0, 1.5].into()),
        ignore_index: Some(7),
        label_smoothing: 0.1,
        reduction,
    }
}

fn smooth() -> CrossEntropyConfig {
    CrossEntropyConfig { label_smoothing: 0.2, ..CrossEntropyConfig::default() }
}

fn ignoring() -> CrossEntropyConfig {
    CrossEntropyConfig { ignore_index: Some(2), ..CrossEntropyConfig::default() }
}

fn soft(reduction: Reduction) -> CrossEntropyConfig {
    CrossEntropyConfig { ignore_index: None, ..config(reduction) }
}

fn binary(reduction: Reduction) -> BinaryCrossEntropyConfig {
    BinaryCrossEntropyConfig {
        weights: Some([0.5, 2.0].into()),
        pos_weight: Some([3.0, 0.7].into()),
        reduction,
    }
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case!("mse", |x| x[0].mse(x[1]), with_targets(&[2, 3])),
        case!("cross_entropy", |x| x[0].cross_entropy(x[0].tape().indices(&[2, 0, 1])?), logits()),
        case!(
            "cross_entropy_with",
            |x| x[0].cross_entropy_with(x[0].tape().indices(&[2, 7, 1])?, &config(Reduction::Mean)),
            logits()
        ),
        case!(
            "cross_entropy_with/sum",
            |x| x[0].cross_entropy_with(x[0].tape().indices(&[2, 7, 1])?, &config(Reduction::Sum)),
            logits()
        ),
        case!(
            "cross_entropy_with/none",
            |x| x[0].cross_entropy_with(x[0].tape().indices(&[2, 7, 1])?, &config(Reduction::None)),
            logits()
        ),
        case!(
            "cross_entropy_with/smooth",
            |x| x[0].cross_entropy_with(x[0].tape().indices(&[2, 0, 1])?, &smooth()),
            logits()
        ),
        case!(
            "cross_entropy_with/ignoring",
            |x| x[0].cross_entropy_with(x[0].tape().indices(&[2, 0, 1])?, &ignoring()),
            logits()
        ),
        case!(
            "cross_entropy_soft",
            |x| x[0].cross_entropy_soft(x[1], &CrossEntropyConfig::default()),
            with_targets(&[3, 3])
        ),
        case!(
            "cross_entropy_soft/weights",
            |x| x[0].cross_entropy_soft(x[1], &soft(Reduction::Mean)),
            with_targets(&[2, 3])
        ),
        case!(
            "cross_entropy_soft/none",
            |x| x[0].cross_entropy_soft(x[1], &soft(Reduction::None)),
            with_targets(&[2, 3])
        ),
        case!(
            "binary_cross_entropy_with_logits",
            |x| x[0].binary_cross_entropy_with_logits(x[1], &BinaryCrossEntropyConfig::default()),
            with_targets(&[2, 3])
        ),
        case!(
            "binary_cross_entropy_with_logits/weights",
            |x| x[0].binary_cross_entropy_with_logits(x[1], &binary(Reduction::Mean)),
            with_targets(&[3, 2])
        ),
        case!(
            "binary_cross_entropy_with_logits/none",
            |x| x[0].binary_cross_entropy_with_logits(x[1], &binary(Reduction::None)),
            with_targets(&[3, 1, 2])
        ),
    ]
}
