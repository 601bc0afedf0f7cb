//! The arithmetic of convolutions: three functions, for the value and for the gradients of both operands.
//!
//! With a stride of 1 they are computed directly, by `kernels::conv`. Otherwise, and where few positions or an
//! element type without kernels make that not pay, what the kernel meets in one image is copied into a matrix
//! with a column per output position, and matrices are multiplied. A transposed convolution is the same three
//! functions with the roles of input and output exchanged.

use super::fill_bias;
use crate::Element;
use crate::kernels::{Convolutions, Direct, Matrix, Slide, Write, convolutions};
use crate::ops::window::Window;

/// What is convolved with what: x `[batch, groups * inputs, ..]`, w `[groups * outputs, inputs, ..]`,
/// y `[batch, groups * outputs, ..]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    pub(super) batch: usize,
    pub(super) groups: usize,
    /// Channels of x in one group.
    pub(super) inputs: usize,
    /// Channels of y in one group.
    pub(super) outputs: usize,
    /// Height and width.
    pub(super) axes: [Window; 2],
}

impl Geometry {
    /// Positions of one channel of x.
    pub(super) fn read(&self) -> usize {
        self.axes.iter().map(|axis| axis.input).product()
    }

    /// Positions of one channel of y.
    pub(super) fn positions(&self) -> usize {
        self.axes.iter().map(|axis| axis.output).product()
    }

    /// Numbers that one element of y is summed from: rows of the column matrix.
    fn depth(&self) -> usize {
        self.inputs * self.axes[0].kernel * self.axes[1].kernel
    }

    /// Whether every position meets itself alone, so that x is its own column matrix.
    fn pointwise(&self) -> bool {
        self.axes.iter().all(|a| a.kernel == 1 && a.stride == 1 && a.padding == 0 && a.output == a.input)
    }

    /// The kernels that compute directly, if they take this geometry and pay: where at least `LEAST` of what
    /// they multiply is of use.
    fn direct<T: Element>(&self) -> Option<(Convolutions<T>, Direct)> {
        const LEAST: f64 = 0.6;
        let direct = self.slide().filter(|_| !self.pointwise())?;
        convolutions::<T>().filter(|_| direct.useful() >= LEAST).map(|kernels| (kernels, direct))
    }

    /// What the kernels compute, if they can: with a stride of 1, less padding than the kernel is long, and
    /// nothing left out at the end.
    fn slide(&self) -> Option<Direct> {
        let Self { batch, groups, inputs, outputs, axes } = *self;
        let fits = |axis: &Window| {
            let ahead = (axis.kernel - 1) * axis.dilation;
            let whole = axis.output + ahead == axis.input + 2 * axis.padding;
            axis.stride == 1 && axis.padding <= ahead && whole && axis.input > 0
        };
        if !axes.iter().all(fits) || [batch, groups, inputs, outputs].contains(&0) {
            return None;
        }
        let slide = Slide {
            input: axes.map(|axis| axis.input),
            output: axes.map(|axis| axis.output),
            taps: axes.map(|axis| axis.kernel),
            step: axes.map(|axis| axis.dilation),
            padding: axes.map(|axis| axis.padding),
        };
        Some(Direct { batch, groups, inputs, outputs, slide })
    }

    /// Memory that each of the functions below needs.
    pub(super) fn columns<T: Element>(&self) -> usize {
        if self.direct::<T>().is_some() { 0 } else { self.matrix() }
    }

    /// Numbers of the column matrix of one image and one group.
    fn matrix(&self) -> usize {
        if self.pointwise() { 0 } else { self.depth() * self.positions() }
    }

    /// `y (+)= x * w`, or `y = bias + x * w`
    pub(super) fn forward<T: Element>(
        &self,
        (x, w, bias): (&[T], &[T], Option<&[T]>),
        (y, write): (&mut [T], Write),
        columns: &mut [T],
    ) {
        if let Some((kernels, direct)) = self.direct() {
            return (kernels.forward)(pulp::Arch::new(), &direct, (x, w, bias), (y, write));
        }
        self.multiply((x, w), with_bias(bias, (y, write), self.positions()), columns);
    }

    /// `dx (+)= ` the gradient of x, given that of y; as the value of a transposed convolution, with a bias.
    pub(super) fn backward_input<T: Element>(
        &self,
        (dy, w, bias): (&[T], &[T], Option<&[T]>),
        (dx, write): (&mut [T], Write),
        columns: &mut [T],
    ) {
        if let Some((kernels, direct)) = self.direct() {
            return (kernels.input)(pulp::Arch::new(), &direct, (dy, w, bias), (dx, write));
        }
        let (dx, write) = with_bias(bias, (dx, write), self.read());
        if write == Write::Store {
            dx.fill(T::zero());
        }
        self.multiply_back((dy, w), dx, columns);
    }

    /// `dw += ` the gradient of w, given that of y.
    pub(super) fn backward_weight<T: Element>(&self, (dy, x): (&[T], &[T]), dw: &mut [T], columns: &mut [T]) {
        if let Some((kernels, direct)) = self.direct() {
            return (kernels.weight)(pulp::Arch::new(), &direct, [dy, x], dw);
        }
        self.multiply_weight((dy, x), dw, columns);
    }

