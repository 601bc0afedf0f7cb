//! The largest and the smallest of many numbers, and where they are.

use super::vectorize;
use crate::Element;

/// Independent partial results: two vectors of the widest kind.
const LANES: usize = 32;

/// The largest number, -inf of none; not a number if one of them is not. Of 0 and -0 either.
pub(crate) fn largest<T: Element>(values: &[T]) -> T {
    extreme(values, T::from_f64(f64::NEG_INFINITY), |best, x| if x > best { x } else { best })
}

/// The smallest number, inf of none; not a number if one of them is not. Of 0 and -0 either.
pub(crate) fn smallest<T: Element>(values: &[T]) -> T {
    extreme(values, T::from_f64(f64::INFINITY), |best, x| if x < best { x } else { best })
}

/// `choose` loses NaN, as the instructions for maxima and minima do; those are kept apart.
#[inline(always)]
fn extreme<T: Element>(values: &[T], start: T, choose: impl Fn(T, T) -> T) -> T {
    let keep = |kept: T, x: T| if x.is_nan() { x } else { kept };
    let [mut best, mut nan] = [start, T::zero()];
    let (chunks, rest) = values.as_chunks::<LANES>();
    if !chunks.is_empty() {
        (best, nan) = vectorize(
            #[inline(always)]
            || {
                let (mut bests, mut nans) = ([start; LANES], [T::zero(); LANES]);
                for chunk in chunks {
                    for ((best, nan), &x) in bests.iter_mut().zip(&mut nans).zip(chunk) {
                        *best = choose(*best, x);
                        *nan = keep(*nan, x);
                    }
                }
                // Halves rather than one after the other: a comparison waits for the one before.
                let mut half = LANES / 2;
                while half > 0 {
                    for i in 0..half {
                        bests[i] = choose(bests[i], bests[i + half]);
                        nans[i] = keep(nans[i], nans[i + half]);
                    }
                    half /= 2;
                }
                (bests[0], nans[0])
            },
        );
    }
    best = rest.iter().fold(best, |best, &x| choose(best, x));
    nan = rest.iter().fold(nan, |nan, &x| keep(nan, x));
    if nan.is_nan() { nan } else { best }
}

/// The position of the first number that equals `x`, or that is not a number if `x` is not.
pub(crate) fn position<T: Element>(values: &[T], x: T) -> Option<usize> {
    let found = |&y: &T| y == x || (y.is_nan() && x.is_nan());
    // Chunks are searched whole, since a loop that may end anywhere uses no vectors.
    let any = |chunk: &[T]| {
        vectorize(
            #[inline(always)]
            || chunk.iter().fold(false, |any, y| any | found(y)),
        )
    };
    let chunks = values.chunks(16 * LANES);
    let before = chunks.take_while(|chunk| !any(chunk)).map(<[T]>::len).sum();
    values[before..].iter().position(found).map(|i| before + i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_equals_the_plain_fold() {
        let values: Vec<f32> = (0..1100).map(|i| ((i * 7919) % 1013) as f32 - 500.0).collect();
        for n in (0..=130).chain([511, 512, 513, 1024, 1100]) {
            let values = &values[..n];
            let plain = |f: fn(f32, f32) -> f32, start| values.iter().fold(start, |a, &b| f(a, b));
            let (max, min) = (plain(f32::larger, f32::NEG_INFINITY), plain(f32::smaller, f32::INFINITY));
            assert_eq!((largest(values), smallest(values)), (max, min));
            assert_eq!(position(values, max), values.iter().position(|&x| x == max));
        }
    }

    #[test]
    fn nan_anywhere_wins() {
        for n in [1, 31, 32, 33, 70, 600] {
            for at in [0, n / 2, n - 1] {
                let mut values = vec![1.0f64; n];
                values[at] = f64::NAN;
                assert!(largest(&values).is_nan() && smallest(&values).is_nan());
                assert_eq!(position(&values, f64::NAN), Some(at));
            }
        }
        assert_eq!(largest(&[f32::NEG_INFINITY; 40]), f32::NEG_INFINITY);
        assert_eq!(smallest(&[f32::INFINITY; 40]), f32::INFINITY);
    }
}
