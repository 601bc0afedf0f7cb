//! What a convolution's weights connect.

use super::Init;
use crate::{ErrorKind, Result};

impl Init {
    /// The `[in, out]` of a kernel `[out, in / groups, taps…]`, as PyTorch counts them: in / groups · taps and
    /// out · taps. A matrix `[out, in]` is a kernel without taps.
    ///
    /// ```
    /// use nn::Init;
    ///
    /// assert_eq!(Init::conv_fans(&[5, 3, 3, 3])?, [27, 45]);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for fewer than two axes.
    pub fn conv_fans(kernel: &[usize]) -> Result<[usize; 2]> {
        let &[outputs, inputs, ref taps @ ..] = kernel else {
            let expected = "a kernel [out, in / groups, taps..]".to_string();
            return Err(ErrorKind::Shape { owner: "init", expected, got: kernel.to_vec() }.into());
        };
        let times = |channels: usize| taps.iter().fold(channels, |product, &n| product.saturating_mul(n));
        Ok([times(inputs), times(outputs)])
    }
}
