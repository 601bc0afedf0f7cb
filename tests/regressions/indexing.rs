//! Gradients of elements that are taken more than once (D25), written over (D67) and sliced (D69).

use crate::both;
use crate::support::{array, close, var};
use tensor::{ErrorKind, Slice, Tape};

both! {
    /// pytorch/pytorch#1631, "Gather backward is incorrect with repeated indices".
    d25_an_element_taken_twice<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1], &[0.1])?;
        let twice = tape.indices(&[0, 0])?;
        for y in [x.gather(0, twice)?, x.take_along_axis(0, twice)?, x.index_select(0, twice)?] {
            close(&y.value()?, &[2], &[0.1, 0.1]);
            let gradients = tape.backward_with(y, &array(&[2], &[0.2, 0.3]))?;
            close(&gradients.wrt(x)?, &[1], &[0.5]);
        }
        // A table of embeddings, one word of which comes twice and one not at all.
        let table = var(&tape, &[3, 2], &[1., 2., 3., 4., 5., 6.])?;
        let words = table.index_select(0, tape.indices(&[2, 0, 2])?)?;
        let gradients = tape.backward_with(words, &array(&[3, 2], &[1., 2., 10., 20., 100., 200.]))?;
        close(&gradients.wrt(table)?, &[3, 2], &[10., 20., 0., 0., 101., 202.]);
    }

    /// pytorch/pytorch#61946, "About the gradient of slice".
    d67_an_element_written_over<T> {
        let tape = Tape::<T>::new();
        let (t, v) = (var(&tape, &[4], &[1., 2., 3., 4.])?, var(&tape, &[], &[5.])?);
        let a = t.mul(t)?.slice_assign(&[Slice::new(..1, 1)], v)?;
        close(&a.value()?, &[4], &[5., 4., 9., 16.]);
        let gradients = tape.backward(a.sum()?)?;
        close(&gradients.wrt(t)?, &[4], &[0., 4., 6., 8.]);
        close(&gradients.wrt(v)?, &[], &[1.]);
    }

    /// pytorch/pytorch#61946, a write after the value was saved for the way back.
    ///
    /// The convention here: `slice_assign` makes a new array, and results of a leaf that was set anew are
    /// refused until a replay.
    d67_a_write_after_a_value_was_saved<T> {
        let tape = Tape::<T>::new();
        let (t, v) = (var(&tape, &[2], &[1., 2.])?, var(&tape, &[1], &[50.])?);
        let square = t.square()?;
        // The way back through this product reads `square` as it was.
        let product = square.mul(square)?;
        let written = square.slice_assign(&[Slice::new(..1, 1)], v)?;
        close(&square.value()?, &[2], &[1., 4.]);
        let gradients = tape.backward(product.add(written)?.sum()?)?;
        close(&gradients.wrt(t)?, &[2], &[4., 36.]);
        drop(gradients);
        tape.set(t, &array(&[2], &[3., 4.]))?;
        let error = tape.backward(product.sum()?).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Stale { .. }), "{error}");
        tape.replay()?;
        close(&tape.backward(product.sum()?)?.wrt(t)?, &[2], &[108., 256.]);
    }

    /// joelgrus/autograd#2, "Error in _slice function".
    d69_a_slice<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[5], &[1., 2., 3., 4., 5.])?;
        for y in [x.slice(0, 1..3, 1)?, x.narrow(0, 1, 2)?, x.slice_axes(&[Slice::new(-4..-2, 1)])?] {
            close(&y.value()?, &[2], &[2., 3.]);
            close(&tape.backward(y.sum()?)?.wrt(x)?, &[5], &[0., 1., 1., 0., 0.]);
        }
    }

    /// joelgrus/autograd#2, of slices that are strided and reversed.
    d69_strided_and_reversed_slices<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[5], &[1., 2., 3., 4., 5.])?;
        let (fourth, second) = (3, 1);
        for (y, value, gradient) in [
            (x.slice(0, .., 2)?, &[1., 3., 5.][..], [1., 0., 10., 0., 100.]),
            (x.slice(0, 1.., 3)?, &[2., 5.], [0., 1., 0., 0., 10.]),
            (x.slice(0, .., -2)?, &[5., 3., 1.], [100., 0., 10., 0., 1.]),
            (x.slice(0, fourth..second, -1)?, &[4., 3.], [0., 0., 10., 1., 0.]),
            (x.slice(0, .., -4)?, &[5., 1.], [10., 0., 0., 0., 1.]),
        ] {
            close(&y.value()?, &[value.len()], value);
            let weights: Vec<f64> = [1., 10., 100.][..value.len()].to_vec();
            let gradients = tape.backward_with(y, &array(&[value.len()], &weights))?;
            close(&gradients.wrt(x)?, &[5], &gradient);
        }
    }

    /// joelgrus/autograd#2, of slices of two axes.
    d69_slices_of_two_axes<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3, 4], &(1..13).map(f64::from).collect::<Vec<_>>())?;
        // NumPy's x[1:, ::-2].
        let y = x.slice_axes(&[Slice::new(1.., 1), Slice::new(.., -2)])?;
        close(&y.value()?, &[2, 2], &[8., 6., 12., 10.]);
        let gradients = tape.backward_with(y, &array(&[2, 2], &[1., 2., 3., 4.]))?;
        close(&gradients.wrt(x)?, &[3, 4], &[0., 0., 0., 0., 0., 2., 0., 1., 0., 4., 0., 3.]);
        // x[:, 1:3], one axis after the other, and two parts that overlap.
        let y = x.slice(1, 1..3, 1)?;
        close(&tape.backward(y.sum()?)?.wrt(x)?, &[3, 4], &[0., 1., 1., 0.].repeat(3));
        let both = y.sum()?.add(x.slice(0, 1.., 1)?.slice(1, ..2, 1)?.sum()?)?;
        let want = [0., 1., 1., 0., 1., 2., 1., 0., 1., 2., 1., 0.];
        close(&tape.backward(both)?.wrt(x)?, &[3, 4], &want);
    }
}
