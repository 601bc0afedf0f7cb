//! What splits share.

use crate::{ErrorKind, Result};
use std::collections::BTreeMap;

/// The rows of each class or group, in rising order of its index.
pub(super) fn by_label(labels: &[usize]) -> BTreeMap<usize, Vec<usize>> {
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, &label) in labels.iter().enumerate() {
        rows.entry(label).or_default().push(row);
    }
    rows
}

/// The rows in the order of their times, rows of one time as they stand; times must be numbers.
pub(super) fn by_time(owner: &'static str, times: &[f64]) -> Result<Vec<usize>> {
    if let Some(row) = times.iter().position(|time| time.is_nan()) {
        return Err(refuse(owner, "a time for each row", format!("NaN in row {row}")));
    }
    let mut rows: Vec<usize> = (0..times.len()).collect();
    rows.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    Ok(rows)
}

/// How `total` rows go to parts of these sizes, so that each part's share is nearest to its size's: whole
/// numbers by largest remainder, the first of equal ones.
pub(super) fn apportion(total: usize, sizes: &[usize]) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    let share = |size: usize| total as u128 * size as u128;
    let mut parts: Vec<usize> =
        sizes.iter().map(|&size| (share(size) / all.max(1) as u128) as usize).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(share(sizes[i]) % all.max(1) as u128));
    let left = total - parts.iter().sum::<usize>();
    order.iter().take(left).for_each(|&i| parts[i] += 1);
    parts
}

pub(super) fn refuse(
    owner: &'static str,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> crate::Error {
    ErrorKind::Data { owner, expected: expected.into(), got: got.into() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_whole_and_add_up() {
        assert_eq!(apportion(3, &[50, 50]), [2, 1]);
        assert_eq!(apportion(10, &[70, 20, 10]), [7, 2, 1]);
        assert_eq!(apportion(2, &[1, 8, 1]), [0, 2, 0]);
        assert_eq!(apportion(0, &[]), [0; 0]);
    }

    #[test]
    fn times_are_sorted_and_checked() {
        assert_eq!(by_time("x", &[3.0, 1.0, 1.0, f64::NEG_INFINITY]).unwrap(), [3, 1, 2, 0]);
        let message = by_time("x", &[3.0, f64::NAN]).unwrap_err().to_string();
        assert_eq!(message, "x: expected a time for each row, got NaN in row 1");
    }
}
