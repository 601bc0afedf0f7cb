//! Where elements are and whether there are any: plain answers, without a gradient.

use crate::op::View;
use crate::{Axes, Element, Result, Shape, Var, kernels};
use ndarray::{ArrayD, IxDyn};

/// Whether `x` comes before the best so far: NaN before everything, the first of equal ones.
fn better<T: Element>(x: T, best: T, largest: bool) -> bool {
    if best.is_nan() {
        return false;
    }
    x.is_nan() || if largest { x > best } else { x < best }
}

/// The position of the first best element of a line that has at least one.
fn best<T: Element>(line: impl Iterator<Item = T>, largest: bool) -> usize {
    let mut found = None;
    for (i, x) in line.enumerate() {
        if found.is_none_or(|(_, best)| better(x, best, largest)) {
            found = Some((i, x));
        }
    }
    found.map_or(0, |(i, _)| i)
}

/// The position of the first best element of a slice that has at least one.
fn best_of<T: Element>(line: &[T], largest: bool) -> usize {
    let best = if largest { T::largest(line) } else { T::smallest(line) };
    kernels::position(line, best).unwrap_or(0)
}

impl<T: Element> Var<'_, T> {
    /// Reads the value as a slice.
    fn read<R>(self, f: impl FnOnce(View<'_, T>) -> Result<R>) -> Result<R> {
        let shape = self.shape()?;
        self.with(|array| {
            let values = array.as_slice().expect("values on a tape are contiguous");
            f(View { values, shape: &shape })
        })?
    }

    fn position(self, op: &'static str, largest: bool) -> Result<usize> {
        self.read(|x| {
            Axes::ALL.reduce_some(op, x.shape)?;
            Ok(best_of(x.values, largest))
        })
    }

    fn positions(self, op: &'static str, axis: usize, largest: bool) -> Result<ArrayD<usize>> {
        self.read(|x| {
            let out = Axes::from(axis).reduce_some(op, x.shape)?;
            let found = match x.shape.around(axis) {
                // Contiguous lines; the axis has elements, or there are no lines.
                (_, length, 1) => {
                    x.values.chunks_exact(length.max(1)).map(|line| best_of(line, largest)).collect()
                }
                _ => {
                    let lanes = x.shape.lanes(axis);
                    lanes.map(|lane| best(lane.positions().map(|i| x.values[i]), largest)).collect()
                }
            };
            Ok(array(&out, found))
        })
    }

    fn quantified(self, op: &'static str, axes: Axes, all: bool) -> Result<ArrayD<bool>> {
        self.read(|x| {
            let out = axes.reduce(op, x.shape)?;
            let mut answers = vec![all; out.size()];
            axes.grouping(x.shape).forwards(|i, r| {
                if (x.values[i] != T::zero()) != all {
                    answers[r] = !all;
                }
            });
            Ok(array(&out, answers))
        })
    }

    /// The position of the largest element, counted row by row; the first of equal ones. NaN is larger than
    /// any number, as in NumPy.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 5.0], [5.0, 2.0]])?;
    /// assert_eq!(x.argmax()?, 1);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmptyAxis`](crate::ErrorKind::EmptyAxis) if there are no elements.
    pub fn argmax(self) -> Result<usize> {
        self.position("argmax", true)
    }

    /// The positions of the largest elements along an axis, which disappears; ties and NaN as for
    /// [`argmax`](Self::argmax).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 5.0], [4.0, 2.0]])?;
    /// assert_eq!(x.argmax_axis(1)?, array![1, 0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Axis`](crate::ErrorKind::Axis) for an axis that is not there, [`ErrorKind::EmptyAxis`](crate::ErrorKind::EmptyAxis) for one of length 0.
    pub fn argmax_axis(self, axis: usize) -> Result<ArrayD<usize>> {
        self.positions("argmax_axis", axis, true)
    }

    /// The position of the smallest element, counted row by row; the first of equal ones. NaN is smaller
    /// than any number, as in NumPy.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[4.0, 5.0], [1.0, 2.0]])?;
    /// assert_eq!(x.argmin()?, 2);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`argmax`](Self::argmax).
    pub fn argmin(self) -> Result<usize> {
        self.position("argmin", false)
    }

    /// The positions of the smallest elements along an axis, which disappears; ties and NaN as for
    /// [`argmin`](Self::argmin).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 5.0], [4.0, 2.0]])?;
    /// assert_eq!(x.argmin_axis(0)?, array![0, 1].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`argmax_axis`](Self::argmax_axis).
    pub fn argmin_axis(self, axis: usize) -> Result<ArrayD<usize>> {
        self.positions("argmin_axis", axis, false)
    }

    /// Whether no element is 0; true if there are none. NaN is not 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// assert!(tape.var(&array![1.0, -2.0])?.all()?);
    /// assert!(!tape.var(&array![1.0, 0.0])?.all()?);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn all(self) -> Result<bool> {
        Ok(self.quantified("all", Axes::ALL, true)?.iter().all(|&x| x))
    }

    /// Whether no element along one or more axes is 0; the axes disappear unless [kept](Axes::keep).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[1.0, 2.0], [0.0, 3.0]])?;
    /// assert_eq!(x.all_axis(1)?, array![true, false].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`sum_axis`](Self::sum_axis).
    pub fn all_axis(self, axes: impl Into<Axes>) -> Result<ArrayD<bool>> {
        self.quantified("all_axis", axes.into(), true)
    }

    /// Whether an element is not 0; false if there are none. NaN is not 0.
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// assert!(tape.var(&array![0.0, -2.0])?.any()?);
    /// assert!(!tape.var(&array![0.0, 0.0])?.any()?);
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`with`](Self::with).
    pub fn any(self) -> Result<bool> {
        Ok(self.quantified("any", Axes::ALL, false)?.iter().any(|&x| x))
    }

    /// Whether an element along one or more axes is not 0; the axes disappear unless
    /// [kept](Axes::keep).
    ///
    /// ```
    /// # use tensor::{Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[0.0, 2.0], [0.0, 0.0]])?;
    /// assert_eq!(x.any_axis(1)?, array![true, false].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`sum_axis`](Self::sum_axis).
    pub fn any_axis(self, axes: impl Into<Axes>) -> Result<ArrayD<bool>> {
        self.quantified("any_axis", axes.into(), false)
    }
}

fn array<R>(shape: &Shape, values: Vec<R>) -> ArrayD<R> {
    ArrayD::from_shape_vec(IxDyn(shape), values).expect("an answer for each result")
}
