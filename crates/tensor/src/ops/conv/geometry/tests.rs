//! Every way of computing against the definition, with small whole numbers.

use super::*;
use crate::kernels::instruction_sets;

/// Calls `f` with the indices in x, w and y of every product: the slow and obvious definition.
fn products(geometry: &Geometry, mut f: impl FnMut(usize, usize, usize)) {
    let [high, wide] = geometry.axes;
    let at = |lengths: &[usize], indices: &[usize]| {
        lengths.iter().zip(indices).fold(0, |at, (length, index)| at * length + index)
    };
    let each = |lengths: &[usize]| {
        let lengths = lengths.to_vec();
        (0..lengths.iter().product()).map(move |mut index: usize| {
            let mut indices = lengths.clone();
            for (i, &length) in indices.iter_mut().zip(&lengths).rev() {
                *i = index % length;
                index /= length;
            }
            indices
        })
    };
    let Geometry { batch, groups, inputs, outputs, .. } = *geometry;
    let y = [batch, groups, outputs, high.output, wide.output];
    let w = [groups, outputs, inputs, high.kernel, wide.kernel];
    for to in each(&y) {
        for tap in each(&w[2..]) {
            if let (Some(row), Some(column)) = (high.at(to[3], tap[1]), wide.at(to[4], tap[2])) {
                let x = [batch, groups, inputs, high.input, wide.input];
                f(
                    at(&x, &[to[0], to[1], tap[0], row, column]),
                    at(&w, &[to[1], to[2], tap[0], tap[1], tap[2]]),
                    at(&y, &to),
                );
            }
        }
    }
}

/// Small whole numbers: every order of adding gives the same bits.
fn values<T: Element>(n: usize, seed: usize) -> Vec<T> {
    (0..n).map(|i| T::from_f64(((i * 7 + seed * 13) % 11) as f64 - 5.0)).collect()
}

/// x, w, y, where the gradients or the value are added.
type Arrays<T> = [Vec<T>; 3];

/// What every way of computing gives, each added to what is there: the gradients of x and w, and y.
fn computed<T: Element>(geometry: &Geometry, [x, w, y]: &Arrays<T>) -> Vec<Arrays<T>> {
    let mut all = Vec::new();
    let mut add = |f: &dyn Fn(&mut Arrays<T>, &mut [T])| {
        let mut out = [x.clone(), w.clone(), y.clone()];
        f(&mut out, &mut vec![T::from_f64(f64::NAN); geometry.matrix()]);
        all.push(out);
    };
    add(&|[dx, dw, out], columns| {
        let columns = &mut columns[..geometry.columns::<T>()];
        geometry.forward((x, w, None), (out, Write::Add), columns);
        geometry.backward_input((y, w, None), (dx, Write::Add), columns);
        geometry.backward_weight((y, x), dw, columns);
    });
    add(&|[dx, dw, out], columns| {
        geometry.multiply((x, w), (out, Write::Add), columns);
        geometry.multiply_back((y, w), dx, columns);
        geometry.multiply_weight((y, x), dw, columns);
    });
    if let (Some(kernels), Some(direct)) = (convolutions::<T>(), geometry.slide()) {
        for arch in instruction_sets() {
            add(&|[dx, dw, out], _| {
                (kernels.forward)(arch, &direct, (x, w, None), (out, Write::Add));
                (kernels.input)(arch, &direct, (y, w, None), (dx, Write::Add));
                (kernels.weight)(arch, &direct, [y, x], dw);
            });
        }
    }
    all
}

fn compare<T: Element>(geometry: &Geometry) {
    let Geometry { batch, groups, inputs, outputs, .. } = *geometry;
    let x: Vec<T> = values(batch * groups * inputs * geometry.read(), 1);
    let w: Vec<T> = values(groups * outputs * geometry.depth(), 2);
    let y: Vec<T> = values(batch * groups * outputs * geometry.positions(), 3);
    let mut want = [x.clone(), w.clone(), y.clone()];
    products(geometry, |i, j, k| {
        want[0][i] += w[j] * y[k];
        want[1][j] += x[i] * y[k];
        want[2][k] += x[i] * w[j];
    });
    for (way, got) in computed(geometry, &[x, w, y]).iter().enumerate() {
        assert_eq!(*got, want, "way {way} of {geometry:?}");
    }
}

