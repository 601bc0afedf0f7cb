//! Products and linear algebra.

use crate::case;
use crate::case::{Case, Layout, mixed};
use tensor::ndarray::ArrayD;
use tensor::{Activation, Csr, Element, Triangle, einsum, sparse_matmul};

pub(crate) fn cases() -> Vec<Case> {
    [products(), linear(), einsums(), matrices(), sparse()].into_iter().flatten().collect()
}

/// One set of inputs for every list of shapes; the last one again in other memory layouts.
fn shaped<const N: usize>(sets: &[[&[usize]; N]]) -> Vec<Vec<ArrayD<f64>>> {
    let set = |shapes: &[&[usize]; N], layout| {
        shapes.iter().enumerate().map(|(seed, shape)| mixed(shape, seed + 1, layout)).collect()
    };
    let last = sets.last().expect("at least one set");
    let other = [Layout::Reversed, Layout::Strided].map(|layout| set(last, layout));
    sets.iter().map(|shapes| set(shapes, Layout::Plain)).chain(other).collect()
}

fn products() -> Vec<Case> {
    let plain: &[[&[usize]; 2]] = &[
        [&[3], &[3]],
        [&[3], &[3, 2]],
        [&[2, 3], &[3]],
        [&[3], &[2, 3, 2]],
        [&[2, 2, 3], &[3]],
        [&[0], &[0]],
        [&[2, 0], &[0, 3]],
        [&[0, 2], &[2, 3]],
        [&[1, 1], &[1, 1]],
        [&[2, 2, 3], &[2, 3, 2]],
        [&[2, 2, 3], &[3, 2]],
        [&[2, 3], &[2, 3, 2]],
        [&[2, 1, 2, 3], &[3, 3, 1]],
        [&[2, 3, 2, 1], &[2, 1, 1, 2]],
        [&[2, 1, 2, 2], &[1, 2, 2, 1]],
        [&[0, 2, 3], &[3, 2]],
        [&[1, 2, 3], &[0, 3, 2]],
        [&[2, 3], &[3, 4]],
    ];
    let nt: &[[&[usize]; 2]] = &[
        [&[3], &[2, 3]],
        [&[2, 2, 3], &[4, 3]],
        [&[2, 3], &[2, 4, 3]],
        [&[2, 1, 2, 3], &[2, 1, 3]],
        [&[2, 0], &[3, 0]],
        [&[1, 2, 3], &[0, 2, 3]],
        [&[2, 3], &[4, 3]],
    ];
    let tn: &[[&[usize]; 2]] = &[
        [&[3, 2], &[3]],
        [&[2, 3, 2], &[3, 2]],
        [&[3, 2], &[2, 3, 2]],
        [&[2, 1, 3, 2], &[2, 3, 1]],
        [&[0, 2], &[0, 3]],
        [&[0, 3, 2], &[3, 2]],
        [&[3, 2], &[3, 4]],
    ];
    vec![
        case!("matmul", |x| x[0].matmul(x[1]), shaped(plain)),
        case!("matmul/batch", |x| x[0].matmul(x[1]), shaped(&[[&[3, 2, 2, 3], &[2, 3, 2]]])),
        case!("matmul/vectors", |x| x[0].matmul(x[1]), shaped(&[[&[3], &[2, 3, 2]]])),
        // Of the same variable on both sides, so that the second gradient is added.
        case!("matmul/itself", |x| x[0].matmul(x[0]), shaped(&[[&[3, 2, 2]]])),
        case!("matmul_nt", |x| x[0].matmul_nt(x[1]), shaped(nt)),
        case!("matmul_nt/itself", |x| x[0].matmul_nt(x[0]), shaped(&[[&[2, 3]], [&[2, 3, 2]]])),
        case!("matmul_tn", |x| x[0].matmul_tn(x[1]), shaped(tn)),
        case!("dot", |x| x[0].dot(x[1]), shaped(&[[&[0], &[0]], [&[1], &[1]], [&[4], &[4]]])),
        case!("outer", |x| x[0].outer(x[1]), shaped(&[[&[0], &[2]], [&[1], &[3]], [&[3], &[2]]])),
    ]
}

