//! Random cases made of bytes: any hierarchy (groups, windows, trees, equations), method, data and statuses end in a typed error or in finite values that
//! add up. Shared by `random_cases.rs` and by the fuzz target `reconciling`.

use granular::ndarray::{Array1, Array2, ArrayView2};
use granular::{
    Constraints, Erm, Error, Hierarchy, Method, Penalty, Reconciler, Status, TopDown, coherence_gap,
};

/// The bytes of a case; zeros when they have run out.
struct Bytes<'a> {
    left: &'a [u8],
    /// Out of 8 numbers, how many are extreme ones.
    wild: u8,
}

/// What extreme numbers are.
const EXTREMES: [f64; 16] = [
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
    1e150,
    -1e150,
    1e-150,
    1e15,
    -1e-15,
    1.0 + f64::EPSILON,
    0.1,
];

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.left.split_first().map_or((0, self.left), |(first, rest)| (*first, rest));
        self.left = rest;
        first
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    fn number(&mut self) -> f64 {
        let kind = self.byte();
        if kind % 8 < self.wild {
            EXTREMES[usize::from(kind / 8) % EXTREMES.len()]
        } else {
            (f64::from(self.byte()) - 128.0) / f64::from(1 + kind % 7)
        }
    }

    /// A number of rows or columns that is nearly always the right one.
    fn extent(&mut self, right: usize) -> usize {
        match self.byte() {
            0 => right + 1,
            1 => right.saturating_sub(1),
            _ => right,
        }
    }

    fn matrix(&mut self, rows: usize, columns: usize) -> Array2<f64> {
        let mut values = Array2::from_shape_simple_fn((rows, columns), || self.number());
        if rows > 0 {
            // Series of zeros, and two that are alike.
            match self.byte() % 8 {
                0 => values.row_mut(0).fill(0.0),
                1 => values.fill(0.0),
                2 => {
                    let first = values.row(0).to_owned();
                    values.row_mut(rows - 1).assign(&first);
                }
                _ => {}
            }
        }
        values
    }
}

/// Any hierarchy.
fn hierarchy(bytes: &mut Bytes<'_>) -> Result<Hierarchy, Error> {
    match bytes.below(8) {
        0 | 1 => ladder(bytes),
        2 => tree(bytes),
        3 => equations(bytes),
        _ => groups(bytes),
    }
}

/// Windows, of which few do not divide the units.
fn ladder(bytes: &mut Bytes<'_>) -> Result<Hierarchy, Error> {
    let units = 1 + bytes.below(12);
    let divisors: Vec<usize> = (1..=units).filter(|order| units.is_multiple_of(*order)).collect();
    let names = ["a", "b", "c", "d", "unit"];
    let order = |bytes: &mut Bytes<'_>| match bytes.below(32) {
        0 => 1 + bytes.below(units),
        other => divisors[other % divisors.len()],
    };
    let levels: Vec<(&str, usize)> = (0..bytes.below(4))
        .map(|at| (names[if bytes.below(64) == 0 { 4 } else { at }], order(bytes)))
        .collect();
    Hierarchy::temporal(units, &[&levels[..], &[("unit", bytes.extent(1))]].concat())
}

/// A list of nodes and parents, mostly listed before; a few are their own ancestors, twice there or nowhere.
fn tree(bytes: &mut Bytes<'_>) -> Result<Hierarchy, Error> {
    let nodes = 1 + bytes.below(12);
    let links = (0..nodes).map(|node| {
        let name = if bytes.below(64) == 0 { 0 } else { node };
        let parent = match bytes.below(64) {
            0 => format!("n{}", bytes.below(14)),
            1..8 => String::new(),
            _ if node == 0 => String::new(),
            other => format!("n{}", other % node),
        };
        (format!("n{name}"), parent)
    });
    Hierarchy::from_parents(links.collect::<Vec<_>>())
}

/// Equations, with weights that may be negative.
fn equations(bytes: &mut Bytes<'_>) -> Result<Hierarchy, Error> {
    let (nodes, rows) = (1 + bytes.below(9), bytes.below(5));
    let c = Array2::from_shape_simple_fn((rows, nodes), || match bytes.below(8) {
        0 | 1 => 1.0,
        2 | 3 => -1.0,
        4 => bytes.number(),
        _ => 0.0,
    });
    Hierarchy::from_constraints((0..nodes).map(|node| format!("n{node}")), c.view())
}

