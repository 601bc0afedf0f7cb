//! W kept up to date, residual by residual, with older ones fading.

use tensor::ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use super::preparation::Preparation;
use super::{Method, Reconciler, Strategy, diagonal, full, residuals};
use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Which W an [`OnlineCovariance`] keeps.
///
/// | kept | as | memory | work for each column |
/// | --- | --- | --- | --- |
/// | `WlsVar` | [`Method::WlsVar`] | 4 n | n |
/// | `MintCov` | [`Method::MintCov`] | n²/2 | n²/2 |
/// | `MintShrink` | [`Method::MintShrink`] | 2 n² | 2 n² |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnlineMethod {
    /// The uncentred mean squares.
    WlsVar,
    /// The covariance.
    MintCov,
    /// The covariance, shrunk.
    MintShrink,
}

/// W from residuals that come one column at a time, each new one weighing 1 and all older ones f times as much as before.
///
/// With the weights `ω_t = f^(T−t)`, `V₁ = Σ ω_t`, `V₂ = Σ ω_t²` and the weighted means ē:
///
/// | method | W |
/// | --- | --- |
/// | `WlsVar` | `Σ_t ω_t e_t² / V₁` |
/// | `MintCov` | `Σ_t ω_t (e_t − ē)(e_t − ē)ᵀ / (V₁ − V₂/V₁)` |
/// | `MintShrink` | the same, off-diagonals times 1 − λ |
///
/// λ is `Σ_{i>j} Var(r_ij) / Σ_{i>j} r_ij²` within 0 and 1, with weighted correlations and
/// `Var(r_ij) = (V₂/V₁²) / (1 − V₂/V₁²) Σ_t ω_t (z_ti z_tj − r_ij)² / V₁`. With f = 1 that is T for V₁, T − 1 and 1/(T(T−1)),
/// and all three are the batch results of [`Method`] on all columns so far, whatever their number: nothing of the past
/// is kept but sums about the mean. With f < 1 they are those of [`effective_columns`](Self::effective_columns) columns.
///
/// A column that is refused leaves everything as it was.
///
/// Schäfer & Strimmer, *A shrinkage approach to large-scale covariance matrix estimation*, SAGMB 4 (2005), for λ; with
/// weights as in their R package `corpcor`. Pébay, *Formulas for robust, one-pass parallel computation of covariances and
/// arbitrary-order statistical moments* (2008), for the sums.
///
/// ```
/// use granular::{Hierarchy, Method, OnlineCovariance, OnlineMethod};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let mut online = OnlineCovariance::new(&year, OnlineMethod::WlsVar, 0.5)?;
/// online.update(array![2.0, 1.0, 0.0].view())?;
/// online.update(array![4.0, 1.0, 3.0].view())?;
/// // (0.5 · 4 + 16) / 1.5, (0.5 + 1) / 1.5, (0 + 9) / 1.5
/// assert_eq!(online.method()?, Method::Wls(array![12.0, 1.0, 6.0]));
/// // 1.5² / (0.25 + 1)
/// assert_eq!(online.effective_columns(), 1.8);
/// let agreed = online.reconciler()?.reconcile(array![[12.0], [4.0], [5.0]].view())?;
/// assert_eq!(agreed.gaps(), [0.0, 0.0]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OnlineCovariance {
    hierarchy: Hierarchy,
    method: OnlineMethod,
    forgetting: f64,
    /// How many columns came.
    columns: usize,
    /// What residuals of each node are multiplied by, a power of 2, so that fourth powers neither overflow nor vanish;
    /// 0 until one comes that is not 0.
    units: Vec<f64>,
    sums: Sums,
}

#[derive(Debug, Clone)]
enum Sums {
    Squares(Vec<Squares>),
    Products(Products),
}

/// Of one node, as some of its residuals may be missing.
#[derive(Debug, Clone, Copy)]
struct Squares {
    weight: Weight,
    /// NaN until a residual comes: a node that is away keeps what it had, however small its weight becomes.
    mean: f64,
}

/// V₁ and V₂.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    first: f64,
    second: f64,
}

impl Weight {
    fn fade(&mut self, f: f64) {
        self.first *= f;
        self.second *= f * f;
    }

    fn add_one(&mut self) {
        self.first += 1.0;
        self.second += 1.0;
    }

    fn effective(self) -> f64 {
        if self.second > 0.0 { self.first * self.first / self.second } else { 0.0 }
    }
}

