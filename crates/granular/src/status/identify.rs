//! Whether what is left identifies every finest value: a question of ranks, so answered without the numbers.

use super::Status;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;

/// Below it, an entry of the eliminated matrix of small whole weights is rounding.
const ZERO: f64 = 1e-9;

/// The most work of an elimination: a few seconds.
const WORK: usize = 4_000_000_000;

/// A base forecast, a fixed value or a prior speaks for the nodes whose variance is finite.
pub(super) fn check(hierarchy: &Hierarchy, variances: &[f64], statuses: &[Status]) -> Result<()> {
    let known: Vec<bool> = variances.iter().map(|w| w.is_finite()).collect();
    let open = Open::new(hierarchy, &known);
    if open.units.is_empty() {
        return Ok(());
    }
    let (rows, without_pivot) = open.eliminated(hierarchy)?;
    if without_pivot.is_empty() {
        return Ok(());
    }
    let mut untold = vec![false; open.units.len()];
    for &column in &without_pivot {
        untold[column] = true;
    }
    for row in &rows {
        let pivot = row.iter().position(|value| value.abs() > ZERO);
        if let Some(pivot) = pivot.filter(|_| without_pivot.iter().any(|&column| row[column].abs() > ZERO)) {
            untold[pivot] = true;
        }
    }
    let label = |column: usize| hierarchy.label(open.units[column]);
    let nodes = (0..untold.len()).filter(|&column| untold[column]).map(label).collect();
    let needed = without_pivot.iter().map(|&column| label(column)).collect();
    let levels = telling_levels(hierarchy, &known, statuses)?;
    Err(ErrorKind::Unidentified { nodes, needed, levels }.into())
}

/// The levels with missing nodes of which one would tell all.
fn telling_levels(hierarchy: &Hierarchy, known: &[bool], statuses: &[Status]) -> Result<Vec<String>> {
    let mut levels = Vec::new();
    for level in hierarchy.levels() {
        if !statuses[level.range()].contains(&Status::Missing) {
            continue;
        }
        let mut more = known.to_vec();
        more[level.range()].fill(true);
        if Open::new(hierarchy, &more).eliminated(hierarchy)?.1.is_empty() {
            levels.push(format!("`{}`", level.name()));
        }
    }
    Ok(levels)
}

/// The units that nothing tells at once, and the known nodes above them.
struct Open {
    units: Vec<usize>,
    /// The column of each unit in the system.
    place: Vec<usize>,
    rows: Vec<usize>,
}

impl Open {
    /// Known units are told; so is the last unknown one below a known node, as long as there is such a node.
    fn new(hierarchy: &Hierarchy, known: &[bool]) -> Self {
        let above = hierarchy.aggregate_len();
        let mut told = known[above..].to_vec();
        // Untold units below each known aggregate.
        let mut left = vec![0usize; above];
        for unit in (0..told.len()).filter(|&unit| !told[unit]) {
            weighed(hierarchy, unit).for_each(|node| left[node] += 1);
        }
        let mut ready: Vec<usize> = (0..above).filter(|&node| known[node] && left[node] == 1).collect();
        while let Some(node) = ready.pop() {
            let mut members = hierarchy.members(node).filter(|&(unit, weight)| weight != 0.0 && !told[unit]);
            let Some((unit, _)) = members.next() else { continue };
            told[unit] = true;
            for node in weighed(hierarchy, unit) {
                left[node] -= 1;
                if known[node] && left[node] == 1 {
                    ready.push(node);
                }
            }
        }
        let units: Vec<usize> = (0..told.len()).filter(|&unit| !told[unit]).collect();
        let mut place = vec![usize::MAX; told.len()];
        for (column, &unit) in units.iter().enumerate() {
            place[unit] = column;
        }
        let rows = (0..above).filter(|&node| known[node] && left[node] > 0).collect();
        Self { units: units.into_iter().map(|unit| above + unit).collect(), place, rows }
    }

    /// The system of the known nodes, eliminated, and its columns without a pivot: values for those would tell the rest.
    fn eliminated(&self, hierarchy: &Hierarchy) -> Result<(Vec<Vec<f64>>, Vec<usize>)> {
        let (count, columns) = (self.rows.len(), self.units.len());
        if count.saturating_mul(columns).saturating_mul(count.min(columns)) > WORK {
            let limit = (WORK as f64).cbrt() as usize;
            return Err(ErrorKind::TooManyStatuses { count: columns, nodes: hierarchy.len(), limit }.into());
        }
        let mut rows = vec![vec![0.0; columns]; count];
        for (row, &node) in rows.iter_mut().zip(&self.rows) {
            let open = hierarchy.members(node).filter(|&(unit, _)| self.place[unit] < usize::MAX);
            open.for_each(|(unit, weight)| row[self.place[unit]] = weight);
            let largest = row.iter().map(|weight| weight.abs()).fold(0.0, f64::max);
            row.iter_mut().for_each(|weight| *weight /= largest);
        }
        let without_pivot = eliminate(&mut rows, columns);
        Ok((rows, without_pivot))
    }
}

/// The nodes above a unit in which it counts.
fn weighed(hierarchy: &Hierarchy, unit: usize) -> impl Iterator<Item = usize> + '_ {
    hierarchy.above().row(unit).filter(|(_, weight)| *weight != 0.0).map(|(node, _)| node)
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
