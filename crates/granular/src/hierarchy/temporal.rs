//! Hierarchies over consecutive units: windows of time, blocks of a signal.

use super::{Hierarchy, Part};
use crate::error::{ErrorKind, Result};
use crate::sparse::Csr;

impl Hierarchy {
    /// A ladder of windows over `units` consecutive units: (level, window length), coarse ones first.
    ///
    /// Node `i` of a level of order `w` adds up the units `i·w .. (i+1)·w` and is named `level[i]`. Every order divides
    /// the number of units; the last order is 1. The orders need not divide each other.
    ///
    /// ```
    /// use granular::Hierarchy;
    ///
    /// let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)])?;
    /// assert_eq!(year.len(), 7);
    /// let second_half = year.node("half[1]")?;
    /// assert_eq!(year.members(second_half).collect::<Vec<_>>(), [(2, 1.0), (3, 1.0)]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without units or levels; [`ErrorKind::Order`] for an order that is 0 or does not divide
    /// `units`; [`ErrorKind::FinestOrder`] when the last is not 1; [`ErrorKind::DuplicateLevel`].
    pub fn temporal(units: usize, levels: &[(&str, usize)]) -> Result<Self> {
        if units == 0 {
            return Err(ErrorKind::Empty { what: "units" }.into());
        }
        let &(finest, last) = levels.last().ok_or(ErrorKind::Empty { what: "levels" })?;
        let mut parts: Vec<Part> = Vec::with_capacity(levels.len());
        for &(level, order) in levels {
            if parts.iter().any(|part| part.name == level) {
                return Err(ErrorKind::DuplicateLevel { level: level.to_owned() }.into());
            }
            if order == 0 || !units.is_multiple_of(order) {
                return Err(ErrorKind::Order { level: level.to_owned(), order, units }.into());
            }
            let windows = units / order;
            let window_of: Vec<usize> = (0..units).map(|unit| unit / order).collect();
            parts.push(Part {
                name: level.to_owned(),
                nodes: (0..windows).map(|i| format!("{level}[{i}]")).collect(),
                rows: Csr::of_groups(&window_of, windows),
            });
        }
        if last != 1 {
            return Err(ErrorKind::FinestOrder { level: finest.to_owned(), order: last }.into());
        }
        Ok(Self::from_parts(parts, units))
    }
}
