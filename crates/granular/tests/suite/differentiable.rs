//! Projections as ops: the values of the reconciler, and derivatives against differences.

use granular::{
    Aggregator, Erm, ErrorKind, Hierarchy, LearnedProjector, Method, Penalty, Projection, Projector,
    Reconciler, TemporalCovariance, TopDown,
};
use nn::{Adam, Fields, Init, Linear, Module, Optimizer, Pass, Sequential, mse};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::ChaCha8Rng};
use tensor::ndarray::{Array1, Array2, Array3, ArrayD, Axis, array};
use tensor::{Dual, Tape, check, check_second, hvp, stack};

use crate::support::{distance, seeded, seven_nodes};

/// Rows of keys, whether the levels nest, and numbers.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) rows: Vec<(u8, u8)>,
    nested: bool,
    /// Whether a level is of means.
    means: bool,
    numbers: Vec<f64>,
}

pub(crate) fn sketch(units: usize) -> impl Strategy<Value = Sketch> {
    let rows = prop::collection::vec((0u8..3, 0u8..3), 1..=units);
    let numbers = prop::collection::vec(-10.0..10.0, 6 * (7 + 9 + units));
    (rows, any::<[bool; 2]>(), numbers).prop_map(|(rows, [nested, means], numbers)| Sketch {
        rows,
        nested,
        means,
        numbers,
    })
}

impl Sketch {
    pub(crate) fn hierarchy(&self) -> Hierarchy {
        let rows = || self.rows.iter().enumerate();
        let builder = Hierarchy::grouped()
            .key("a", rows().map(|(_, row)| format!("a{}", row.0)))
            .key("b", rows().map(|(_, row)| format!("b{}", row.1)))
            .key("unit", rows().map(|(i, _)| format!("u{i}")))
            .level("Total", &[])
            .level("A", &["a"]);
        let builder = if self.nested { builder } else { builder.level("B", &["b"]) };
        let h = builder.level("A x B", &["a", "b"]).level("Unit", &["a", "b", "unit"]).build().unwrap();
        if self.means { h.level_aggregated_by("A", &Aggregator::Mean).unwrap() } else { h }
    }

    /// `rows` × `columns`, at most six.
    pub(crate) fn numbers(&self, rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, c)| self.numbers[i * 6 + c])
    }

    /// Past errors (rows × 60), enough for a covariance.
    pub(crate) fn residuals(&self, rows: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, 60), |(i, t)| {
            let own = self.numbers[(i * 6 + t * 7) % self.numbers.len()];
            own + 5.0 * f64::sin((t * (i + 3)) as f64 + (i * i) as f64)
        })
    }

    /// Every linear method.
    pub(crate) fn methods(&self, h: &Hierarchy) -> Vec<Method> {
        let (n, m) = (h.len(), h.finest_len());
        let e = self.numbers(n, 6);
        let erm = |penalty| Erm { actual: e.clone() + 1.0, fitted: e.clone(), columns: 3, penalty };
        vec![
            Method::BottomUp,
            Method::Ols,
            Method::WlsStruct,
            Method::Wls(Array1::from_shape_fn(n, |i| 0.1 + self.numbers[6 * i].abs())),
            Method::WlsVar(self.residuals(n)),
            Method::MintCov(self.residuals(n)),
            Method::MintShrink(self.residuals(n)),
            Method::Custom(e.dot(&e.t()) + Array2::<f64>::eye(n) * 5.0),
            Method::TopDown(TopDown::AverageProportions(self.numbers(m, 4).mapv(|v| v.abs() + 0.1))),
            Method::TopDown(TopDown::ProportionAverages(self.numbers(m, 4).mapv(|v| v.abs() + 0.1))),
            Method::MiddleOut("Unit".into()),
            Method::Erm(erm(Penalty::Ridge(3.0))),
            Method::Erm(erm(Penalty::RidgeToBottomUp(3.0))),
        ]
    }
}

fn projector(h: &Hierarchy, method: Method) -> Projector {
    Projector::new(Reconciler::new(h, method).unwrap()).unwrap()
}

fn wave(shape: &[usize], seed: usize) -> ArrayD<f64> {
    let mut at = 0;
    ArrayD::from_shape_simple_fn(shape, || {
        at += 1;
        f64::sin((at * 7 + seed * 13) as f64 * 0.61) * 5.0
    })
}

fn matrix(values: ArrayD<f64>) -> Array2<f64> {
    values.into_dimensionality().unwrap()
}