    /// `y (+)= x * w` as a product of matrices.
    fn multiply<T: Element>(&self, (x, w): (&[T], &[T]), (y, write): (&mut [T], Write), columns: &mut [T]) {
        for block in self.blocks() {
            let columns = self.gather(&x[block.x], columns);
            let (w, y) = (self.kernel(&w[block.w]), &mut y[block.y]);
            T::gemm(y, write, T::one(), w, Matrix::new(columns, self.depth(), self.positions()));
        }
    }

    /// `dx += ` the gradient of x as a product of matrices.
    fn multiply_back<T: Element>(&self, (dy, w): (&[T], &[T]), dx: &mut [T], columns: &mut [T]) {
        for block in self.blocks() {
            let (w, dx) = (self.kernel(&w[block.w]), &mut dx[block.x]);
            let dy = Matrix::new(&dy[block.y], self.outputs, self.positions());
            if self.pointwise() {
                T::gemm(dx, Write::Add, T::one(), w.t(), dy);
            } else {
                T::gemm(columns, Write::Store, T::one(), w.t(), dy);
                self.scatter(columns, dx);
            }
        }
    }

    /// `dw += ` the gradient of w as a product of matrices.
    fn multiply_weight<T: Element>(&self, (dy, x): (&[T], &[T]), dw: &mut [T], columns: &mut [T]) {
        for block in self.blocks() {
            let columns = Matrix::new(self.gather(&x[block.x], columns), self.depth(), self.positions());
            let dy = Matrix::new(&dy[block.y], self.outputs, self.positions());
            T::gemm(&mut dw[block.w], Write::Add, T::one(), dy, columns.t());
        }
    }

    /// Where each group of each image stands.
    fn blocks(self) -> impl Iterator<Item = Block> {
        let x = self.inputs * self.read();
        let w = self.outputs * self.depth();
        let y = self.outputs * self.positions();
        let span = |index: usize, size: usize| index * size..(index + 1) * size;
        (0..self.batch * self.groups).map(move |index| Block {
            x: span(index, x),
            w: span(index % self.groups, w),
            y: span(index, y),
        })
    }

    fn kernel<'a, T: Element>(&self, w: &'a [T]) -> Matrix<'a, T> {
        Matrix::new(w, self.outputs, self.depth())
    }

    /// The column matrix of the channels of one group: a row per channel and tap, zeros for padding.
    fn gather<'a, T: Element>(&self, x: &'a [T], columns: &'a mut [T]) -> &'a [T] {
        if self.pointwise() {
            return x;
        }
        let stride = self.axes[1].stride;
        self.each_row(|row| {
            let out = &mut columns[row.columns];
            let Some((read, reached)) = row.read else {
                return out.fill(T::zero());
            };
            out[..reached.start].fill(T::zero());
            out[reached.end..].fill(T::zero());
            let out = &mut out[reached];
            if stride == 1 {
                out.copy_from_slice(&x[read..read + out.len()]);
            } else {
                out.iter_mut().zip(x[read..].iter().step_by(stride)).for_each(|(out, &x)| *out = x);
            }
        });
        columns
    }

    /// Adds every element of a column matrix to where `gather` reads it from.
    fn scatter<T: Element>(&self, columns: &[T], x: &mut [T]) {
        let stride = self.axes[1].stride;
        self.each_row(|row| {
            if let Some((read, reached)) = row.read {
                let from = &columns[row.columns][reached];
                x[read..].iter_mut().step_by(stride).zip(from).for_each(|(x, &from)| *x += from);
            }
        });
    }

    /// Calls `f` for every output row of every row of the column matrix.
    #[inline(always)]
    fn each_row(&self, mut f: impl FnMut(Row)) {
        let [high, wide] = &self.axes;
        let mut at = 0;
        for channel in 0..self.inputs {
            for ky in 0..high.kernel {
                for kx in 0..wide.kernel {
                    let (reached, first) = wide.reach(kx);
                    for oy in 0..high.output {
                        let inside = high.at(oy, ky).filter(|_| !reached.is_empty());
                        let read = inside
                            .map(|y| ((channel * high.input + y) * wide.input + first, reached.clone()));
                        f(Row { columns: at..at + wide.output, read });
                        at += wide.output;
                    }
                }
            }
        }
    }
}

/// Starts from the bias, if there is one: the products are then added.
fn with_bias<'a, T: Element>(
    bias: Option<&[T]>,
    (out, write): (&'a mut [T], Write),
    positions: usize,
) -> (&'a mut [T], Write) {
    let Some(bias) = bias else {
        return (out, write);
    };
    fill_bias(out, bias, positions);
    (out, Write::Add)
}

/// Where one group of one image stands in each array.
struct Block {
    x: std::ops::Range<usize>,
    w: std::ops::Range<usize>,
    y: std::ops::Range<usize>,
}

/// One output row of one row of the column matrix.
struct Row {
    /// Where it stands in the column matrix.
    columns: std::ops::Range<usize>,
    /// Where in x its first element inside of the input is read, and which elements are inside.
    read: Option<(usize, std::ops::Range<usize>)>,
}

#[cfg(test)]
mod tests {
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
                for (input, dilation) in [(1, 1), (2, 1), (9, 1), (13, 2), (31, 1), (300, 1)] {
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
}
