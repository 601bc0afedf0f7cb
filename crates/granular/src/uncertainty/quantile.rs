//! Quantiles of samples.

use crate::error::{ErrorKind, Result};

/// Quantiles of a sample, between its order statistics by straight lines.
///
/// With the k values in order and counted from 0, the quantile p stands at the place `(k − 1) p`; between two places it
/// goes along the line. This is type 7 of Hyndman & Fan, *Sample quantiles in statistical packages*, The American
/// Statistician 50 (1996). Quantiles rise with p, and those of 0 and 1 are the smallest and the largest value.
///
/// ```
/// use granular::quantiles;
/// assert_eq!(quantiles(&[4.0, 1.0, 3.0, 2.0], &[0.0, 0.25, 0.5, 1.0])?, [1.0, 1.75, 2.5, 4.0]);
/// # Ok::<(), granular::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Empty`] without values, [`ErrorKind::Parameter`] for a probability outside 0 to 1,
/// [`ErrorKind::NotFiniteCell`] for a value that is NaN or infinite.
pub fn quantiles(sample: &[f64], probabilities: &[f64]) -> Result<Vec<f64>> {
    for &p in probabilities {
        expect_closed_probability(p)?;
    }
    if sample.is_empty() {
        return Err(ErrorKind::Empty { what: "samples" }.into());
    }
    if let Some((column, &value)) = sample.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        return Err(ErrorKind::NotFiniteCell { what: "samples", row: 0, column, value }.into());
    }
    let mut sorted = sample.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(probabilities.iter().map(|&p| of_sorted(&sorted, p)).collect())
}

/// Type 7 of finite values in ascending order, at least one.
pub(super) fn of_sorted(sorted: &[f64], p: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * p;
    let below = place.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    // Rounding must not lead past the upper neighbour, or quantiles would not rise.
    (low + (place - place.floor()) * (high - low)).min(high)
}

/// A probability from 0 to 1, both included.
pub(super) fn expect_closed_probability(p: f64) -> Result<()> {
    if (0.0..=1.0).contains(&p) { Ok(()) } else { Err(refused("probability", "a number from 0 to 1", p)) }
}

/// A probability between 0 and 1, both excluded.
pub(crate) fn expect_probability(name: &'static str, p: f64) -> Result<()> {
    if p > 0.0 && p < 1.0 { Ok(()) } else { Err(refused(name, "a number between 0 and 1", p)) }
}

fn refused(name: &'static str, expected: &'static str, got: f64) -> crate::error::Error {
    ErrorKind::Parameter { name, expected, got: got.to_string() }.into()
}