proptest! {
    #![proptest_config(seeded(48))]

    #[test]
    fn forward_has_the_bits_of_the_reconciler(sketch in sketch(10)) {
        let h = sketch.hierarchy();
        let base = sketch.numbers(h.len(), 3);
        for method in sketch.methods(&h) {
            let projector = projector(&h, method);
            let expected = projector.reconciler().reconcile(base.view()).unwrap().into_inner();
            let tape = Tape::<f64>::new();
            let y = projector.project(tape.constant(&base).unwrap()).unwrap();
            prop_assert_eq!(matrix(y.value().unwrap()), expected.clone());
            let y = projector.project_rows(tape.constant(&base.t()).unwrap()).unwrap();
            prop_assert_eq!(matrix(y.value().unwrap()), expected.t());
            // Two matrices, the second one twice the first: scaling by 2 leaves bits alone.
            let both = Array3::from_shape_fn((2, h.len(), 3), |(b, i, c)| (b + 1) as f64 * base[[i, c]]);
            let y = projector.project(tape.constant(&both).unwrap()).unwrap().value().unwrap();
            prop_assert_eq!(y.index_axis(Axis(0), 0), expected.view().into_dyn());
            prop_assert_eq!(y.index_axis(Axis(0), 1).to_owned(), (&expected * 2.0).into_dyn());
            // Duals: the same values, and the tangent goes the same way.
            let tape = Tape::<Dual<f64>>::new();
            let dual = base.mapv(|x| Dual::new(x, 2.0 * x));
            let y = projector.project(tape.constant(&dual).unwrap()).unwrap().value().unwrap();
            prop_assert_eq!(matrix(y.mapv(|y| y.value)), expected.clone());
            prop_assert_eq!(matrix(y.mapv(|y| y.tangent)), expected * 2.0);
        }
    }

    #[test]
    fn the_gradient_is_the_transposed_matrix(sketch in sketch(10)) {
        let h = sketch.hierarchy();
        let (base, g) = (sketch.numbers(h.len(), 2), sketch.numbers(h.len(), 2) * 0.3 + 1.0);
        for method in sketch.methods(&h) {
            let projector = projector(&h, method.clone());
            let expected = projector.reconciler().projection_matrix().t().dot(&g);
            let size = 1.0 + expected.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            let tape = Tape::<f64>::new();
            let x = tape.var(&base).unwrap();
            let gradients = tape.backward_with(projector.project(x).unwrap(), &g).unwrap();
            let gap = distance(&matrix(gradients.wrt(x).unwrap()), &expected);
            prop_assert!(gap <= 1e-9 * size, "{:?}: {}", method, gap);
        }
    }
}

proptest! {
    #![proptest_config(seeded(12))]

    #[test]
    fn derivatives_of_fixed_projections(sketch in sketch(4)) {
        let h = sketch.hierarchy();
        let x = [sketch.numbers(h.len(), 2).into_dyn()];
        for method in sketch.methods(&h) {
            let projector = projector(&h, method);
            // The square makes a second derivative that is not 0.
            check(|x| projector.project(x[0])?.square(), &x).unwrap();
            check_second(|x| projector.project(x[0])?.square(), &x).unwrap();
        }
    }

    #[test]
    fn derivatives_of_learnt_variances(sketch in sketch(4)) {
        let h = sketch.hierarchy();
        let n = h.len();
        let learned = LearnedProjector::new(&h);
        let x = sketch.numbers(n, 2) * 0.3;
        let theta = Array1::from_shape_fn(n, |i| sketch.numbers(n, 3)[[i, 2]] * 0.15);
        let inputs = [x.clone().into_dyn(), theta.clone().into_dyn()];
        check(|x| learned.project(x[0], x[1].exp()?)?.square(), &inputs).unwrap();
        check_second(|x| learned.project(x[0], x[1].exp()?)?.square(), &inputs).unwrap();
        let inputs = [x.t().to_owned().into_dyn(), theta.mapv(f64::exp).into_dyn()];
        check(|x| learned.project_rows(x[0], x[1])?.square(), &inputs).unwrap();
        check_second(|x| learned.project_rows(x[0], x[1])?.square(), &inputs).unwrap();
    }

    #[test]
    fn derivatives_of_learnt_covariances(sketch in sketch(4)) {
        let h = sketch.hierarchy();
        let n = h.len();
        let learned = LearnedProjector::new(&h);
        let l = Array2::from_shape_fn((n, n), |(i, j)| {
            f64::sin((i * n + j) as f64) * 0.2 + f64::from(u8::from(i == j))
        });
        let inputs = [(sketch.numbers(n, 2) * 0.3).into_dyn(), l.into_dyn()];
        check(|x| learned.project_with_covariance(x[0], x[1].matmul_nt(x[1])?)?.square(), &inputs).unwrap();
        check_second(|x| learned.project_with_covariance(x[0], x[1].matmul_nt(x[1])?)?.square(), &inputs).unwrap();
    }
}

