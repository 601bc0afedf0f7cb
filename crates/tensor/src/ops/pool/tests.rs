//! Pooling in blocks against every window by itself.

use crate::{Divisor, Element, PoolConfig, Result, Rounding, Tape};
use ndarray::Array4;

/// A result and the gradient of it times `g`, by the definition.
struct Plain {
    y: Vec<f32>,
    dx: Vec<f32>,
}

fn plain(x: &Array4<f32>, g: &[f32], config: PoolConfig<2>, max: bool, [high, wide]: [usize; 2]) -> Plain {
    let (images, channels, rows, columns) = x.dim();
    let mut plain = Plain { y: Vec::new(), dx: vec![0.0; x.len()] };
    let PoolConfig { kernel, stride, padding, divisor, .. } = config;
    for plane in 0..images * channels {
        for (oy, ox) in (0..high).flat_map(|oy| (0..wide).map(move |ox| (oy, ox))) {
            let start = [oy * stride[0], ox * stride[1]];
            let end = [0, 1].map(|a| (start[a] + kernel[a]).min([rows, columns][a] + 2 * padding[a]));
            let inside = |i: usize, a: usize| i >= padding[a] && i < [rows, columns][a] + padding[a];
            let cells: Vec<usize> = (start[0]..end[0])
                .flat_map(|y| (start[1]..end[1]).map(move |x| (y, x)))
                .filter(|&(y, x)| inside(y, 0) && inside(x, 1))
                .map(|(y, x)| (plane * rows + y - padding[0]) * columns + x - padding[1])
                .collect();
            let x = x.as_slice().expect("row by row");
            let g = g[plain.y.len()];
            if max {
                let larger = |best: usize, &i: &usize| {
                    let wins = x[i] > x[best] || (x[i].is_nan() && !x[best].is_nan());
                    if wins { i } else { best }
                };
                let best = cells.iter().fold(cells[0], larger);
                plain.y.push(x[best]);
                plain.dx[best] += g;
            } else {
                let count = match divisor {
                    Divisor::Window => (end[0] - start[0]) * (end[1] - start[1]),
                    Divisor::Inside => cells.len(),
                };
                let sum: f64 = cells.iter().map(|&i| f64::from(x[i])).sum();
                plain.y.push(sum as f32 / count as f32);
                cells.iter().for_each(|&i| plain.dx[i] += g / count as f32);
            }
        }
    }
    plain
}

/// Numbers with ties, zeros of both signs, and some that are no numbers.
fn image(rows: usize, columns: usize, nan: bool) -> Array4<f32> {
    let mut count = 0usize;
    Array4::from_shape_simple_fn((2, 2, rows, columns), || {
        count += 1;
        match count * 7919 % 23 {
            0 if nan => f32::NAN,
            1 => -0.0,
            i => (i / 2) as f32 - 5.0,
        }
    })
}

fn compare(columns: usize, config: PoolConfig<2>) -> Result<()> {
    for max in [false, true] {
        let x = image(7, columns, max);
        let tape = Tape::new();
        let leaf = tape.var(&x)?;
        let y = if max { leaf.max_pool2d(config)? } else { leaf.avg_pool2d(config)? };
        let y_values = y.value()?;
        let shape = y_values.shape();
        let mut g = y_values.clone();
        g.iter_mut().zip(1..).for_each(|(g, i)| *g = (i % 11) as f32 - 3.0);
        let plain = plain(&x, g.as_slice().expect("row by row"), config, max, [shape[2], shape[3]]);
        let same = |a: &f32, b: &f32| a == b || (Element::is_nan(*a) && Element::is_nan(*b));
        assert!(y_values.iter().zip(&plain.y).all(|(a, b)| same(a, b)), "{columns} {config:?}");
        assert_eq!(y_values.len(), plain.y.len());
        let dx = tape.backward_with(y, &g)?.wrt(leaf)?;
        assert!(dx.iter().zip(&plain.dx).all(|(a, b)| same(a, b)), "gradient of {columns} {config:?}");
    }
    Ok(())
}

#[test]
fn blocks_equal_single_windows() -> Result<()> {
    for columns in [5, 8, 9, 16, 17, 25, 40] {
        for kernel in [1, 2, 3, 5] {
            for stride in [1, 2, 3, 4] {
                for padding in 0..=kernel / 2 {
                    for rounding in [Rounding::Floor, Rounding::Ceil] {
                        for divisor in [Divisor::Window, Divisor::Inside] {
                            compare(
                                columns,
                                PoolConfig {
                                    stride: [2, stride],
                                    padding: [kernel / 2, padding],
                                    rounding,
                                    divisor,
                                    ..PoolConfig::new([kernel, kernel])
                                },
                            )?;
                        }
                    }
                }
            }
        }
    }
    Ok(())
}
