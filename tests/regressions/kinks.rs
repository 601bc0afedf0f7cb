//! Kinks and points where a derivative is infinite (D05, D08, D09), NaN that must not vanish (D55).

use crate::both;
use crate::support::{array, close, var};
use tensor::{PoolConfig, Tape};

both! {
    /// pytorch/pytorch#184572, "torch.maximum / torch.clamp_min gradients at tie point".
    ///
    /// The convention here: 0 for relu and for clamp at a bound, shared equally between two arrays.
    d05_ties<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1], &[0.])?;
        close(&tape.backward(x.relu()?)?.wrt(x)?, &[1], &[0.]);
        close(&tape.backward(x.clamp(T::zero(), T::from_f64(f64::INFINITY))?)?.wrt(x)?, &[1], &[0.]);
        let gradients = tape.backward(x.maximum(x)?)?;
        close(&gradients.wrt(x)?, &[1], &[1.]);
        let y = var(&tape, &[1], &[0.])?;
        for op in [x.maximum(y)?, x.minimum(y)?] {
            let gradients = tape.backward(op)?;
            close(&gradients.wrt(x)?, &[1], &[0.5]);
            close(&gradients.wrt(y)?, &[1], &[0.5]);
        }
    }

    /// pytorch/pytorch#27134, "Gradient for d/db a**b should be 0 at a=0 instead of NaN".
    d08_power_of_zero<T> {
        let tape = Tape::<T>::new();
        let (a, b) = (tape.constant(&array(&[2], &[0., 2.]))?, var(&tape, &[2], &[1., 1.])?);
        close(&tape.backward(a.pow(b)?.sum()?)?.wrt(b)?, &[2], &[0., 1.3862943611198906]);
    }

    /// huggingface/candle#2082, "Op::Unary(arg, UnaryOp::Silu) branch in Tensor::backward() may cause NaN".
    d09_silu_at_zero<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3], &[0., 1., -1.])?;
        let want = [0.5, 0.927670511871, 0.072329488129];
        close(&tape.backward(x.silu()?.sum()?)?.wrt(x)?, &[3], &want);
    }

    /// pytorch/pytorch#7999, "ReLU with NaN as input gives 0 as output".
    d55_nan_comes_out<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[2], &[f64::NAN, 1.])?;
        let one = tape.constant(&array(&[2], &[1., 1.]))?;
        let bounds = (T::from_f64(-1.0), T::from_f64(2.0));
        for y in [
            x.relu()?,
            x.clamp(bounds.0, bounds.1)?,
            x.maximum(one)?,
            one.maximum(x)?,
            x.minimum(one)?,
            one.minimum(x)?,
            x.abs()?,
            x.leaky_relu(bounds.0)?,
            x.elu(bounds.1)?,
        ] {
            close(&y.value()?, &[2], &[f64::NAN, 1.]);
        }
        assert!(x.sum()?.item()?.is_nan() && x.mean()?.item()?.is_nan());
        for probabilities in [x.softmax(0)?, x.log_softmax(0)?] {
            close(&probabilities.value()?, &[2], &[f64::NAN; 2]);
        }
    }

    /// pytorch/pytorch#7999, of reductions: NaN first, last and in between; a line without it keeps its value.
    d55_nan_wins_a_reduction<T> {
        let tape = Tape::<T>::new();
        let nan = f64::NAN;
        for lost in 0..3 {
            let mut values = [1., 2., 3., 4., 5., 6.];
            values[lost] = nan;
            let x = var(&tape, &[2, 3], &values)?;
            for (y, second) in [(x.max_axis(1)?, 6.), (x.min_axis(1)?, 4.), (x.sum_axis(1)?, 15.)] {
                close(&y.value()?, &[2], &[nan, second]);
            }
            assert!(x.max()?.item()?.is_nan() && x.min()?.item()?.is_nan() && x.prod()?.item()?.is_nan());
            assert_eq!((x.argmax()?, x.argmin()?), (lost, lost));
            let pooled = x.unsqueeze(0)?.max_pool1d(PoolConfig::new([3]))?;
            close(&pooled.value()?, &[1, 2, 1], &[nan, 6.]);
            let softmax = x.softmax(1)?.value()?;
            assert!(softmax.iter().take(3).all(|x| x.is_nan()) && softmax.iter().skip(3).all(|x| !x.is_nan()));
        }
    }
}