/// Whether a stored result is what is added to zeros, with and without a bias.
fn compare_stores<T: Element>(geometry: &Geometry) {
    let Geometry { batch, groups, inputs, outputs, .. } = *geometry;
    let x: Vec<T> = values(batch * groups * inputs * geometry.read(), 1);
    let w: Vec<T> = values(groups * outputs * geometry.depth(), 2);
    let y: Vec<T> = values(batch * groups * outputs * geometry.positions(), 3);
    let (x_bias, y_bias): (Vec<T>, Vec<T>) = (values(groups * inputs, 4), values(groups * outputs, 5));
    let mut columns = vec![T::zero(); geometry.columns::<T>()];
    for (x_bias, y_bias) in [(None, None), (Some(&x_bias[..]), Some(&y_bias[..]))] {
        let (mut want_x, mut want_y) = (vec![T::zero(); x.len()], vec![T::zero(); y.len()]);
        if let (Some(x_bias), Some(y_bias)) = (x_bias, y_bias) {
            fill_bias(&mut want_x, x_bias, geometry.read());
            fill_bias(&mut want_y, y_bias, geometry.positions());
        }
        geometry.forward((&x, &w, None), (&mut want_y, Write::Add), &mut columns);
        geometry.backward_input((&y, &w, None), (&mut want_x, Write::Add), &mut columns);
        let nan = T::from_f64(f64::NAN);
        let (mut got_x, mut got_y) = (vec![nan; x.len()], vec![nan; y.len()]);
        geometry.forward((&x, &w, y_bias), (&mut got_y, Write::Store), &mut columns);
        geometry.backward_input((&y, &w, x_bias), (&mut got_x, Write::Store), &mut columns);
        assert_eq!((got_x, got_y), (want_x, want_y), "{geometry:?}");
    }
}

/// Every window that fits, with what the stride leaves over and with outputs left out.
fn windows() -> Vec<Window> {
    let mut windows = Vec::new();
    for (input, kernel, stride) in [(1, 1, 1), (5, 1, 1), (5, 2, 1), (4, 3, 2), (7, 3, 3), (6, 1, 2)] {
        for (padding, dilation) in [(0, 1), (1, 1), (3, 2), (0_usize, 2)] {
            let extent = (kernel - 1) * dilation + 1;
            if let Some(free) = (input + 2 * padding).checked_sub(extent) {
                let output = free / stride + 1;
                windows.push(Window { input, kernel, output, stride, padding, dilation });
            }
        }
    }
    windows
}

#[test]
fn every_geometry_equals_the_definition() {
    let windows = windows();
    for (i, &high) in windows.iter().enumerate() {
        for (j, &wide) in windows.iter().enumerate() {
            let (batch, groups) = (1 + i % 2, 1 + j % 2);
            let (inputs, outputs) = (1 + (i + j) % 3, 1 + (i + 2 * j) % 4);
            let geometry = Geometry { batch, groups, inputs, outputs, axes: [high, wide] };
            compare::<f32>(&geometry);
            compare::<f64>(&geometry);
            compare_stores::<f32>(&geometry);
        }
    }
}

/// Channels up to more than two tiles, odd lengths, runs of several images and of several pieces.
#[test]
fn every_direct_convolution_equals_the_definition() {
    let window = |input: usize, kernel: usize, padding: usize, dilation: usize| {
        let output = (input + 2 * padding).checked_sub((kernel - 1) * dilation)?;
        (output > 0).then_some(Window { input, kernel, output, stride: 1, padding, dilation })
    };
    let mut count = 0;
    for kernel in 1..=5 {
        for padding in 0..=2 {
            for (input, dilation) in [(1, 1), (2, 1), (9, 1), (13, 2), (31, 1), (130, 1)] {
                count += 1;
                let high = window(1 + count % 11, 1 + count % 3, count % 2, 1);
                let (Some(high), Some(wide)) = (high, window(input, kernel, padding, dilation)) else {
                    continue;
                };
                let (inputs, outputs) = (1 + count % 20, 1 + (count * 7) % 20);
                let (batch, groups) = (1 + count % 4, 1 + count % 3 / 2);
                let geometry = Geometry { batch, groups, inputs, outputs, axes: [high, wide] };
                compare::<f32>(&geometry);
                compare::<f64>(&geometry);
                compare_stores::<f64>(&geometry);
            }
        }
    }
}

#[test]
fn a_kernel_longer_than_the_images_gets_no_planes() {
    let (padding, dilation) = (1 << 29, (1 << 29) - 500);
    let output = 1 + 2 * padding - 2 * dilation;
    let wide = Window { input: 1, kernel: 3, output, stride: 1, padding, dilation };
    let high = Window { input: 1, kernel: 1, output: 1, stride: 1, padding: 0, dilation: 1 };
    let geometry = Geometry { batch: 1, groups: 1, inputs: 1, outputs: 1, axes: [high, wide] };
    assert!(geometry.slide().is_none());
    compare::<f32>(&geometry);
}
