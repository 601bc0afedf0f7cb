//! Reductions over everything and over every kind of set of axes, running sums, and elements in order.

use crate::case;
use crate::case::{Case, Layout, mixed, one, positive};
use tensor::ndarray::ArrayD;
use tensor::{Axes, Ddof, Norm, Order};

type Make = fn(&[usize], usize, Layout) -> ArrayD<f64>;

/// Arrays of three axes, also of length 1 and in every layout.
fn three(make: Make) -> Vec<Vec<ArrayD<f64>>> {
    let plain = [[2, 3, 2], [3, 1, 4], [1, 2, 2]].map(|shape| vec![make(&shape, 3, Layout::Plain)]);
    let other = [Layout::Reversed, Layout::Strided].map(|layout| vec![make(&[2, 3, 2], 7, layout)]);
    plain.into_iter().chain(other).collect()
}

/// As [`three`], with empty axes in every place.
fn three_or_empty(make: Make) -> Vec<Vec<ArrayD<f64>>> {
    let empty = [[0, 2, 2], [2, 0, 2], [2, 2, 0]].map(|shape| vec![make(&shape, 3, Layout::Plain)]);
    three(make).into_iter().chain(empty).collect()
}

/// Inputs with at least one element.
fn some(inputs: Vec<Vec<ArrayD<f64>>>) -> Vec<Vec<ArrayD<f64>>> {
    inputs.into_iter().filter(|x| !x[0].is_empty()).collect()
}

/// Inputs with at least two elements, so that the variance is not flat.
fn several(inputs: Vec<Vec<ArrayD<f64>>>) -> Vec<Vec<ArrayD<f64>>> {
    inputs.into_iter().filter(|x| x[0].len() > 1).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    [sums(), extremes(), spreads(), norms(), lines()].into_iter().flatten().collect()
}

fn sums() -> Vec<Case> {
    vec![
        case!("sum", |x| x[0].sum(), one(mixed)),
        case!("sum_axis", |x| x[0].sum_axis(1), three_or_empty(mixed)),
        case!("sum_axis/apart", |x| x[0].sum_axis([2, 0]), three_or_empty(mixed)),
        case!("sum_axis/kept", |x| x[0].sum_axis(Axes::from([0, 1]).keep()), three_or_empty(mixed)),
        case!("sum_axis/none", |x| x[0].sum_axis([]), one(mixed)),
        case!("mean", |x| x[0].mean(), some(one(mixed))),
        case!("mean_axis", |x| x[0].mean_axis(1), three(mixed)),
        case!("mean_axis/apart", |x| x[0].mean_axis([0, 2]), three(mixed)),
        case!("mean_axis/kept", |x| x[0].mean_axis(Axes::ALL.keep()), three(mixed)),
        case!("prod", |x| x[0].prod(), one(mixed)),
        case!("prod_axis", |x| x[0].prod_axis(1), three_or_empty(mixed)),
        case!("prod_axis/apart", |x| x[0].prod_axis([0, 2]), three_or_empty(mixed)),
        case!("prod_axis/zeros", |x| x[0].prod_axis(0), with_zeros()),
        case!("logsumexp", |x| x[0].logsumexp(), some(one(mixed))),
        case!("logsumexp_axis", |x| x[0].logsumexp_axis(1), three(mixed)),
        case!("logsumexp_axis/apart", |x| x[0].logsumexp_axis([0, 2]), three(mixed)),
        case!("cumsum", |x| x[0].cumsum(1), three_or_empty(mixed)),
        case!("cumsum/first", |x| x[0].cumsum(0), three_or_empty(mixed)),
        case!("cumsum/last", |x| x[0].cumsum(2), three_or_empty(mixed)),
    ]
}

/// Columns with no zero, one, two and three.
fn with_zeros() -> Vec<Vec<ArrayD<f64>>> {
    let mut x = mixed(&[3, 4], 2, Layout::Plain);
    for (column, zeros) in [(1, 1), (2, 2), (3, 3)] {
        (0..zeros).for_each(|row| x[[row, column]] = 0.0);
    }
    vec![vec![x]]
}

fn extremes() -> Vec<Case> {
    vec![
        case!("max", |x| x[0].max(), some(one(mixed))),
        case!("max_axis", |x| x[0].max_axis(1), three(mixed)),
        case!("max_axis/apart", |x| x[0].max_axis([0, 2]), three(mixed)),
        case!("max_axis/kept", |x| x[0].max_axis(Axes::from(2).keep()), three(mixed)),
        case!("min", |x| x[0].min(), some(one(mixed))),
        case!("min_axis", |x| x[0].min_axis(1), three(mixed)),
        case!("min_axis/apart", |x| x[0].min_axis([0, 2]), three(mixed)),
    ]
}

fn spreads() -> Vec<Case> {
    vec![
        case!("var", |x| x[0].var(Ddof::Sample), several(one(mixed))),
        case!("var/population", |x| x[0].var(Ddof::Population), some(one(mixed))),
        case!("var_axis", |x| x[0].var_axis([0, 2], Ddof::Sample), three(mixed)),
        case!("var_axis/population", |x| x[0].var_axis(1, Ddof::Population), three(mixed)),
        case!("std", |x| x[0].std(Ddof::Sample), several(one(mixed))),
        case!("std/population", |x| x[0].std(Ddof::Population), several(one(mixed))),
        case!("std_axis", |x| x[0].std_axis([0, 2], Ddof::Sample), three(mixed)),
        case!("std_axis/kept", |x| x[0].std_axis(Axes::from([2, 1]).keep(), Ddof::Population), three(mixed)),
    ]
}

fn norms() -> Vec<Case> {
    vec![
        case!("norm", |x| x[0].norm(Norm::L2), some(one(mixed))),
        case!("norm/l1", |x| x[0].norm(Norm::L1), one(mixed)),
        case!("norm/p", |x| x[0].norm(Norm::P(3.0)), some(one(mixed))),
        case!("norm/half", |x| x[0].norm(Norm::P(0.5)), some(one(positive))),
        case!("norm_axis", |x| x[0].norm_axis(1, Norm::L2), three(mixed)),
        case!("norm_axis/apart", |x| x[0].norm_axis([0, 2], Norm::P(1.5)), three(mixed)),
        case!("norm_axis/kept", |x| x[0].norm_axis(Axes::from(0).keep(), Norm::L1), three(mixed)),
    ]
}

fn lines() -> Vec<Case> {
    vec![
        case!("sort", |x| Ok(x[0].sort(1, Order::Ascending)?.0), three_or_empty(mixed)),
        case!("sort/descending", |x| Ok(x[0].sort(2, Order::Descending)?.0), three_or_empty(mixed)),
        case!("topk", |x| Ok(x[0].topk(1, 1, Order::Descending)?.0), three(mixed)),
        case!("topk/smallest", |x| Ok(x[0].topk(2, 2, Order::Ascending)?.0), three(mixed)),
        case!("topk/none", |x| Ok(x[0].topk(0, 1, Order::Ascending)?.0), three_or_empty(mixed)),
        case!("softmax", |x| x[0].softmax(1), three_or_empty(mixed)),
        case!("softmax/first", |x| x[0].softmax(0), three_or_empty(mixed)),
        case!("log_softmax", |x| x[0].log_softmax(2), three_or_empty(mixed)),
        case!("log_softmax/first", |x| x[0].log_softmax(0), three_or_empty(mixed)),
    ]
}
