//! Layers side by side.

use super::children::Children;
use crate::{ErrorKind, Fields, Module, Pass, Path, Result, Visit, VisitMut};
use std::fmt;
use tensor::{Element, Var, concat};

/// Layers that each get the same input; their results are joined: one behind the other along an axis
/// ([`concat`](Self::concat)), or added up ([`sum`](Self::sum)). Parameters are named by position or by the
/// names of [`named`](Self::named).
///
/// ```
/// use nn::{Linear, Module, Parallel, Pass, Relu};
/// use tensor::{Tape, ndarray::array};
///
/// let double = Linear::from_arrays(&array![[2.0]], &array![0.0])?;
/// let tape = Tape::<f64>::new();
/// let x = tape.constant(&array![[-3.0]])?;
/// let both = Parallel::concat(1).with(double.clone()).with(Relu);
/// assert_eq!(both.forward(x, &mut Pass::eval())?.value()?, array![[-6.0, 0.0]].into_dyn());
/// let sum = Parallel::sum().with(double).with(Relu);
/// assert_eq!(sum.forward(x, &mut Pass::eval())?.value()?, array![[-6.0]].into_dyn());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone)]
pub struct Parallel<T: Element> {
    branches: Children<T>,
    join: Join,
}

/// What becomes of the results.
#[derive(Debug, Clone, Copy)]
enum Join {
    Concat(usize),
    Sum,
}

impl<T: Element> Parallel<T> {
    /// No branches yet; results will stand one behind the other along this axis.
    pub const fn concat(axis: usize) -> Self {
        Self { branches: Children::new(), join: Join::Concat(axis) }
    }

    /// No branches yet; results will be added up, which needs equal shapes.
    pub const fn sum() -> Self {
        Self { branches: Children::new(), join: Join::Sum }
    }

    /// One more branch.
    #[must_use]
    pub fn with(mut self, branch: impl Module<T> + 'static) -> Self {
        self.branches.push(branch);
        self
    }

    /// One more branch, whose parameters are named `name.weight` rather than by position.
    ///
    /// # Errors
    /// As [`Sequential::named`](crate::Sequential::named).
    pub fn named(mut self, name: &str, branch: impl Module<T> + 'static) -> Result<Self> {
        self.branches.push_named("parallel", name, branch)?;
        Ok(self)
    }

    /// The number of branches.
    pub fn len(&self) -> usize {
        self.branches.len()
    }

    /// Whether there are no branches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Element> fmt::Debug for Parallel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parallel")
            .field("join", &self.join)
            .field("branches", &self.len())
            .field("parameters", &self.names())
            .finish()
    }
}

impl<T: Element> Fields<T> for Parallel<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.branches.visit(path, f)
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.branches.visit_mut(path, f)
    }
}

impl<T: Element> Module<T> for Parallel<T> {
    fn forward<'t>(&self, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let results = (0..self.len()).map(|at| self.branches.run(at, x, pass));
        let results = results.collect::<Result<Vec<_>>>()?;
        let Some((&first, others)) = results.split_first() else {
            let (owner, name, expected) = ("parallel", "the number of branches", "at least 1");
            return Err(ErrorKind::Setting { owner, name, expected, got: 0.0 }.into());
        };
        match self.join {
            Join::Concat(axis) => Ok(concat(&results, axis)?),
            Join::Sum => others.iter().try_fold(first, |sum, &result| {
                expect_shape(first, result)?;
                Ok(sum.add(result)?)
            }),
        }
    }
}

/// Refuses results of several shapes: a sum would broadcast them in silence.
fn expect_shape<T: Element>(first: Var<'_, T>, result: Var<'_, T>) -> Result<()> {
    let (want, got) = (first.shape()?, result.shape()?);
    if want == got {
        return Ok(());
    }
    let expected = format!("results of the first branch's shape {want:?}");
    Err(ErrorKind::Shape { owner: "parallel", expected, got: got.to_vec() }.into())
}
