//! What the changes share: images of a batch, and windows onto an image.

use crate::data::Pair;
use crate::{ErrorKind, Result};
use rand::{Rng, RngExt};
use tensor::Element;
use tensor::ndarray::{ArrayView3, ArrayView4, ArrayViewMut3, Ix4};

/// The images `[n, c, h, w]` of a batch.
pub(super) fn images<'a, T: Element>(owner: &'static str, batch: &'a Pair<T>) -> Result<ArrayView4<'a, T>> {
    batch.inputs().view().into_dimensionality::<Ix4>().map_err(|_| {
        let expected = String::from("images [rows, channels, height, width]");
        ErrorKind::Shape { owner, expected, got: batch.inputs().shape().to_vec() }.into()
    })
}

/// The window of `from` that begins at `[top, left]`, and `fill` where there are no pixels.
pub(super) fn window<T: Element>(
    from: ArrayView3<'_, T>,
    mut to: ArrayViewMut3<'_, T>,
    [top, left]: [isize; 2],
    fill: T,
) {
    let (height, width) = (from.shape()[1], from.shape()[2]);
    let inside = |place: usize, start: isize, size| place.checked_add_signed(start).filter(|&at| at < size);
    for (from, mut to) in from.outer_iter().zip(to.outer_iter_mut()) {
        for (y, mut to) in to.outer_iter_mut().enumerate() {
            let row = inside(y, top, height).map(|y| from.row(y));
            for (x, to) in to.iter_mut().enumerate() {
                let pixel = row.and_then(|row| inside(x, left, width).map(|x| row[x]));
                *to = pixel.unwrap_or(fill);
            }
        }
    }
}

/// A whole number of `from..=to`, drawn as `i64` so that machines of every word size agree.
pub(super) fn whole(rng: &mut impl Rng, from: isize, to: isize) -> isize {
    rng.random_range(from as i64..=to as i64) as isize
}
