//! Ops that move elements: shapes, slices, parts, joins, padding.

use crate::case;
use crate::case::{Case, each, mixed, of, one, square};
use tensor::{Element, PadMode, Slice, concat, stack};

pub(crate) fn cases() -> Vec<Case> {
    [shapes(), repeats(), slices(), joins(), pads()].into_iter().flatten().collect()
}

fn shapes() -> Vec<Case> {
    let matrices = || of(&[&[3, 4], &[4, 3], &[1, 1], &[0, 2], &[3, 0], &[1, 5], &[2, 3, 2]]);
    vec![
        case!("reshape", |x| square(x[0].reshape(&[3, 4])), of(&[&[2, 6], &[12], &[3, 1, 4]])),
        case!("reshape/scalar", |x| square(x[0].reshape(&[])), of(&[&[1, 1], &[]])),
        case!("reshape/empty", |x| square(x[0].reshape(&[0, 5])), of(&[&[2, 0]])),
        case!("flatten", |x| square(x[0].flatten(..)), one(mixed)),
        case!("flatten/range", |x| square(x[0].flatten(1..=2)), of(&[&[2, 3, 2, 2], &[2, 1, 0]])),
        case!("unflatten", |x| square(x[0].unflatten(1, &[2, 1, 3])), of(&[&[2, 6], &[0, 6, 2]])),
        case!("squeeze", |x| square(x[0].squeeze(1)), of(&[&[2, 1, 3], &[0, 1], &[1, 1]])),
        case!("unsqueeze", |x| square(x[0].unsqueeze(0)), one(mixed)),
        case!("unsqueeze/last", |x| square(x[0].unsqueeze(2)), of(&[&[2, 3], &[0, 1]])),
        case!("permute", |x| square(x[0].permute(&[2, 0, 1])), of(&[&[2, 3, 4], &[1, 3, 2], &[2, 0, 3]])),
        case!("permute/last", |x| square(x[0].permute(&[1, 0, 3, 2])), of(&[&[2, 3, 2, 2], &[3, 1, 1, 17]])),
        case!("permute/scalar", |x| square(x[0].permute(&[])), of(&[&[]])),
        case!("transpose", |x| square(x[0].transpose(0, 1)), matrices()),
        case!("transpose/outer", |x| square(x[0].transpose(2, 0)), of(&[&[2, 3, 4], &[18, 2, 17]])),
        case!("transpose/same", |x| square(x[0].transpose(0, 0)), of(&[&[2, 3], &[4]])),
        case!("flip", |x| square(x[0].flip(&[1])), matrices()),
        case!("flip/axes", |x| square(x[0].flip(&[2, 0])), of(&[&[2, 3, 2], &[1, 2, 3]])),
        case!("flip/none", |x| square(x[0].flip(&[])), one(mixed)),
        case!("diagonal", |x| square(x[0].diagonal(0, 0, 1)), matrices()),
        case!("diagonal/above", |x| square(x[0].diagonal(1, 2, 0)), of(&[&[2, 2, 3], &[4, 1, 2]])),
        case!("diagonal/below", |x| square(x[0].diagonal(-2, 0, 1)), matrices()),
        case!("tril", |x| square(x[0].tril(0)), matrices()),
        case!("tril/offset", |x| square(x[0].tril(-1)), matrices()),
        case!("triu", |x| square(x[0].triu(0)), matrices()),
        case!("triu/offset", |x| square(x[0].triu(2)), matrices()),
    ]
}

fn repeats() -> Vec<Case> {
    vec![
        case!(
            "broadcast_to",
            |x| square(x[0].broadcast_to(&[2, 3, 2])),
            of(&[&[3, 1], &[2, 1, 2], &[1, 1, 1], &[], &[2], &[2, 3, 2]])
        ),
        case!("broadcast_to/empty", |x| square(x[0].broadcast_to(&[2, 0])), of(&[&[1], &[2, 1], &[2, 0]])),
        case!("repeat", |x| square(x[0].repeat(&[2, 3])), of(&[&[2, 3], &[2], &[], &[0, 2], &[1, 1]])),
        case!("repeat/new", |x| square(x[0].repeat(&[3, 1, 2])), of(&[&[2, 2], &[3], &[2, 1, 2]])),
        case!("repeat/none", |x| square(x[0].repeat(&[0, 2])), of(&[&[2, 2]])),
    ]
}

