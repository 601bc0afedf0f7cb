//! Functions of one number, and of two that are broadcast.

use crate::case;
use crate::case::{Case, Layout, mixed, one, positive, two};
use tensor::ndarray::ArrayD;

/// Numbers between -0.6 and 0.6, inside of the domains of asin and acos.
fn inside(shape: &[usize], seed: usize, layout: Layout) -> ArrayD<f64> {
    mixed(shape, seed, layout) * 0.5
}

/// Numbers whose distance from whole and half numbers is at least 0.05.
fn between(shape: &[usize], seed: usize, layout: Layout) -> ArrayD<f64> {
    mixed(shape, seed, layout).mapv(|x| (4.0 * x).round() + 0.05 + 0.4 * x.abs().fract())
}

/// A mask of the elements above 0.3, and two arrays.
fn masked() -> Vec<Vec<ArrayD<f64>>> {
    two(mixed).into_iter().map(|pair| [vec![pair[0].mapv(|x| x + 0.05)], pair].concat()).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    [mathematical(), activations(), arithmetic(), choices()].into_iter().flatten().collect()
}

fn mathematical() -> Vec<Case> {
    vec![
        case!("neg", |x| x[0].neg(), one(mixed)),
        case!("abs", |x| x[0].abs(), one(mixed)),
        case!("sign", |x| x[0].sign(), one(mixed)),
        case!("sqrt", |x| x[0].sqrt(), one(positive)),
        case!("rsqrt", |x| x[0].rsqrt(), one(positive)),
        case!("square", |x| x[0].square(), one(mixed)),
        case!("exp", |x| x[0].exp(), one(mixed)),
        case!("expm1", |x| x[0].expm1(), one(mixed)),
        case!("ln", |x| x[0].ln(), one(positive)),
        case!("log1p", |x| x[0].log1p(), one(positive)),
        case!("sin", |x| x[0].sin(), one(mixed)),
        case!("cos", |x| x[0].cos(), one(mixed)),
        case!("tan", |x| x[0].tan(), one(mixed)),
        case!("asin", |x| x[0].asin(), one(inside)),
        case!("acos", |x| x[0].acos(), one(inside)),
        case!("atan", |x| x[0].atan(), one(mixed)),
        case!("sinh", |x| x[0].sinh(), one(mixed)),
        case!("cosh", |x| x[0].cosh(), one(mixed)),
        case!("tanh", |x| x[0].tanh(), one(mixed)),
        case!("erf", |x| x[0].erf(), one(mixed)),
        case!("floor", |x| x[0].floor(), one(between)),
        case!("ceil", |x| x[0].ceil(), one(between)),
        case!("round", |x| x[0].round(), one(between)),
        case!("scale", |x| x[0].scale((-1.5).into()), one(mixed)),
        case!("shift", |x| x[0].shift(0.3.into()), one(mixed)),
        case!("powf", |x| x[0].powf(2.5.into()), one(positive)),
        case!("powf/whole", |x| x[0].powf((-3.0).into()), one(mixed)),
        case!("powf/zero", |x| x[0].powf(0.0.into()), one(mixed)),
        case!("clamp", |x| x[0].clamp((-0.5).into(), 0.7.into()), one(mixed)),
    ]
}

fn activations() -> Vec<Case> {
    vec![
        case!("relu", |x| x[0].relu(), one(mixed)),
        case!("sigmoid", |x| x[0].sigmoid(), one(mixed)),
        case!("logsigmoid", |x| x[0].logsigmoid(), one(mixed)),
        case!("silu", |x| x[0].silu(), one(mixed)),
        case!("gelu", |x| x[0].gelu(), one(mixed)),
        case!("gelu_tanh", |x| x[0].gelu_tanh(), one(mixed)),
        case!("leaky_relu", |x| x[0].leaky_relu(0.1.into()), one(mixed)),
        case!("elu", |x| x[0].elu(0.7.into()), one(mixed)),
        case!("softplus", |x| x[0].softplus(1.0.into()), one(mixed)),
        case!("softplus/beta", |x| x[0].softplus(5.0.into()), one(mixed)),
    ]
}

fn arithmetic() -> Vec<Case> {
    vec![
        case!("add", |x| x[0].add(x[1]), two(mixed)),
        case!("sub", |x| x[0].sub(x[1]), two(mixed)),
        case!("mul", |x| x[0].mul(x[1]), two(mixed)),
        case!("div", |x| x[0].div(x[1]), two(mixed)),
        case!("pow", |x| x[0].pow(x[1]), two(positive)),
        case!("atan2", |x| x[0].atan2(x[1]), two(mixed)),
    ]
}

fn choices() -> Vec<Case> {
    vec![
        case!("maximum", |x| x[0].maximum(x[1]), two(mixed)),
        case!("minimum", |x| x[0].minimum(x[1]), two(mixed)),
        case!("equal", |x| x[0].equal(x[1]), two(mixed)),
        case!("not_equal", |x| x[0].not_equal(x[1]), two(mixed)),
        case!("greater", |x| x[0].greater(x[1]), two(mixed)),
        case!("greater_equal", |x| x[0].greater_equal(x[1]), two(mixed)),
        case!("less", |x| x[0].less(x[1]), two(mixed)),
        case!("less_equal", |x| x[0].less_equal(x[1]), two(mixed)),
        case!(
            "masked_fill",
            |x| x[0].masked_fill(x[1].greater(x[1].scale(0.0.into())?)?, 0.4.into()),
            two(mixed)
        ),
        case!("where_cond", |x| x[0].greater(x[0].scale(0.0.into())?)?.where_cond(x[1], x[2]), masked()),
    ]
}