/// Groups, crossed or nested, with names that may be empty, alike or contain the separator.
fn groups(bytes: &mut Bytes<'_>) -> Result<Hierarchy, Error> {
    const NAMES: [&str; 5] = ["x", "y", "", "x/y", "z"];
    let rows = 1 + bytes.below(10);
    let column = |bytes: &mut Bytes<'_>| {
        let length = bytes.extent(rows);
        let most = 1 + bytes.below(NAMES.len());
        (0..length).map(|_| NAMES[bytes.below(most)].to_owned()).collect::<Vec<_>>()
    };
    let (first, second) = (column(bytes), column(bytes));
    let numbered = bytes.byte() > 10;
    let unit = (0..rows).map(|row| if numbered { row.to_string() } else { (row / 2).to_string() });
    let mut grouped = Hierarchy::grouped().key("a", first).key("b", second).key("unit", unit);
    let choices: [(&str, &[&str]); 6] = [
        ("Total", &[]),
        ("A", &["a"]),
        ("B", &["b"]),
        ("AB", &["a", "b"]),
        ("A", &["b", "a"]),
        ("C", &["none"]),
    ];
    let wanted = bytes.byte();
    // The last two are mistakes.
    for (at, (name, keys)) in choices.into_iter().enumerate() {
        if if at < 4 { wanted >> at & 1 == 1 } else { bytes.below(32) == 0 } {
            grouped = grouped.level(name, keys);
        }
    }
    grouped.level("Unit", &["unit"]).build()
}

fn method(bytes: &mut Bytes<'_>, h: &Hierarchy) -> Method {
    let (n, m) = (h.len(), h.finest_len());
    let past = bytes.below(7);
    match bytes.below(13) {
        0 => Method::BottomUp,
        1 => Method::Ols,
        2 => Method::WlsStruct,
        3 => Method::Wls(Array1::from_shape_simple_fn(bytes.extent(n), || bytes.number().abs())),
        4 => Method::WlsVar(bytes.matrix(n, past)),
        5 => Method::MintCov(bytes.matrix(n, past)),
        6 | 7 => Method::MintShrink(bytes.matrix(n, past)),
        8 => {
            let half = bytes.matrix(n, n);
            // Positive definite, unless extreme numbers are in it.
            Method::Custom(half.dot(&half.t()) + Array2::<f64>::eye(n) * bytes.number().abs())
        }
        9 => Method::TopDown(TopDown::AverageProportions(bytes.matrix(m, past))),
        10 => Method::TopDown(TopDown::ForecastProportions),
        11 => Method::MiddleOut(h.levels().nth(bytes.below(3)).map_or("?", |level| level.name()).to_owned()),
        _ => Method::Erm(Erm {
            actual: bytes.matrix(n, past),
            fitted: bytes.matrix(n, past),
            columns: bytes.extent(past),
            penalty: if bytes.below(2) == 0 { Penalty::None } else { Penalty::Ridge(bytes.number()) },
        }),
    }
}

/// Statuses, and the largest number of their prior.
fn constraints(bytes: &mut Bytes<'_>, h: &Hierarchy) -> Result<(Constraints, f64), Error> {
    let many = bytes.below(16);
    let status = |bytes: &mut Bytes<'_>| match bytes.below(16) {
        kind if kind >= many => Status::Free,
        0..3 => Status::Missing,
        3 => Status::Fixed(bytes.number()),
        4 => Status::Kept,
        5..8 => Status::Bounded { lo: bytes.number(), hi: f64::INFINITY },
        8..10 => Status::Bounded { lo: f64::NEG_INFINITY, hi: bytes.number() },
        10..14 => {
            let (a, b) = (bytes.number(), bytes.number());
            Status::Bounded { lo: a.min(b), hi: a.max(b) }
        }
        _ => Status::Free,
    };
    let statuses: Vec<Status> = (0..bytes.extent(h.len())).map(|_| status(bytes)).collect();
    let mut known = Constraints::from_statuses(h, &statuses)?;
    let mut largest = 0.0;
    if bytes.below(2) == 0 {
        known = known.non_negative();
    }
    if bytes.below(4) == 0 {
        let finest = Array1::from_shape_simple_fn(bytes.extent(h.finest_len()), || bytes.number());
        known = known.prior(finest.view(), bytes.number().abs())?;
        largest = finest.iter().copied().map(f64::abs).filter(|p| p.is_finite()).fold(0.0, f64::max);
    }
    Ok((known, largest))
}

