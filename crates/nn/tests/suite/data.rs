//! From rows to batches: what holds for every dataset, split and file.

use nn::data::{
    Batch, DataLoader, DataLoaderConfig, Dataset, Flip, Holdout, KFold, LastBatch, MinMax, Ngrams, Noise,
    Order, Pair, SeriesFile, Shift, Split, Standardize, TermColumns, TextFeatures, Unit, Weighting,
};
use nn::{Result, tensor::Element};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use std::sync::Arc;
use tensor::ndarray::{Array1, Array2, Array4};

/// The same cases in every run, so that a failure is everybody's.
fn seeded(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() }
}

/// Rows that hold their own number.
fn numbered<T: Element>(rows: usize) -> Pair<T> {
    let numbers = Array1::from_iter((0..rows).map(|row| T::from_f64(row as f64)));
    Pair::new(numbers, (0..rows).collect::<Vec<_>>()).expect("a target for each row")
}

fn rows_of<T: Element>(batches: impl Iterator<Item = Result<Pair<T>>>) -> Vec<Vec<usize>> {
    let rows = |batch: Pair<T>| batch.targets().classes().map(<[usize]>::to_vec);
    batches.map(|batch| rows(batch.expect("the rows are there")).expect("targets are classes")).collect()
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        Just(Order::Sequential),
        Just(Order::Shuffled),
        Just(Order::ByLength),
        (1..5usize).prop_map(|batches| Order::Bucketed { batches }),
    ]
}

proptest! {
    #![proptest_config(seeded(200))]

    #[test]
    fn an_epoch_has_every_row_once(
        (rows, batch_size, order) in (1..60usize, 1..70usize, order()),
        (seed, epoch, keep) in (any::<u64>(), any::<u64>(), any::<bool>()),
    ) {
        let last = if keep { LastBatch::Keep } else { LastBatch::Drop };
        let config = DataLoaderConfig { batch_size, order, last, seed };
        let Ok(loader) = DataLoader::new(Arc::new(numbered::<f64>(rows)), config) else {
            prop_assert!(!keep && rows < batch_size);
            return Ok(());
        };
        let batches = rows_of(loader.epoch(epoch));
        prop_assert_eq!(batches.len(), loader.batches());
        prop_assert_eq!(rows_of(loader.epoch(epoch).prefetch(2).unwrap()), batches.clone());
        let short = batches.iter().filter(|batch| batch.len() < batch_size).count();
        prop_assert_eq!(short, usize::from(keep && rows % batch_size != 0));
        let mut seen = batches.concat();
        prop_assert_eq!(seen.len(), if keep { rows } else { rows / batch_size * batch_size });
        seen.sort_unstable();
        prop_assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(rows_of(loader.in_order()).concat(), (0..rows).collect::<Vec<_>>());
    }

    #[test]
    fn parts_of_a_batch_are_the_batch(rows in prop::collection::vec(0..9usize, 0..20), cut in 0..20usize) {
        let batch = numbered::<f32>(9).batch(&rows).unwrap();
        let cut = cut.min(rows.len());
        let parts = [batch.part(0..cut).unwrap(), batch.part(cut..rows.len()).unwrap()];
        let joined: Vec<f32> = parts.iter().flat_map(|part| part.inputs().iter().copied()).collect();
        prop_assert_eq!(joined, batch.inputs().iter().copied().collect::<Vec<_>>());
    }

    #[test]
    fn folds_partition(labels in prop::collection::vec(0..6usize, 0..50), folds in 0..7usize, seed in any::<u64>()) {
        let fold = KFold { folds, seed };
        let rows = labels.len();
        for (splits, is_grouped) in
            [(fold.plain(rows), false), (fold.stratified(&labels), false), (fold.grouped(&labels), true)]
        {
            let Ok(splits) = splits else { continue };
            prop_assert_eq!(splits.len(), folds);
            let mut validated: Vec<usize> = Vec::new();
            for split in &splits {
                whole(split, rows);
                prop_assert!(!split.validation.is_empty());
                prop_assert!(!is_grouped || apart(split, &labels));
                validated.extend(&split.validation);
            }
            validated.sort_unstable();
            prop_assert_eq!(validated, (0..rows).collect::<Vec<_>>());
        }
        if fold.plain(rows).is_err() {
            prop_assert!(folds < 2 || rows < folds);
        }
    }

    #[test]
    fn later_rows_validate(times in prop::collection::vec(-3..3i32, 0..40), folds in 0..6usize, share in 0.0..1.0) {
        let times: Vec<f64> = times.into_iter().map(f64::from).collect();
        let folds = KFold { folds, seed: 0 }.ordered(&times).unwrap_or_default();
        let holdout = Holdout { fraction: share, seed: 0 }.ordered(&times).ok();
        for split in folds.iter().chain(&holdout) {
            let latest = split.train.iter().map(|&row| times[row]).fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(split.validation.iter().all(|&row| times[row] >= latest));
            prop_assert!(!split.train.is_empty() && !split.validation.is_empty());
        }
        holdout.iter().for_each(|split| whole(split, times.len()));
        prop_assert!(folds.windows(2).all(|pair| pair[1].train.len() == pair[0].train.len() + pair[0].validation.len()));
    }

    #[test]
    fn holdouts_have_two_sides(labels in prop::collection::vec(0..4usize, 0..40), share in 0.0..1.0, seed in any::<u64>()) {
        let holdout = Holdout { fraction: share, seed };
        let sides = [holdout.plain(labels.len()), holdout.stratified(&labels), holdout.grouped(&labels)];
        for (which, split) in sides.into_iter().enumerate() {
            let Ok(split) = split else { continue };
            whole(&split, labels.len());
            prop_assert!(!split.train.is_empty() && !split.validation.is_empty());
            let has = |side: &[usize], label| side.iter().any(|&row| labels[row] == label);
            let each = |test: &dyn Fn(bool, bool) -> bool| {
                labels.iter().all(|&label| test(has(&split.train, label), has(&split.validation, label)))
            };
            match which {
                1 => prop_assert!(each(&|train, validation| train && validation)),
                2 => prop_assert!(each(&|train, validation| train != validation)),
                _ => {}
            }
        }
    }

    #[test]
    fn scalings_can_be_undone(values in prop::collection::vec(-1e6..1e6f64, 1..20), columns in 1..4usize) {
        let rows = values.len() / columns;
        prop_assume!(rows > 0);
        let x = Array2::from_shape_vec((rows, columns), values[..rows * columns].to_vec()).unwrap();
        let fitted = Standardize::default().fit(&x).unwrap();
        let close = |a: &Array2<f64>| a.iter().zip(&x).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()));
        prop_assert!(close(&fitted.invert(&fitted.apply(&x).unwrap()).unwrap()));
        let fitted = MinMax::default().fit(&x).unwrap();
        let y = fitted.apply(&x).unwrap();
        prop_assert!(y.iter().all(|y| (-1e-12..=1.0 + 1e-12).contains(y)));
        prop_assert!(close(&fitted.invert(&y).unwrap()));
    }
}