/// Weighted sums of products of deviations from the mean: below the diagonal row by row, and on it.
#[derive(Debug, Clone)]
struct Products {
    weight: Weight,
    means: Vec<f64>,
    /// `Σ ω a_i²`.
    squares: Vec<f64>,
    /// `Σ ω a_i a_j`, i > j.
    products: Vec<f64>,
    /// `Σ ω a_i² a_j`, `Σ ω a_i a_j²` and `Σ ω a_i² a_j²`, i > j, for the shrinkage.
    higher: Option<[Vec<f64>; 3]>,
}

/// A residual, in its unit, may be this large: its fourth power is finite, as are sums of such.
const LARGEST: f64 = 1e70;

impl OnlineCovariance {
    /// Without any column yet. Forgetting f is the weight of the column before, 1 for all alike; 0.98 keeps 99 columns in
    /// effect.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for f that is not above 0 and at most 1.
    pub fn new(hierarchy: &Hierarchy, method: OnlineMethod, forgetting: f64) -> Result<Self> {
        if !(forgetting > 0.0 && forgetting <= 1.0) {
            let (expected, got) = ("a number above 0 and at most 1", forgetting.to_string());
            return Err(ErrorKind::Parameter { name: "forgetting", expected, got }.into());
        }
        let n = hierarchy.len();
        let sums = match method {
            OnlineMethod::WlsVar => {
                Sums::Squares(vec![Squares { weight: Weight::default(), mean: f64::NAN }; n])
            }
            OnlineMethod::MintCov => Sums::Products(Products::new(n, false)),
            OnlineMethod::MintShrink => Sums::Products(Products::new(n, true)),
        };
        let (hierarchy, units) = (hierarchy.clone(), vec![0.0; n]);
        Ok(Self { hierarchy, method, forgetting, columns: 0, units, sums })
    }

    /// Takes the residuals of all nodes at one time.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number than n; [`ErrorKind::NotFinite`] names a node whose residual is not
    /// finite; [`ErrorKind::Variance`] one whose residual is so large that its square overflows. Nothing changes then.
    pub fn update(&mut self, residuals: ArrayView1<'_, f64>) -> Result<()> {
        let column: Vec<Option<f64>> = residuals.iter().copied().map(Some).collect();
        self.update_present(&column)
    }

    /// Takes the residuals of the nodes that have one. Each node's variance then is that of its own residuals.
    ///
    /// Variances alone: covariances of pairs that were seen at different times need not be a covariance matrix.
    ///
    /// # Errors
    /// As [`OnlineCovariance::update`]; [`ErrorKind::MissingResidual`] for `None` where covariances are kept.
    pub fn update_present(&mut self, residuals: &[Option<f64>]) -> Result<()> {
        let units = self.accepted(self.columns, &self.units, residuals)?;
        self.take(residuals, units);
        Ok(())
    }

    /// Takes several columns (n × T), oldest first: all, or with an error none.
    ///
    /// # Errors
    /// As [`OnlineCovariance::update`].
    pub fn extend(&mut self, residuals: ArrayView2<'_, f64>) -> Result<()> {
        expect_extent("residuals", "rows", self.hierarchy.len(), residuals.nrows())?;
        let columns =
            || residuals.columns().into_iter().map(|c| c.iter().copied().map(Some).collect::<Vec<_>>());
        let mut units = self.units.clone();
        for (column, residuals) in columns().enumerate() {
            units = self.accepted(self.columns + column, &units, &residuals)?;
        }
        for residuals in columns() {
            let units = self.accepted(self.columns, &self.units, &residuals)?;
            self.take(&residuals, units);
        }
        Ok(())
    }

    /// The nodes' units after these residuals, if all of them can be taken.
    fn accepted(&self, column: usize, units: &[f64], residuals: &[Option<f64>]) -> Result<Vec<f64>> {
        expect_extent("residuals", "rows", self.hierarchy.len(), residuals.len())?;
        let named = |row: usize| self.hierarchy.named(row);
        let mut out = units.to_vec();
        for (row, (residual, unit)) in residuals.iter().zip(&mut out).enumerate() {
            let &Some(value) = residual else {
                if self.method == OnlineMethod::WlsVar {
                    continue;
                }
                let (level, node) = named(row);
                return Err(ErrorKind::MissingResidual { level, node, column }.into());
            };
            if !value.is_finite() {
                let (level, node) = named(row);
                return Err(ErrorKind::NotFinite { level, node, column, value }.into());
            }
            if *unit == 0.0 && value != 0.0 {
                *unit = 2f64.powi(-(value.abs().log2() as i32).clamp(-1000, 1000));
            }
            let got = value * value;
            if !got.is_finite() || (value * *unit).abs() > LARGEST {
                let (level, node) = named(row);
                return Err(ErrorKind::Variance { level, node, got: f64::INFINITY }.into());
            }
        }
        Ok(out)
    }

