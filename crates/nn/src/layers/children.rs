//! The list of layers that a composed layer is made of.

use crate::{ErrorKind, Fields, Module, Pass, Path, Result, Visit, VisitMut};
use tensor::{Element, Var};

/// Layers with names, or numbered by their position.
#[derive(Default, Clone)]
pub(super) struct Children<T: Element> {
    list: Vec<Child<T>>,
}

#[derive(Clone)]
struct Child<T: Element> {
    name: Option<String>,
    layer: Box<dyn Module<T>>,
}

impl<T: Element> Children<T> {
    pub(super) const fn new() -> Self {
        Self { list: Vec::new() }
    }

    pub(super) fn push(&mut self, layer: impl Module<T> + 'static) {
        self.list.push(Child { name: None, layer: Box::new(layer) });
    }

    /// One more layer under a name that can be told from the others' and from positions.
    pub(super) fn push_named(
        &mut self,
        owner: &'static str,
        name: &str,
        layer: impl Module<T> + 'static,
    ) -> Result<()> {
        let letters = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let first = name.chars().next().is_some_and(|c| !c.is_numeric());
        if !letters || !first {
            let expected =
                "a name of letters, digits and underscores that does not start with a digit".into();
            return Err(ErrorKind::Data { owner, expected, got: format!("`{name}`") }.into());
        }
        if let Some(at) = self.list.iter().position(|child| child.name.as_deref() == Some(name)) {
            let (expected, got) = ("a new name".into(), format!("`{name}`, which is that of layer {at}"));
            return Err(ErrorKind::Data { owner, expected, got }.into());
        }
        self.list.push(Child { name: Some(name.to_owned()), layer: Box::new(layer) });
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Evaluates one of the layers.
    pub(super) fn run<'t>(&self, at: usize, x: Var<'t, T>, pass: &mut Pass<'_, T>) -> Result<Var<'t, T>> {
        let Child { name, layer } = &self.list[at];
        match name {
            Some(name) => pass.run(name, layer, x),
            None => pass.run(at, layer, x),
        }
    }
}

impl<T: Element> Fields<T> for Children<T> {
    fn visit<'a>(&'a self, path: Path<'_>, f: &mut Visit<'_, 'a, T>) -> Result<()> {
        self.list.iter().enumerate().try_for_each(|(i, Child { name, layer })| match name {
            Some(name) => layer.visit(path.field(name), f),
            None => layer.visit(path.index(i), f),
        })
    }

    fn visit_mut(&mut self, path: Path<'_>, f: &mut VisitMut<'_, T>) -> Result<()> {
        self.list.iter_mut().enumerate().try_for_each(|(i, Child { name, layer })| match name {
            Some(name) => layer.visit_mut(path.field(name), f),
            None => layer.visit_mut(path.index(i), f),
        })
    }
}
