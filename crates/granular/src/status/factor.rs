//! A Cholesky factor that grows by one row at a time: the small system of the active bounds.

/// L of `K = L Lᵀ`, its rows below each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Factor {
    rows: Vec<Vec<f64>>,
}

impl Factor {
    /// Appends a row and column to K: `k` against the rows there are, then its diagonal element.
    ///
    /// Refused, and nothing changed, when what is left of the diagonal is not above `smallest` times it: then the new
    /// row says nothing that the others do not.
    pub(super) fn push(&mut self, mut k: Vec<f64>, diagonal: f64, smallest: f64) -> bool {
        self.forward(&mut k);
        let left = diagonal - k.iter().map(|v| v * v).sum::<f64>();
        let sound = left > smallest * diagonal && left.is_finite();
        if sound {
            k.push(left.sqrt());
            self.rows.push(k);
        }
        sound
    }

    /// `K⁻¹ b`, in place of b.
    pub(super) fn solve(&self, b: &mut [f64]) {
        self.forward(b);
        for (i, row) in self.rows.iter().enumerate().rev() {
            let (before, rest) = b.split_at_mut(i);
            rest[0] /= row[i];
            for (b, l) in before.iter_mut().zip(row) {
                *b -= l * rest[0];
            }
        }
    }

    fn forward(&self, b: &mut [f64]) {
        for (i, row) in self.rows.iter().enumerate() {
            let sum: f64 = row[..i].iter().zip(&*b).map(|(l, b)| l * b).sum();
            b[i] = (b[i] - sum) / row[i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_solves_and_refuses() {
        let mut factor = Factor::default();
        assert!(factor.push(vec![], 4.0, 1e-12));
        assert!(factor.push(vec![2.0], 5.0, 1e-12));
        assert!(!factor.push(vec![6.0, 7.0], 13.0, 1e-12), "the sum of both rows");
        let mut b = [8.0, 12.0];
        factor.solve(&mut b);
        assert_eq!(b, [1.0, 2.0]);
        assert!(!factor.push(vec![f64::NAN, 0.0], 1.0, 1e-12));
    }
}
