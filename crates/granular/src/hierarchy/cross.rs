//! The structure of every node of one hierarchy at every node of another: series at every order of time.

use std::ops::Range;
use std::sync::Arc;

use super::{Hierarchy, Level};
use crate::error::{ErrorKind, Result};
use crate::sparse::Csr;

/// Stands between the two names of a node, and of a level, of a crossed structure.
const AT: char = '@';

impl Hierarchy {
    /// Crosses two structures: every node of the first at every node of the second, `S = S₁ ⊗ S₂` with its rows in order
    /// of levels.
    ///
    /// Made for series at every order of time (Di Fonzo & Girolimetto 2023), the first a cross-sectional hierarchy, the
    /// second a temporal one. Levels are pairs of levels, those of the second running faster, named `first@second`; within
    /// a level the nodes of the second run faster, named alike. The finest units are the finest of the first at the finest
    /// of the second: unit `j · m₂ + t` is series j at step t. A member's weight is the product of the two weights.
    ///
    /// It takes memory for each entry of S, of which there are as many as entries of S₁ times those of S₂; no dense
    /// product is formed.
    ///
    /// ```
    /// use granular::Hierarchy;
    ///
    /// let shops = Hierarchy::grouped().key("shop", ["a", "b"]).level("All", &[]).level("Shop", &["shop"]).build()?;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let joint = Hierarchy::cross(&shops, &year)?;
    /// let levels: Vec<_> = joint.levels().map(|level| (level.name(), level.len())).collect();
    /// assert_eq!(levels, [("All@year", 1), ("All@half", 2), ("Shop@year", 2), ("Shop@half", 4)]);
    /// // Shop a in the first half, in the second, then shop b.
    /// assert_eq!(joint.level("Shop@half")?.nodes(), ["a@half[0]", "a@half[1]", "b@half[0]", "b@half[1]"]);
    /// let all_in_the_second_half = joint.node("All@half[1]")?;
    /// assert_eq!(joint.members(all_in_the_second_half).collect::<Vec<_>>(), [(1, 1.0), (3, 1.0)]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// Di Fonzo & Girolimetto, *Cross-temporal forecast reconciliation: Optimal combination method and heuristic
    /// alternatives*, International Journal of Forecasting 39 (2023).
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a name of the second structure with an `@` in it, which would leave open where the
    /// first name ends. The first may have some: three structures are crossed as `cross(&cross(&a, &b)?, &c)`.
    pub fn cross(first: &Self, second: &Self) -> Result<Self> {
        let names =
            second.levels().map(|level| level.name()).chain(second.nodes().iter().map(String::as_str));
        if let Some(got) = names.into_iter().find(|name| name.contains(AT)) {
            let (name, expected) = ("name of the second structure", "no `@`");
            return Err(ErrorKind::Parameter { name, expected, got: format!("`{got}`") }.into());
        }
        let width = second.finest_len();
        let mut s = Csr::with_width(first.finest_len() * width);
        let mut levels = Vec::with_capacity(first.levels().len() * second.levels().len());
        let mut nodes = Vec::with_capacity(first.len() * second.len());
        for a in first.levels() {
            for b in second.levels() {
                for (i, first_name) in a.range().zip(a.nodes()) {
                    for (j, second_name) in b.range().zip(b.nodes()) {
                        nodes.push(format!("{first_name}{AT}{second_name}"));
                        let entries = first.members(i).flat_map(|(unit, outer)| {
                            second.members(j).map(move |(step, inner)| (unit * width + step, outer * inner))
                        });
                        s.push_row(entries);
                    }
                }
                levels.push((format!("{}{AT}{}", a.name(), b.name()), a.len() * b.len()));
            }
        }
        let factors = Some(Box::new((first.clone(), second.clone())));
        Ok(Self::from_summing(levels, nodes, s).with_factors(factors))
    }

    /// A new hierarchy, which nothing shares yet, whose rows stand where those of the crossed factors do.
    pub(super) fn with_factors(mut self, factors: Option<Box<(Self, Self)>>) -> Self {
        let shared = Arc::get_mut(&mut self.shared).expect("a new hierarchy has no clones");
        shared.factors = factors;
        self
    }

    /// The two structures that this one was crossed from by [`Hierarchy::cross`]; weights that
    /// [`Hierarchy::aggregated_by`] has set since are not theirs.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// assert!(year.factors().is_none());
    /// assert_eq!(Hierarchy::cross(&year, &year)?.factors(), Some((&year, &year)));
    /// # Ok::<(), granular::Error>(())
    /// ```
    #[must_use]
    pub fn factors(&self) -> Option<(&Self, &Self)> {
        self.shared.factors.as_deref().map(|(first, second)| (first, second))
    }
}

/// Where the pairs of nodes stand among the rows of a crossed structure.
#[derive(Debug, Clone)]
pub(crate) struct Pairs {
    pub(crate) first: Hierarchy,
    pub(crate) second: Hierarchy,
}

impl Pairs {
    /// The factors of a structure; one that was not crossed is a single series over its own levels.
    pub(crate) fn of(hierarchy: &Hierarchy) -> Result<Self> {
        Ok(match hierarchy.factors() {
            Some((first, second)) => Self { first: first.clone(), second: second.clone() },
            None => Self { first: Hierarchy::temporal(1, &[("series", 1)])?, second: hierarchy.clone() },
        })
    }

    /// The rows of node `i` of the first structure at a level of the second: they stand in line.
    pub(crate) fn block(&self, i: usize, level: &Level<'_>) -> Range<usize> {
        let of = self.first.level_of(i).range();
        let start =
            of.start * self.second.len() + of.len() * level.range().start + (i - of.start) * level.len();
        start..start + level.len()
    }

    /// The blocks of all nodes of the first structure at all levels of the second.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        (0..self.first.len()).flat_map(move |i| self.second.levels().map(move |level| self.block(i, &level)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_where_the_names_say() {
        let first = Hierarchy::grouped()
            .key("a", ["x", "x", "y"])
            .key("u", ["1", "2", "3"])
            .level("T", &[])
            .level("A", &["a"])
            .level("U", &["u"])
            .build()
            .unwrap();
        let second = Hierarchy::temporal(6, &[("all", 6), ("third", 2), ("half", 3), ("one", 1)]).unwrap();
        let joint = Hierarchy::cross(&first, &second).unwrap();
        let pairs = Pairs::of(&joint).unwrap();
        let mut seen = vec![0; joint.len()];
        for i in 0..first.len() {
            for level in second.levels() {
                for (row, step) in pairs.block(i, &level).zip(level.nodes()) {
                    assert_eq!(joint.nodes()[row], format!("{}@{step}", first.nodes()[i]));
                    seen[row] += 1;
                }
            }
        }
        assert_eq!(seen, vec![1; joint.len()]);
        assert_eq!(pairs.blocks().map(|block| block.len()).sum::<usize>(), joint.len());
        let alone = Pairs::of(&second).unwrap();
        assert_eq!(alone.blocks().collect::<Vec<_>>(), [0..1, 1..4, 4..6, 6..12]);
    }
}