/// Runs a case and says how it ended: `plain` and `known` for answers, or the kind of the error,
/// with `tame` before it in a case without extreme numbers.
///
/// # Panics
/// When an answer is not finite, does not add up, or is not what the statuses ask for: a bug.
pub(crate) fn run(bytes: &[u8]) -> Vec<String> {
    let mut bytes = Bytes { left: bytes, wild: 0 };
    bytes.wild = [0, 0, 0, 1, 4][bytes.below(5)];
    let mut outcomes = Vec::new();
    if let Err(error) = attempt(&mut bytes, &mut outcomes) {
        let tame = if bytes.wild == 0 { "tame " } else { "" };
        outcomes.push(format!("{tame}{}", named(&error)));
    }
    outcomes
}

fn named(error: &Error) -> String {
    assert!(!error.to_string().is_empty());
    let kind = format!("{:?}", error.kind());
    kind.split([' ', '{', '(']).next().unwrap_or_default().to_owned()
}

fn attempt(bytes: &mut Bytes<'_>, outcomes: &mut Vec<String>) -> Result<(), Error> {
    let h = hierarchy(bytes)?;
    let reconciler = Reconciler::new(&h, method(bytes, &h))?;
    let rows = bytes.extent(h.len());
    let columns = bytes.below(4);
    let base = bytes.matrix(rows, columns);
    match reconciler.reconcile(base.view()) {
        Ok(y) => {
            check(&h, y.all(), columns);
            outcomes.push("plain".to_owned());
        }
        Err(error) => outcomes.push(named(&error)),
    }
    let (known, largest) = constraints(bytes, &h)?;
    let (y, report) = reconciler.reconcile_with(base.view(), &known)?;
    check(&h, y.all(), columns);
    assert!(report.kkt_residual() <= 1e-10, "{}", report.kkt_residual());
    assert_eq!(report.columns().len(), columns);
    met(&h, &known, &base, largest, &y.into_inner());
    outcomes.push("known".to_owned());
    Ok(())
}

fn check(h: &Hierarchy, y: ArrayView2<'_, f64>, columns: usize) {
    assert_eq!(y.dim(), (h.len(), columns));
    assert!(y.iter().all(|value| value.is_finite()), "{y}");
    let gaps = coherence_gap(h, y).expect("it has n rows");
    assert!(gaps.iter().all(|&gap| gap == 0.0), "{gaps:?}");
}

/// Finest values within their bounds to the last bit, all others to 1e-9 of the largest number.
fn met(h: &Hierarchy, known: &Constraints, base: &Array2<f64>, prior: f64, y: &Array2<f64>) {
    for ((node, column), &value) in y.indexed_iter() {
        let (mut lo, hi) = match known.statuses()[node] {
            Status::Fixed(value) => (value, value),
            Status::Kept => (base[[node, column]], base[[node, column]]),
            Status::Bounded { lo, hi } => (lo, hi),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        };
        let finest = h.finest().range().contains(&node);
        lo = if known.is_non_negative() { lo.max(0.0) } else { lo };
        let numbers =
            base.column(column).to_vec().into_iter().chain(y.column(column).to_vec()).chain([lo, hi]);
        let bounds = known.statuses().iter().flat_map(|status| match *status {
            Status::Fixed(value) => [value, value],
            Status::Bounded { lo, hi } => [lo, hi],
            _ => [0.0, 0.0],
        });
        let finite = numbers.chain(bounds).filter(|value| value.is_finite());
        let slack = if finest { 0.0 } else { 1e-9 * finite.map(f64::abs).fold(prior, f64::max) };
        assert!(value >= lo - slack && value <= hi + slack, "node {node}: {value} is not in [{lo}, {hi}]");
    }
}
