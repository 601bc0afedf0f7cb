//! Gauss–Jordan elimination of linear equations, with pivots.

/// An equation solved for one of its variables: `y_pivot = constant + Σ weight y`, over variables that are no pivots.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solved {
    pub(super) pivot: usize,
    /// (variable, weight), variables ascending.
    pub(super) weights: Vec<(usize, f64)>,
    pub(super) constant: f64,
}

/// A pivot is at least this part of the largest number left: variables that come first are preferred to larger ones only
/// within it, so errors cannot grow beyond it from step to step.
const PREFERENCE: f64 = 1e-3;

/// Numbers this small, in equations whose largest factor is 1, are rounding: nothing independent is left.
const NOTHING: f64 = 1e-10;

/// Numbers this close to a whole one are that one, up to rounding.
const WHOLE: f64 = 1e-11;

/// A constant is contradicted when it misses 0 by more than this part of what was added up to it.
const CONTRADICTION: f64 = 1e-9;

struct Row {
    factors: Vec<f64>,
    constant: f64,
    /// The sizes of what the constant is a sum of.
    size: f64,
    /// How the row is made of the given ones.
    made_of: Vec<f64>,
}

/// Solves the equations for as many variables as are independent; the pivots ascend. Of contradicting ones the numbers.
pub(super) fn solve<'r>(
    equations: impl Iterator<Item = (&'r [f64], f64)>,
    variables: usize,
) -> Result<Vec<Solved>, Vec<usize>> {
    let mut rows: Vec<Row> = equations.map(|(factors, constant)| scaled(factors, constant)).collect();
    let count = rows.len();
    for (i, row) in rows.iter_mut().enumerate() {
        row.made_of = vec![0.0; count];
        row.made_of[i] = 1.0;
    }
    let mut pivots: Vec<usize> = Vec::new();
    while let Some((row, column)) = pivot(&rows[pivots.len()..], variables) {
        let done = pivots.len();
        rows.swap(done, done + row);
        eliminate(&mut rows, done, column);
        pivots.push(column);
    }
    for row in &rows[pivots.len()..] {
        if row.constant.abs() > CONTRADICTION * row.size {
            let largest = row.made_of.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            let part = |factor: &f64| factor.abs() > CONTRADICTION * largest;
            return Err((0..count).filter(|&i| part(&row.made_of[i])).collect());
        }
    }
    rows.truncate(pivots.len());
    let mut is_pivot = vec![false; variables];
    pivots.iter().for_each(|&pivot| is_pivot[pivot] = true);
    let solved = |(row, &pivot): (&Row, &usize)| {
        let free = row.factors.iter().enumerate().filter(|&(variable, _)| !is_pivot[variable]);
        let weights = free.map(|(variable, &factor)| (variable, whole(-factor)));
        let weights = weights.filter(|(_, weight)| *weight != 0.0).collect();
        Solved { pivot, weights, constant: row.constant }
    };
    let mut solved: Vec<Solved> = rows.iter().zip(&pivots).map(solved).collect();
    solved.sort_by_key(|row| row.pivot);
    Ok(solved)
}

/// With a largest factor of 1.
fn scaled(factors: &[f64], constant: f64) -> Row {
    let largest = factors.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let constant = constant / scale;
    let factors = factors.iter().map(|factor| factor / scale).collect();
    Row { factors, constant, size: constant.abs(), made_of: Vec::new() }
}

/// The first column with a factor that is not small beside the largest of all, and the row with its largest one.
fn pivot(rows: &[Row], variables: usize) -> Option<(usize, usize)> {
    let mut columns = vec![(0.0, 0); variables];
    for (i, row) in rows.iter().enumerate() {
        for (best, factor) in columns.iter_mut().zip(&row.factors) {
            if factor.abs() > best.0 {
                *best = (factor.abs(), i);
            }
        }
    }
    let largest = columns.iter().fold(0.0, |a: f64, b| a.max(b.0));
    if largest <= NOTHING {
        return None;
    }
    let column = columns.iter().position(|best| best.0 >= PREFERENCE * largest)?;
    Some((columns[column].1, column))
}

/// Makes the factors of a column 1 in one row and 0 in all others.
fn eliminate(rows: &mut [Row], at: usize, column: usize) {
    let factor = rows[at].factors[column].recip();
    add_scaled(&mut rows[at], factor - 1.0, None);
    rows[at].factors[column] = 1.0;
    let (before, rest) = rows.split_at_mut(at);
    let (pivot, after) = rest.split_first_mut().expect("the row is there");
    for row in before.iter_mut().chain(after) {
        let factor = row.factors[column];
        if factor != 0.0 {
            add_scaled(row, -factor, Some(pivot));
            row.factors[column] = 0.0;
        }
    }
}

/// Adds a multiple of another row, or of the row itself.
fn add_scaled(row: &mut Row, factor: f64, other: Option<&Row>) {
    let Some(other) = other else {
        let factor = 1.0 + factor;
        row.factors.iter_mut().chain(&mut row.made_of).for_each(|value| *value *= factor);
        row.constant *= factor;
        row.size *= factor.abs();
        return;
    };
    for (value, other) in row.factors.iter_mut().zip(&other.factors) {
        *value += factor * other;
    }
    for (value, other) in row.made_of.iter_mut().zip(&other.made_of) {
        *value += factor * other;
    }
    row.constant += factor * other.constant;
    row.size += factor.abs() * other.size;
}

fn whole(weight: f64) -> f64 {
    // Adding 0 makes 0 of −0.
    if (weight - weight.round()).abs() <= WHOLE { weight.round() + 0.0 } else { weight }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solved(rows: &[(&[f64], f64)]) -> Result<Vec<Solved>, Vec<usize>> {
        solve(rows.iter().copied(), rows[0].0.len())
    }

    #[test]
    fn first_variables_are_solved_for() {
        let rows: [(&[f64], f64); 2] = [(&[1.0, -1.0, -1.0, 0.0], 0.0), (&[0.0, 2.0, 0.0, -1.0], 6.0)];
        let solved = solved(&rows).unwrap();
        // y1 = 3 + y3 / 2 and y0 = y1 + y2.
        assert_eq!(solved[0], Solved { pivot: 0, weights: vec![(2, 1.0), (3, 0.5)], constant: 3.0 });
        assert_eq!(solved[1], Solved { pivot: 1, weights: vec![(3, 0.5)], constant: 3.0 });
    }

    #[test]
    fn what_follows_is_left_out_and_what_contradicts_is_named() {
        let rows: [(&[f64], f64); 4] =
            [(&[1.0, 1.0], 1.0), (&[0.0, 0.0], 0.0), (&[2.0, 2.0], 2.0), (&[0.1, 0.3], 0.7)];
        assert_eq!(solved(&rows).unwrap().len(), 2);
        let rows: [(&[f64], f64); 3] =
            [(&[1.0, 1.0, 0.0], 1.0), (&[0.0, 0.0, 1.0], 5.0), (&[3.0, 3.0, 0.0], 3.1)];
        assert_eq!(solved(&rows).unwrap_err(), [0, 2]);
        assert_eq!(solved(&[(&[0.0, 0.0], 1.0)]).unwrap_err(), [0]);
    }

    #[test]
    fn a_small_factor_is_no_pivot() {
        let solved = solved(&[(&[1e-14, 1.0, 1.0], 0.0)]).unwrap();
        assert_eq!(solved[0].pivot, 1);
    }
}
