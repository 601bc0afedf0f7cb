//! Operands and settings that ops ask for, made from bytes and shapes.

use super::machine::{Machine, Number};
use tensor::ndarray::Array2;
use tensor::{Axes, Order, Result, Shape, Slice, Var};

/// An axis length, counted from the last.
pub(super) fn last(shape: &[usize], back: usize) -> usize {
    shape.len().checked_sub(back + 1).map_or(2, |axis| shape[axis])
}

impl<'t, T: Number> Machine<'t, '_, T> {
    pub(super) fn real(&mut self) -> T {
        let byte = self.bytes.byte();
        T::make(self.bytes.number(), f64::from(byte % 3))
    }

    /// A second operand: any value, one of the last one's shape, or one that is broadcast against it.
    pub(super) fn partner(&mut self) -> Result<Var<'t, T>> {
        let shape = self.values.last().map_or(Ok(Shape::SCALAR), |x| x.shape())?;
        match self.bytes.byte() % 4 {
            0 => self.shaped(&shape),
            1 => self.shaped(&shape[shape.len().min(1)..]),
            2 => {
                let shape: Vec<_> = shape.iter().map(|&n| if self.bytes.one_in(2) { 1 } else { n }).collect();
                self.shaped(&shape)
            }
            _ => self.var(),
        }
    }

    pub(super) fn reduced(&mut self) -> Axes {
        let axes = Axes::from(&self.bytes.axes()[..]);
        let axes = if self.bytes.one_in(6) { Axes::ALL } else { axes };
        if self.bytes.one_in(2) { axes.keep() } else { axes }
    }

    pub(super) fn order(&mut self) -> Order {
        self.bytes.pick(&[Order::Ascending, Order::Descending])
    }

    pub(super) fn step(&mut self) -> isize {
        self.bytes.pick(&[1, -1, 2, -2, 1, 3, -3, 0, 1, isize::MAX, isize::MIN])
    }

    pub(super) fn slices(&mut self) -> Vec<Slice> {
        (0..self.bytes.below(5)).map(|_| Slice::new(self.bytes.range(), self.step())).collect()
    }

    pub(super) fn several(&mut self) -> Result<Vec<Var<'t, T>>> {
        (0..self.bytes.below(4)).map(|_| self.var()).collect()
    }

    /// A value, one of its axes, and its shape with another length of that axis.
    pub(super) fn along(&mut self) -> Result<(Var<'t, T>, usize, Vec<usize>)> {
        let (x, axis) = (self.var()?, self.bytes.axis());
        let mut shape = x.shape()?.to_vec();
        if let Some(length) = shape.get_mut(axis) {
            *length = self.bytes.below(4);
        }
        if self.bytes.one_in(6) {
            shape = (0..self.bytes.below(5)).map(|_| self.bytes.below(4)).collect();
        }
        Ok((x, axis, shape))
    }

    /// Input, weight and bias of a linear layer.
    pub(super) fn layer(&mut self) -> Result<(Var<'t, T>, Var<'t, T>, Var<'t, T>)> {
        let (x, n) = (self.var()?, self.bytes.below(4));
        let weight = self.shaped(&[last(&x.shape()?, 0), n])?;
        Ok((x, weight, self.shaped(&[n])?))
    }

    /// Most often a positive definite matrix, alone or in a batch.
    pub(super) fn definite(&mut self) -> Result<Var<'t, T>> {
        let a = if self.bytes.one_in(4) { self.var()? } else { self.ranked(2)? };
        let n = last(&a.shape()?, 1);
        if self.bytes.one_in(6) || !self.modest(&[a], &[n]) || n > 16 {
            return Ok(a);
        }
        let wide: Vec<T> =
            (0..n * n).map(|i| T::from_f64(if i % (n + 1) == 0 { 50.0 } else { 0.0 })).collect();
        let wide = Array2::from_shape_vec((n, n), wide).expect("n rows of n");
        a.matmul_nt(a)?.add(self.tape.constant(&wide)?)
    }

    pub(super) fn expression(&mut self) -> String {
        if !self.bytes.one_in(3) {
            return self.bytes.pick(&super::products::EXPRESSIONS).to_string();
        }
        let letters = b"aabbcijk,,,->.. Z1";
        (0..self.bytes.below(12)).map(|_| char::from(self.bytes.pick(letters))).collect()
    }
}