/// Both sides rise and are all rows together.
fn whole(split: &Split, rows: usize) {
    let mut all = [&split.train[..], &split.validation].concat();
    assert!(split.train.is_sorted() && split.validation.is_sorted());
    all.sort_unstable();
    assert_eq!(all, (0..rows).collect::<Vec<_>>());
}

/// No group is on both sides.
fn apart(split: &Split, groups: &[usize]) -> bool {
    split.validation.iter().all(|&row| split.train.iter().all(|&other| groups[other] != groups[row]))
}

/// Bytes that look like a file now and then.
fn hostile(tokens: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(tokens).prop_map(|token| token.as_bytes().to_vec());
    let noise = prop::collection::vec(any::<u8>(), 1..4);
    let mixed =
        prop::collection::vec(prop_oneof![9 => token, 1 => noise], 0..60).prop_map(|parts| parts.concat());
    prop_oneof![4 => mixed, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

const SERIES: &[&str] = &[
    "@data\n",
    "@univariate true\n",
    "@univariate false\n",
    "@dimensions 2\n",
    "@equalLength true\n",
    "@seriesLength 2\n",
    "@classLabel true a b\n",
    "@classLabel true\n",
    "@targetLabel true\n",
    "@missing false\n",
    "@",
    "#",
    "1,2",
    "1",
    ",",
    ":",
    "?",
    "a",
    "\n",
    "\r\n",
    "1e999",
    "-0.5",
    "NaN",
    " ",
    "\u{feff}",
];

proptest! {
    #![proptest_config(seeded(2000))]

    #[test]
    fn hostile_series_files_are_read_or_refused(bytes in hostile(SERIES)) {
        match SeriesFile::read(&bytes[..]) {
            Err(error) => prop_assert!(!error.to_string().is_empty()),
            Ok(file) => {
                prop_assert!(!file.series().is_empty());
                prop_assert!(file.series().iter().all(|series| series.ncols() == file.dimensions()));
                let _ = (file.pair::<f32>(), file.sequences::<f64>(), file.has_missing());
            }
        }
    }

    #[test]
    fn any_text_becomes_a_row(texts in prop::collection::vec(".{0,30}", 1..5), min in 0..4usize, max in 0..5usize) {
        for (unit, columns) in [
            (Unit::Word, TermColumns::default()),
            (Unit::Char, TermColumns::default()),
            (Unit::Char, TermColumns::Hashed { columns: 8 }),
        ] {
            let ngrams = Ngrams { unit, min, max, ..Ngrams::default() };
            let features = TextFeatures { ngrams, columns, weighting: Weighting::sublinear_tf_idf() };
            let Ok(fitted) = features.fit(&texts) else { continue };
            let rows = fitted.apply::<f64, _>(&texts).unwrap();
            for row in 0..rows.len() {
                let squares: f64 = rows.row(row).map(|(_, x)| x * x).sum();
                prop_assert!(squares == 0.0 || (squares - 1.0).abs() < 1e-12);
            }
        }
    }
}

#[cfg(feature = "csv")]
mod csv {
    use super::*;
    use nn::data::{Columns, CsvConfig, CsvHeader, CsvTable, Missing};

    const CSV: &[&str] = &[
        "a", "b", "1", "-2.5", ",", ";", "\"", "\"\"", "\n", "\r\n", "\r", " ", "NA", "ä", "\u{feff}", "\0",
    ];

    proptest! {
        #![proptest_config(seeded(2000))]

        #[test]
        fn hostile_tables_are_read_or_refused(bytes in hostile(CSV), has_header in any::<bool>()) {
            let header = if has_header { CsvHeader::Names } else { CsvHeader::None };
            match CsvTable::read(&bytes[..], &CsvConfig { header, ..CsvConfig::default() }) {
                Err(error) => prop_assert!(!error.to_string().is_empty()),
                Ok(table) => {
                    let names = table.names().to_vec();
                    let categories = Columns { categories: names.clone(), missing: Missing::Keep, ..Columns::default() };
                    let inputs = categories.fit(&table).unwrap().inputs::<f64>(&table).unwrap();
                    prop_assert!(inputs.rows().into_iter().all(|row| row.sum() == names.len() as f64));
                    let _ = (table.numbers::<f32>(&names, Missing::Keep), table.complete(&names));
                }
            }
        }
    }
}

/// The inputs of every batch of two epochs, augmented.
fn draws<T: Element>(seed: u64) -> Result<Vec<Vec<T>>> {
    let images =
        Array4::from_shape_fn((10, 1, 4, 4), |(n, _, y, x)| T::from_f64((16 * n + 4 * y + x) as f64));
    let data = Pair::new(images, vec![0; 10])?.augment(|batch, rng| {
        let batch = Flip::default().apply(batch, rng)?;
        let batch = Shift::default().apply(batch, rng)?;
        Noise { deviation: 0.5 }.apply(batch, rng)
    });
    let config = DataLoaderConfig { batch_size: 4, seed, ..DataLoaderConfig::default() };
    let loader = DataLoader::new(data, config)?;
    let epochs = (0..2).flat_map(|epoch| loader.epoch(epoch));
    epochs.map(|batch| Ok(batch?.inputs().iter().copied().collect())).collect()
}

fn shuffles<T: Element>() -> Result<()> {
    let rows = |seed, epoch| {
        let config = DataLoaderConfig { batch_size: 20, seed, ..DataLoaderConfig::default() };
        rows_of(DataLoader::new(numbered::<T>(20), config).expect("20 rows").epoch(epoch)).concat()
    };
    assert_eq!(rows(7, 3), rows(7, 3));
    assert_ne!(rows(7, 3), rows(8, 3));
    assert_ne!(rows(7, 3), rows(7, 4));
    // The same on every machine: a saved training goes on anywhere as it would have.
    assert_eq!(rows(7, 3), PINNED);
    assert_eq!(draws::<T>(1)?, draws::<T>(1)?);
    assert!(draws::<T>(1)?.iter().zip(draws::<T>(2)?).all(|(a, b)| *a != b));
    Ok(())
}

const PINNED: [usize; 20] = [10, 7, 14, 2, 11, 0, 6, 8, 19, 9, 13, 18, 4, 12, 15, 16, 5, 17, 1, 3];

#[test]
fn d60_a_seed_gives_the_same_shuffles_in_f32() -> Result<()> {
    shuffles::<f32>()
}

#[test]
fn d60_a_seed_gives_the_same_shuffles_in_f64() -> Result<()> {
    shuffles::<f64>()
}

#[test]
fn d60_a_seed_gives_the_same_splits() {
    let groups: Vec<usize> = (0..60).map(|row| row / 3).collect();
    let of = |seed| {
        let (holdout, fold) = (Holdout { fraction: 0.3, seed }, KFold { folds: 4, seed });
        let classes: Vec<usize> = (0..60).map(|row| row % 2).collect();
        [
            vec![holdout.plain(60).unwrap()],
            vec![holdout.stratified(&classes).unwrap()],
            vec![holdout.grouped(&groups).unwrap()],
            fold.plain(60).unwrap(),
            fold.stratified(&classes).unwrap(),
            fold.grouped(&groups).unwrap(),
        ]
    };
    assert_eq!(of(1), of(1));
    assert!(of(1).iter().zip(of(2)).all(|(a, b)| *a != b));
}