proptest! {
    #![proptest_config(seeded(64))]

    #[test]
    fn learnt_projections_are_the_reconcilers(sketch in sketch(10)) {
        let h = sketch.hierarchy();
        let n = h.len();
        let (base, learned) = (sketch.numbers(n, 3), LearnedProjector::new(&h));
        let w = Array1::from_shape_fn(n, |i| 0.1 + base[[i, 0]].abs());
        let reconciler = Reconciler::new(&h, Method::Wls(w.clone())).unwrap();
        let expected = reconciler.reconcile(base.view()).unwrap().into_inner();
        let tape = Tape::<f64>::new();
        let (x, w) = (tape.var(&base).unwrap(), tape.var(&w).unwrap());
        let y = learned.project(x, w).unwrap();
        prop_assert_eq!(matrix(y.value().unwrap()), expected.clone());
        // W and c W are one projection, so nothing is gained by scaling: Σ w dw = 0.
        let gradients = tape.backward(y.square().unwrap().sum().unwrap()).unwrap();
        let slopes = gradients.wrt(w).unwrap() * w.value().unwrap();
        prop_assert!(slopes.sum().abs() <= 1e-9 * (1.0 + slopes.mapv(f64::abs).sum()), "{}", slopes);
        let q = matrix(gradients.wrt(x).unwrap());
        prop_assert!(distance(&q, &reconciler.projection_matrix().t().dot(&(expected * 2.0))) < 1e-8);
        drop(gradients);

        let covariance = base.dot(&base.t()) + Array2::<f64>::eye(n) * 5.0;
        let custom = Reconciler::new(&h, Method::Custom(covariance.clone())).unwrap();
        let expected = custom.reconcile(base.view()).unwrap().into_inner();
        let w = tape.constant(&covariance).unwrap();
        let y = learned.project_with_covariance(x, w).unwrap();
        prop_assert!(distance(&matrix(y.value().unwrap()), &expected) < 1e-9);
        let rows = learned.project_rows_with_covariance(x.transpose(0, 1).unwrap(), w).unwrap();
        prop_assert!(distance(&matrix(rows.value().unwrap()), &expected.t().to_owned()) < 1e-9);
        let both = stack(&[x, x.scale(2.0).unwrap()], 0).unwrap();
        let both = learned.project_with_covariance(both, w).unwrap().value().unwrap();
        let second = matrix(both.index_axis(Axis(0), 1).to_owned());
        prop_assert!(distance(&second, &(expected * 2.0)) < 1e-9);
    }
}

/// Windows of 6 and 7 cross, 600 and 700 over 4,200: conjugate gradients; and 1 + 20 + 700 nested: two passes.
/// Sums, and means.
fn large() -> impl Iterator<Item = Hierarchy> {
    let crossed: &[(&str, usize)] = &[("w", 7), ("v", 6), ("unit", 1)];
    let nested: &[(&str, usize)] = &[("all", 4200), ("w", 210), ("v", 6), ("unit", 1)];
    [crossed, nested].into_iter().flat_map(|levels| {
        let sums = Hierarchy::temporal(4200, levels).unwrap();
        let means = sums.aggregated_by(&Aggregator::Mean).unwrap();
        [sums, means]
    })
}

