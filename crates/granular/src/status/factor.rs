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

    /// Takes a row and column out of K: what stood right of the diagonal is turned back into it (Givens rotations).
    pub(super) fn remove(&mut self, place: usize) {
        self.rows.remove(place);
        for at in place..self.rows.len() {
            let (a, b) = (self.rows[at][at], self.rows[at][at + 1]);
            let length = a.hypot(b);
            let (cos, sin) = (a / length, b / length);
            for row in &mut self.rows[at..] {
                let (a, b) = (row[at], row[at + 1]);
                row[at] = cos * a + sin * b;
                row[at + 1] = cos * b - sin * a;
            }
            self.rows[at].truncate(at + 1);
        }
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

    #[test]
    fn removing_is_never_having_had() {
        let k = |i: usize, j: usize| if i == j { 9.0 + i as f64 } else { 1.0 / (1 + i + j) as f64 };
        for place in 0..5 {
            let (mut all, mut fewer) = (Factor::default(), Factor::default());
            for i in 0..5 {
                assert!(all.push((0..i).map(|j| k(i, j)).collect(), k(i, i), 1e-12));
                if i != place {
                    let before = (0..i).filter(|&j| j != place);
                    assert!(fewer.push(before.map(|j| k(i, j)).collect(), k(i, i), 1e-12));
                }
            }
            all.remove(place);
            for (a, b) in all.rows.iter().flatten().zip(fewer.rows.iter().flatten()) {
                assert!((a - b).abs() < 1e-14);
            }
            assert_eq!(all.rows.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 3, 4]);
        }
    }
}
