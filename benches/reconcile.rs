//! Reconciling the 425 tourism nodes over 8 steps, the M5 structure, and a tree of a million nodes, the reconciler built
//! anew each time.
//!
//! The ids are those of the peers that do the same work in other languages; the hierarchy and the inputs stand ready.
//! `rec_tourism_hierarchy`, `rec_m5_hierarchy` and `rec_million_hierarchy` are the building of the hierarchy from its key
//! columns, reported apart. The M5 structure has 42,840 nodes and 28 steps of made-up numbers. The lines printed first,
//! `V|granular|CASE|1|NAME|VALUE`, are values to compare.

#[path = "../tests/support/m5.rs"]
mod m5;
#[path = "../tests/support/million.rs"]
mod million;
#[path = "../examples/support/mod.rs"]
mod support;

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use granular::{Constraints, Erm, Hierarchy, Method, Penalty, Reconciler, Result, Table};
use tensor::ndarray::{Array2, ArrayView2, Axis, Slice};

fn table(name: &str, keys: &[&str]) -> Table {
    let file = support::open(&support::data(name)).expect("the data of this workspace are there");
    Table::read(file, keys).expect("the data of this workspace are whole")
}

/// What the methods are given on tourism.
struct Tourism {
    trips: Table,
    hierarchy: Hierarchy,
    base: Array2<f64>,
    /// Of the 72 quarters before the forecasts: what came, and what had been forecast.
    actual: Array2<f64>,
    fitted: Array2<f64>,
}

impl Tourism {
    fn read() -> Result<Self> {
        let trips = table("tourism_quarterly.csv.gz", &["state", "region", "purpose"]);
        let forecasts = table("tourism_quarterly_base.csv.gz", &["node", "level"]);
        let hierarchy = support::tourism(&trips)?;
        let names = forecasts.key("level")?.iter().zip(forecasts.key("node")?);
        let names: Vec<(&str, &str)> = names.map(|(level, node)| (level.as_str(), node.as_str())).collect();
        let (fitted, base) = (Slice::from(..72), Slice::from(72..80));
        Ok(Self {
            fitted: hierarchy.arrange(&names, forecasts.values().slice_axis(Axis(1), fitted))?,
            base: hierarchy.arrange(&names, forecasts.values().slice_axis(Axis(1), base))?,
            actual: hierarchy.integrate(trips.values().slice_axis(Axis(1), fitted))?.into_inner(),
            hierarchy,
            trips,
        })
    }

    fn residuals(&self) -> Array2<f64> {
        &self.actual - &self.fitted
    }

    fn erm(&self) -> Method {
        let (actual, fitted) = (self.actual.clone(), self.fitted.clone());
        Method::Erm(Erm { actual, fitted, columns: 8, penalty: Penalty::None })
    }
}

type Group<'c> = BenchmarkGroup<'c, WallTime>;

/// Prints values to compare, then times the method's preparation and its one use.
fn method(
    group: &mut Group<'_>,
    id: &str,
    h: &Hierarchy,
    base: ArrayView2<'_, f64>,
    method: &dyn Fn() -> Method,
) {
    let run = || Reconciler::new(black_box(h), method())?.reconcile(black_box(base));
    let agreed = run().expect("the inputs are sound");
    println!("V|granular|{id}|1|total_step1|{:.9}", agreed.all()[[0, 0]]);
    println!("V|granular|{id}|1|bottom0_step1|{:.9}", agreed.finest()[[0, 0]]);
    group.bench_function(id, |b| b.iter(run));
}

fn tourism(c: &mut Criterion) {
    let tourism = Tourism::read().expect("the data of this workspace are whole");
    let mut group = c.benchmark_group("reconcile");
    group.bench_function("rec_tourism_hierarchy", |b| b.iter(|| support::tourism(black_box(&tourism.trips))));
    let methods: [(&str, &dyn Fn() -> Method); 6] = [
        ("rec_tourism_bu", &|| Method::BottomUp),
        ("rec_tourism_ols", &|| Method::Ols),
        ("rec_tourism_wls_struct", &|| Method::WlsStruct),
        ("rec_tourism_wls_var", &|| Method::WlsVar(tourism.residuals())),
        ("rec_tourism_mint_shrink", &|| Method::MintShrink(tourism.residuals())),
        ("rec_tourism_erm", &|| tourism.erm()),
    ];
    for (id, of) in methods {
        method(&mut group, id, &tourism.hierarchy, tourism.base.view(), of);
    }
    non_negative(&mut group, "rec_tourism_ols_nonneg", &tourism.hierarchy, tourism.base.view());
    group.finish();
}

/// As [`method`], with ols and no value below 0.
fn non_negative(group: &mut Group<'_>, id: &str, h: &Hierarchy, base: ArrayView2<'_, f64>) {
    let run = || {
        let known = Constraints::new(black_box(h)).non_negative();
        Reconciler::new(h, Method::Ols)?.reconcile_with(black_box(base), &known)
    };
    let (agreed, _) = run().expect("the inputs are sound");
    println!("V|granular|{id}|1|total_step1|{:.9}", agreed.all()[[0, 0]]);
    println!("V|granular|{id}|1|bottom0_step1|{:.9}", agreed.finest()[[0, 0]]);
    group.bench_function(id, |b| b.iter(run));
}

fn m5(c: &mut Criterion) {
    let keys = m5::keys();
    let sales = m5::hierarchy(&keys).expect("the keys are sound");
    let base = m5::base_forecasts(&sales).expect("the numbers are finite");
    let mut group = c.benchmark_group("reconcile");
    group.sample_size(10);
    group.bench_function("rec_m5_hierarchy", |b| b.iter(|| m5::hierarchy(black_box(&keys))));
    method(&mut group, "rec_m5_ols", &sales, base.view(), &|| Method::Ols);
    method(&mut group, "rec_m5_wls_struct", &sales, base.view(), &|| Method::WlsStruct);
    group.finish();
}

fn million(c: &mut Criterion) {
    let keys = million::keys();
    let tree = million::hierarchy(&keys).expect("the keys are sound");
    let base = million::base_forecasts(&tree);
    let mut group = c.benchmark_group("reconcile");
    group.sample_size(10);
    group.bench_function("rec_million_hierarchy", |b| b.iter(|| million::hierarchy(black_box(&keys))));
    method(&mut group, "rec_million_wls_struct", &tree, base.view(), &|| Method::WlsStruct);
    group.finish();
}

criterion_group!(benches, tourism, m5, million);
criterion_main!(benches);