#[test]
fn large_hierarchies_have_gradients() {
    for h in large() {
        let n = h.len();
        let w = Array1::from_shape_fn(n, |i| 0.1 + (i * 7 % 13) as f64);
        let (x, g) = (wave(&[n, 2], 1), wave(&[n, 2], 2));
        let projector = projector(&h, Method::Wls(w.clone()));
        let tape = Tape::<f64>::new();
        let var = tape.var(&x).unwrap();
        let y = projector.project(var).unwrap();
        let value = y.value().unwrap();
        let q = tape.backward_with(y, &g).unwrap().wrt(var).unwrap();
        let (there, back) = ((&value * &g).sum(), (&q * &x).sum());
        assert!((there - back).abs() < 1e-8 * value.len() as f64, "⟨M x, g⟩ = {there}, ⟨x, Mᵀ g⟩ = {back}");
        // The transposed of a map onto sums: W⁻¹ M W, known well.
        let wg = &matrix(g.clone()) * &w.clone().insert_axis(Axis(1));
        let expected =
            projector.reconciler().reconcile(wg.view()).unwrap().into_inner() / w.insert_axis(Axis(1));
        assert!(distance(&matrix(q), &expected) < 1e-7);
    }
}

#[test]
fn large_hierarchies_learn_variances() {
    for h in large() {
        let n = h.len();
        let learned = LearnedProjector::new(&h);
        let (x, theta, direction) = (wave(&[n, 1], 1), wave(&[n], 3) * 0.2, wave(&[n], 4));
        let loss = |theta: &ArrayD<f64>| {
            let tape = Tape::<f64>::new();
            let (x, theta) = (tape.constant(&x).unwrap(), tape.var(theta).unwrap());
            let y = learned.project(x, theta.exp().unwrap()).unwrap().square().unwrap().sum().unwrap();
            let slopes = tape.backward(y).unwrap().wrt(theta).unwrap();
            (y.item().unwrap(), (slopes * &direction).sum())
        };
        let step = &direction * 1e-4;
        let ((above, slope_above), (below, slope_below)) = (loss(&(&theta + &step)), loss(&(&theta - &step)));
        let (_, slope) = loss(&theta);
        let differences = (above - below) / 2e-4;
        assert!((slope - differences).abs() < 1e-5 * slope.abs(), "{slope} is not {differences}");
        let curved = hvp(
            |v| {
                let x = x.mapv(|x| Dual::new(x, 0.0));
                learned.project(v[0].tape().constant(&x)?, v[0].exp()?)?.square()?.sum()
            },
            std::slice::from_ref(&theta),
            std::slice::from_ref(&direction),
        );
        let curve = (&curved.unwrap()[0] * &direction).sum();
        let differences = (slope_above - slope_below) / 2e-4;
        assert!((curve - differences).abs() < 1e-5 * curve.abs(), "{curve} is not {differences}");
    }
}

/// A dual of a dual: how the Hessian changes, against differences of Hessian-vector products.
#[test]
fn third_derivatives() {
    let h = seven_nodes();
    let learned = LearnedProjector::new(&h);
    let (x, theta, direction) = (wave(&[7, 1], 1), wave(&[7], 3) * 0.1, wave(&[7], 4) * 0.3);
    let second = |theta: &ArrayD<f64>| -> ArrayD<f64> {
        let x = x.mapv(|x| Dual::new(x, 0.0));
        hvp(
            |v| learned.project(v[0].tape().constant(&x)?, v[0].exp()?)?.square()?.sum(),
            std::slice::from_ref(theta),
            std::slice::from_ref(&direction),
        )
        .unwrap()
        .remove(0)
    };
    let step = &direction * 1e-5;
    let differences = (second(&(&theta + &step)) - second(&(&theta - &step))) / 2e-5;
    let x = x.mapv(|x| Dual::new(Dual::new(x, 0.0), Dual::default()));
    let inner =
        theta.iter().zip(&direction).map(|(&t, &d)| Dual::new(t, d)).collect::<Array1<_>>().into_dyn();
    let still = direction.mapv(|d| Dual::new(d, 0.0));
    let exact =
        hvp(|v| learned.project(v[0].tape().constant(&x)?, v[0].exp()?)?.square()?.sum(), &[inner], &[still])
            .unwrap()
            .remove(0)
            .mapv(|x| x.tangent);
    for (exact, differences) in exact.iter().zip(&differences) {
        assert!((exact - differences).abs() < 1e-5 * (1.0 + exact.abs()), "{exact} is not {differences}");
    }
}

#[test]
fn single_precision_is_double_precision_rounded() {
    let h = seven_nodes();
    let x = matrix(wave(&[7, 2], 1)).mapv(|x| x as f32);
    let projector = projector(&h, Method::WlsStruct);
    let wide = projector.reconciler().reconcile(x.mapv(f64::from).view()).unwrap();
    let tape = Tape::<f32>::new();
    let var = tape.var(&x).unwrap();
    let y = projector.project(var).unwrap();
    assert_eq!(y.value().unwrap(), wide.all().mapv(|y| y as f32).into_dyn());
    let w = tape.var(&array![4.0f32, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0]).unwrap();
    let learnt = LearnedProjector::new(&h).project(var, w).unwrap();
    assert_eq!(learnt.value().unwrap(), y.value().unwrap());
}

