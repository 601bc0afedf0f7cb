//! Named parameters and buffers behind one visitor.

use crate::{Buffer, ErrorKind, Result};
use std::fmt;
use std::ops::{Deref, DerefMut};
use tensor::{Element, Param, Tape};

/// Something that holds named parameters: a layer, a list of layers, a whole model.
///
/// Counting, optimizing, freezing, saving and binding are built on this one pair of visitors, so a layer
/// lists its fields once, with [`fields!`](crate::fields). Names are paths such as `layers.0.weight`.
///
/// ```
/// use nn::{Fields, Init, Linear, Sequential};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let mut net = Sequential::new()
///     .with(Linear::<f32>::new(3, 4, Init::XavierUniform, rng)?)
///     .with(Linear::new(4, 1, Init::XavierUniform, rng)?);
/// assert_eq!(net.names(), ["0.weight", "0.bias", "1.weight", "1.bias"]);
/// assert_eq!(net.parameter_count(), 3 * 4 + 4 + 4 + 1);
/// assert_eq!(net.set_trainable(false, |name| name.starts_with("0.")), 2);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// A weight that is used at two places is one field, read twice by `forward`: it has one name, one gradient
/// and is saved once.
pub trait Fields<T: Element> {
    /// Calls `f` with the name of every parameter and buffer, always in the same order, until it refuses
    /// one.
    ///
    /// # Errors
    /// What `f` returns.
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()>;

    /// The same with fields that can be written.
    ///
    /// # Errors
    /// What `f` returns.
    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()>;

    /// The names of all parameters.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.each(&mut |path, field| {
            if field.role == Role::Weight {
                names.push(path.to_string());
            }
        });
        names
    }

    /// The number of elements of all parameters.
    fn parameter_count(&self) -> usize {
        let mut count = 0;
        self.each(&mut |_, field| {
            if field.role == Role::Weight {
                count += field.shape().size();
            }
        });
        count
    }

    /// Calls `f` with every parameter and buffer.
    fn each<'a>(&'a self, f: &mut dyn FnMut(Path<'_>, Field<'a, T>)) {
        let visited = self.visit(Path::ROOT, &mut |path, field| {
            f(path, field);
            Ok(())
        });
        visited.expect("the closure accepts every field");
    }

    /// Chooses whether gradients are computed for the parameters whose names are accepted, from the next
    /// recording on, and returns how many these are. An optimizer leaves the others as they are.
    fn set_trainable(&mut self, trainable: bool, names: impl Fn(&str) -> bool) -> usize
    where
        Self: Sized,
    {
        let mut count = 0;
        let visited = self.visit_mut(Path::ROOT, &mut |path, field| {
            if field.role == Role::Weight && names(&path.to_string()) {
                count += 1;
                field.param.set_trainable(trainable);
            }
            Ok(())
        });
        visited.expect("the closure accepts every field");
        count
    }

    /// Copies the values of another model with the same names and shapes, be it of another element type:
    /// how a model goes from `f32` to `f64` and back.
    ///
    /// ```
    /// use nn::{Fields, Init, Linear};
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    ///
    /// let rng = &mut ChaCha8Rng::seed_from_u64(0);
    /// let narrow = Linear::<f32>::new(2, 1, Init::XavierUniform, rng)?;
    /// let mut wide = Linear::<f64>::new(2, 1, Init::Constant(0.0), rng)?;
    /// wide.copy_from(&narrow)?;
    /// assert_eq!(wide.weight.values()[1], f64::from(narrow.weight.values()[1]));
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] that lists every name that one of them lacks and every other shape,
    /// [`ErrorKind::Parameter`] for a parameter whose values a tape still holds; nothing is copied then.
    fn copy_from<U: Element>(&mut self, other: &dyn Fields<U>) -> Result<()>
    where
        Self: Sized,
    {
        let mut theirs = Vec::new();
        other.each(&mut |path, field| theirs.push((path.to_string(), field.param)));
        let mut ours = Vec::new();
        self.each(&mut |path, field| ours.push((path.to_string(), *field.shape())));
        let mut faults = Vec::new();
        for (name, shape) in &ours {
            match theirs.iter().find(|(other, _)| other == name) {
                None => faults.push(format!("`{name}` is missing")),
                Some((_, param)) if param.shape() != shape => {
                    faults.push(format!("`{name}`: expected shape {shape:?}, got {:?}", param.shape()));
                }
                Some(_) => {}
            }
        }
        let unknown = theirs.iter().filter(|(name, _)| !ours.iter().any(|(our, _)| our == name));
        faults.extend(unknown.map(|(name, _)| format!("`{name}` is not a part of the model")));
        if !faults.is_empty() {
            return Err(ErrorKind::Mismatch { what: "the other model", faults }.into());
        }
        expect_unshared(self)?;
        self.visit_mut(Path::ROOT, &mut |path, field| {
            let name = path.to_string();
            let (_, param) = theirs.iter().find(|(other, _)| *other == name).expect("compared above");
            let values = field.param.values_mut().map_err(|source| parameter(path, source))?;
            values.iter_mut().zip(param.values()).for_each(|(to, from)| *to = T::from_f64(from.to_f64()));
            Ok(())
        })
    }

    /// Lends the present values of all parameters, and of the buffers that were read, to the leaves of a
    /// recorded tape, before [`Tape::replay`].
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a parameter that is not on the tape.
    fn bind(&self, tape: &Tape<T>) -> Result<()> {
        self.visit(Path::ROOT, &mut |path, field| match tape.bind(field.param) {
            // Buffers are read by some passes alone.
            Err(source) if field.role == Role::Weight => Err(parameter(path, source)),
            _ => Ok(()),
        })
    }
}

