//! How each type of number passes through a projection.

use tensor::{Dual, Element};

use crate::error::Result;

/// A number that passes through a projection: each [`Element`] of a tape is one (`f32`, `f64`, a [`Dual`] of one).
///
/// The systems are solved in `f64`. For a dual number `x + ẋ ε`, with a variance `w + ẇ ε` for each node, the rules are
///
/// - `y = M x`: `ẏ = M (ẋ − (ẇ/w) (x − y))`,
/// - `q = Mᵀ g`: `q̇ = Mᵀ (ġ + (ẇ/w) q) − (ẇ/w) q`,
///
/// so that a dual of a dual needs nothing more. Code that is generic over the type of number asks for
/// `T: Projectable` where it would ask for `T: Element`.
pub trait Projectable: Element {
    /// `M x`, where `map` does it to plain numbers. `w` is the diagonal of W, if it changes with something; both are
    /// laid out node by node, `x` with the same number of columns for each.
    #[doc(hidden)]
    fn forwards(map: &Map<'_>, w: Option<&[Self]>, x: &[Self]) -> Result<Vec<Self>>;

    /// `Mᵀ g`, where `map` does it to plain numbers.
    #[doc(hidden)]
    fn backwards(map: &Map<'_>, w: Option<&[Self]>, g: &[Self]) -> Result<Vec<Self>>;
}

/// A linear map of plain numbers.
pub(super) type Map<'a> = dyn Fn(&[f64]) -> Result<Vec<f64>> + 'a;

impl Projectable for f64 {
    fn forwards(map: &Map<'_>, _: Option<&[Self]>, x: &[Self]) -> Result<Vec<Self>> {
        map(x)
    }

    fn backwards(map: &Map<'_>, _: Option<&[Self]>, g: &[Self]) -> Result<Vec<Self>> {
        map(g)
    }
}

impl Projectable for f32 {
    fn forwards(map: &Map<'_>, _: Option<&[Self]>, x: &[Self]) -> Result<Vec<Self>> {
        let x: Vec<f64> = x.iter().copied().map(f64::from).collect();
        Ok(map(&x)?.into_iter().map(|y| y as Self).collect())
    }

    fn backwards(map: &Map<'_>, w: Option<&[Self]>, g: &[Self]) -> Result<Vec<Self>> {
        Self::forwards(map, w, g)
    }
}

impl<T: Projectable> Projectable for Dual<T> {
    fn forwards(map: &Map<'_>, w: Option<&[Self]>, x: &[Self]) -> Result<Vec<Self>> {
        let (value, mut tangent) = planes(x);
        let w = w.map(planes);
        let y = T::forwards(map, w.as_ref().map(|w| &*w.0), &value)?;
        if let Some((w, moved)) = &w {
            let rates = rates(w, moved, x.len());
            for (((tangent, rate), &x), &y) in tangent.iter_mut().zip(rates).zip(&value).zip(&y) {
                *tangent -= rate * (x - y);
            }
        }
        let slopes = T::forwards(map, w.as_ref().map(|w| &*w.0), &tangent)?;
        Ok(join(y, slopes))
    }

    fn backwards(map: &Map<'_>, w: Option<&[Self]>, g: &[Self]) -> Result<Vec<Self>> {
        let (value, mut tangent) = planes(g);
        let w = w.map(planes);
        let q = T::backwards(map, w.as_ref().map(|w| &*w.0), &value)?;
        let Some((w, moved)) = &w else {
            return Ok(join(q, T::backwards(map, None, &tangent)?));
        };
        for ((tangent, rate), &q) in tangent.iter_mut().zip(rates(w, moved, g.len())).zip(&q) {
            *tangent += rate * q;
        }
        let mut slopes = T::backwards(map, Some(w), &tangent)?;
        for ((slope, rate), &q) in slopes.iter_mut().zip(rates(w, moved, g.len())).zip(&q) {
            *slope -= rate * q;
        }
        Ok(join(q, slopes))
    }
}

/// Values and tangents.
fn planes<T: Element>(x: &[Dual<T>]) -> (Vec<T>, Vec<T>) {
    x.iter().map(|x| (x.value, x.tangent)).unzip()
}

fn join<T>(values: Vec<T>, tangents: Vec<T>) -> Vec<Dual<T>> {
    values.into_iter().zip(tangents).map(|(value, tangent)| Dual::new(value, tangent)).collect()
}

/// `ẇ/w` for each of `len` elements, a node's one as often as it has columns.
fn rates<'a, T: Element>(w: &'a [T], moved: &'a [T], len: usize) -> impl Iterator<Item = T> + 'a {
    let columns = len / w.len();
    w.iter().zip(moved).flat_map(move |(&w, &moved)| std::iter::repeat_n(moved / w, columns))
}