    fn take(&mut self, residuals: &[Option<f64>], units: Vec<f64>) {
        self.units = units;
        self.columns += 1;
        let f = self.forgetting;
        let scaled = residuals.iter().zip(&self.units).map(|(e, unit)| e.map(|e| e * unit));
        match &mut self.sums {
            Sums::Squares(squares) => squares.iter_mut().zip(scaled).for_each(|(node, e)| node.update(f, e)),
            Sums::Products(products) => products.update(f, &scaled.flatten().collect::<Vec<_>>()),
        }
    }

    /// The hierarchy.
    #[must_use]
    pub fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    /// How many columns came.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// `V₁² / V₂`, how many columns of equal weight say as much: T with f = 1, towards `(1 + f) / (1 − f)` otherwise. Of
    /// the node with the least where some were missing.
    #[must_use]
    pub fn effective_columns(&self) -> f64 {
        match &self.sums {
            Sums::Squares(squares) => {
                squares.iter().map(|node| node.weight.effective()).fold(f64::INFINITY, f64::min)
            }
            Sums::Products(products) => products.weight.effective(),
        }
    }

    /// The reconciler with W as it is now; its [`preparation`](Reconciler::preparation) says what was estimated.
    ///
    /// # Errors
    /// [`ErrorKind::TooShort`] before the second column; [`ErrorKind::Variance`] names a node without any residual, and
    /// else as [`Reconciler::new`] with residuals.
    pub fn reconciler(&self) -> Result<Reconciler> {
        let mut preparation = Preparation::default();
        let strategy: Box<dyn Strategy> = match &self.sums {
            Sums::Squares(squares) => {
                let variances = self.variances(squares, &mut preparation)?;
                Box::new(diagonal::prepare(&self.hierarchy, variances)?)
            }
            Sums::Products(products) => {
                let w = self.covariance(products, &mut preparation)?;
                Box::new(full::covariance(&self.hierarchy, w, &mut preparation)?)
            }
        };
        Ok(Reconciler { hierarchy: self.hierarchy.clone(), strategy, preparation })
    }

    /// W as it is now as a method of its own, [`Method::Wls`] or [`Method::Custom`], for use elsewhere.
    ///
    /// # Errors
    /// As [`OnlineCovariance::reconciler`], but for what is only found when W is used.
    pub fn method(&self) -> Result<Method> {
        let mut preparation = Preparation::default();
        Ok(match &self.sums {
            Sums::Squares(squares) => Method::Wls(self.variances(squares, &mut preparation)?),
            Sums::Products(products) => Method::Custom(self.covariance(products, &mut preparation)?),
        })
    }

    fn expect_columns(&self) -> Result<()> {
        if self.columns < 2 {
            return Err(ErrorKind::TooShort { what: "residuals", needed: 2, got: self.columns }.into());
        }
        Ok(())
    }

    /// From squares in the nodes' units.
    fn in_units_of_data(&self, squares: impl Iterator<Item = f64>) -> Array1<f64> {
        // Divided twice, as the square of a unit could overflow.
        let back = |(square, unit): (f64, &f64)| if *unit == 0.0 { square } else { square / unit / unit };
        squares.zip(&self.units).map(back).collect()
    }

    fn variances(&self, squares: &[Squares], preparation: &mut Preparation) -> Result<Array1<f64>> {
        self.expect_columns()?;
        let mut variances = self.in_units_of_data(squares.iter().map(|node| node.mean));
        residuals::lift(&self.hierarchy, &mut variances, preparation)?;
        Ok(variances)
    }

