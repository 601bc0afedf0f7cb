//! What a layer is: a function on the tape, and named parameters behind one visitor.

use crate::{ErrorKind, Result};
use std::fmt;
use tensor::{Element, Param, Tape, Var};

/// Whether a module is being trained or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Dropout drops, statistics are gathered.
    Train,
    /// The function as trained; no randomness.
    Eval,
}

/// Something that holds named parameters: a layer, a list of layers, a whole model.
///
/// Counting, optimizing and binding are built on this one pair of visitors, so a layer lists its fields
/// once, with [`fields!`](crate::fields). Names are paths such as `layers.0.weight`.
///
/// ```
/// use nn::{Fields, Init, Linear, Sequential};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let net = Sequential::new()
///     .with(Linear::<f32>::new(3, 4, Init::XavierUniform, rng)?)
///     .with(Linear::new(4, 1, Init::XavierUniform, rng)?);
/// assert_eq!(net.names(), ["0.weight", "0.bias", "1.weight", "1.bias"]);
/// assert_eq!(net.parameter_count(), 3 * 4 + 4 + 4 + 1);
/// # Ok::<(), nn::Error>(())
/// ```
pub trait Fields<T: Element> {
    /// Calls `f` with the name and the value of every parameter, always in the same order, until it
    /// refuses one.
    ///
    /// # Errors
    /// What `f` returns.
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()>;

    /// The same with parameters that can be written.
    ///
    /// # Errors
    /// What `f` returns.
    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()>;

    /// The names of all parameters.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let listed = self.visit(Path::ROOT, &mut |path, _| {
            names.push(path.to_string());
            Ok(())
        });
        listed.expect("the closure accepts every parameter");
        names
    }

    /// The number of elements of all parameters.
    fn parameter_count(&self) -> usize {
        let mut count = 0;
        let counted = self.visit(Path::ROOT, &mut |_, param| {
            count += param.shape().size();
            Ok(())
        });
        counted.expect("the closure accepts every parameter");
        count
    }

    /// Lends the present values of all parameters to the leaves of a recorded tape, before
    /// [`Tape::replay`].
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a parameter that is not on the tape.
    fn bind(&self, tape: &Tape<T>) -> Result<()> {
        self.visit(Path::ROOT, &mut |path, param| tape.bind(param).map_err(|source| parameter(path, source)))
    }
}

/// What [`Fields::visit`] calls.
pub type Visit<'f, 'a, T> = dyn FnMut(Path<'_>, &'a Param<T>) -> Result<()> + 'f;

/// What [`Fields::visit_mut`] calls.
pub type VisitMut<'f, T> = dyn FnMut(Path<'_>, &mut Param<T>) -> Result<()> + 'f;

/// A parameter's error under its name.
pub(crate) fn parameter(path: Path<'_>, source: tensor::Error) -> crate::Error {
    ErrorKind::Parameter { name: path.to_string(), source }.into()
}

/// A function on the tape with parameters: `forward` reads them, an optimizer writes them.
///
/// A module can be shared between threads, each with a tape of its own.
///
/// ```
/// use nn::{Init, Linear, Mode, Module, Result};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::{Element, Tape, Var, ndarray::array};
///
/// /// x + linear(x)
/// struct Residual<T: Element> {
///     inner: Linear<T>,
/// }
///
/// nn::fields!(Residual: inner);
///
/// impl<T: Element> Module<T> for Residual<T> {
///     fn forward<'t>(&self, x: Var<'t, T>, mode: Mode) -> Result<Var<'t, T>> {
///         Ok(x.add(self.inner.forward(x, mode)?)?)
///     }
/// }
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let net = Residual { inner: Linear::new(2, 2, Init::Constant(1.0), rng)? };
/// let tape = Tape::<f64>::new();
/// let y = net.forward(tape.constant(&array![[1.0, 2.0]])?, Mode::Eval)?;
/// assert_eq!(y.value()?, array![[4.0, 5.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
pub trait Module<T: Element>: Fields<T> + Send + Sync {
    /// Records the module's function of `x` on the tape of `x`.
    ///
    /// # Errors
    /// Where the input's shape is not the module's.
    fn forward<'t>(&self, x: Var<'t, T>, mode: Mode) -> Result<Var<'t, T>>;
}