fn linear() -> Vec<Case> {
    let inputs = || {
        shaped(&[
            [&[3], &[3, 2], &[2]],
            [&[2, 2, 3], &[3, 2], &[2]],
            [&[0, 3], &[3, 2], &[2]],
            [&[1, 1], &[1, 1], &[1]],
            [&[4, 3], &[3, 2], &[2]],
        ])
    };
    vec![
        case!("linear", |x| x[0].linear(x[1], x[2]), inputs()),
        case!("linear_with/relu", |x| x[0].linear_with(x[1], x[2], Activation::Relu), inputs()),
        case!("linear_with/sigmoid", |x| x[0].linear_with(x[1], x[2], Activation::Sigmoid), inputs()),
        case!("linear_with/tanh", |x| x[0].linear_with(x[1], x[2], Activation::Tanh), inputs()),
    ]
}

fn einsums() -> Vec<Case> {
    vec![
        case!("einsum/transpose", |x| einsum("ij->ji", x), shaped(&[[&[2, 0]], [&[2, 3]]])),
        case!("einsum/diagonal", |x| einsum("...ii->...i", x), shaped(&[[&[2, 2]], [&[0, 0]], [&[2, 3, 3]]])),
        case!("einsum/trace", |x| einsum("ii", x), shaped(&[[&[3, 3]]])),
        case!("einsum/sums", |x| einsum("...i,kj->i", x), shaped(&[[&[2, 3], &[2, 2]]])),
        case!("einsum/matmul", |x| einsum("ij,jk", x), shaped(&[[&[2, 0], &[0, 2]], [&[2, 3], &[3, 2]]])),
        case!("einsum/transposed", |x| einsum("ji,kj->ki", x), shaped(&[[&[3, 2], &[4, 3]]])),
        case!("einsum/left", |x| einsum("bji,bjk->bik", x), shaped(&[[&[2, 3, 2], &[2, 3, 4]]])),
        case!("einsum/right", |x| einsum("bij,bkj->bik", x), shaped(&[[&[2, 2, 3], &[2, 4, 3]]])),
        case!("einsum/dot", |x| einsum("ij,ij->", x), shaped(&[[&[2, 3], &[2, 3]]])),
        case!("einsum/rows", |x| einsum("ij,ij->i", x), shaped(&[[&[2, 3], &[2, 3]]])),
        case!("einsum/elementwise", |x| einsum("ij,ji->ij", x), shaped(&[[&[2, 3], &[3, 2]]])),
        case!("einsum/outer", |x| einsum("i,jk->kij", x), shaped(&[[&[2], &[3, 2]]])),
        case!("einsum/ellipsis", |x| einsum("...ij,j...->...i", x), shaped(&[[&[2, 1, 2, 3], &[3, 2]]])),
        case!(
            "einsum/broadcast",
            |x| einsum("ij,jk->ik", x),
            shaped(&[[&[2, 1], &[3, 2]], [&[1, 3], &[3, 1]]])
        ),
        case!("einsum/bilinear", |x| einsum("bi,oij,bj->bo", x), shaped(&[[&[2, 2], &[3, 2, 3], &[2, 3]]])),
        case!(
            "einsum/chain",
            |x| einsum("ab,bc,cd,ae->de", x),
            shaped(&[[&[2, 3], &[3, 2], &[2, 2], &[2, 3]]])
        ),
        case!("einsum/groups", |x| einsum("axbc,cbdx->xda", x), shaped(&[[&[2, 2, 3, 2], &[2, 3, 2, 2]]])),
        case!("einsum/repeated", |x| einsum("iij,jkk->ik", x), shaped(&[[&[2, 2, 3], &[3, 2, 2]]])),
        // Ten indices between the first two operands, and a batch of seven.
        case!(
            "einsum/many",
            |x| einsum("abcde,fghij,abcfgh->deij", x),
            shaped(&[[&[2, 1, 2, 1, 2], &[1, 2, 1, 2, 1], &[2, 1, 2, 1, 2, 1]]])
        ),
        case!(
            "einsum/batch",
            |x| einsum("abcdefgi,abcdefgi->abcdefg", x),
            shaped(&[[&[1, 2, 1, 1, 2, 1, 1, 3], &[1, 2, 1, 1, 2, 1, 1, 3]]])
        ),
        case!("einsum/itself", |x| einsum("ij,kj,kl->il", &[x[0], x[0], x[0]]), shaped(&[[&[2, 3]]])),
    ]
}

