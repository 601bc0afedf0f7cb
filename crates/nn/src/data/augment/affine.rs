//! Images turned, stretched and moved by parts of pixels.

use super::window::images;
use crate::data::Pair;
use crate::{ErrorKind, Result};
use rand::{Rng, RngExt};
use tensor::Element;
use tensor::ndarray::{Array4, ArrayView3, ArrayViewMut3};

/// Turns, stretches and moves each image of a batch `[n, c, h, w]` a little, all of its channels alike.
///
/// Each amount is drawn evenly from between minus and plus its largest. The pixel of the result at `p`, seen from
/// the centre, shows the image at `(1 + scale) R(angle) p + shift`, between pixels the mean of the four around,
/// weighted by nearness.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `degrees` | 10 | the largest angle | 0 to 180 |
/// | `scale` | 0.1 | the largest change of size, as a share | 0 up to less than 1 |
/// | `shift` | 0.5 | the largest way to either side, up or down, in pixels | finite, not negative |
/// | `fill` | 0 | what comes in from outside | finite |
///
/// ```
/// use nn::data::{Affine, Pair};
/// use nn::tensor::ndarray::array;
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let image = array![[[[0.0, 0.0, 0.0], [0.0, 7.0, 0.0], [0.0, 0.0, 0.0]]]];
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// // The centre stays where it is however the image is turned.
/// let turned = Affine { degrees: 90.0, scale: 0.0, shift: 0.0, fill: 0.0 }.apply(Pair::new(image, vec![0])?, rng)?;
/// assert_eq!(turned.inputs()[[0, 0, 1, 1]], 7.0);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// The largest angle in degrees.
    pub degrees: f64,
    /// The largest change of size, as a share.
    pub scale: f64,
    /// The largest way in pixels.
    pub shift: f64,
    /// What comes in from outside.
    pub fill: f64,
}

impl Default for Affine {
    fn default() -> Self {
        Self { degrees: 10.0, scale: 0.1, shift: 0.5, fill: 0.0 }
    }
}

impl Affine {
    /// The batch with its images changed.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a setting out of range, [`ErrorKind::Shape`] for a batch without images.
    pub fn apply<T: Element>(&self, batch: Pair<T>, rng: &mut impl Rng) -> Result<Pair<T>> {
        let owner = "affine";
        self.check(owner)?;
        let from = images(owner, &batch)?;
        let mut to = Array4::from_elem(from.raw_dim(), T::zero());
        for (from, to) in from.outer_iter().zip(to.outer_iter_mut()) {
            let mut draw = |most: f64| (2.0 * rng.random::<f64>() - 1.0) * most;
            let (sin, cos) = draw(self.degrees).to_radians().sin_cos();
            let size = 1.0 + draw(self.scale);
            let shift = [draw(self.shift), draw(self.shift)];
            resample(from, to, [size * sin, size * cos], shift, self.fill);
        }
        batch.with_inputs(to)
    }

    fn check(&self, owner: &'static str) -> Result<()> {
        let settings = [
            ("the angle", "between 0 and 180 degrees", self.degrees, (0.0..=180.0).contains(&self.degrees)),
            ("the scale", "at least 0 and less than 1", self.scale, (0.0..1.0).contains(&self.scale)),
            ("the shift", "finite and not negative", self.shift, self.shift >= 0.0 && self.shift.is_finite()),
            ("the fill", "finite", self.fill, self.fill.is_finite()),
        ];
        match settings.into_iter().find(|setting| !setting.3) {
            Some((name, expected, got, _)) => Err(ErrorKind::Setting { owner, name, expected, got }.into()),
            None => Ok(()),
        }
    }
}

/// Fills `to` with what `from` shows at the turned and moved places.
fn resample<T: Element>(
    from: ArrayView3<'_, T>,
    mut to: ArrayViewMut3<'_, T>,
    [sin, cos]: [f64; 2],
    [down, right]: [f64; 2],
    fill: f64,
) {
    let (height, width) = (from.shape()[1], from.shape()[2]);
    let (middle_y, middle_x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
    let pixel = |channel: usize, y: f64, x: f64| {
        let inside = y >= 0.0 && x >= 0.0 && y < height as f64 && x < width as f64;
        if inside { from[[channel, y as usize, x as usize]].to_f64() } else { fill }
    };
    for ((channel, row, column), to) in to.indexed_iter_mut() {
        let (dy, dx) = (row as f64 - middle_y, column as f64 - middle_x);
        let (y, x) = (cos * dy + sin * dx + middle_y + down, cos * dx - sin * dy + middle_x + right);
        let (top, left) = (y.floor(), x.floor());
        let (below, beside) = (y - top, x - left);
        let upper = (1.0 - beside) * pixel(channel, top, left) + beside * pixel(channel, top, left + 1.0);
        let lower =
            (1.0 - beside) * pixel(channel, top + 1.0, left) + beside * pixel(channel, top + 1.0, left + 1.0);
        *to = T::from_f64((1.0 - below) * upper + below * lower);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use tensor::ndarray::{Array3, array};

    fn image() -> Array3<f64> {
        array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]
    }

    fn resampled(turn: [f64; 2], shift: [f64; 2]) -> Array3<f64> {
        let mut to = Array3::zeros((1, 3, 3));
        resample(image().view(), to.view_mut(), turn, shift, 0.0);
        to
    }

    #[test]
    fn nothing_changes_nothing() {
        assert_eq!(resampled([0.0, 1.0], [0.0, 0.0]), image());
        let none = Affine { degrees: 0.0, scale: 0.0, shift: 0.0, fill: 0.0 };
        let images = image().insert_axis(tensor::ndarray::Axis(0));
        let batch = Pair::new(images.clone(), vec![0]).unwrap();
        let same = none.apply(batch, &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
        assert_eq!(same.inputs(), &images.into_dyn());
    }

    #[test]
    fn a_quarter_turn_and_half_a_pixel() {
        let turned = array![[[3.0, 6.0, 9.0], [2.0, 5.0, 8.0], [1.0, 4.0, 7.0]]];
        assert_eq!(resampled([1.0, 0.0], [0.0, 0.0]), turned);
        // Half way to the right: means of neighbours, and half of the last column from outside.
        assert_eq!(
            resampled([0.0, 1.0], [0.0, 0.5]),
            array![[[1.5, 2.5, 1.5], [4.5, 5.5, 3.0], [7.5, 8.5, 4.5]]]
        );
    }

    #[test]
    fn settings_are_checked() {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let batch = || Pair::new(Array4::<f32>::zeros((1, 1, 4, 2)), vec![0]).unwrap();
        let text = |affine: Affine, rng: &mut ChaCha8Rng| affine.apply(batch(), rng).unwrap_err().to_string();
        let got = text(Affine { scale: 1.0, ..Affine::default() }, rng);
        assert_eq!(got, "affine: expected the scale to be at least 0 and less than 1, got 1");
        assert!(text(Affine { degrees: f64::NAN, ..Affine::default() }, rng).contains("the angle"));
        assert!(text(Affine { shift: -1.0, ..Affine::default() }, rng).contains("the shift"));
    }
}