#[test]
fn projections_replay_and_add_to_gradients() {
    let h = seven_nodes();
    let projector = projector(&h, Method::BottomUp);
    let learned = LearnedProjector::new(&h);
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.var(&Array2::ones((7, 1))).unwrap(), tape.var(&Array1::ones(7)).unwrap());
    let y = projector.project(x).unwrap().add(x).unwrap().sum().unwrap();
    let z = learned.project(x, w).unwrap().add(x).unwrap().slice(0, ..1, 1).unwrap().sum().unwrap();
    assert_eq!(y.item().unwrap(), 12.0 + 7.0);
    let slopes = tape.backward(y).unwrap().wrt(x).unwrap();
    assert_eq!(slopes, array![[1.0], [1.0], [1.0], [4.0], [4.0], [4.0], [4.0]].into_dyn());
    tape.set(x, &array![[4.0], [2.0], [2.0], [1.0], [1.0], [1.0], [1.0]]).unwrap();
    tape.set(w, &array![4.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0]).unwrap();
    tape.replay().unwrap();
    assert_eq!(z.item().unwrap(), 8.0);
    // Of wls_struct a third each: the total by itself, its halves, its quarters; and x itself.
    let slopes = tape.backward(z).unwrap().wrt(x).unwrap();
    let expected = [4.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0];
    for (slope, expected) in slopes.iter().zip(expected) {
        assert!((slope - expected).abs() < 1e-12, "{slopes}");
    }
}

#[test]
fn nothing_is_no_trouble() {
    let h = seven_nodes();
    let projector = projector(&h, Method::Ols);
    let tape = Tape::<f64>::new();
    for shape in [vec![7, 0], vec![0, 7, 3], vec![2, 7, 0]] {
        let x = tape.var(&ArrayD::zeros(shape.clone())).unwrap();
        let w = tape.var(&Array1::ones(7)).unwrap();
        let y = projector.project(x).unwrap().add(LearnedProjector::new(&h).project(x, w).unwrap()).unwrap();
        assert_eq!(y.value().unwrap().shape(), shape);
        let gradients = tape.backward(y.sum().unwrap()).unwrap();
        assert_eq!(gradients.wrt(x).unwrap().shape(), shape);
        assert_eq!(gradients.wrt(w).unwrap(), Array1::<f64>::zeros(7).into_dyn());
    }
    let vector = tape.constant(&wave(&[7], 1)).unwrap();
    assert_eq!(projector.project_rows(vector).unwrap().shape().unwrap()[..], [7]);
}

