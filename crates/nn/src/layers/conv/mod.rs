//! Convolutions and their transposes as layers.

mod config;
mod conv1d;
mod conv2d;
mod conv_transpose1d;
mod conv_transpose2d;

pub use config::{
    Conv1dConfig, Conv2dConfig, ConvLayerConfig, ConvTranspose1dConfig, ConvTranspose2dConfig,
    ConvTransposeLayerConfig, Padding,
};
pub use conv_transpose1d::ConvTranspose1d;
pub use conv_transpose2d::ConvTranspose2d;
pub use conv1d::Conv1d;
pub use conv2d::Conv2d;

use crate::Result;
use tensor::{Element, PadMode, Param, Var};

/// The bias on the tape of `x`, if there is one.
fn bias_on<'t, T: Element>(x: Var<'t, T>, bias: Option<&Param<T>>) -> Result<Option<Var<'t, T>>> {
    Ok(bias.map(|bias| x.tape().param(bias)).transpose()?)
}

/// `x` with zeros at the end of its spatial axes, where an even kernel needs one more than at the beginning.
/// An input with another number of axes is left to the convolution to refuse.
fn lengthened<T: Element, const N: usize>(x: Var<'_, T>, more: [usize; N]) -> Result<Var<'_, T>> {
    let rank = x.shape()?.len();
    if more == [0; N] || rank != N + 2 {
        return Ok(x);
    }
    let mut amounts = [(0, 0); 4];
    amounts[2..rank].iter_mut().zip(more).for_each(|(amount, more)| amount.1 = more);
    Ok(x.pad(&amounts[..rank], PadMode::Constant(T::zero()))?)
}
