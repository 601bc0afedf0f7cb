//! What the comparison with the definition (in `ops::conv`) does not show: values that are not finite, and
//! bits that do not depend on the place in a tile or on threads.

use super::*;
use crate::kernels::instruction_sets;

/// A kernel of 3 x 3 over images of 7 x 5 with a padding of 1 and 0.
fn direct(batch: usize, outputs: usize) -> Direct {
    let slide = Slide { input: [7, 5], output: [7, 3], taps: [3, 3], step: [1, 1], padding: [1, 0] };
    Direct { batch, groups: 1, inputs: 2, outputs, slide }
}

/// Numbers with rounding errors.
fn values(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7 + seed * 13) % 11) as f32 * 0.1 - 0.5).collect()
}

/// x, w and y of the right sizes.
fn arrays(direct: &Direct) -> [Vec<f32>; 3] {
    let (x, y) = direct.image_sizes();
    [values(direct.batch * x, 1), values(direct.outputs * direct.depth(), 2), values(direct.batch * y, 3)]
}

/// Value and gradients, those of the input and of the kernel.
fn all(arch: pulp::Arch, direct: &Direct, [x, w, dy]: [&[f32]; 3]) -> [Vec<f32>; 3] {
    let (mut y, mut dx, mut dw) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()], vec![0.0; w.len()]);
    forward(arch, direct, (x, w, None), (&mut y, Write::Store));
    super::input(arch, direct, (dy, w, None), (&mut dx, Write::Store));
    weight(arch, direct, [dy, x], &mut dw);
    [y, dx, dw]
}

fn classes(values: &[f32]) -> Vec<std::num::FpCategory> {
    values.iter().map(|x| x.classify()).collect()
}

#[test]
fn what_is_not_finite_spreads_as_by_the_definition() {
    let direct = direct(3, 9);
    for special in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for (array, at) in [(0, 4), (0, 37), (1, 0), (1, 10), (2, 2), (2, 33)] {
            let mut operands = arrays(&direct);
            operands[array][at] = special;
            let [x, w, dy] = operands.each_ref().map(Vec::as_slice);
            let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
            plain::input(&direct, w, dy, &mut dx);
            for channel in 0..9 {
                let depth = direct.depth();
                plain::weigh(&direct, x, dy, channel, &mut dw[channel * depth..][..depth]);
            }
            for arch in instruction_sets() {
                let [y, got_x, got_w] = all(arch, &direct, [x, w, dy]);
                assert_eq!(classes(&got_x), classes(&dx), "{special} at {at} of {array}: gradient of x");
                // Infinity times the padding is no number here, as in a product of matrices.
                let spread = |got: &[f32], want: &[f32]| {
                    got.iter()
                        .zip(want)
                        .all(|(got, want)| got.is_finite() == want.is_finite() || got.is_nan())
                };
                assert!(spread(&got_w, &dw), "{special} at {at} of {array}: gradient of w");
                assert_eq!(
                    y.iter().any(|y| !y.is_finite()),
                    array < 2,
                    "{special} at {at} of {array}: value"
                );
            }
        }
    }
}

#[test]
fn subnormal_numbers_are_kept() {
    let slide = Slide { input: [1, 40], output: [1, 39], taps: [1, 2], step: [1, 1], padding: [0, 0] };
    let direct = Direct { batch: 1, groups: 1, inputs: 1, outputs: 1, slide };
    let tiny = f32::from_bits(3);
    for arch in instruction_sets() {
        let [y, dx, dw] = all(arch, &direct, [&[tiny; 40], &[1.0, 1.0], &[tiny; 39]]);
        assert!(y.iter().all(|y| y.to_bits() == 6), "{y:?}");
        assert!(dx[1..39].iter().all(|dx| dx.to_bits() == 6), "{dx:?}");
        assert_eq!(dw, [0.0, 0.0]);
    }
}

#[test]
fn bits_do_not_depend_on_neighbours() {
    let many = direct(5, 19);
    let [x, w, dy] = arrays(&many);
    for arch in instruction_sets() {
        let [y, dx, dw] = all(arch, &many, [&x, &w, &dy]);
        for image in 0..5 {
            let one = direct(1, 19);
            let ((x_size, y_size), part) =
                (one.image_sizes(), |size: usize| image * size..(image + 1) * size);
            let [y1, dx1, _] = all(arch, &one, [&x[part(x_size)], &w, &dy[part(y_size)]]);
            assert_eq!((&y[part(y_size)], &dx[part(x_size)]), (&y1[..], &dx1[..]), "image {image}");
        }
        // One output channel alone: the tile has another height.
        let one = direct(5, 1);
        let positions = one.positions();
        for channel in [0, 7, 18] {
            let dy: Vec<f32> = dy
                .chunks(19 * positions)
                .flat_map(|dy| &dy[channel * positions..][..positions])
                .copied()
                .collect();
            let depth = one.depth();
            let [_, _, dw1] = all(arch, &one, [&x, &w[..depth], &dy]);
            assert_eq!(dw[channel * depth..][..depth], dw1, "channel {channel}");
        }
    }
}

#[cfg(feature = "rayon")]
#[test]
fn bits_do_not_depend_on_threads() -> Result<(), rayon::ThreadPoolBuildError> {
    let slide = Slide { input: [30, 31], output: [28, 33], taps: [3, 3], step: [1, 1], padding: [0, 2] };
    let direct = Direct { batch: 7, groups: 2, inputs: 5, outputs: 11, slide };
    let (x, y) = direct.image_sizes();
    let (x, w, dy) = (values(7 * x, 1), values(22 * direct.depth(), 2), values(7 * y, 3));
    assert!(w.len() * 7 * direct.positions() >= PARALLEL, "large enough to be shared");
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        Ok(pool.install(|| all(pulp::Arch::new(), &direct, [&x, &w, &dy])))
    };
    let one = run(1)?;
    for threads in 2..=6 {
        assert_eq!(run(threads)?, one, "{threads} threads");
    }
    Ok(())
}