    fn covariance(&self, sums: &Products, preparation: &mut Preparation) -> Result<Array2<f64>> {
        self.expect_columns()?;
        let Weight { first, second } = sums.weight;
        let degrees = first - second / first;
        let mut variances = self.in_units_of_data(sums.squares.iter().map(|square| square / degrees));
        // What is left of a constant is rounding, which correlates with nothing.
        let constant = residuals::lift(&self.hierarchy, &mut variances, preparation)?;
        let mut roots: Vec<f64> = sums.squares.iter().map(|square| square.sqrt()).collect();
        constant.into_iter().for_each(|node| roots[node] = f64::INFINITY);
        let mut kept = 1.0;
        if self.method == OnlineMethod::MintShrink {
            let shrinkage = sums.shrinkage(&roots);
            preparation.shrinkage = Some(shrinkage);
            kept -= shrinkage;
        }
        let mut w = Array2::from_diag(&variances);
        for (i, j, at) in pairs(roots.len()) {
            let correlation = sums.products[at] / roots[i] / roots[j];
            w[[i, j]] = kept * correlation * variances[i].sqrt() * variances[j].sqrt();
            w[[j, i]] = w[[i, j]];
        }
        Ok(w)
    }
}

/// Rows and columns below the diagonal, and where they are kept.
fn pairs(n: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..n).flat_map(|i| (0..i).map(move |j| (i, j, i * (i - 1) / 2 + j)))
}

impl Squares {
    fn update(&mut self, f: f64, residual: Option<f64>) {
        self.weight.fade(f);
        if let Some(e) = residual {
            self.weight.add_one();
            let known = if self.mean.is_nan() { 0.0 } else { self.mean };
            self.mean = known + (e * e - known) / self.weight.first;
        }
    }
}

impl Products {
    fn new(n: usize, shrunk: bool) -> Self {
        let below = n * (n - 1) / 2;
        Self {
            weight: Weight::default(),
            means: vec![0.0; n],
            squares: vec![0.0; n],
            products: vec![0.0; below],
            higher: shrunk.then(|| [(); 3].map(|()| vec![0.0; below])),
        }
    }

    /// Moves the means by d, which changes the sums about them, and adds the new deviations e. With a and b the old
    /// deviations, whose sums are 0, and W their weight:
    ///
    /// - `Σ (a − d)(b − d') = Σ ab + W d d'`,
    /// - `Σ (a − d)²(b − d') = Σ a²b − d' Σ a² − 2 d Σ ab − W d² d'`,
    /// - `Σ (a − d)²(b − d')² = Σ a²b² − 2 d' Σ a²b − 2 d Σ ab² + d'² Σ a² + d² Σ b² + 4 d d' Σ ab + W d² d'²`.
    fn update(&mut self, f: f64, x: &[f64]) {
        self.weight.fade(f);
        let old = self.weight.first;
        self.weight.add_one();
        let step: Vec<f64> =
            x.iter().zip(&self.means).map(|(x, mean)| (x - mean) / self.weight.first).collect();
        self.means.iter_mut().zip(&step).for_each(|(mean, step)| *mean += step);
        let e: Vec<f64> = step.iter().map(|step| step * old).collect();
        self.squares.iter_mut().for_each(|square| *square *= f);
        for i in 0..x.len() {
            let row = i * i.saturating_sub(1) / 2..i * (i + 1) / 2;
            let (d_i, e_i, s_i) = (step[i], e[i], self.squares[i]);
            let products = &mut self.products[row.clone()];
            if let Some(higher) = &mut self.higher {
                let [twice_i, twice_j, both] = higher.each_mut().map(|sums| &mut sums[row.clone()]);
                for (j, product) in products.iter().enumerate() {
                    let (d_j, e_j, s_j, product) = (step[j], e[j], self.squares[j], f * product);
                    let (a2b, ab2) = (f * twice_i[j], f * twice_j[j]);
                    let moved = d_j * d_j * s_i + d_i * d_i * s_j + 4.0 * d_i * d_j * product
                        - 2.0 * (d_j * a2b + d_i * ab2);
                    both[j] = f * both[j] + moved + old * (d_i * d_j).powi(2) + (e_i * e_j).powi(2);
                    twice_i[j] =
                        a2b - d_j * s_i - 2.0 * d_i * product - old * d_i * d_i * d_j + e_i * e_i * e_j;
                    twice_j[j] =
                        ab2 - d_i * s_j - 2.0 * d_j * product - old * d_i * d_j * d_j + e_i * e_j * e_j;
                }
            }
            for ((product, d_j), e_j) in products.iter_mut().zip(&step).zip(&e) {
                *product = f * *product + old * d_i * d_j + e_i * e_j;
            }
        }
        for ((square, d), e) in self.squares.iter_mut().zip(&step).zip(&e) {
            *square += old * d * d + e * e;
        }
    }

