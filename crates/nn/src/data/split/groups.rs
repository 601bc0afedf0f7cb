//! Groups that stay together.

use super::parts::by_label;
use crate::data::order::shuffle;
use rand::rngs::ChaCha8Rng;

/// The part of each row, such that groups stay together and the parts are of like size: groups from large to
/// small, those of one size at random, each to the part with the fewest rows.
pub(super) fn balance(groups: &[usize], parts: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut rows: Vec<Vec<usize>> = by_label(groups).into_values().collect();
    shuffle(&mut rows, rng);
    rows.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
    let mut sizes = vec![0; parts];
    let mut part_of = vec![0; groups.len()];
    for rows in rows {
        let (part, size) =
            sizes.iter_mut().enumerate().min_by_key(|(_, size)| **size).expect("there are two parts or more");
        *size += rows.len();
        rows.iter().for_each(|&row| part_of[row] = part);
    }
    part_of
}
