//! Convolution: what a stride leaves over (D38), settings together (D39), groups (D40); pooling: divisors
//! (D41) and windows of nothing but padding (D42).

use crate::both;
use crate::support::{array, close, var};
use tensor::{ConvConfig, PoolConfig, Rounding, Tape};

both! {
    /// huggingface/candle#1212, "ShapeMismatchBinaryOp occurred in the convolutional network while executing
    /// backward_step".
    d38_a_stride_leaves_a_remainder<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 1, 4, 4], &(0..16).map(f64::from).collect::<Vec<_>>())?;
        let kernel = var(&tape, &[1, 1, 3, 3], &[1.; 9])?;
        let y = x.conv2d(kernel, None, ConvConfig { stride: [2, 2], ..ConvConfig::default() })?;
        close(&y.value()?, &[1, 1, 1, 1], &[45.]);
        let gradients = tape.backward(y.sum()?)?;
        let want = [1., 1., 1., 0., 1., 1., 1., 0., 1., 1., 1., 0., 0., 0., 0., 0.];
        close(&gradients.wrt(x)?, &[1, 1, 4, 4], &want);
        close(&gradients.wrt(kernel)?, &[1, 1, 3, 3], &[0., 1., 2., 4., 5., 6., 8., 9., 10.]);
    }

    /// pytorch/pytorch#15501, "conv2d and conv1d ,weight grad may be wrong".
    d39_padding_stride_and_dilation<T> {
        let tape = Tape::<T>::new();
        let a = var(&tape, &[2, 1, 2], &[7., 3., 3., 2.])?;
        let w = var(&tape, &[2, 1, 2], &[3., 6., 4., 2.])?;
        let config = ConvConfig { padding: [1], stride: [2], dilation: [2], ..ConvConfig::default() };
        let y = a.conv1d(w, None, config)?;
        close(&y.value()?, &[2, 2, 1], &[18., 6., 12., 4.]);
        let gradients = tape.backward(y.sum()?)?;
        close(&gradients.wrt(w)?, &[2, 1, 2], &[0., 5., 0., 5.]);
        close(&gradients.wrt(a)?, &[2, 1, 2], &[0., 8., 0., 8.]);
        // The same with a second spatial axis of length 1.
        let (a, w) = (a.unsqueeze(3)?, w.unsqueeze(3)?);
        let config =
            ConvConfig { padding: [1, 0], stride: [2, 1], dilation: [2, 1], ..ConvConfig::default() };
        close(&a.conv2d(w, None, config)?.value()?, &[2, 2, 1, 1], &[18., 6., 12., 4.]);
    }

    /// pytorch/pytorch#51430, "Convolution weight gradient computation in nn.grad is wrong with groups > 1".
    d40_groups<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 2, 3], &[1., 2., 3., 4., 5., 6.])?;
        let w = var(&tape, &[2, 1, 2], &[1., 0., 0., 2.])?;
        let y = x.conv1d(w, None, ConvConfig { groups: 2, ..ConvConfig::default() })?;
        close(&y.value()?, &[1, 2, 2], &[1., 2., 10., 12.]);
        let gradients = tape.backward_with(y, &array(&[1, 2, 2], &[1., 10., 100., 1000.]))?;
        close(&gradients.wrt(w)?, &[2, 1, 2], &[21., 32., 5400., 6500.]);
        close(&gradients.wrt(x)?, &[1, 2, 3], &[1., 10., 0., 0., 200., 2000.]);
    }

    /// tracel-ai/burn#5604, "burn-flex: avg_pool2d_backward divisor disagrees with forward in ceil_mode".
    d41_a_mean_divides_alike_both_ways<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 1, 5], &[1., 2., 3., 4., 5.])?;
        for (rounding, value, last) in
            [(Rounding::Ceil, &[1.5, 3.5, 5.][..], 1.), (Rounding::Floor, &[1.5, 3.5], 0.)]
        {
            let line = x.avg_pool1d(PoolConfig { rounding, ..PoolConfig::new([2]) })?;
            let plane = x.unsqueeze(2)?.avg_pool2d(PoolConfig { rounding, ..PoolConfig::new([1, 2]) })?;
            for y in [line, plane.squeeze(2)?] {
                close(&y.value()?, &[1, 1, value.len()], value);
                let gradient = tape.backward(y.sum()?)?.wrt(x)?;
                close(&gradient, &[1, 1, 5], &[0.5, 0.5, 0.5, 0.5, last]);
            }
        }
    }

    /// CanReader/FastNN#5, "avg_pool2d returns NaN and max_pool2d returns -inf when a window is all padding".
    d42_a_window_of_padding<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 1, 1, 1], &[1.])?;
        let config = PoolConfig { padding: [3, 3], ..PoolConfig::new([3, 3]) };
        for (op, refused) in [("avg_pool2d", x.avg_pool2d(config)), ("max_pool2d", x.max_pool2d(config))] {
            let error = refused.unwrap_err().to_string();
            assert!(error.starts_with(op) && error.contains("half the kernel"), "{error}");
        }
        // The most padding that is allowed leaves an element to every window.
        let config = PoolConfig { padding: [1, 1], ..PoolConfig::new([3, 3]) };
        close(&x.max_pool2d(config)?.value()?, &[1, 1, 1, 1], &[1.]);
        let line = x.squeeze(3)?;
        let config = PoolConfig { padding: [3], ..PoolConfig::new([3]) };
        assert!(line.avg_pool1d(config).is_err() && line.max_pool1d(config).is_err());
    }
}
