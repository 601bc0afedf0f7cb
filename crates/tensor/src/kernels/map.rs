//! Elementwise loops over contiguous slices of one length.
//!
//! Closures are moved all the way in, and those that capture numbers should be `move` too: what they captured
//! by reference might lie in the output for all the compiler knows, and the loop would use no vectors.

use super::{Write, vectorize};
use crate::Element;

/// Below this many elements the dispatch costs more than wide vectors gain.
const WIDE: usize = 32;
/// From this many elements on threads share an optimizer's step: less is done before a thread wakes up.
#[cfg(feature = "rayon")]
const SHARED: usize = 1 << 16;

/// Stores or adds one value for each element. Slices are walked together rather than by index: a bounds
/// check inside of the loop would leave its last vectors to a scalar one.
#[inline(always)]
fn run<T: Element>(out: &mut [T], write: Write, values: impl Iterator<Item = T>) {
    match write {
        Write::Store => out.iter_mut().zip(values).for_each(|(out, x)| *out = x),
        Write::Add => out.iter_mut().zip(values).for_each(|(out, x)| *out += x),
    }
}

#[inline(always)]
fn dispatch<T: Element>(out: &mut [T], write: Write, values: impl Iterator<Item = T>) {
    if out.len() < WIDE {
        run(out, write, values);
    } else {
        vectorize(
            #[inline(always)]
            move || run(out, write, values),
        );
    }
}

/// `out[i] (+)= f(a[i])`
#[inline(always)]
pub(crate) fn map1<T: Element>(out: &mut [T], write: Write, a: &[T], f: impl Fn(T) -> T) {
    let a = &a[..out.len()];
    dispatch(out, write, a.iter().map(move |&a| f(a)));
}

/// `out[i] (+)= f(a[i], b[i])`
#[inline(always)]
pub(crate) fn map2<T: Element>(out: &mut [T], write: Write, a: &[T], b: &[T], f: impl Fn(T, T) -> T) {
    let (a, b) = (&a[..out.len()], &b[..out.len()]);
    dispatch(out, write, a.iter().zip(b).map(move |(&a, &b)| f(a, b)));
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
    dispatch(out, write, a.iter().zip(b).zip(c).map(move |((&a, &b), &c)| f(a, b, c)));
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

/// `values[i] = f(values[i], a[i])`, shared by threads where there is much of it.
pub(crate) fn update1_shared<T: Element>(values: &mut [T], a: &[T], f: impl Fn(T, T) -> T + Copy + Sync) {
    #[cfg(feature = "rayon")]
    if values.len() >= SHARED && rayon::current_num_threads() > 1 {
        let middle = values.len() / 2;
        let ((first, second), (a, b)) = (values.split_at_mut(middle), a.split_at(middle));
        rayon::join(|| update1_shared(first, a, f), || update1_shared(second, b, f));
        return;
    }
    update1(values, a, f);
}
