//! Recurrences, in both directions and with lengths.

use crate::case;
use crate::case::{Case, each};
use tensor::Direction::{Backward, Forward};
use tensor::ndarray::ArrayD;
use tensor::{Element, Result, Var, concat};

/// Inputs, weight and both states: steps, sequences and sizes of the state, each also 1, and none of the
/// first two.
fn lstm() -> Vec<Vec<ArrayD<f64>>> {
    each(&[
        &[&[3, 2, 8], &[2, 8], &[2, 2], &[2, 2]],
        &[&[1, 1, 4], &[1, 4], &[1, 1], &[1, 1]],
        &[&[2, 3, 4], &[1, 4], &[3, 1], &[3, 1]],
        &[&[0, 2, 4], &[1, 4], &[2, 1], &[2, 1]],
        &[&[2, 0, 4], &[1, 4], &[0, 1], &[0, 1]],
    ])
}

/// Inputs, weight, bias and state.
fn gru() -> Vec<Vec<ArrayD<f64>>> {
    each(&[
        &[&[3, 2, 6], &[2, 6], &[6], &[2, 2]],
        &[&[1, 1, 3], &[1, 3], &[3], &[1, 1]],
        &[&[2, 3, 3], &[1, 3], &[3], &[3, 1]],
        &[&[0, 2, 3], &[1, 3], &[3], &[2, 1]],
        &[&[2, 0, 3], &[1, 3], &[3], &[0, 1]],
    ])
}

/// For lengths of two sequences.
fn two_sequences(sets: Vec<Vec<ArrayD<f64>>>) -> Vec<Vec<ArrayD<f64>>> {
    sets.into_iter().filter(|set| set[0].shape()[0] == 3).collect()
}

fn without_bias(mut sets: Vec<Vec<ArrayD<f64>>>) -> Vec<Vec<ArrayD<f64>>> {
    for set in &mut sets {
        set.remove(2);
    }
    sets
}

/// Both results in a row.
fn joined<'t, T: Element>(results: Result<[Var<'t, T>; 2]>) -> Result<Var<'t, T>> {
    let [all, cell] = results?;
    concat(&[all.flatten(..)?, cell.flatten(..)?], 0)
}

/// The last step.
fn last<'t, T: Element>(all: Var<'t, T>) -> Result<Var<'t, T>> {
    all.narrow(0, all.shape()?[0] - 1, 1)?.squeeze(0)
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case!("lstm", |x| joined(x[0].lstm(x[1], [x[2], x[3]], None, Forward)), lstm()),
        case!("lstm/backward", |x| joined(x[0].lstm(x[1], [x[2], x[3]], None, Backward)), lstm()),
        case!(
            "lstm/lengths",
            |x| {
                let lengths = Some(x[0].tape().indices(&[1, 3])?);
                let [all, cell] = x[0].lstm(x[1], [x[2], x[3]], lengths, Forward)?;
                joined(Ok([last(all)?, cell]))
            },
            two_sequences(lstm())
        ),
        case!(
            "lstm/lengths_backward",
            |x| {
                let lengths = Some(x[0].tape().indices(&[0, 2])?);
                joined(x[0].lstm(x[1], [x[2], x[3]], lengths, Backward))
            },
            two_sequences(lstm())
        ),
        case!("gru", |x| x[0].gru(x[1], Some(x[2]), x[3], None, Forward), gru()),
        case!("gru/backward", |x| x[0].gru(x[1], None, x[2], None, Backward), without_bias(gru())),
        case!(
            "gru/lengths",
            |x| {
                let lengths = Some(x[0].tape().indices(&[1, 3])?);
                last(x[0].gru(x[1], Some(x[2]), x[3], lengths, Forward)?)
            },
            two_sequences(gru())
        ),
        case!(
            "gru/lengths_backward",
            |x| {
                let lengths = Some(x[0].tape().indices(&[0, 2])?);
                x[0].gru(x[1], Some(x[2]), x[3], lengths, Backward)
            },
            two_sequences(gru())
        ),
    ]
}
