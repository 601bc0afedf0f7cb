//! Files of the public data sets; skipped where they are not there.

use nn::Result;
use nn::data::{Dataset, SeriesFile, SeriesLabels};
use std::path::PathBuf;
use tensor::ndarray::Array2;

/// A file of the folder `GRANULAR_DATA`; nothing where it is absent, but for a run of CI, which must have it.
fn shared(name: &str) -> Option<PathBuf> {
    let default = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").into();
    let path = PathBuf::from(std::env::var_os("GRANULAR_DATA").unwrap_or_else(default)).join(name);
    if path.exists() {
        return Some(path);
    }
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!is_ci, "{} is absent", path.display());
    println!("skipped: {} is absent", path.display());
    None
}

fn classes(file: &SeriesFile) -> &[usize] {
    let SeriesLabels::Classes { names, of } = file.labels() else { panic!("expected classes") };
    assert_eq!(names, &["1", "2"]);
    of
}

/// The share of series whose nearest neighbour in training is of their class.
fn nearest(train: &SeriesFile, test: &SeriesFile) -> f64 {
    let distance = |a: &Array2<f64>, b: &Array2<f64>| (a - b).mapv(|x| x * x).sum();
    let right = test.series().iter().zip(classes(test)).filter(|(series, class)| {
        let all = train.series().iter().zip(classes(train));
        let best =
            all.map(|(other, class)| (distance(series, other), class)).min_by(|a, b| a.0.total_cmp(&b.0));
        best.is_some_and(|best| best.1 == *class)
    });
    right.count() as f64 / test.series().len() as f64
}

/// The archive's accuracy of the nearest neighbour tells that every number and label was read.
fn check(name: &str, [train, test, time]: [usize; 3], accuracy: f64) -> Result<()> {
    let files = (shared(&format!("{name}_TRAIN.ts")), shared(&format!("{name}_TEST.ts")));
    let (Some(train_path), Some(test_path)) = files else { return Ok(()) };
    let (first, second) = (SeriesFile::open(train_path)?, SeriesFile::open(test_path)?);
    assert_eq!((first.series().len(), second.series().len()), (train, test));
    assert_eq!((first.name(), first.dimensions(), first.has_missing()), (Some(name), 1, false));
    assert_eq!(first.pair::<f32>()?.inputs().shape(), [train, 1, time]);
    assert_eq!(second.sequences::<f64>()?.batch(&[0, 3])?.lengths(), [time, time]);
    let got = nearest(&first, &second);
    assert!((got - accuracy).abs() < 5e-4, "{got}");
    Ok(())
}

#[test]
fn gun_point_is_read() -> Result<()> {
    check("GunPoint", [50, 150, 150], 0.9133)
}

#[test]
fn italy_power_demand_is_read() -> Result<()> {
    check("ItalyPowerDemand", [67, 1029, 24], 0.9553)
}

#[cfg(feature = "csv")]
#[test]
fn german_credit_is_read() {
    use nn::data::{Columns, CsvConfig, CsvTable, KFold, Missing, OneHot, Pair, Standardize, Unknown};

    let Some(path) = shared("germancredit.csv") else { return };
    let table = CsvTable::open(path, &CsvConfig::default()).unwrap();
    let target = table.texts("creditability", Missing::Refuse).unwrap();
    let classes = OneHot::default().fit(&target).unwrap().indices(&target).unwrap();
    assert_eq!((table.len(), classes.iter().sum::<usize>()), (1000, 700));
    let is_number = |name: &&String| table.numbers::<f64>(&[name], Missing::Refuse).is_ok();
    let (numbers, categories): (Vec<String>, Vec<String>) =
        table.names()[..20].iter().cloned().partition(|name| is_number(&name));
    assert_eq!((numbers.len(), categories.len()), (7, 13));
    // A rare purpose may be in the validation part alone.
    let one_hot = OneHot { unknown: Unknown::Zeros };
    let columns = Columns { numbers, categories, one_hot, ..Columns::default() };
    let splits = KFold { folds: 10, seed: 0 }.stratified(&classes).unwrap();
    for split in splits {
        assert_eq!(split.validation.iter().filter(|&&row| classes[row] == 1).count(), 70);
        let train = table.select(&split.train).unwrap();
        let fitted = columns.fit(&train).unwrap();
        let inputs = fitted.inputs::<f32>(&train).unwrap();
        let scaled = Standardize::default().fit(&inputs).unwrap().apply(&inputs).unwrap();
        let targets: Vec<usize> = split.train.iter().map(|&row| classes[row]).collect();
        let data = Pair::new(scaled, targets).unwrap();
        assert_eq!(data.inputs().shape(), [900, fitted.names().len()]);
        let validation = table.select(&split.validation).unwrap();
        assert_eq!(fitted.inputs::<f32>(&validation).unwrap().shape(), [100, fitted.names().len()]);
    }
}