#[test]
fn refusals() {
    let h = seven_nodes();
    let proportions = Reconciler::new(&h, Method::TopDown(TopDown::ForecastProportions)).unwrap();
    let error = Projector::new(proportions).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NoMatrix { what: "project" }));
    assert_eq!(
        error.to_string(),
        "project: the method is not linear in the base forecasts (`Reconciler::is_linear`), so no weights take them to \
         the reconciled ones"
    );
    let projector = projector(&h, Method::Ols);
    let learned = LearnedProjector::new(&h);
    let tape = Tape::<f64>::new();
    let zeros = |shape: &[usize]| tape.constant(&ArrayD::zeros(shape)).unwrap();
    let ones = tape.constant(&Array1::ones(7)).unwrap();
    let message = |result: tensor::Result<tensor::Var<'_, f64>>| result.unwrap_err().to_string();
    let expected = "project: expected 7 nodes on the axis before the last, got shape [6, 2]";
    assert_eq!(message(projector.project(zeros(&[6, 2]))), expected);
    let expected = "project: expected 7 nodes on the axis before the last, got shape [7]";
    assert_eq!(message(projector.project(zeros(&[7]))), expected);
    let expected = "project: expected 7 nodes on the last axis, got shape [7, 2]";
    assert_eq!(message(projector.project_rows(zeros(&[7, 2]))), expected);
    let expected = "project_weighted: expected 7 variances, got shape [7, 1]";
    assert_eq!(message(learned.project(zeros(&[7, 2]), zeros(&[7, 1]))), expected);
    let expected = "project_weighted: expected 7 nodes on the last axis, got shape [7, 2]";
    assert_eq!(message(learned.project_rows(zeros(&[7, 2]), ones)), expected);
    let expected = "project_weighted: level `T`, node `T`: expected a positive, finite variance, got 0";
    assert_eq!(message(learned.project(zeros(&[7, 2]), zeros(&[7]))), expected);
    let mut nan = Array2::zeros((7, 2));
    nan[[2, 1]] = f64::NAN;
    let nan = tape.constant(&nan).unwrap();
    let expected = "project: level `Half`, node `B`, column 1: expected a finite value, got NaN";
    assert_eq!(message(projector.project(nan)), expected);
    let expected = "project_weighted: level `Half`, node `B`, column 1: expected a finite value, got NaN";
    assert_eq!(message(learned.project(nan, ones)), expected);
    let expected = "project_with_covariance: expected a covariance of 7 nodes, got shape [7]";
    assert_eq!(message(learned.project_with_covariance(zeros(&[7, 2]), ones)), expected);
    let expected = "project_with_covariance: expected 7 nodes on the axis before the last, got shape [7]";
    assert_eq!(message(learned.project_with_covariance(ones, zeros(&[7, 7]))), expected);
    let expected = "cholesky: expected a positive definite matrix, got the pivot 0 in row 0 of matrix 0";
    assert_eq!(message(learned.project_with_covariance(zeros(&[7, 2]), zeros(&[7, 7]))), expected);

    let apart = Array1::from_shape_fn(7, |i| 10f64.powi(i as i32 * 100 - 300));
    let expected = "project_weighted: projection: the system of 3 equations has no unique solution (the variances differ by \
                    too many orders of magnitude)";
    assert_eq!(message(learned.project(zeros(&[7, 2]), tape.constant(&apart).unwrap())), expected);

    let short = Projection::<f64>::by_level(&h, Array1::ones(2).view()).unwrap_err();
    assert_eq!(short.to_string(), "variances of levels: expected 3 values, got 2");
    let negative = Projection::<f64>::by_level(&h, array![1.0, -1.0, 1.0].view()).unwrap_err();
    assert_eq!(negative.to_string(), "level `Half`, node `A`: expected a positive, finite variance, got -1");
    let short = Projection::<f64>::by_node(&h, Array1::ones(2).view()).unwrap_err();
    assert_eq!(short.to_string(), "variances: expected 7 values, got 2");
}

/// The total is forecast well and the leaves badly, so trust moves to the total.
#[test]
fn a_layer_learns_whom_to_trust() {
    let h = seven_nodes();
    let truth = h.integrate(matrix(wave(&[4, 60], 2)).view()).unwrap().into_inner();
    let errors = matrix(wave(&[7, 60], 5));
    let scale = array![0.01, 0.3, 0.3, 1.0, 1.0, 1.0, 1.0].insert_axis(Axis(1));
    let base = (&truth + &(errors * scale)).t().to_owned();
    let target = truth.t().to_owned();
    let mut layer = Projection::<f64>::by_level(&h, array![1.0, 1.0, 1.0].view()).unwrap();
    let (mut adam, mut tape) = (Adam::new(0.1).unwrap(), Tape::new());
    let mut losses = Vec::new();
    for _ in 0..100 {
        let (x, t) = (tape.constant(&base).unwrap(), tape.constant(&target).unwrap());
        let loss = mse(layer.forward(x, &mut Pass::eval()).unwrap(), t).unwrap();
        losses.push(loss.item().unwrap());
        adam.step(&mut layer, &tape.backward(loss).unwrap()).unwrap();
        tape.reset();
    }
    assert!(losses[99] < 0.8 * losses[0], "{} of {}", losses[99], losses[0]);
    let w = layer.variances().unwrap();
    assert!(w[0] < 0.2 * w[1] && w[1] < w[3] && w[1] == w[2] && w[3] == w[6], "{w}");
    let frozen = layer.reconciler().unwrap().reconcile(base.t()).unwrap().into_inner();
    assert_eq!(matrix(layer.predict(&base).unwrap()), frozen.t());
}

