//! Overflow in functions that take exponentials (D14, D16, D17), the axis of softmax (D37).

use crate::both;
use crate::support::{array, close, close_to, var};
use tensor::Tape;

both! {
    /// tracel-ai/burn#315, "LogSoftmax and Softmax functions are numerically unstable".
    d14_far_apart<T> {
        let tape = Tape::<T>::new();
        let y = var(&tape, &[1, 3], &[-781., 890., -1235.])?.log_softmax(1)?;
        close(&y.value()?, &[1, 3], &[-1671., 0., -2125.]);
        close(&y.exp()?.value()?, &[1, 3], &[0., 1., 0.]);
    }

    /// tracel-ai/burn#5373, "softplus overflows to inf for large inputs, producing NaN gradients".
    d16_softplus<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3], &[20., 50., 100.])?;
        let y = x.softplus(T::one())?;
        close(&y.value()?, &[3], &[20.00000000206, 50., 100.]);
        close(&tape.backward(y.sum()?)?.wrt(x)?, &[3], &[0.9999999979388463, 1., 1.]);
        let small = var(&tape, &[1], &[-100.])?.softplus(T::one())?.item()?.to_f64();
        assert!((0.0..1e-43).contains(&small) && (size_of::<T>() == 4 || small > 3.7e-44), "{small}");
        close(&x.softplus(T::from_f64(5.))?.value()?, &[3], &[20., 50., 100.]);
    }

    /// manassharma07/crysx_nn#7, "NAN loss or loss gradient when using Binary Cross Entropy or Categorical
    /// Cross Entropy sometimes": one maximum was taken off all rows.
    d17_rows_far_apart<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[2, 2], &[0., 0., 1000., 1000.])?;
        close(&x.softmax(1)?.value()?, &[2, 2], &[0.5; 4]);
        close(&x.log_softmax(1)?.value()?, &[2, 2], &[-std::f64::consts::LN_2; 4]);
        let gradients = tape.backward_with(x.softmax(1)?, &array(&[2, 2], &[1., 0., 0., 1.]))?;
        close(&gradients.wrt(x)?, &[2, 2], &[0.25, -0.25, -0.25, 0.25]);
        let loss = x.cross_entropy(tape.indices(&[0, 1])?)?;
        close_to(loss.item()?, std::f64::consts::LN_2);
        close(&tape.backward(loss)?.wrt(x)?, &[2, 2], &[-0.25, 0.25, 0.25, -0.25]);
    }

    /// paiml/aprender PR#2152, "fix(nn): Softmax module ignored its dim param".
    d37_the_axis_that_is_asked_for<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[2, 2], &[1., 2., 3., 4.])?;
        let (small, large) = (0.119202922022, 0.880797077978);
        close(&x.softmax(0)?.value()?, &[2, 2], &[small, small, large, large]);
        close(&x.log_softmax(0)?.exp()?.value()?, &[2, 2], &[small, small, large, large]);
        // Along the axis the derivative of one probability is p (1 - p) and -p q.
        let gradients = tape.backward_with(x.softmax(0)?, &array(&[2, 2], &[1., 0., 0., 0.]))?;
        close(&gradients.wrt(x)?, &[2, 2], &[small * large, 0., -small * large, 0.]);
    }
}