/// What [`Fields::visit`] calls.
pub type Visit<'f, 'a, T> = dyn FnMut(Path<'_>, Field<'a, T>) -> Result<()> + 'f;

/// What [`Fields::visit_mut`] calls.
pub type VisitMut<'f, T> = dyn FnMut(Path<'_>, FieldMut<'_, T>) -> Result<()> + 'f;

/// Whether a field is learnt or gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A parameter: changed by optimizers.
    Weight,
    /// Numbers that are kept and saved beside the parameters, such as running statistics.
    Buffer,
}

/// How a field's axes lie in a file.
///
/// Files hold what PyTorch's layer of the same kind holds, so that either reads the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// As in memory.
    Same,
    /// The two axes exchanged: `[in, out]` in memory is `[out, in]` in a file.
    Transposed,
}

/// A parameter or buffer that is visited.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a, T: Element> {
    /// Its values.
    pub param: &'a Param<T>,
    /// Whether it is learnt.
    pub role: Role,
    /// How it lies in a file.
    pub layout: Layout,
}

impl<T: Element> Deref for Field<'_, T> {
    type Target = Param<T>;

    fn deref(&self) -> &Param<T> {
        self.param
    }
}

/// A parameter or buffer that is visited and can be written.
#[derive(Debug)]
pub struct FieldMut<'a, T: Element> {
    /// Its values.
    pub param: &'a mut Param<T>,
    /// Whether it is learnt.
    pub role: Role,
    /// How it lies in a file.
    pub layout: Layout,
}

impl<T: Element> Deref for FieldMut<'_, T> {
    type Target = Param<T>;

    fn deref(&self) -> &Param<T> {
        self.param
    }
}

impl<T: Element> DerefMut for FieldMut<'_, T> {
    fn deref_mut(&mut self) -> &mut Param<T> {
        self.param
    }
}

/// A parameter's error under its name.
pub(crate) fn parameter(path: Path<'_>, source: tensor::Error) -> crate::Error {
    ErrorKind::Parameter { name: path.to_string(), source }.into()
}

/// Checks that every field can be written, so that a refusal leaves none half changed.
pub(crate) fn expect_unshared<T: Element>(model: &mut (impl Fields<T> + ?Sized)) -> Result<()> {
    model.visit_mut(Path::ROOT, &mut |path, field| expect_writable(path, field.param))
}

/// Checks that a field can be written.
pub(crate) fn expect_writable<T: Element>(path: Path<'_>, param: &mut Param<T>) -> Result<()> {
    if !param.is_shared() {
        return Ok(());
    }
    param.values_mut().map(|_| ()).map_err(|source| parameter(path, source))
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

/// Lists a layer's fields, in order: those that are parameters, buffers or hold some. Each is itself
/// [`Fields`](crate::Fields).
///
/// `fields!(Name: a, b)` is for a type `Name<T>` over the element type, `fields!(Name)` for a type
/// without parameters; see [`Module`](crate::Module) for an example. `a as transposed` marks a parameter
/// whose two axes are exchanged in files ([`Layout::Transposed`](crate::Layout)).
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
    ($name:ident: $($field:ident $(as $layout:ident)?),+ $(,)?) => {
        impl<T: $crate::tensor::Element> $crate::Fields<T> for $name<T> {
            fn visit<'a>(
                &'a self,
                path: $crate::Path<'_>,
                f: &mut $crate::Visit<'_, 'a, T>,
            ) -> $crate::Result<()> {
                $($crate::fields!(@one path.field(stringify!($field)), f, &self.$field, visit, Field $(, $layout)?);)+
                Ok(())
            }

            fn visit_mut(
                &mut self,
                path: $crate::Path<'_>,
                f: &mut $crate::VisitMut<'_, T>,
            ) -> $crate::Result<()> {
                $($crate::fields!(@one path.field(stringify!($field)), f, &mut self.$field, visit_mut, FieldMut $(, $layout)?);)+
                Ok(())
            }
        }
    };
    (@one $path:expr, $f:ident, $field:expr, $visit:ident, $type:ident) => {
        $crate::Fields::$visit($field, $path, $f)?
    };
    (@one $path:expr, $f:ident, $field:expr, $visit:ident, $type:ident, transposed) => {
        $f($path, $crate::$type { param: $field, role: $crate::Role::Weight, layout: $crate::Layout::Transposed })?
    };
}

impl<T: Element> Fields<T> for Param<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        f(path, Field { param: self, role: Role::Weight, layout: Layout::Same })
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        f(path, FieldMut { param: self, role: Role::Weight, layout: Layout::Same })
    }
}

impl<T: Element> Fields<T> for Buffer<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        f(path, Field { param: self.param(), role: Role::Buffer, layout: Layout::Same })
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        f(path, FieldMut { param: self.param_mut(), role: Role::Buffer, layout: Layout::Same })
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
