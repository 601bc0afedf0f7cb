//! Reductions where elements are equal (D04, D10), zero (D06, D07, D11) or missing (D36).

use crate::both;
use crate::support::{array, close, close_to, var};
use tensor::{Ddof, ErrorKind, Norm, Tape};

both! {
    /// apache/mxnet#18563, "The gradient of a tensor whose elements are all the same is wrong when the tensor
    /// pass to nd.max".
    ///
    /// The convention here: equal elements share the gradient equally.
    d04_a_maximum_of_equal_elements<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[4, 3], &[1.; 12])?;
        for y in [x.max_axis(0)?, x.min_axis(0)?] {
            close(&y.value()?, &[3], &[1.; 3]);
            close(&tape.backward(y.sum()?)?.wrt(x)?, &[4, 3], &[0.25; 12]);
        }
        for y in [x.max()?, x.min()?] {
            close(&tape.backward(y)?.wrt(x)?, &[4, 3], &[1. / 12.; 12]);
        }
    }

    /// pytorch/pytorch#2421, "Gradient of zero norm is nan".
    ///
    /// The convention here: gradient 0 where every element is 0.
    d06_the_norm_of_zeros<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3], &[0.; 3])?;
        for norm in [Norm::L1, Norm::L2, Norm::P(3.)] {
            let y = x.norm(norm)?;
            close_to(y.item()?, 0.);
            close(&tape.backward(y)?.wrt(x)?, &[3], &[0.; 3]);
        }
        let x = var(&tape, &[2, 2], &[0., 0., 3., 4.])?;
        let y = x.norm_axis(1, Norm::L2)?;
        close(&y.value()?, &[2], &[0., 5.]);
        close(&tape.backward(y.sum()?)?.wrt(x)?, &[2, 2], &[0., 0., 0.6, 0.8]);
    }

    /// HIPS/autograd#570, "squared L2 norm NaN at 0".
    d07_the_squared_norm_of_zeros<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3], &[0.; 3])?;
        let norm = x.norm(Norm::L2)?;
        for y in [norm.square()?, norm.mul(norm)?, norm.powf(T::from_f64(2.))?] {
            close_to(y.item()?, 0.);
            close(&tape.backward(y)?.wrt(x)?, &[3], &[0.; 3]);
        }
    }

    /// pytorch/pytorch#4320, "torch.std NaN gradient".
    ///
    /// The convention here: gradient 0 where all elements are equal.
    d10_the_deviation_of_equal_elements<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3], &[1.; 3])?;
        for ddof in [Ddof::Sample, Ddof::Population] {
            let y = x.std(ddof)?;
            close_to(y.item()?, 0.);
            close(&tape.backward(y)?.wrt(x)?, &[3], &[0.; 3]);
        }
        let x = var(&tape, &[3], &[1., 2., 4.])?;
        let y = x.std(Ddof::Sample)?;
        close_to(y.item()?, 1.5275252316519465);
        let want = [-0.436435780472, -0.109108945118, 0.54554472559];
        close(&tape.backward(y)?.wrt(x)?, &[3], &want);
    }

    /// pytorch/pytorch#4320, of one element.
    ///
    /// The convention here: as a population it deviates by 0, with gradient 0; as a sample it is refused.
    d10_the_deviation_of_one_element<T> {
        let tape = Tape::<T>::new();
        for shape in [&[][..], &[1], &[1, 1]] {
            let x = var(&tape, shape, &[3.])?;
            for y in [x.std(Ddof::Population)?, x.var(Ddof::Population)?] {
                close_to(y.item()?, 0.);
                close(&tape.backward(y)?.wrt(x)?, shape, &[0.]);
            }
            for refused in [x.std(Ddof::Sample), x.var(Ddof::Sample)] {
                let error = refused.unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Operand { .. }), "{error}");
            }
        }
        let x = var(&tape, &[2, 1], &[3., 4.])?;
        let y = x.std_axis(1, Ddof::Population)?;
        close(&y.value()?, &[2], &[0., 0.]);
        close(&tape.backward(y.sum()?)?.wrt(x)?, &[2, 1], &[0., 0.]);
        assert!(x.std_axis(1, Ddof::Sample).is_err() && x.var_axis(1, Ddof::Sample).is_err());
    }

    /// tinygrad/tinygrad PR#17404, "fix prod gradients at zero".
    d11_products_with_zeros<T> {
        let tape = Tape::<T>::new();
        for (values, want) in [([0., 2., 3.], [6., 0., 0.]), ([0., 0., 3.], [0., 0., 0.])] {
            let x = var(&tape, &[3], &values)?;
            close(&tape.backward(x.prod()?)?.wrt(x)?, &[3], &want);
        }
        let x = var(&tape, &[2, 3], &[0., 2., 3., 0., 0., 3.])?;
        close(&tape.backward(x.prod_axis(1)?.sum()?)?.wrt(x)?, &[2, 3], &[6., 0., 0., 0., 0., 0.]);
    }

    /// pytorch/xla#887, "torch.max with 0dim should throw".
    d36_a_maximum_of_nothing<T> {
        let tape = Tape::<T>::new();
        let x = tape.var(&array(&[2, 0, 4], &[]))?;
        let whole = [x.max().err(), x.min().err(), x.argmax().err(), x.argmin().err()];
        let lines = [
            x.max_axis(1).err(),
            x.min_axis(1).err(),
            x.max_axis([0, 1]).err(),
            x.argmax_axis(1).err(),
            x.argmin_axis(1).err(),
        ];
        for error in whole.into_iter().chain(lines) {
            let error = error.expect("nothing has no maximum");
            assert!(matches!(error.kind(), ErrorKind::EmptyAxis { axis: 1, .. }), "{error}");
        }
        for y in [x.max_axis(2)?, x.min_axis(2)?] {
            close(&y.value()?, &[2, 0], &[]);
            close(&tape.backward(y.sum()?)?.wrt(x)?, &[2, 0, 4], &[]);
        }
        assert_eq!(x.argmax_axis(2)?.shape(), [2, 0]);
        assert_eq!(x.argmin_axis(2)?.shape(), [2, 0]);
    }
}
