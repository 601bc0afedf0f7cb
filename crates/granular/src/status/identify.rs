//! Whether what is left identifies every finest value: a question of ranks, so answered without the numbers.

use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Below it, an entry of the eliminated matrix of small whole weights is rounding.
const ZERO: f64 = 1e-9;

/// `known[i]` says that a base forecast, a fixed value or a prior speaks for node i.
///
/// Units that are known are identified. The others are when the known nodes above, restricted to them, have full column
/// rank. If not, elimination leaves columns without a pivot: values for those would identify the rest.
pub(super) fn check(hierarchy: &Hierarchy, known: &[bool]) -> Result<()> {
    let above = hierarchy.aggregate_len();
    let open: Vec<usize> = (above..hierarchy.len()).filter(|&node| !known[node]).collect();
    let mut place = vec![usize::MAX; hierarchy.finest_len()];
    for (column, node) in open.iter().enumerate() {
        place[node - above] = column;
    }
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for node in (0..above).filter(|&node| known[node]) {
        let mut row = vec![0.0; open.len()];
        for (unit, weight) in hierarchy.members(node).filter(|&(unit, _)| place[unit] < usize::MAX) {
            row[place[unit]] = weight;
        }
        if row.iter().any(|&weight| weight != 0.0) {
            rows.push(row);
        }
    }
    let without_pivot = eliminate(&mut rows, open.len());
    if without_pivot.is_empty() {
        return Ok(());
    }
    let mut open_ones = vec![false; open.len()];
    for &column in &without_pivot {
        open_ones[column] = true;
    }
    for row in &rows {
        let pivot = row.iter().position(|value| value.abs() > ZERO);
        if let Some(pivot) = pivot.filter(|_| without_pivot.iter().any(|&column| row[column].abs() > ZERO)) {
            open_ones[pivot] = true;
        }
    }
    let nodes = (0..open.len()).filter(|&c| open_ones[c]).map(|c| hierarchy.label(open[c])).collect();
    let needed = without_pivot.iter().map(|&c| hierarchy.label(open[c])).collect();
    Err(ErrorKind::Unidentified { nodes, needed }.into())
}

/// Reduced row echelon form with row pivoting; returns the columns without a pivot.
fn eliminate(rows: &mut Vec<Vec<f64>>, columns: usize) -> Vec<usize> {
    let mut rank = 0;
    let mut without = Vec::new();
    for column in 0..columns {
        let size = |row: &Vec<f64>| row[column].abs();
        let best = (rank..rows.len()).max_by(|&a, &b| size(&rows[a]).total_cmp(&size(&rows[b])));
        let Some(best) = best.filter(|&best| size(&rows[best]) > ZERO) else {
            without.push(column);
            continue;
        };
        rows.swap(rank, best);
        let scale = rows[rank][column];
        rows[rank].iter_mut().for_each(|value| *value /= scale);
        let pivot = rows[rank].clone();
        for (i, row) in rows.iter_mut().enumerate() {
            let factor = row[column];
            if i != rank && factor != 0.0 {
                row.iter_mut().zip(&pivot).for_each(|(value, p)| *value -= factor * p);
            }
        }
        rank += 1;
    }
    rows.truncate(rank);
    without
}
