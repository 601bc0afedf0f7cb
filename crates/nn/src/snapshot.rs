//! A model's values, kept in memory.

use crate::fields::{Fields, Path, expect_unshared, parameter};
use crate::{ErrorKind, Result};
use std::fmt;
use tensor::{Element, Shape};

/// A copy of all parameters and buffers of a model, to be put back later: how the best weights of a training
/// are kept.
///
/// ```
/// use nn::Snapshot;
/// use tensor::{Param, ndarray::array};
///
/// let mut w = Param::new(&array![1.0, 2.0])?;
/// let mut best = Snapshot::new(&w);
/// w.add_scaled(1.0, &[1.0, 1.0])?;
/// best.restore(&mut w)?;
/// assert_eq!(w.values(), [1.0, 2.0]);
///
/// // The values after another step, in the same memory.
/// w.add_scaled(1.0, &[0.0, 5.0])?;
/// best.update(&w)?;
/// assert_eq!(best.values("").expect("a lone parameter has an empty name"), [1.0, 7.0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Snapshot<T> {
    /// In the order of the visit.
    fields: Vec<Kept<T>>,
}

#[derive(Clone, PartialEq)]
struct Kept<T> {
    name: String,
    shape: Shape,
    values: Vec<T>,
}

impl<T: Element> Snapshot<T> {
    /// A copy of the present values.
    pub fn new(model: &dyn Fields<T>) -> Self {
        let mut fields = Vec::new();
        model.each(&mut |path, field| {
            let (name, shape) = (path.to_string(), *field.shape());
            fields.push(Kept { name, shape, values: field.param.values().to_vec() });
        });
        Self { fields }
    }

    /// Copies the present values over those before.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] with every fault for a model of other names or shapes; the snapshot is then
    /// unchanged.
    pub fn update(&mut self, model: &dyn Fields<T>) -> Result<()> {
        self.expect_fields_of(model)?;
        let mut fields = self.fields.iter_mut();
        model.each(&mut |_, field| {
            if let Some(kept) = fields.next() {
                kept.values.copy_from_slice(field.param.values());
            }
        });
        Ok(())
    }

    /// Gives the values back to the model, or to one of the same names and shapes.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] with every fault for a model of other names or shapes,
    /// [`ErrorKind::Parameter`] for a parameter whose values a tape still holds; the model is then unchanged.
    pub fn restore(&self, model: &mut dyn Fields<T>) -> Result<()> {
        self.expect_fields_of(model)?;
        expect_unshared(model)?;
        let mut fields = self.fields.iter();
        model.visit_mut(Path::ROOT, &mut |path, field| {
            let Some(kept) = fields.next() else { return Ok(()) };
            let values = field.param.values_mut().map_err(|source| parameter(path, source))?;
            values.copy_from_slice(&kept.values);
            Ok(())
        })
    }

    /// The kept values of a parameter or buffer, row by row.
    pub fn values(&self, name: &str) -> Option<&[T]> {
        self.fields.iter().find(|kept| kept.name == name).map(|kept| &*kept.values)
    }

    /// Compares names and shapes, in order.
    fn expect_fields_of(&self, model: &dyn Fields<T>) -> Result<()> {
        let (mut faults, mut fields) = (Vec::new(), self.fields.iter());
        model.each(&mut |path, field| match fields.next() {
            None => faults.push(format!("`{path}` is missing")),
            Some(kept) => {
                let name = path.to_string();
                if kept.name != name {
                    faults.push(format!("`{}` stands where the model has `{name}`", kept.name));
                } else if kept.shape != *field.shape() {
                    let (expected, got) = (field.shape(), kept.shape);
                    faults.push(format!("`{name}`: expected shape {expected:?}, got {got:?}"));
                }
            }
        });
        faults.extend(fields.map(|kept| format!("`{}` is not a part of the model", kept.name)));
        if faults.is_empty() {
            Ok(())
        } else {
            Err(ErrorKind::Mismatch { what: "the snapshot", faults }.into())
        }
    }
}

impl<T> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|kept| &*kept.name).collect();
        f.debug_struct("Snapshot").field("fields", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::array;
    use tensor::{Param, Tape};

    fn params(lengths: &[usize]) -> Vec<Param<f64>> {
        lengths.iter().map(|&n| Param::new(&tensor::ndarray::Array1::ones(n)).unwrap()).collect()
    }

    #[test]
    fn another_model_is_refused_with_every_fault() {
        let snapshot = Snapshot::new(&params(&[1, 2, 3]));
        let mut other = params(&[1, 3]);
        other[0].values_mut().unwrap()[0] = 5.0;
        let error = snapshot.restore(&mut other).unwrap_err().to_string();
        assert_eq!(
            error,
            "the snapshot does not fit the model: `1`: expected shape [3], got [2]; \
             `2` is not a part of the model"
        );
        assert_eq!(other[0].values(), [5.0]);
        let mut snapshot = Snapshot::new(&params(&[1]));
        let error = snapshot.update(&other).unwrap_err().to_string();
        assert_eq!(error, "the snapshot does not fit the model: `1` is missing");
        assert_eq!(snapshot.values("0").unwrap(), [1.0]);
    }

    #[test]
    fn a_model_on_a_tape_is_left_alone() {
        let mut model = vec![Param::new(&array![1.0f32]).unwrap(), Param::new(&array![2.0]).unwrap()];
        let snapshot = Snapshot::new(&model);
        model[0].values_mut().unwrap()[0] = 9.0;
        let tape = Tape::new();
        tape.param(&model[1]).unwrap();
        let error = snapshot.restore(&mut model).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Parameter { name, .. } if name == "1"), "{error}");
        assert_eq!(model[0].values(), [9.0]);
    }
}
