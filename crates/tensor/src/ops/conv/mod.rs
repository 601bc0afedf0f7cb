//! Convolutions of one and two spatial axes, and their transposes.

mod columns;
mod forward;
mod geometry;
mod transpose;

pub use forward::ConvConfig;
pub use transpose::ConvTransposeConfig;

use super::window::{expect_setting, spatial};
use crate::op::{Grads, Op, Shapes};
use crate::{Element, ErrorKind, Result, Shape, Var, kernels};
use geometry::Geometry;

/// The settings that both directions have.
#[derive(Debug, Clone, Copy)]
struct Settings {
    /// Axes of the input: 3 or 4.
    rank: usize,
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
}

impl Settings {
    fn check(&self, op: &'static str) -> Result<()> {
        expect_setting(op, "a stride from 1 to 2^30", 1, &self.stride)?;
        expect_setting(op, "a padding from 0 to 2^30", 0, &self.padding)?;
        expect_setting(op, "a dilation from 1 to 2^30", 1, &self.dilation)?;
        expect_setting(op, "a number of groups from 1 to 2^30", 1, &[self.groups])
    }

    /// The kernel's height and width.
    fn kernel(&self, op: &'static str, w: &Shape) -> Result<[usize; 2]> {
        if w.len() != self.rank || spatial(w).contains(&0) {
            let expected = if self.rank == 3 {
                "a kernel [channels, channels, length] with at least one tap"
            } else {
                "a kernel [channels, channels, height, width] with at least one tap"
            };
            return Err(ErrorKind::Operand { op, expected, got: *w }.into());
        }
        Ok(spatial(w))
    }

    /// Refuses channels (the given axis of the shape) that cannot be divided into the groups.
    fn divide(&self, op: &'static str, shape: &Shape, axis: usize) -> Result<usize> {
        if shape[axis].is_multiple_of(self.groups) {
            return Ok(shape[axis] / self.groups);
        }
        let expected = "a number of channels that the number of groups divides";
        Err(ErrorKind::Operand { op, expected, got: *shape }.into())
    }
}

/// Input, kernel, and the bias if there is one.
fn operands<'a, T: Element>(
    op: &'static str,
    inputs: Shapes<'a, T>,
) -> Result<(&'a Shape, &'a Shape, Option<&'a Shape>)> {
    if inputs.len() == 3 {
        return Ok((inputs.get(0), inputs.get(1), Some(inputs.get(2))));
    }
    let [x, w] = inputs.exactly(op)?;
    Ok((x, w, None))
}

/// Refuses a bias with other than one number per channel of the result.
fn expect_bias(op: &'static str, w: &Shape, bias: Option<&Shape>, channels: usize) -> Result<()> {
    match bias {
        Some(bias) if **bias != [channels] => {
            let expected = "a bias with one number per channel of the result";
            Err(ErrorKind::Shapes { op, lhs: *w, rhs: *bias, expected }.into())
        }
        _ => Ok(()),
    }
}

/// Fills every channel of every image with its bias.
fn fill_bias<T: Element>(out: &mut [T], bias: &[T], positions: usize) {
    if out.is_empty() {
        return;
    }
    for (out, &bias) in out.chunks_exact_mut(positions).zip(bias.iter().cycle()) {
        out.fill(bias);
    }
}

/// The gradient of the bias: each channel's sum over images and positions.
fn backward_bias<T: Element>(grads: &mut Grads<'_, T>, g: &[T], channels: usize, positions: usize) {
    let Some(sink) = grads.of(2) else {
        return;
    };
    for (channel, out) in sink.so_far().iter_mut().enumerate() {
        let planes = (channel..g.len() / positions.max(1)).step_by(channels);
        *out += kernels::sum(planes.map(|plane| kernels::sum_slice(&g[plane * positions..][..positions])));
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// Records an op on this value, a kernel, and a bias if there is one.
    fn windowed<O: Op<T>>(self, op: O, kernel: Var<'_, T>, bias: Option<Var<'_, T>>) -> Result<Self> {
        match bias {
            Some(bias) => self.ternary(op, kernel, bias),
            None => self.binary(op, kernel),
        }
    }
}
