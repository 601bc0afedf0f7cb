//! What the ops compute, written with ndarray alone into given memory: the floor of the benches.

use tensor::ndarray::linalg::general_mat_mul;
use tensor::ndarray::{Array2, ArrayD, ArrayView2, ArrayView4, ArrayViewMut2, Axis, Ix2, Ix4, Slice, Zip, s};

/// A function of the inputs that writes the output.
pub(crate) type Floor = fn(&[ArrayD<f32>], &mut ArrayD<f32>);

fn matrix(x: &ArrayD<f32>) -> ArrayView2<'_, f32> {
    x.view().into_dimensionality::<Ix2>().expect("two axes")
}

fn matrix_mut(x: &mut ArrayD<f32>) -> ArrayViewMut2<'_, f32> {
    x.view_mut().into_dimensionality::<Ix2>().expect("two axes")
}

fn images(x: &ArrayD<f32>) -> ArrayView4<'_, f32> {
    x.view().into_dimensionality::<Ix4>().expect("four axes")
}

/// A permutation of `0..n` for a power of two, far from the order of memory.
pub(crate) fn shuffled(n: usize) -> Vec<usize> {
    (0..n).map(|i| (i * 5 + 3) % n).collect()
}

/// A column for every element of a square matrix, such that each row holds each column once.
pub(crate) fn columns(side: usize) -> Array2<usize> {
    Array2::from_shape_fn((side, side), |(i, j)| (i + j * 5) % side)
}

pub(crate) fn map(x: &[ArrayD<f32>], y: &mut ArrayD<f32>, f: impl Fn(f32) -> f32) {
    Zip::from(y).and(&x[0]).for_each(|y, &x| *y = f(x));
}

pub(crate) fn map2(x: &[ArrayD<f32>], y: &mut ArrayD<f32>, f: impl Fn(f32, f32) -> f32) {
    Zip::from(y).and(&x[0]).and_broadcast(&x[1]).for_each(|y, &a, &b| *y = f(a, b));
}

pub(crate) fn max_rows(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    Zip::from(y).and(x[0].rows()).for_each(|y, row| *y = row.fold(f32::NEG_INFINITY, |a, &b| a.max(b)));
}

pub(crate) fn softmax(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    for (mut y, x) in y.rows_mut().into_iter().zip(x[0].rows()) {
        let max = x.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        y.zip_mut_with(&x, |y, &x| *y = (x - max).exp());
        let sum = y.sum();
        y /= sum;
    }
}

pub(crate) fn log_softmax(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    for (mut y, x) in y.rows_mut().into_iter().zip(x[0].rows()) {
        let max = x.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        let sum = x.fold(0.0, |sum, &x| sum + (x - max).exp());
        y.zip_mut_with(&x, |y, &x| *y = x - max - sum.ln());
    }
}

pub(crate) fn matmul(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    general_mat_mul(1.0, &matrix(&x[0]), &matrix(&x[1]), 0.0, &mut matrix_mut(y));
}

/// A convolution with a kernel of 3 x 3 taps: what it meets is copied into a matrix, image by image.
pub(crate) fn conv(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    let ([_, channels, high, wide], [outputs, ..]) =
        (images(&x[0]).dim().into(), <[usize; 4]>::from(images(&x[1]).dim()));
    let (high, wide) = (high - 2, wide - 2);
    let taps = images(&x[1]).permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned();
    let taps = taps.into_shape_with_order((outputs, 9 * channels)).expect("a row for each output");
    let mut met = Array2::<f32>::zeros((9 * channels, high * wide));
    for (image, mut out) in images(&x[0]).outer_iter().zip(y.outer_iter_mut()) {
        for tap in 0..9 {
            let part = image.slice(s![.., tap / 3..tap / 3 + high, tap % 3..tap % 3 + wide]);
            let mut rows = met.slice_mut(s![tap * channels..(tap + 1) * channels, ..]);
            rows.iter_mut().zip(part).for_each(|(met, &x)| *met = x);
        }
        let mut out = out.view_mut().into_shape_with_order((outputs, high * wide)).expect("row by row");
        general_mat_mul(1.0, &taps, &met, 0.0, &mut out);
    }
}

/// Folds the four elements of each 2 x 2 window.
pub(crate) fn pool(x: &[ArrayD<f32>], y: &mut ArrayD<f32>, f: impl Fn(f32, f32) -> f32) {
    let x = images(&x[0]);
    y.assign(&x.slice(s![.., .., ..;2, ..;2]));
    for part in [
        x.slice(s![.., .., ..;2, 1..;2]),
        x.slice(s![.., .., 1..;2, ..;2]),
        x.slice(s![.., .., 1..;2, 1..;2]),
    ] {
        y.zip_mut_with(&part, |y, &x| *y = f(*y, x));
    }
}

/// The middle half of the columns.
pub(crate) fn middle(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    let quarter = x[0].shape()[1] / 4;
    y.assign(&x[0].slice_axis(Axis(1), Slice::from(quarter..3 * quarter)));
}

pub(crate) fn concat(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    let split = x[0].shape()[1];
    y.slice_axis_mut(Axis(1), Slice::from(..split)).assign(&x[0]);
    y.slice_axis_mut(Axis(1), Slice::from(split..)).assign(&x[1]);
}

pub(crate) fn index_select(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    let rows = shuffled(x[0].shape()[0]);
    y.outer_iter_mut().zip(rows).for_each(|(mut y, row)| y.assign(&x[0].index_axis(Axis(0), row)));
}

pub(crate) fn index_add(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    y.assign(&x[0]);
    let rows = shuffled(x[0].shape()[0]);
    x[1].outer_iter().zip(rows).for_each(|(x, row)| {
        let mut y = y.index_axis_mut(Axis(0), row);
        y += &x;
    });
}

pub(crate) fn gather(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    let (x, side) = (matrix(&x[0]), x[0].shape()[0]);
    Zip::indexed(matrix_mut(y)).for_each(|(i, j), y| *y = x[[i, (i + j * 5) % side]]);
}

pub(crate) fn scatter_add(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    y.assign(&x[0]);
    let (mut y, side) = (matrix_mut(y), x[0].shape()[0]);
    Zip::indexed(matrix(&x[1])).for_each(|(i, j), &x| y[[i, (i + j * 5) % side]] += x);
}

pub(crate) fn sort(x: &[ArrayD<f32>], y: &mut ArrayD<f32>) {
    y.assign(&x[0]);
    for mut row in y.rows_mut() {
        row.as_slice_mut().expect("row by row").sort_unstable_by(f32::total_cmp);
    }
}

pub(crate) fn cumsum(x: &[ArrayD<f32>], y: &mut ArrayD<f32>, axis: usize) {
    y.assign(&x[0]);
    y.accumulate_axis_inplace(Axis(axis), |&before, x| *x += before);
}
