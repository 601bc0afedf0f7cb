//! Reconciling the 425 tourism nodes over 8 steps, and the M5 structure, the reconciler built anew each time.
//!
//! The ids are those of the peers that do the same work in other languages; the hierarchy and the inputs stand ready.
//! `rec_tourism_hierarchy` and `rec_m5_hierarchy` are the building of the hierarchy from its key columns, reported
//! apart. The M5 structure has 42,840 nodes and 28 steps of made-up numbers.

#[path = "../tests/support/m5.rs"]
mod m5;

use std::fs::File;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use flate2::read::GzDecoder;
use granular::{Hierarchy, Method, Reconciler, Table};
use tensor::ndarray::{Array2, Axis, Slice};

fn table(name: &str, keys: &[&str]) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Table::read(GzDecoder::new(file), keys).expect("the data of this workspace are whole")
}

fn hierarchy(trips: &Table) -> granular::Result<Hierarchy> {
    Hierarchy::grouped()
        .key("state", trips.key("state")?)
        .key("region", trips.key("region")?)
        .key("purpose", trips.key("purpose")?)
        .level("Total", &[])
        .level("State", &["state"])
        .level("Purpose", &["purpose"])
        .level("StatexRegion", &["state", "region"])
        .level("StatexPurpose", &["state", "purpose"])
        .level("StatexRegionxPurpose", &["state", "region", "purpose"])
        .build()
}

fn base_forecasts(hierarchy: &Hierarchy) -> granular::Result<Array2<f64>> {
    let base = table("tourism_quarterly_base.csv.gz", &["node", "level"]);
    let names = base.key("level")?.iter().zip(base.key("node")?);
    let names: Vec<(&str, &str)> = names.map(|(level, node)| (level.as_str(), node.as_str())).collect();
    hierarchy.arrange(&names, base.values().slice_axis(Axis(1), Slice::from(72..80)))
}

fn reconcile_m5(c: &mut Criterion) {
    let keys = m5::keys();
    let sales = m5::hierarchy(&keys).expect("the keys are sound");
    let base = m5::base_forecasts(&sales).expect("the numbers are finite");
    let mut group = c.benchmark_group("reconcile");
    group.sample_size(10);
    group.bench_function("rec_m5_hierarchy", |b| b.iter(|| m5::hierarchy(black_box(&keys))));
    for (id, method) in [("rec_m5_ols", Method::Ols), ("rec_m5_wls_struct", Method::WlsStruct)] {
        group.bench_function(id, |b| {
            b.iter(|| Reconciler::new(black_box(&sales), method.clone())?.reconcile(black_box(base.view())))
        });
    }
    group.finish();
}

fn reconcile(c: &mut Criterion) {
    let trips = table("tourism_quarterly.csv.gz", &["state", "region", "purpose"]);
    let tourism = hierarchy(&trips).expect("the keys of the data are sound");
    let base = base_forecasts(&tourism).expect("the base forecasts name every node");
    let mut group = c.benchmark_group("reconcile");
    group.bench_function("rec_tourism_hierarchy", |b| b.iter(|| hierarchy(black_box(&trips))));
    for (id, method) in [
        ("rec_tourism_bu", Method::BottomUp),
        ("rec_tourism_ols", Method::Ols),
        ("rec_tourism_wls_struct", Method::WlsStruct),
    ] {
        group.bench_function(id, |b| {
            b.iter(|| Reconciler::new(black_box(&tourism), method.clone())?.reconcile(black_box(base.view())))
        });
    }
    group.finish();
}

criterion_group!(benches, reconcile, reconcile_m5);
criterion_main!(benches);
