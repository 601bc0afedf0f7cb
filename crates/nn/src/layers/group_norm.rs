//! Normalisation of groups of channels.

use super::norm::{check_eps, check_size, filled, on};
use crate::{ErrorKind, Module, Pass, Result, fields};
use tensor::{Element, Param, Var};

/// The settings of a [`GroupNorm`], with PyTorch's names and defaults.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `eps` | 1e-5 | is added to the variance | finite, not negative |
/// | `affine` | true | whether the result is scaled by `weight` and shifted by `bias` | |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GroupNormConfig {
    /// Is added to the variance.
    pub eps: f64,
    /// Whether there are `weight` and `bias`.
    pub affine: bool,
}

impl Default for GroupNormConfig {
    fn default() -> Self {
        Self { eps: 1e-5, affine: true }
    }
}

/// Groups of neighbouring channels of each item with mean 0 and variance 1, then scaled and shifted by
/// channel: `weight (x - mean) / √(var + eps) + bias`; x `[n, c, ..]`, weight and bias `[c]`, result as x.
///
/// The variance is the biased one. Items of a batch do not depend on each other, so training and use are the
/// same. As many groups as channels are an instance normalisation. Wu and He 2018, "Group normalization".
///
/// ```
/// use nn::{GroupNorm, GroupNormConfig, Module, Pass};
/// use tensor::{Tape, ndarray::array};
///
/// let layer = GroupNorm::new(2, 4, GroupNormConfig { eps: 0.0, ..GroupNormConfig::default() })?;
/// let tape = Tape::<f64>::new();
/// let y = layer.forward(tape.constant(&array![[1.0, 5.0, 30.0, 20.0]])?, &mut Pass::eval())?;
/// assert_eq!(y.value()?, array![[-1.0, 1.0, 1.0, -1.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// `forward` returns [`ErrorKind::Shape`] for another number of channels.
#[derive(Debug, Clone)]
pub struct GroupNorm<T: Element> {
    /// The scale of each channel, `[c]`, at first 1.
    pub weight: Option<Param<T>>,
    /// The shift of each channel, `[c]`, at first 0.
    pub bias: Option<Param<T>>,
    groups: usize,
    channels: usize,
    eps: f64,
}

fields!(GroupNorm: weight, bias);

impl<T: Element> GroupNorm<T> {
    /// A layer for so many channels in so many groups of equal size.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for no channels, no groups, a number of channels that the groups do not
    /// divide, and an `eps` out of its range.
    pub fn new(groups: usize, channels: usize, config: GroupNormConfig) -> Result<Self> {
        let owner = "group_norm";
        check_size(owner, "the number of groups", groups)?;
        check_size(owner, "the number of channels", channels)?;
        if !channels.is_multiple_of(groups) {
            let (name, expected) = ("the number of channels", "a multiple of the number of groups");
            return Err(ErrorKind::Setting { owner, name, expected, got: channels as f64 }.into());
        }
        check_eps(owner, config.eps)?;
        let (weight, bias) =
            (filled(config.affine, &[channels], 1.0)?, filled(config.affine, &[channels], 0.0)?);
        Ok(Self { weight, bias, groups, channels, eps: config.eps })
    }

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// What is added to the variance.
    pub fn eps(&self) -> f64 {
        self.eps
    }
}

impl<T: Element> Module<T> for GroupNorm<T> {
    fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let shape = x.shape()?;
        if shape.len() < 2 || shape[1] != self.channels || shape[2..].contains(&0) {
            let expected = format!("[n, {}, ..] with no axis of length 0 after the channels", self.channels);
            return Err(ErrorKind::Shape { owner: "group_norm", expected, got: shape.to_vec() }.into());
        }
        let group = shape[1..].iter().product::<usize>() / self.groups;
        let rows = x.reshape(&[shape[0], self.groups, group])?;
        let y = rows.layer_norm(&[group], None, None, T::from_f64(self.eps))?.reshape(&shape)?;
        let [weight, bias] = on(x.tape(), [&self.weight, &self.bias])?;
        let y = match weight {
            Some(weight) => y.mul(per_channel(weight, shape.len())?)?,
            None => y,
        };
        match bias {
            Some(bias) => Ok(y.add(per_channel(bias, shape.len())?)?),
            None => Ok(y),
        }
    }
}

/// One number a channel, `[c]`, as `[c, 1, ..]` for an input `[n, c, ..]` of so many axes.
fn per_channel<T: Element>(x: Var<'_, T>, rank: usize) -> Result<Var<'_, T>> {
    if rank <= 2 {
        return Ok(x);
    }
    let mut shape = vec![1; rank - 1];
    shape[0] = x.shape()?.size();
    Ok(x.reshape(&shape)?)
}