fn slices() -> Vec<Case> {
    let backwards = |start: isize, end: isize| Slice::new(start..end, -1);
    vec![
        case!("slice", |x| square(x[0].slice(0, 1..3, 1)), of(&[&[5], &[4, 2], &[2], &[0, 3]])),
        case!("slice/step", |x| square(x[0].slice(1, .., 2)), of(&[&[2, 5], &[2, 1], &[3, 0], &[2, 4, 2]])),
        case!("slice/reversed", |x| square(x[0].slice(1, .., -1)), of(&[&[2, 3], &[1, 4, 2], &[2, 0]])),
        case!("slice/backwards", |x| square(x[0].slice(0, -2.., -2)), of(&[&[6], &[5, 2]])),
        case!("slice/nothing", |x| square(x[0].slice(0, 7.., 1)), of(&[&[6], &[2, 3]])),
        case!(
            "slice_axes",
            |x| square(x[0].slice_axes(&[Slice::new(1.., 1), backwards(3, 0)])),
            of(&[&[3, 5], &[2, 4, 3], &[0, 4], &[1, 4]])
        ),
        case!("slice_axes/none", |x| square(x[0].slice_axes(&[])), one(mixed)),
        case!(
            "slice_assign",
            |x| square(x[0].slice_assign(&[Slice::FULL, Slice::new(1.., 2)], x[1])),
            each(&[&[&[2, 5], &[2, 2]], &[&[2, 5], &[]], &[&[3, 4, 2], &[2, 1]], &[&[2, 1], &[1]]])
        ),
        case!(
            "slice_assign/reversed",
            |x| square(x[0].slice_assign(&[Slice::new(.., -1)], x[1])),
            each(&[&[&[3, 2], &[3, 2]], &[&[3, 2], &[2]], &[&[0], &[0]]])
        ),
        case!("narrow", |x| square(x[0].narrow(1, 1, 2)), of(&[&[2, 4], &[2, 3, 2], &[0, 3]])),
        case!("narrow/empty", |x| square(x[0].narrow(0, 2, 0)), of(&[&[2, 3], &[4]])),
        case!(
            "split",
            |x| {
                let parts = x[0].split(1, &[1, 0, 2, 1])?;
                parts[0].mul(parts[2])?.sub(square(Ok(parts[3]))?)
            },
            of(&[&[2, 4], &[3, 4, 2]])
        ),
        case!(
            "chunk",
            |x| {
                let parts = x[0].chunk(0, 3)?;
                parts[0].mul(parts[1])?.sub(parts[2])
            },
            of(&[&[5, 2], &[3]])
        ),
    ]
}

fn joins() -> Vec<Case> {
    vec![
        case!(
            "concat",
            |x| square(concat(x, 1)),
            each(&[
                &[&[2, 3], &[2, 1]],
                &[&[2, 1, 2], &[2, 3, 2], &[2, 0, 2]],
                &[&[0, 1], &[0, 2]],
                &[&[2, 2]]
            ])
        ),
        case!("concat/outer", |x| square(concat(x, 0)), each(&[&[&[2, 3], &[1, 3], &[2, 3]], &[&[0], &[3]]])),
        case!("concat/twice", |x| square(concat(&[x[0], x[1], x[0]], 0)), each(&[&[&[2, 2], &[1, 2]]])),
        case!(
            "stack",
            |x| square(stack(x, 0)),
            each(&[&[&[2, 3], &[2, 3]], &[&[], &[], &[]], &[&[0], &[0]]])
        ),
        case!(
            "stack/last",
            |x| square(stack(x, 2)),
            each(&[&[&[2, 3], &[2, 3]], &[&[1, 2], &[1, 2], &[1, 2]]])
        ),
        case!("stack/middle", |x| square(stack(&[x[0], x[0], x[1]], 1)), each(&[&[&[2, 3], &[2, 3]]])),
    ]
}

fn pads() -> Vec<Case> {
    fn constant<T: Element>() -> PadMode<T> {
        PadMode::Constant(T::from_f64(0.5))
    }
    vec![
        case!("pad", |x| square(x[0].pad(&[(1, 0), (2, 3)], constant())), of(&[&[2, 3], &[1, 1], &[0, 2]])),
        case!(
            "pad/outer",
            |x| square(x[0].pad(&[(0, 2), (0, 0)], constant())),
            of(&[&[3, 2], &[0, 2], &[2, 0]])
        ),
        case!("pad/scalar", |x| square(x[0].pad(&[], constant())), of(&[&[]])),
        case!(
            "pad/reflect",
            |x| square(x[0].pad(&[(1, 1), (2, 0)], PadMode::Reflect)),
            of(&[&[2, 3], &[3, 4], &[2, 5]])
        ),
        case!(
            "pad/reflect_inner",
            |x| square(x[0].pad(&[(1, 2), (0, 0)], PadMode::Reflect)),
            of(&[&[3, 2], &[4, 1], &[3, 0]])
        ),
        case!(
            "pad/replicate",
            |x| square(x[0].pad(&[(0, 0), (2, 1), (0, 2)], PadMode::Replicate)),
            of(&[&[2, 3, 2], &[1, 1, 1], &[0, 2, 2]])
        ),
    ]
}
