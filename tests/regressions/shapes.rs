//! Layouts behind a transpose or a stack (D32, D33), arrays without elements (D35).

use crate::both;
use crate::support::{array, close, close_to, var};
use tensor::ndarray::{self, ArrayD, ArrayViewD, Axis, s};
use tensor::{Element, Tape, Var, concat, stack};

both! {
    /// tracel-ai/burn#1119, "Ndarray backend Tensor::swap_dims bug".
    d32_a_transpose_is_flattened<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[2, 2], &[1., 2., 3., 4.])?;
        let swapped = x.transpose(0, 1)?;
        for y in [swapped.flatten(..)?, swapped.reshape(&[4])?, x.permute(&[1, 0])?.reshape(&[4])?] {
            close(&y.value()?, &[4], &[1., 3., 2., 4.]);
            let gradients = tape.backward_with(y, &array(&[4], &[1., 2., 3., 4.]))?;
            close(&gradients.wrt(x)?, &[2, 2], &[1., 3., 2., 4.]);
        }
        // A leaf that is itself a transposed view.
        let leaf = tape.var(&array::<T>(&[2, 2], &[1., 2., 3., 4.]).t())?;
        close(&leaf.reshape(&[4])?.value()?, &[4], &[1., 3., 2., 4.]);
    }

    /// tracel-ai/burn#1053, "Wrong result when call reshape() after Tensor::stack".
    d33_a_stack_is_reshaped<T> {
        let tape = Tape::<T>::new();
        let (a, zeros) = (var(&tape, &[2, 2], &[1., 2., 3., 4.])?, var(&tape, &[2, 2], &[0.; 4])?);
        let y = stack(&[a, zeros], 2)?.reshape(&[2, 4])?;
        close(&y.value()?, &[2, 4], &[1., 0., 2., 0., 3., 0., 4., 0.]);
        let gradients = tape.backward_with(y, &array(&[2, 4], &[1., 2., 3., 4., 5., 6., 7., 8.]))?;
        close(&gradients.wrt(a)?, &[2, 2], &[1., 3., 5., 7.]);
        close(&gradients.wrt(zeros)?, &[2, 2], &[2., 4., 6., 8.]);
        // The array that ndarray makes of it, whose memory is in another order.
        let [a, zeros] = [array::<T>(&[2, 2], &[1., 2., 3., 4.]), array::<T>(&[2, 2], &[0.; 4])];
        let stacked = ndarray::stack(Axis(2), &[a.view(), zeros.view()]).expect("of one shape");
        let y = tape.var(&stacked)?.reshape(&[2, 4])?;
        close(&y.value()?, &[2, 4], &[1., 0., 2., 0., 3., 0., 4., 0.]);
    }

    /// tracel-ai/burn#1053, with axes of length 1, and with leaves that are reversed, strided and transposed.
    d33_stacks_of_any_layout<T> {
        let numbers = array::<T>(&[4, 6], &(0..24).map(f64::from).collect::<Vec<_>>());
        let (wide, tall) = (numbers.view(), numbers.t());
        for part in [
            wide.slice(s![..1, ..]).into_dyn(),
            wide.slice(s![.., ..1]).into_dyn(),
            wide.slice(s![2..3, 3..4]).into_dyn(),
            wide.slice(s![..;-1, ..]).into_dyn(),
            wide.slice(s![.., ..;-1]).into_dyn(),
            wide.slice(s![..;2, 1..;3]).into_dyn(),
            wide.slice(s![..;-2, ..;-3]).into_dyn(),
            tall.slice(s![1..;2, ..;-1]).into_dyn(),
            tall.slice(s![..1, ..]).into_dyn(),
        ] {
            stacks_and_concats(&part)?;
        }
    }

    /// tracel-ai/burn#5287, "burn-tch: backward() on a zero-sized tensor panics in the in-place binary-op fast
    /// path".
    d35_nothing_is_selected<T> {
        let tape = Tape::<T>::new();
        let x = var(&tape, &[3], &[1., 2., 3.])?;
        let none = x.index_select(0, tape.indices(&[])?)?;
        for y in [none, x.gather(0, tape.indices(&[])?)?, x.narrow(0, 1, 0)?, x.slice(0, 3.., 1)?] {
            assert_eq!(&*y.shape()?, [0]);
            let sum = y.sum()?;
            close_to(sum.item()?, 0.);
            close(&tape.backward(sum)?.wrt(x)?, &[3], &[0.; 3]);
        }
        let one = var(&tape, &[1], &[5.])?;
        for y in [none.add(one)?, one.sub(none)?, none.mul(one)?, one.div(none)?, none.maximum(one)?] {
            assert_eq!(&*y.shape()?, [0]);
            let gradients = tape.backward(y.sum()?)?;
            close(&gradients.wrt(one)?, &[1], &[0.]);
            close(&gradients.wrt(x)?, &[3], &[0.; 3]);
        }
    }
}

/// This array joined with its double on every axis, flattened: element by element what ndarray finds when it
/// is asked in row-major order.
fn stacks_and_concats<T: Element>(part: &ArrayViewD<'_, T>) -> tensor::Result<()> {
    let tape = Tape::<T>::new();
    let double = part.mapv(|x| x + x);
    let leaves = [tape.var(part)?, tape.var(&double)?];
    let parts = [part.view(), double.view()];
    let expect = |got: Var<'_, T>, want: ArrayD<T>| -> tensor::Result<()> {
        let want: Vec<f64> = want.iter().map(|x| x.to_f64()).collect();
        close(&got.reshape(&[want.len()])?.value()?, &[want.len()], &want);
        Ok(())
    };
    for axis in 0..=part.ndim() {
        expect(stack(&leaves, axis)?, ndarray::stack(Axis(axis), &parts).expect("of one shape"))?;
        if axis < part.ndim() {
            expect(concat(&leaves, axis)?, ndarray::concatenate(Axis(axis), &parts).expect("of one shape"))?;
        }
    }
    Ok(())
}
