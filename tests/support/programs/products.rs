//! Products, einsum and linear algebra as steps of a program.

#![allow(clippy::too_many_lines, reason = "lists of one entry per op")]

use super::machine::{Machine, Number};
use super::operands::last;
use super::table::Step;
use tensor::{Activation, Csr, Result, Triangle, Var, einsum, sparse_matmul};

/// Expressions that are right for some operands, and a few that never are.
pub(super) const EXPRESSIONS: [&str; 20] = [
    "ij,jk->ik",
    "ij->ji",
    "ii->i",
    "ii",
    "i,j->ij",
    "bij,bjk->bik",
    "...i,i->...",
    "i,i,i->",
    "ij,ij->",
    "->",
    "...ij->...ji",
    "ij,k->",
    "",
    "ij->iij",
    "i..j",
    "...,...->...",
    "aab,b->a",
    "ab,cd,ef->",
    "i->",
    "Ab,bA",
];

pub(super) fn products<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let steps: [(&str, Step<T>); 11] = [
        ("matmul", |m| with_matrix(m, |a, b| a.matmul(b), |a, n| [last(a, 0), n])),
        ("matmul_nt", |m| with_matrix(m, |a, b| a.matmul_nt(b), |a, n| [n, last(a, 0)])),
        ("matmul_tn", |m| with_matrix(m, |a, b| a.matmul_tn(b), |a, n| [last(a, 1), n])),
        ("dot", |m| {
            let a = m.ranked(1)?;
            let b = m.shaped(&a.shape()?)?;
            m.keep(a.dot(b))
        }),
        ("outer", |m| {
            let (a, b) = (m.ranked(1)?, m.ranked(1)?);
            if m.modest(&[a, b], &[]) { m.keep(a.outer(b)) } else { Ok(()) }
        }),
        ("linear", |m| {
            let (x, weight, bias) = m.layer()?;
            if m.modest(&[x, weight], &[]) { m.keep(x.linear(weight, bias)) } else { Ok(()) }
        }),
        ("linear_with", |m| {
            let (x, weight, bias) = m.layer()?;
            let choices = [Activation::Identity, Activation::Relu, Activation::Sigmoid, Activation::Tanh];
            let activation = m.bytes.pick(&choices);
            if m.modest(&[x, weight], &[]) { m.keep(x.linear_with(weight, bias, activation)) } else { Ok(()) }
        }),
        ("einsum", |m| {
            let expression = m.expression();
            let mut operands = m.several()?;
            if !m.bytes.one_in(4) {
                operands.clear();
                for term in expression.split("->").next().unwrap_or_default().split(',') {
                    let lengths = [2, 3, 1, 4, 2, 3];
                    let of = |letter: u8| lengths[letter as usize % 6];
                    let shape: Vec<_> = term.bytes().filter(u8::is_ascii_alphabetic).map(of).collect();
                    operands.push(m.shaped(&shape)?);
                }
            }
            if m.modest(&operands, &[]) { m.keep(einsum(&expression, &operands)) } else { Ok(()) }
        }),
        ("sparse_matmul", |m| {
            let (rows, columns) = (m.bytes.below(5), m.bytes.below(5));
            let stored = if columns == 0 { 0 } else { m.bytes.below(8) };
            let mut pointers: Vec<_> = (0..=rows).map(|row| row * stored / rows.max(1)).collect();
            if m.bytes.one_in(8) {
                pointers = m.bytes.lengths();
            }
            let places = m.numbers(stored, columns);
            let values = (0..stored).map(|_| m.real()).collect();
            let columns = if m.bytes.one_in(16) { usize::MAX } else { columns };
            let matrix = Csr::new([rows, columns], pointers, places, values)?;
            let width = m.bytes.below(4);
            let x = m.shaped(&[columns, width])?;
            if m.modest(&[x], &[5]) { m.keep(sparse_matmul(&matrix, x)) } else { Ok(()) }
        }),
        ("cholesky", |m| {
            let a = m.definite()?;
            m.keep(a.cholesky())
        }),
        ("solve_triangular", |m| {
            use Triangle::{Lower, LowerTransposed, Upper, UpperTransposed};
            let a = if m.bytes.one_in(2) { m.ranked(2)? } else { m.definite()? };
            let (n, k) = (last(&a.shape()?, 0), m.bytes.below(4));
            let b = m.shaped(&[n, k][..2 - usize::from(k == 0)])?;
            let triangle = m.bytes.pick(&[Lower, Upper, LowerTransposed, UpperTransposed]);
            if m.modest(&[a, b], &[]) { m.keep(a.solve_triangular(b, triangle)) } else { Ok(()) }
        }),
    ];
    let mut steps = steps.to_vec();
    steps.push(("logdet", |m| {
        let a = m.definite()?;
        m.keep(a.logdet())
    }));
    steps
}

fn with_matrix<T: Number>(
    m: &mut Machine<'_, '_, T>,
    f: impl for<'s> Fn(Var<'s, T>, Var<'s, T>) -> Result<Var<'s, T>>,
    shape: impl Fn(&[usize], usize) -> [usize; 2],
) -> Result<()> {
    let (a, n) = (m.var()?, m.bytes.below(5));
    let b = m.shaped(&shape(&a.shape()?, n))?;
    if m.modest(&[a, b], &[]) { m.keep(f(a, b)) } else { Ok(()) }
}