/// The name of a parameter: the fields and indices on the way to it, joined by dots.
///
/// It is made of borrowed parts, so that visiting allocates nothing.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    part: Part<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    Root,
    Field(&'a str),
    Index(usize),
}

impl Path<'static> {
    /// The path of the module that a visit starts with.
    pub const ROOT: Self = Path { parent: None, part: Part::Root };
}

impl<'a> Path<'a> {
    /// The path of a field.
    pub fn field(&'a self, name: &'a str) -> Self {
        Path { parent: Some(self), part: Part::Field(name) }
    }

    /// The path of an element of a list.
    pub fn index(&'a self, index: usize) -> Self {
        Path { parent: Some(self), part: Part::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent.filter(|parent| !matches!(parent.part, Part::Root)) {
            write!(f, "{parent}.")?;
        }
        match self.part {
            Part::Root => Ok(()),
            Part::Field(name) => f.write_str(name),
            Part::Index(index) => write!(f, "{index}"),
        }
    }
}

/// Lists a layer's fields, in order: those that are parameters or hold some. Each is itself [`Fields`].
///
/// `fields!(Name: a, b)` is for a type `Name<T>` over the element type, `fields!(Name)` for a type
/// without parameters; see [`Module`] for an example.
#[macro_export]
macro_rules! fields {
    ($name:ident) => {
        impl<T: $crate::tensor::Element> $crate::Fields<T> for $name {
            fn visit<'a>(&'a self, _: $crate::Path<'_>, _: &mut $crate::Visit<'_, 'a, T>) -> $crate::Result<()> {
                Ok(())
            }

            fn visit_mut(&mut self, _: $crate::Path<'_>, _: &mut $crate::VisitMut<'_, T>) -> $crate::Result<()> {
                Ok(())
            }
        }
    };
    ($name:ident: $($field:ident),+ $(,)?) => {
        impl<T: $crate::tensor::Element> $crate::Fields<T> for $name<T> {
            fn visit<'a>(
                &'a self,
                path: $crate::Path<'_>,
                f: &mut $crate::Visit<'_, 'a, T>,
            ) -> $crate::Result<()> {
                $($crate::Fields::visit(&self.$field, path.field(stringify!($field)), f)?;)+
                Ok(())
            }

            fn visit_mut(
                &mut self,
                path: $crate::Path<'_>,
                f: &mut $crate::VisitMut<'_, T>,
            ) -> $crate::Result<()> {
                $($crate::Fields::visit_mut(&mut self.$field, path.field(stringify!($field)), f)?;)+
                Ok(())
            }
        }
    };
}

impl<T: Element> Fields<T> for Param<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        f(path, self)
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        f(path, self)
    }
}

impl<T: Element, F: Fields<T>> Fields<T> for Option<F> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.iter().try_for_each(|field| field.visit(path, f))
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.iter_mut().try_for_each(|field| field.visit_mut(path, f))
    }
}

impl<T: Element, F: Fields<T>> Fields<T> for Vec<F> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.iter().enumerate().try_for_each(|(i, field)| field.visit(path.index(i), f))
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.iter_mut().enumerate().try_for_each(|(i, field)| field.visit_mut(path.index(i), f))
    }
}

impl<T: Element, F: Fields<T> + ?Sized> Fields<T> for Box<F> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        (**self).visit(path, f)
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        (**self).visit_mut(path, f)
    }
}

impl<T: Element, M: Module<T> + ?Sized> Module<T> for Box<M> {
    fn forward<'t>(&self, x: Var<'t, T>, mode: Mode) -> Result<Var<'t, T>> {
        (**self).forward(x, mode)
    }
}
