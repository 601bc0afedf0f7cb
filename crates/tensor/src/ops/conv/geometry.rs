//! The arithmetic of convolutions: three functions, for the value and for the gradients of both operands.
//!
//! With a stride of 1 they are computed directly, by `kernels::conv`. Otherwise, and where few positions or an
//! element type without kernels make that not pay, as products of matrices, in `columns`. A transposed convolution is the same three
//! functions with the roles of input and output exchanged.

use super::fill_bias;
use crate::Element;
use crate::kernels::{Convolutions, Direct, Slide, Write, convolutions};
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
    pub(super) fn depth(&self) -> usize {
        self.inputs * self.axes[0].kernel * self.axes[1].kernel
    }

    /// Whether every position meets itself alone, so that x is its own column matrix.
    pub(super) fn pointwise(&self) -> bool {
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
    /// nothing left out at the end. A kernel longer than both images would need planes much larger than they.
    fn slide(&self) -> Option<Direct> {
        let Self { batch, groups, inputs, outputs, axes } = *self;
        let fits = |axis: &Window| {
            let ahead = (axis.kernel - 1) * axis.dilation;
            let whole = axis.output + ahead == axis.input + 2 * axis.padding;
            let short = ahead <= axis.input.max(axis.output);
            axis.stride == 1 && axis.padding <= ahead && short && whole && axis.input > 0
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

#[cfg(test)]
mod tests;
