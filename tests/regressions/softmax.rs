//! Overflow in functions that take exponentials (D14 to D16), losses of classes and of shapes (D15, D18,
//! D21, D22, D62).

use crate::both;
use crate::support::{close, close_to, var};
use tensor::Tape;

both! {
    /// tracel-ai/burn#315, "LogSoftmax and Softmax functions are numerically unstable".
    d14_far_apart<T> {
        let tape = Tape::<T>::new();
        let y = var(&tape, &[1, 3], &[-781., 890., -1235.])?.log_softmax(1)?;
        close(&y.value()?, &[1, 3], &[-1671., 0., -2125.]);
        close(&y.exp()?.value()?, &[1, 3], &[0., 1., 0.]);
    }

    /// pytorch/pytorch#11752, "nn.CrossEntropyLoss() yields wrong output for big logits".
    d15_big_logits<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[1, 2], &[1e8, 1e8])?;
        close_to(x.cross_entropy(tape.indices(&[1])?)?.item()?, std::f64::consts::LN_2);
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

    /// pytorch/pytorch#5296, "reduce=False --> No error for invalid labels".
    d22_a_label_that_is_no_class<T> {
        let tape = Tape::<T>::new();
        let error = var(&tape, &[1, 2], &[0., 0.])?.cross_entropy(tape.indices(&[2])?).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cross_entropy: label 2 of row 0 is out of range: expected less than 2, the number of classes"
        );
    }

    /// pytorch/pytorch#16413, "MSELoss behaves strangely when shapes don't match".
    d62_a_loss_is_not_broadcast<T> {
        let tape = Tape::<T>::new();
        let (y, target) = (var(&tape, &[3], &[1., 2., 3.])?, var(&tape, &[3, 1], &[1., 2., 3.])?);
        let error = y.mse(target).unwrap_err().to_string();
        assert!(error.starts_with("mse: shapes [3] and [3, 1] do not agree"), "{error}");
    }
}
