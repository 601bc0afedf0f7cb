//! NaN and infinities that must not leak through a selection (D12, D13).

use crate::both;
use crate::support::{array, close, var};
use tensor::Tape;

both! {
    /// pytorch/pytorch#68425, "torch.where produces nan in backward pass for differentiable forward pass".
    d12_the_branch_not_taken_overflows<T> {
        let tape = Tape::<T>::new();
        let large = if size_of::<T>() == 4 { 100. } else { 1000. };
        let a = var(&tape, &[1], &[large])?;
        let zero = tape.constant(&array(&[1], &[0.]))?;
        let y = a.less_equal(zero)?.where_cond(a.exp()?, a.shift(T::one())?)?;
        close(&y.value()?, &[1], &[large + 1.]);
        close(&tape.backward(y)?.wrt(a)?, &[1], &[1.]);
    }

    /// pytorch/pytorch#23395, "Incorrect gradients for torch.where when one of the target tensors contains
    /// inf/nan".
    d13_the_branch_not_taken_has_an_infinite_slope<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[2], &[16., 0.])?;
        let zero = tape.constant(&array(&[1], &[0.]))?;
        let half = x.scale(T::from_f64(0.5))?;
        let y = x.equal(zero)?.where_cond(half, x.sqrt()?.shift(T::one())?)?;
        close(&y.value()?, &[2], &[5., 0.]);
        close(&tape.backward(y.sum()?)?.wrt(x)?, &[2], &[0.125, 0.5]);
        // The same for the other functions with infinite slopes.
        for bad in [x.ln()?, zero.div(x)?, x.powf(T::from_f64(-0.5))?, x.rsqrt()?] {
            let y = x.equal(zero)?.where_cond(half, bad)?;
            let gradient = tape.backward(y.sum()?)?.wrt(x)?;
            assert!(gradient.iter().all(|g| g.is_finite()), "{gradient}");
        }
    }
}
