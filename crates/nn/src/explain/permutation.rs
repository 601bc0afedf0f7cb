//! How much a metric needs each column.

use crate::{ErrorKind, Result};
use rand::Rng;
use rand::seq::SliceRandom;
use tensor::Element;
use tensor::ndarray::{Array, ArrayRef, Axis, Dimension};

/// Which values of a metric are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Better {
    /// Small ones, as of a loss.
    Lower,
    /// Large ones, as of an accuracy.
    Higher,
}

/// Settings of [`permutation_importance`].
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `better` | `Lower` | which values of the metric are good | |
/// | `repeats` | 5 | shuffles of each group | at least 1 |
/// | `groups` | `None` | columns that are shuffled together; each alone if `None` | |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermutationConfig {
    /// Which values of the metric are good.
    pub better: Better,
    /// Shuffles of each group.
    pub repeats: usize,
    /// Columns that are shuffled together, such as those of one category; each alone if `None`.
    pub groups: Option<Vec<Vec<usize>>>,
}

impl Default for PermutationConfig {
    fn default() -> Self {
        Self { better: Better::Lower, repeats: 5, groups: None }
    }
}

/// How much a metric needs each group of columns.
#[derive(Debug, Clone, PartialEq)]
pub struct PermutationImportance {
    /// The metric of the data as they are.
    pub metric: f64,
    /// One for each group, in order.
    pub groups: Vec<Importance>,
}

/// How much worse a metric is without some columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The columns, shuffled together.
    pub columns: Vec<usize>,
    /// How much worse the metric was in each repeat; negative where it was better.
    pub losses: Vec<f64>,
    /// Their mean: the importance.
    pub mean: f64,
    /// Their standard deviation, that of a sample; 0 for a single repeat.
    pub deviation: f64,
}

/// How much worse a metric gets when the rows of a column (along the last axis of `x`) change places: the
/// column's values stay what they are, but say nothing any more.
///
/// `x` is `[rows, columns]`, or `[rows, .., columns]`, where all that a row has of a column moves together.
/// `metric` evaluates a model that is trained already, on data that it was not trained on; it is called
/// `1 + groups * repeats` times. Columns that depend on each other stand in for each other, so that each alone
/// seems to matter little: put them in one group. The same generator gives the same bits.
///
/// Breiman 2001, "Random forests"; Fisher, Rudin and Dominici 2019, "All models are wrong, but many are
/// useful".
///
/// ```
/// use nn::{PermutationConfig, permutation_importance};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::ndarray::{Array2, Axis, array};
///
/// let x = array![[1.0, 7.0], [2.0, 8.0], [3.0, 9.0]];
/// // The error of the model y = x₀ where y is 1, 2, 3; it does not read column 1.
/// let error = |x: &Array2<f64>| Ok(x.axis_iter(Axis(0)).zip(1..).map(|(x, y)| (x[0] - f64::from(y)).powi(2)).sum());
/// let rng = &mut ChaCha8Rng::seed_from_u64(3);
/// let found = permutation_importance(&x, error, &PermutationConfig::default(), rng)?;
/// assert_eq!(found.metric, 0.0);
/// assert!(found.groups[0].mean > 0.0);
/// assert_eq!(found.groups[1].losses, [0.0; 5]);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// What `metric` refuses; [`ErrorKind::Setting`] for no repeats; [`ErrorKind::Shape`] for less than two axes;
/// [`ErrorKind::Data`] for a group with no column, one twice or one that does not exist, and for a metric
/// that is not finite.
pub fn permutation_importance<T: Element, D: Dimension>(
    x: &ArrayRef<T, D>,
    mut metric: impl FnMut(&Array<T, D>) -> Result<f64>,
    config: &PermutationConfig,
    rng: &mut impl Rng,
) -> Result<PermutationImportance> {
    let groups = groups(x.shape(), config)?;
    let mut table = x.to_owned();
    let mut evaluate = |table: &Array<T, D>| match metric(table)? {
        value if value.is_finite() => Ok(value),
        value => Err(data("a finite metric".into(), value.to_string())),
    };
    let before = evaluate(&table)?;
    let mut order: Vec<usize> = (0..x.len_of(Axis(0))).collect();
    let mut found = Vec::with_capacity(groups.len());
    for columns in groups {
        let mut losses = Vec::with_capacity(config.repeats);
        for _ in 0..config.repeats {
            order.shuffle(rng);
            arrange(&mut table, x, &columns, &order);
            let worse = evaluate(&table)? - before;
            losses.push(if config.better == Better::Lower { worse } else { -worse });
        }
        order.sort_unstable();
        arrange(&mut table, x, &columns, &order);
        found.push(Importance::of(columns, losses));
    }
    Ok(PermutationImportance { metric: before, groups: found })
}

impl Importance {
    fn of(columns: Vec<usize>, losses: Vec<f64>) -> Self {
        let count = losses.len() as f64;
        let mean = losses.iter().sum::<f64>() / count;
        let squares: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
        let deviation = if losses.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 };
        Self { columns, losses, mean, deviation }
    }
}

/// Writes row `order[r]` of some columns of `x` to row `r` of the table.
fn arrange<T: Element, D: Dimension>(
    table: &mut Array<T, D>,
    x: &ArrayRef<T, D>,
    columns: &[usize],
    order: &[usize],
) {
    let (mut table, x) = (table.view_mut().into_dyn(), x.view().into_dyn());
    let last = Axis(x.ndim() - 1);
    for &column in columns {
        let mut to = table.index_axis_mut(last, column);
        let from = x.index_axis(last, column);
        for (row, &place) in order.iter().enumerate() {
            to.index_axis_mut(Axis(0), row).assign(&from.index_axis(Axis(0), place));
        }
    }
}

/// The checked groups of columns.
fn groups(shape: &[usize], config: &PermutationConfig) -> Result<Vec<Vec<usize>>> {
    let owner = "permutation_importance";
    if config.repeats == 0 {
        let (name, expected) = ("the number of repeats", "positive");
        return Err(ErrorKind::Setting { owner, name, expected, got: 0.0 }.into());
    }
    let [_, .., columns] = *shape else {
        let expected = "data [rows, columns]".to_string();
        return Err(ErrorKind::Shape { owner, expected, got: shape.to_vec() }.into());
    };
    let Some(groups) = &config.groups else {
        return Ok((0..columns).map(|column| vec![column]).collect());
    };
    for (i, group) in groups.iter().enumerate() {
        let twice = |(at, column): (usize, &usize)| group[..at].contains(column);
        if group.is_empty()
            || group.iter().any(|&column| column >= columns)
            || group.iter().enumerate().any(twice)
        {
            let expected = format!("groups of different columns less than {columns}");
            return Err(data(expected, format!("group {i} of {group:?}")));
        }
    }
    Ok(groups.clone())
}

fn data(expected: String, got: String) -> crate::Error {
    ErrorKind::Data { owner: "permutation_importance", expected, got }.into()
}
