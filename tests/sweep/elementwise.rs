//! Functions of one number, and arithmetic on two.

use crate::case;
use crate::case::{Case, mixed, one, positive, two};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case!("relu", |x| x[0].relu(), one(mixed)),
        case!("sigmoid", |x| x[0].sigmoid(), one(mixed)),
        case!("tanh", |x| x[0].tanh(), one(mixed)),
        case!("exp", |x| x[0].exp(), one(mixed)),
        case!("ln", |x| x[0].ln(), one(positive)),
        case!("neg", |x| x[0].neg(), one(mixed)),
        case!("scale", |x| x[0].scale(tensor::Element::from_f64(-1.5)), one(mixed)),
        case!("shift", |x| x[0].shift(tensor::Element::from_f64(0.3)), one(mixed)),
        case!("add", |x| x[0].add(x[1]), two(mixed)),
        case!("sub", |x| x[0].sub(x[1]), two(mixed)),
        case!("mul", |x| x[0].mul(x[1]), two(mixed)),
        case!("div", |x| x[0].div(x[1]), two(mixed)),
    ]
}