/// Adds 3 to the diagonals of the first array, so that triangles are far from singular and matrices positive
/// definite (though not symmetric).
fn regular(mut sets: Vec<Vec<ArrayD<f64>>>) -> Vec<Vec<ArrayD<f64>>> {
    for matrices in sets.iter_mut().map(|set| &mut set[0]) {
        let last = matrices.ndim() - 1;
        for (at, x) in matrices.indexed_iter_mut() {
            *x += if at[last] == at[last - 1] { 3.0 } else { 0.0 };
        }
    }
    sets
}

fn matrices() -> Vec<Case> {
    let definite = || regular(shaped(&[[&[0, 0]], [&[1, 1]], [&[0, 2, 2]], [&[2, 3, 3]], [&[4, 4]]]));
    let systems = || {
        regular(shaped(&[
            [&[3, 3], &[3]],
            [&[2, 3, 3], &[3]],
            [&[0, 0], &[0, 2]],
            [&[3, 3], &[3, 0]],
            [&[0, 2, 2], &[2, 1]],
            [&[1, 1], &[1, 1]],
            [&[2, 1, 3, 3], &[2, 3, 2]],
            [&[3, 3], &[2, 3, 2]],
            [&[2, 2, 2], &[2, 1]],
            [&[3, 3], &[3, 2]],
        ]))
    };
    vec![
        case!("cholesky", |x| x[0].cholesky(), definite()),
        case!("cholesky/gram", |x| x[0].matmul_nt(x[0])?.cholesky(), shaped(&[[&[2, 2, 4]]])),
        case!("logdet", |x| x[0].logdet(), definite()),
        case!("solve_triangular/lower", |x| x[0].solve_triangular(x[1], Triangle::Lower), systems()),
        case!("solve_triangular/upper", |x| x[0].solve_triangular(x[1], Triangle::Upper), systems()),
        case!(
            "solve_triangular/lower_transposed",
            |x| x[0].solve_triangular(x[1], Triangle::LowerTransposed),
            systems()
        ),
        case!(
            "solve_triangular/upper_transposed",
            |x| x[0].solve_triangular(x[1], Triangle::UpperTransposed),
            systems()
        ),
        // The same variable on both sides, so that the second gradient is added.
        case!(
            "solve_triangular/itself",
            |x| x[0].solve_triangular(x[0], Triangle::Upper),
            regular(shaped(&[[&[3, 3]]]))
        ),
    ]
}

/// `[[0, 2, 0, 1], [0, 0, 0, 0], [-1, 0, 0, 3]]`, a row in disorder and one element in two parts.
fn csr<T: Element>() -> Csr<T> {
    let values = [1.0, 2.0, -1.0, 1.5, 1.5].map(T::from_f64).to_vec();
    Csr::new([3, 4], vec![0, 2, 2, 5], vec![3, 1, 0, 3, 3], values).expect("a valid matrix")
}

fn sparse() -> Vec<Case> {
    vec![
        case!(
            "sparse_matmul",
            |x| sparse_matmul(&csr(), x[0]),
            shaped(&[[&[4]], [&[4, 0]], [&[4, 1]], [&[4, 3]]])
        ),
        case!(
            "sparse_matmul/twice",
            |x| sparse_matmul(&csr(), x[0])?.mul(sparse_matmul(&csr(), x[0])?),
            shaped(&[[&[4, 2]]])
        ),
    ]
}
