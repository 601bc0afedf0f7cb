//! Reconciling as a linear map, there and back: what gradients and explanations are made of.

use std::sync::Arc;

use tensor::ndarray::ArrayView2;

use super::projection::Projection;
use super::{Footing, Reconciler, Strategy, diagonal};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// M for one hierarchy and one linear strategy, without being formed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinearMap<'a> {
    hierarchy: &'a Hierarchy,
    strategy: &'a dyn Strategy,
}

impl Reconciler {
    /// The map that reconciling is, for methods which are linear.
    pub(crate) fn linear(&self, what: &'static str) -> Result<LinearMap<'_>> {
        if self.is_linear() {
            return Ok(LinearMap { hierarchy: &self.hierarchy, strategy: &*self.strategy });
        }
        Err(ErrorKind::NoMatrix { what }.into())
    }

    /// The diagonal of W, where the method has one.
    pub(crate) fn variances(&self) -> Option<Vec<f64>> {
        let Footing::Projection(projection) = self.strategy.footing() else { return None };
        let weights = projection.weights();
        Some((0..self.hierarchy.len()).map(|node| weights.variance(node)).collect())
    }
}

/// The projection with W = diag(w), to be had again and again for other w.
#[derive(Debug, Clone)]
pub(crate) struct Diagonal(Arc<Projection>);

impl Diagonal {
    /// For variances that are positive and finite, one for each node.
    pub(crate) fn new(hierarchy: &Hierarchy, variances: Vec<f64>) -> Result<Self> {
        Ok(Self(Arc::new(diagonal::prepare(hierarchy, variances.into())?)))
    }

    pub(crate) fn linear<'a>(&'a self, hierarchy: &'a Hierarchy) -> LinearMap<'a> {
        LinearMap { hierarchy, strategy: &*self.0 }
    }
}

impl LinearMap<'_> {
    pub(crate) fn hierarchy(&self) -> &Hierarchy {
        self.hierarchy
    }

    /// `M x` for finite values of all nodes (n × k, row-major), to the bits of [`Reconciler::reconcile`].
    pub(crate) fn apply(&self, x: &[f64], k: usize) -> Result<Vec<f64>> {
        let h = self.hierarchy;
        let all = ArrayView2::from_shape((h.len(), k), x).expect("n · k values are given");
        h.check_finite(0, all)?;
        let finest = self.strategy.try_finest(h, x, k)?;
        let finest =
            ArrayView2::from_shape((h.finest_len(), k), &finest).expect("a strategy gives m · k values");
        let (values, _) = h.coherent_from(finest)?.into_inner().into_raw_vec_and_offset();
        Ok(values)
    }

    /// `Mᵀ g = Gᵀ Sᵀ g` for finite values of all nodes (n × k, row-major).
    pub(crate) fn transposed(&self, g: &[f64], k: usize) -> Result<Vec<f64>> {
        let h = self.hierarchy;
        let above = h.aggregate_len();
        let all = ArrayView2::from_shape((h.len(), k), g).expect("n · k values are given");
        h.check_finite(0, all)?;
        let (aggregates, units) = g.split_at(above * k);
        let mut u = units.to_vec();
        for (unit, u) in u.chunks_exact_mut(k.max(1)).enumerate() {
            h.above().add_row_product(unit, aggregates, u);
        }
        self.strategy.transposed(h, &u, k)
    }
}

/// Columns of the unit matrix that are combined at a time.
const BLOCK: usize = 64;

/// `Gᵀ u` by the columns of G: as many solutions as nodes, in blocks so that memory stays m × 64.
pub(super) fn transposed_by_columns<S: Strategy + ?Sized>(
    strategy: &S,
    hierarchy: &Hierarchy,
    u: &[f64],
    k: usize,
) -> Result<Vec<f64>> {
    let n = hierarchy.len();
    let mut out = vec![0.0; n * k];
    for start in (0..n).step_by(BLOCK).filter(|_| k > 0) {
        let width = BLOCK.min(n - start);
        let mut unit = vec![0.0; n * width];
        (0..width).for_each(|c| unit[(start + c) * width + c] = 1.0);
        let columns = strategy.try_finest(hierarchy, &unit, width)?;
        for (column, u) in columns.chunks_exact(width).zip(u.chunks_exact(k)) {
            for (out, g) in out[start * k..].chunks_exact_mut(k).zip(column) {
                for (out, u) in out.iter_mut().zip(u) {
                    *out += g * u;
                }
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use tensor::ndarray::{Array1, Array2};

    use super::*;
    use crate::combine::{Erm, Method, Penalty, TopDown};
    use crate::hierarchy::Aggregator;

    fn number(seed: usize, i: usize) -> f64 {
        ((i * 37 + seed * 101) % 97) as f64 / 7.0 - 5.0
    }

    fn array(seed: usize, rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, c)| number(seed, i * columns + c))
    }

    fn methods(h: &Hierarchy) -> Vec<Method> {
        let (n, m) = (h.len(), h.finest_len());
        let erm = |penalty| Erm { actual: array(3, n, 6), fitted: array(4, n, 6), columns: 4, penalty };
        vec![
            Method::BottomUp,
            Method::Ols,
            Method::Wls(Array1::from_shape_fn(n, |i| 10f64.powf(number(2, i) / 4.0))),
            Method::MintShrink(array(5, n, 9)),
            Method::TopDown(TopDown::ProportionAverages(array(6, m, 3).mapv(f64::abs))),
            Method::Erm(erm(Penalty::None)),
            Method::Erm(erm(Penalty::RidgeToBottomUp(2.0))),
        ]
    }

    /// Each strategy's own way back is the one by columns.
    #[test]
    fn ways_back_agree() {
        let levels: [&[(&str, usize)]; 3] = [
            &[("a", 12), ("b", 4), ("c", 1)],
            &[("a", 12), ("b", 4), ("c", 3), ("d", 2), ("e", 1)],
            &[("one", 1)],
        ];
        let sums = levels.map(|levels| Hierarchy::temporal(12, levels).unwrap());
        let means = sums.clone().map(|h| h.aggregated_by(&Aggregator::Mean).unwrap());
        for h in sums.into_iter().chain(means) {
            let finest_only = Method::MiddleOut(h.finest().name().to_owned());
            for method in methods(&h).into_iter().chain([finest_only]) {
                let reconciler = Reconciler::new(&h, method.clone()).unwrap();
                let u: Vec<f64> = (0..h.finest_len() * 3).map(|i| number(7, i)).collect();
                let expected = transposed_by_columns(&*reconciler.strategy, &h, &u, 3).unwrap();
                let got = reconciler.strategy.transposed(&h, &u, 3).unwrap();
                for (got, expected) in got.iter().zip(&expected) {
                    assert!((got - expected).abs() < 1e-9, "{method:?}: {got} is not {expected}");
                }
                assert_eq!(reconciler.strategy.transposed(&h, &[], 0).unwrap(), [0.0; 0]);
            }
        }
    }
}
