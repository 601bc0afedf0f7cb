//! One body for both element types, and comparisons.

use tensor::ndarray::{ArrayD, IxDyn};
use tensor::{Element, Result, Tape, Var};

/// Runs a test's body with `T` as f32 and as f64.
#[macro_export]
macro_rules! both {
    ($($(#[$doc:meta])* $name:ident<$t:ident> $body:block)*) => {
        $(
            $(#[$doc])*
            #[test]
            fn $name() -> tensor::Result<()> {
                fn run<$t: tensor::Element>() -> tensor::Result<()> {
                    $body
                    Ok(())
                }
                run::<f32>()?;
                run::<f64>()
            }
        )*
    };
}

/// An array of these numbers.
pub(crate) fn array<T: Element>(shape: &[usize], values: &[f64]) -> ArrayD<T> {
    let values = values.iter().map(|&x| T::from_f64(x)).collect();
    ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many numbers as the shape holds")
}

/// A variable of these numbers.
pub(crate) fn var<'t, T: Element>(tape: &'t Tape<T>, shape: &[usize], values: &[f64]) -> Result<Var<'t, T>> {
    tape.var(&array(shape, values))
}

/// Equal to 1e-9 in f64 and 1e-5 in f32, relative above 1; infinities and NaN to themselves.
pub(crate) fn close<T: Element>(got: &ArrayD<T>, shape: &[usize], want: &[f64]) {
    let tolerance = if size_of::<T>() == 4 { 1e-5 } else { 1e-9 };
    assert_eq!(got.shape(), shape);
    let equal = |(got, &want): (&T, &f64)| {
        let got = got.to_f64();
        got == want
            || (got.is_nan() && want.is_nan())
            || (got - want).abs() <= tolerance * want.abs().max(1.0)
    };
    assert!(got.len() == want.len() && got.iter().zip(want).all(equal), "{got:?} where {want:?} is right");
}

/// One number.
pub(crate) fn close_to<T: Element>(got: T, want: f64) {
    close(&array(&[], &[got.to_f64()]) as &ArrayD<T>, &[], &[want]);
}
