//! A sparse matrix in compressed rows, as small as the hierarchy needs.

use std::ops::Range;

/// Rows of `(column, weight)`, columns ascending within a row.
///
/// Products run over a row's entries in that one order, so a sum has the same bits wherever it is made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Csr {
    starts: Vec<usize>,
    columns: Vec<usize>,
    weights: Vec<f64>,
    width: usize,
}

impl Csr {
    /// A matrix without rows, to be filled by [`Csr::push_row`].
    pub(crate) fn with_width(width: usize) -> Self {
        Self { starts: vec![0], columns: Vec::new(), weights: Vec::new(), width }
    }

    /// Appends a row; the columns must ascend and be smaller than the width.
    pub(crate) fn push_row(&mut self, entries: impl IntoIterator<Item = (usize, f64)>) {
        for (column, weight) in entries {
            debug_assert!(column < self.width);
            self.columns.push(column);
            self.weights.push(weight);
        }
        self.starts.push(self.columns.len());
    }

    /// The matrix with a 1 in each column, in the row which `groups` has for that column; `groups` ascend from 0 without
    /// gaps. In time of its size, with rows in the order of their columns.
    pub(crate) fn of_groups(groups: &[usize], rows: usize) -> Self {
        let mut starts = vec![0; rows + 1];
        for &group in groups {
            starts[group + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut columns = vec![0; groups.len()];
        for (column, &group) in groups.iter().enumerate() {
            columns[next[group]] = column;
            next[group] += 1;
        }
        Self { starts, columns, weights: vec![1.0; groups.len()], width: groups.len() }
    }

    /// The identity.
    pub(crate) fn identity(size: usize) -> Self {
        let (starts, columns) = ((0..=size).collect(), (0..size).collect());
        Self { starts, columns, weights: vec![1.0; size], width: size }
    }

    /// The number of columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub(crate) fn height(&self) -> usize {
        self.starts.len() - 1
    }

    /// Appends the rows of another matrix of the same width.
    pub(crate) fn append(&mut self, other: &Self) {
        debug_assert_eq!(self.width, other.width);
        let shift = self.columns.len();
        self.starts.extend(other.starts[1..].iter().map(|start| start + shift));
        self.columns.extend_from_slice(&other.columns);
        self.weights.extend_from_slice(&other.weights);
    }

    /// The columns and the weights of a row, to set the weights anew.
    pub(crate) fn row_mut(&mut self, row: usize) -> (&[usize], &mut [f64]) {
        let span = self.starts[row]..self.starts[row + 1];
        (&self.columns[span.clone()], &mut self.weights[span])
    }

    pub(crate) fn row(&self, row: usize) -> impl ExactSizeIterator<Item = (usize, f64)> + '_ {
        let span = self.starts[row]..self.starts[row + 1];
        self.columns[span.clone()].iter().copied().zip(self.weights[span].iter().copied())
    }

    /// The transpose of the given rows: row j lists the `(row, weight)` that hold column j.
    pub(crate) fn transpose(&self, rows: Range<usize>) -> Self {
        let mut starts = vec![0; self.width + 1];
        let span = self.starts[rows.start]..self.starts[rows.end];
        for &column in &self.columns[span.clone()] {
            starts[column + 1] += 1;
        }
        for j in 0..self.width {
            starts[j + 1] += starts[j];
        }
        let mut next = starts.clone();
        let mut out =
            Self { starts, columns: vec![0; span.len()], weights: vec![0.0; span.len()], width: rows.len() };
        for row in rows.clone() {
            for (column, weight) in self.row(row) {
                out.columns[next[column]] = row - rows.start;
                out.weights[next[column]] = weight;
                next[column] += 1;
            }
        }
        out
    }

    /// Adds `row · dense` to `out`, for a row-major `dense` of `out.len()` columns.
    pub(crate) fn add_row_product(&self, row: usize, dense: &[f64], out: &mut [f64]) {
        let k = out.len();
        for (column, weight) in self.row(row) {
            for (o, d) in out.iter_mut().zip(&dense[column * k..][..k]) {
                *o += weight * d;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_products_and_transpose() {
        let mut a = Csr::with_width(3);
        a.push_row([(0, 1.0), (2, 2.0)]);
        a.push_row([]);
        a.push_row([(1, 3.0), (2, 4.0)]);
        let mut out = [0.0, 0.0];
        a.add_row_product(0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut out);
        assert_eq!(out, [11.0, 14.0]);
        let t = a.transpose(0..3);
        assert_eq!(t.row(2).collect::<Vec<_>>(), [(0, 2.0), (2, 4.0)]);
        assert_eq!(t.transpose(0..3), a);
        assert_eq!(a.transpose(1..3).row(1).collect::<Vec<_>>(), [(1, 3.0)]);
    }

    #[test]
    fn groups_and_joined_rows() {
        let mut a = Csr::of_groups(&[0, 1, 0], 2);
        assert_eq!(a.row(0).collect::<Vec<_>>(), [(0, 1.0), (2, 1.0)]);
        a.append(&Csr::identity(3));
        assert_eq!((a.height(), a.row(4).collect::<Vec<_>>()), (5, vec![(2, 1.0)]));
        a.row_mut(1).1[0] = 4.0;
        assert_eq!(a.row(1).collect::<Vec<_>>(), [(1, 4.0)]);
    }
}
