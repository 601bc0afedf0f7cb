//! Normalisations, with and without what scales and shifts.

use crate::case;
use crate::case::{Case, Layout, each, mixed, positive};
use tensor::ndarray::ArrayD;

pub(crate) fn cases() -> Vec<Case> {
    [rows(), channels(), given()].into_iter().flatten().collect()
}

fn rows() -> Vec<Case> {
    vec![
        case!(
            "layer_norm",
            |x| x[0].layer_norm(&[4], Some(x[1]), Some(x[2]), 0.1.into()),
            each(&[&[&[2, 3, 4], &[4], &[4]], &[&[4], &[4], &[4]], &[&[2, 0, 4], &[4], &[4]]])
        ),
        case!(
            "layer_norm/axes",
            |x| x[0].layer_norm(&[3, 4], Some(x[1]), Some(x[2]), 1e-5.into()),
            each(&[&[&[2, 3, 4], &[3, 4], &[3, 4]]])
        ),
        case!(
            "layer_norm/weight",
            |x| x[0].layer_norm(&[4], Some(x[1]), None, 0.1.into()),
            each(&[&[&[3, 4], &[4]]])
        ),
        case!(
            "layer_norm/bias",
            |x| x[0].layer_norm(&[4], None, Some(x[1]), 0.1.into()),
            each(&[&[&[3, 4], &[4]]])
        ),
        case!("layer_norm/plain", |x| x[0].layer_norm(&[4], None, None, 0.1.into()), each(&[&[&[3, 4]]])),
        case!("layer_norm/one", |x| x[0].layer_norm(&[1], None, None, 0.1.into()), each(&[&[&[3, 1]]])),
        case!("layer_norm/long", |x| x[0].layer_norm(&[40], None, None, 0.1.into()), each(&[&[&[2, 40]]])),
        case!(
            "rms_norm",
            |x| x[0].rms_norm(&[4], Some(x[1]), 0.1.into()),
            each(&[&[&[2, 3, 4], &[4]], &[&[4], &[4]], &[&[0, 4], &[4]]])
        ),
        case!("rms_norm/plain", |x| x[0].rms_norm(&[3, 4], None, 0.1.into()), each(&[&[&[2, 3, 4]]])),
    ]
}

fn channels() -> Vec<Case> {
    vec![
        case!(
            "batch_norm",
            |x| x[0].batch_norm(Some(x[1]), Some(x[2]), 0.1.into()).map(|(y, _)| y),
            each(&[&[&[2, 3, 4], &[3], &[3]], &[&[1, 1, 5], &[1], &[1]], &[&[2, 0, 4], &[0], &[0]]])
        ),
        case!(
            "batch_norm/rows",
            |x| x[0].batch_norm(Some(x[1]), Some(x[2]), 0.1.into()).map(|(y, _)| y),
            each(&[&[&[5, 3], &[3], &[3]], &[&[3, 2, 1], &[2], &[2]]])
        ),
        case!(
            "batch_norm/weight",
            |x| x[0].batch_norm(Some(x[1]), None, 0.1.into()).map(|(y, _)| y),
            each(&[&[&[2, 3, 2, 2], &[3]]])
        ),
        case!(
            "batch_norm/bias",
            |x| x[0].batch_norm(None, Some(x[1]), 0.1.into()).map(|(y, _)| y),
            each(&[&[&[5, 3], &[3]]])
        ),
        case!(
            "batch_norm/plain",
            |x| x[0].batch_norm(None, None, 0.1.into()).map(|(y, _)| y),
            each(&[&[&[2, 3, 2, 2]]])
        ),
    ]
}

/// x, means, variances, weights and biases.
fn statistics(shape: &[usize]) -> Vec<Vec<ArrayD<f64>>> {
    let c = &shape[1..2];
    let set = |layout| {
        let (mean, var) = (mixed(c, 2, layout), positive(c, 3, layout));
        vec![mixed(shape, 1, layout), mean, var, mixed(c, 4, layout), mixed(c, 5, layout)]
    };
    [Layout::Plain, Layout::Reversed, Layout::Strided].map(set).to_vec()
}

fn given() -> Vec<Case> {
    vec![
        case!(
            "batch_norm_with",
            |x| x[0].batch_norm_with([x[1], x[2]], Some(x[3]), Some(x[4]), 0.1.into()),
            [statistics(&[2, 3, 4]), statistics(&[0, 2, 3])].concat()
        ),
        case!(
            "batch_norm_with/rows",
            |x| x[0].batch_norm_with([x[1], x[2]], Some(x[3]), Some(x[4]), 0.1.into()),
            statistics(&[4, 3])
        ),
        case!(
            "batch_norm_with/plain",
            |x| x[0].batch_norm_with([x[1], x[2]], None, None, 0.1.into()),
            statistics(&[2, 3, 2, 2]).into_iter().map(|x| x[..3].to_vec()).collect()
        ),
    ]
}
