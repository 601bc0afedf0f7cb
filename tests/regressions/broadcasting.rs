//! Gradients of operands that were broadcast (D01 to D03), layouts (D34).

use crate::both;
use crate::support::{array, close, close_to, var};
use tensor::ndarray::{ArrayD, IxDyn};
use tensor::{Element, Tape, Var};

both! {
    /// tracel-ai/burn#181, "Backward pass issue when there is implicit broadcasting in add".
    d01_bias_of_a_linear_layer<T> {
        let tape = Tape::<T>::new();
        let x = tape.constant(&array(&[2, 3], &[1., 2., 3., 4., 5., 6.]))?;
        let (w, b) = (var(&tape, &[3, 1], &[0.1, 0.2, 0.3])?, var(&tape, &[1, 3], &[0., 1., 2.])?);
        let label = tape.constant(&array(&[2, 1], &[1., 2.]))?;
        let loss = x.matmul(w)?.add(b)?.sub(label)?.square()?.sum()?;
        close_to(loss.item()?, 24.4);
        let gradients = tape.backward(loss)?;
        close(&gradients.wrt(w)?, &[3, 1], &[61.2, 82.8, 104.4]);
        close(&gradients.wrt(b)?, &[1, 3], &[3.2, 7.2, 11.2]);
    }

    /// pytorch/pytorch#1787, "autograd doesn't follow broadcasting".
    d02_both_operands<T> {
        let tape = Tape::<T>::new();
        let (a, b) = (var(&tape, &[3, 1], &[1., 2., 3.])?, var(&tape, &[1, 2], &[10., 20.])?);
        let gradients = tape.backward(a.mul(b)?.sum()?)?;
        close(&gradients.wrt(a)?, &[3, 1], &[30., 30., 30.]);
        close(&gradients.wrt(b)?, &[1, 2], &[6., 6.]);
    }

    /// deeplearning4j/nd4j#2503, "SameDiff: Transform op gradients - don't account for auto broadcasting".
    d03_a_middle_axis<T> {
        let tape = Tape::<T>::new();
        let (a, v) = (var(&tape, &[2, 3, 2], &[1.; 12])?, var(&tape, &[2, 1, 2], &[2.; 4])?);
        close(&tape.backward(a.add(v)?.sum()?)?.wrt(v)?, &[2, 1, 2], &[3.; 4]);
        close(&tape.backward(a.sub(v)?.sum()?)?.wrt(v)?, &[2, 1, 2], &[-3.; 4]);
        sweep(&tape)?;
    }

    /// huggingface/candle#680, "MatMulNonContiguous Cuda Error when multiply tensors".
    d34_matmul_of_any_layout<T> {
        let tape = Tape::<T>::new();
        let one = array::<T>(&[1, 1], &[1.]);
        let broadcast = tape.var(&one.broadcast(IxDyn(&[1, 2])).expect("one row stretches"))?;
        close(&broadcast.matmul(var(&tape, &[2, 2], &[1.; 4])?)?.value()?, &[1, 2], &[2., 2.]);
        let x = array::<T>(&[2, 3, 2], &(0..12).map(f64::from).collect::<Vec<_>>());
        let slice = x.index_axis(tensor::ndarray::Axis(1), 1);
        let (a, b) = (tape.var(&slice)?, tape.var(&slice.t())?);
        close(&a.matmul(b)?.value()?, &[2, 2], &[13., 43., 43., 145.]);
    }
}

/// Every op with two operands, in both orders, with a missing leading axis and a single number: the gradient
/// has the operand's shape and is the sum over the repetitions.
fn sweep<T: Element>(tape: &Tape<T>) -> tensor::Result<()> {
    type Binary<T> = for<'t> fn(Var<'t, T>, Var<'t, T>) -> tensor::Result<Var<'t, T>>;
    let ops: [Binary<T>; 8] = [
        |a, b| a.add(b),
        |a, b| a.sub(b),
        |a, b| a.mul(b),
        |a, b| a.div(b),
        |a, b| a.pow(b),
        |a, b| a.maximum(b),
        |a, b| a.minimum(b),
        |a, b| a.greater(b)?.where_cond(a, b),
    ];
    let full = array::<T>(&[2, 3, 2], &(1..13).map(|i| f64::from(i) * 0.3).collect::<Vec<_>>());
    for small in [&[2, 1, 2][..], &[3, 1], &[2], &[1], &[]] {
        let values: Vec<f64> = (0..small.iter().product()).map(|i| 1.1 + 0.5 * i as f64).collect();
        let operand = array::<T>(small, &values);
        let repeated: ArrayD<T> = operand.broadcast(full.raw_dim()).expect("it broadcasts").to_owned();
        for op in ops {
            for order in [false, true] {
                let gradient = |operand: &ArrayD<T>| {
                    let (a, b) = (tape.constant(&full)?, tape.var(operand)?);
                    let y = if order { op(b, a)? } else { op(a, b)? };
                    tape.backward(y.sum()?)?.wrt(b)
                };
                let (direct, mut summed) = (gradient(&operand)?, gradient(&repeated)?);
                // The plain form: sum over the axes on which the operand was repeated.
                while summed.ndim() > small.len() {
                    summed = summed.map_axis(tensor::ndarray::Axis(0), |lane| add_up(&lane));
                }
                for (axis, &length) in small.iter().enumerate() {
                    if length == 1 {
                        let axis = tensor::ndarray::Axis(axis);
                        summed = summed.map_axis(axis, |lane| add_up(&lane)).insert_axis(axis);
                    }
                }
                let want: Vec<f64> = summed.iter().map(|x| x.to_f64()).collect();
                close(&direct, small, &want);
            }
        }
    }
    Ok(())
}

fn add_up<T: Element>(lane: &tensor::ndarray::ArrayView1<'_, T>) -> T {
    lane.iter().fold(T::zero(), |sum, &x| sum + x)
}