    /// λ, by the roots of the squares; they are infinite for nodes that do not count.
    fn shrinkage(&self, roots: &[f64]) -> f64 {
        let Some([_, _, both]) = &self.higher else { return 0.0 };
        let Weight { first, second } = self.weight;
        let share = second / (first * first);
        let (mut variance, mut square) = (0.0, 0.0);
        for (i, j, at) in pairs(roots.len()) {
            let r = self.products[at] / roots[i] / roots[j];
            // Squares of products of z: deviations over √(Σ ω a² / V₁).
            let products = both[at] / roots[i] / roots[i] / roots[j] / roots[j] * first;
            variance += (products - r * r).max(0.0) * share / (1.0 - share);
            square += r * r;
        }
        // Nothing correlates: nothing is lost by saying so.
        if square > 0.0 { (variance / square).clamp(0.0, 1.0) } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn residuals(n: usize, columns: usize, offset: f64) -> Array2<f64> {
        let wave =
            |i: usize, t: usize| f64::sin((i * i + 3) as f64 * t as f64 * 0.37) + f64::cos((t * t) as f64);
        Array2::from_shape_fn((n, columns), |(i, t)| (wave(i, t) + offset) * 10f64.powi(i as i32 % 5 - 2))
    }

    fn hierarchy() -> Hierarchy {
        Hierarchy::temporal(12, &[("a", 12), ("b", 4), ("c", 3), ("d", 1)]).unwrap()
    }

    fn all(h: &Hierarchy, method: OnlineMethod, e: &Array2<f64>) -> OnlineCovariance {
        let mut online = OnlineCovariance::new(h, method, 1.0).unwrap();
        online.extend(e.view()).unwrap();
        online
    }

    fn close(got: &Array2<f64>, expected: &Array2<f64>) {
        for ((i, j), expected_ij) in expected.indexed_iter() {
            let scale = (expected[[i, i]] * expected[[j, j]]).sqrt();
            let gap = (got[[i, j]] - expected_ij).abs();
            assert!(gap <= 1e-12 * scale, "{i}, {j}: {} is not {expected_ij}", got[[i, j]]);
        }
    }

    #[test]
    fn without_forgetting_it_is_the_batch_result() {
        let h = hierarchy();
        for (columns, offset) in [(2, 0.0), (7, 1.0), (300, 0.0), (300, 10.0)] {
            let e = residuals(h.len(), columns, offset);
            let mut expected = Preparation::default();
            let mut got = Preparation::default();
            let online = all(&h, OnlineMethod::MintShrink, &e);
            let Sums::Products(sums) = &online.sums else { unreachable!() };
            let batch = residuals::shrunk(&h, e.view(), &mut expected).unwrap();
            close(&online.covariance(sums, &mut got).unwrap(), &batch);
            assert!((got.shrinkage.unwrap() - expected.shrinkage.unwrap()).abs() < 1e-12);
            let Method::Custom(w) = all(&h, OnlineMethod::MintCov, &e).method().unwrap() else {
                unreachable!()
            };
            close(&w, &residuals::covariance(&h, e.view(), &mut expected).unwrap());
            let Method::Wls(w) = all(&h, OnlineMethod::WlsVar, &e).method().unwrap() else { unreachable!() };
            let batch = residuals::mean_squares(&h, e.view(), &mut expected).unwrap();
            assert!(w.iter().zip(&batch).all(|(w, batch)| (w / batch - 1.0).abs() < 1e-12));
        }
    }

    /// Fourth powers of 1e-100 and 1e100 are no numbers; in units of their own they are.
    #[test]
    fn units_do_not_matter() {
        let h = hierarchy();
        let mut e = residuals(h.len(), 20, 0.0);
        let plain = all(&h, OnlineMethod::MintShrink, &e).reconciler().unwrap();
        for power in [-120, 120] {
            e = residuals(h.len(), 20, 0.0) * 10f64.powi(power);
            let scaled = all(&h, OnlineMethod::MintShrink, &e).reconciler().unwrap();
            let shrinkage = |reconciler: &Reconciler| reconciler.preparation().shrinkage.unwrap();
            assert!((shrinkage(&scaled) - shrinkage(&plain)).abs() < 1e-12);
        }
        assert!(e.iter().all(|e| e.is_finite()));
    }
}