#[test]
fn layers_in_networks() {
    let h = seven_nodes();
    let rng = &mut ChaCha8Rng::seed_from_u64(1);
    let mut linear = || Linear::<f64>::new(3, 7, Init::XavierUniform, rng).unwrap();
    let fixed = Projection::fixed(Reconciler::new(&h, Method::WlsStruct).unwrap()).unwrap();
    assert!(fixed.variances().is_none());
    assert_eq!(fixed.hierarchy(), &h);
    assert!(fixed.reconciler().unwrap().is_linear());
    let by_node = Projection::by_node(&h, Array1::from_elem(7, 2.0).view()).unwrap();
    assert_eq!(by_node.hierarchy(), &h);
    let net = Sequential::new().with(linear()).with(fixed);
    assert_eq!(net.names(), ["0.weight", "0.bias"]);
    let other = Sequential::new().with(linear()).with(by_node);
    assert_eq!(other.names(), ["0.weight", "0.bias", "1.log_variances"]);
    assert_eq!(other.parameter_count(), 28 + 7);
    for net in [net, other] {
        let y = net.predict(&wave(&[2, 5, 3], 1)).unwrap();
        assert_eq!(y.shape(), [2, 5, 7]);
        for row in y.rows() {
            assert_eq!(row[0], row[3] + row[4] + row[5] + row[6]);
        }
        let error = Sequential::new().with(net.clone()).predict(&wave(&[2, 4], 1)).unwrap_err();
        assert!(error.to_string().starts_with("layer 0: "), "{error}");
    }
}

/// What the total has in its units is not a difference of large numbers.
#[test]
fn a_tiny_variance_loses_no_digits() {
    let small = Hierarchy::temporal(2, &[("all", 2), ("unit", 1)]).unwrap();
    let large = Hierarchy::temporal(4200, &[("all", 4200), ("w", 6), ("unit", 1)]).unwrap();
    // The slope of the sum of all units is Q / (Q + w): Q is the variance of what the levels below say together.
    for (h, below) in [(small, 2.0), (large, 700.0 * (6.0 / 7.0))] {
        let mut w = Array1::ones(h.len());
        w[0] = 1e-12;
        let projector = projector(&h, Method::Wls(w));
        let tape = Tape::<f64>::new();
        let x = tape.var(&wave(&[h.len(), 1], 1)).unwrap();
        let units = h.finest().range();
        let sum = projector.project(x).unwrap().narrow(0, units.start, units.len()).unwrap().sum().unwrap();
        let slope = tape.backward(sum).unwrap().wrt(x).unwrap()[[0, 0]];
        assert!((slope - below / (below + 1e-12)).abs() < 1e-13, "{slope}");
    }
}

#[test]
fn layers_are_shared_saved_and_used() {
    fn shared<S: Send + Sync + Clone>(_: &S) {}
    let h = seven_nodes();
    let mut layer = Projection::<f32>::by_node(&h, array![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0].view()).unwrap();
    shared(&layer);
    shared(&projector(&h, Method::Ols));
    let x = wave(&[3, 7], 1).mapv(|x| x as f32);
    let expected = layer.predict(&x).unwrap();
    let predictor = nn::Predictor::new(layer.clone());
    for _ in 0..2 {
        assert_eq!(predictor.predict(&x).unwrap(), expected);
    }
    let columns = x.t().to_owned();
    assert_eq!(layer.clone().with_nodes_in_rows().predict(&columns).unwrap(), expected.t());
    let path = std::env::temp_dir().join(format!("granular_layer_{}.safetensors", std::process::id()));
    nn::save_weights(&layer, &path).unwrap();
    let mut other = Projection::<f32>::by_node(&h, Array1::ones(7).view()).unwrap();
    assert_ne!(other.predict(&x).unwrap(), expected);
    nn::load_weights(&mut other, &path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(other.predict(&x).unwrap(), expected);
    assert_eq!(layer.set_trainable(false, |name| name == "log_variances"), 1);
}

/// Steps of series are nodes like others.
#[test]
fn temporal_methods_have_gradients_and_explanations() {
    let h = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)]).unwrap();
    let residuals = matrix(wave(&[7, 12], 3));
    for covariance in [TemporalCovariance::Wlsv, TemporalCovariance::Acov, TemporalCovariance::SAr1] {
        let projector = projector(&h, Method::Temporal(covariance, residuals.clone()));
        let x = [wave(&[7, 2], 1)];
        check(|x| projector.project(x[0])?.square(), &x).unwrap();
        let explanation = projector.reconciler().explain(matrix(x[0].clone()).view()).unwrap();
        let sum: f64 = explanation.levels().iter().map(|effect| effect.weight).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}
