//! Elementwise functions as layers.

use crate::{Module, Pass, Result, fields};
use tensor::{Element, Var};

macro_rules! activations {
    ($($(#[$doc:meta])* $name:ident = $method:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
            pub struct $name;

            fields!($name);

            impl<T: Element> Module<T> for $name {
                fn forward<'t>(&self, x: Var<'t, T>, _: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
                    Ok(x.$method()?)
                }
            }
        )*
    };
}

activations! {
    /// `max(x, 0)` of every element, any shape: [`Var::relu`].
    ///
    /// After a [`Linear`](crate::Linear) layer, [`Linear::relu`](crate::Linear::relu) does the same in
    /// one op.
    Relu = relu;

    /// `1 / (1 + e^-x)` of every element, any shape: [`Var::sigmoid`].
    Sigmoid = sigmoid;

    /// The hyperbolic tangent of every element, any shape: [`Var::tanh`].
    Tanh = tanh;
}
