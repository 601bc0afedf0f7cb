//! Elementwise loops over contiguous slices of one length.
//!
//! Closures are moved all the way in, and those that capture numbers should be `move` too: what they captured
//! by reference might lie in the output for all the compiler knows, and the loop would use no vectors.

use super::{Write, vectorize};
use crate::Element;

/// Below this many elements the dispatch costs more than wide vectors gain.
const WIDE: usize = 32;

#[inline(always)]
fn run<T: Element>(out: &mut [T], write: Write, f: impl Fn(usize) -> T) {
    match write {
        Write::Store => out.iter_mut().enumerate().for_each(|(i, out)| *out = f(i)),
        Write::Add => out.iter_mut().enumerate().for_each(|(i, out)| *out += f(i)),
    }
}

#[inline(always)]
fn dispatch<T: Element>(out: &mut [T], write: Write, f: impl Fn(usize) -> T) {
    if out.len() < WIDE {
        run(out, write, f);
    } else {
        vectorize(
            #[inline(always)]
            move || run(out, write, f),
        );
    }
}

/// `out[i] (+)= f(a[i])`
#[inline(always)]
pub(crate) fn map1<T: Element>(out: &mut [T], write: Write, a: &[T], f: impl Fn(T) -> T) {
    // Slices of one length let the compiler drop the bounds checks.
    let a = &a[..out.len()];
    dispatch(out, write, move |i| f(a[i]));
}

/// `out[i] (+)= f(a[i], b[i])`
#[inline(always)]
pub(crate) fn map2<T: Element>(out: &mut [T], write: Write, a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
    let (a, b) = (&a[..out.len()], &b[..out.len()]);
    dispatch(out, write, move |i| f(a[i], b[i]));
}

/// `out[i] (+)= f(a[i], b[i], c[i])`
#[inline(always)]
pub(crate) fn map3<T: Element>(
    out: &mut [T],
    write: Write,
    (a, b, c): (&[T], &[T], &[T]),
    f: impl Fn(T, T, T) -> T,
) {
    let (a, b, c) = (&a[..out.len()], &b[..out.len()], &c[..out.len()]);
    dispatch(out, write, move |i| f(a[i], b[i], c[i]));
}

/// `values[i] = f(values[i])`
#[inline(always)]
pub(crate) fn update<T: Element>(values: &mut [T], f: impl Fn(T) -> T) {
    if values.len() < WIDE {
        values.iter_mut().for_each(|x| *x = f(*x));
    } else {
        vectorize(
            #[inline(always)]
            move || values.iter_mut().for_each(|x| *x = f(*x)),
        );
    }
}

/// `values[i] = f(values[i], a[i])`
#[inline(always)]
pub(crate) fn update1<T: Element>(values: &mut [T], a: &[T], f: impl Fn(T, T) -> T) {
    if values.len() < WIDE {
        values.iter_mut().zip(a).for_each(|(x, &a)| *x = f(*x, a));
    } else {
        vectorize(
            #[inline(always)]
            move || values.iter_mut().zip(a).for_each(|(x, &a)| *x = f(*x, a)),
        );
    }
}
