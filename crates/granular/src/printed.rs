//! Tables of text.

use std::fmt;

/// Four significant digits; `-` for a value that is not defined.
pub(crate) fn four(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    // In exponent form the rounding is done first: 999.96 has the exponent of 1000.
    let rounded = format!("{value:.3e}");
    let exponent: i32 = rounded.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    if !(-9..15).contains(&exponent) {
        return rounded;
    }
    let decimals = usize::try_from((3 - exponent).clamp(0, 12)).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// Rows of cells of one number each, the first column to the left, the others to the right.
pub(crate) fn aligned(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |c: usize| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        write!(f, "{:<1$}", row[0], widths[0])?;
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits() {
        assert_eq!(
            [1743.4, 999.96, -0.01234, 0.0, 1e-12, 1e20, f64::NAN].map(four),
            ["1743", "1000", "-0.01234", "0.000", "1.000e-12", "1.000e20", "-"]
        );
    }
}
