//! Which nodes lie directly above and below each other, and the hierarchy as text.

use std::fmt::{self, Write};

use super::Hierarchy;

/// Lists of rows, one for each node.
#[derive(Debug, Default)]
struct Lists {
    starts: Vec<usize>,
    rows: Vec<usize>,
}

impl Lists {
    fn push(&mut self, rows: impl IntoIterator<Item = usize>) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        self.rows.extend(rows);
        self.starts.push(self.rows.len());
    }

    fn of(&self, node: usize) -> &[usize] {
        &self.rows[self.starts[node]..self.starts[node + 1]]
    }

    /// Which of `count` nodes list each node.
    fn inverted(&self, count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        self.rows.iter().for_each(|&row| starts[row + 1] += 1);
        for node in 0..count {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; self.rows.len()];
        for node in 0..count {
            for &row in self.of(node) {
                rows[next[row]] = node;
                next[row] += 1;
            }
        }
        Self { starts, rows }
    }
}

/// Who is directly above and below whom: derived once, when it is asked for.
#[derive(Debug)]
pub(super) struct Relations {
    parents: Lists,
    children: Lists,
}

impl Relations {
    /// In time of the entries of S times the nodes above a unit at most, in memory of the links alone.
    fn of(hierarchy: &Hierarchy) -> Self {
        let mut parents = Lists::default();
        let mut open = Vec::new();
        // How many units of the node in hand lie in each node above; and whether a node is above one that is found.
        let mut count = vec![0; hierarchy.aggregate_len()];
        let mut beyond = vec![false; hierarchy.aggregate_len()];
        for level in hierarchy.levels() {
            let coarser = level.range().start;
            for node in level.range() {
                let units = hierarchy.members(node).len();
                let above = |unit: usize| {
                    hierarchy.above().row(unit).map(|(row, _)| row).filter(|&row| row < coarser)
                };
                for (unit, _) in hierarchy.members(node) {
                    above(unit).for_each(|row| count[row] += 1);
                }
                let first = hierarchy.members(node).next();
                let holding: Vec<usize> = first
                    .into_iter()
                    .flat_map(|(unit, _)| above(unit))
                    .filter(|&row| count[row] == units)
                    .collect();
                let mut direct = Vec::new();
                // From the nearest level up.
                for &row in holding.iter().rev() {
                    if std::mem::take(&mut beyond[row]) {
                        continue;
                    }
                    direct.push(row);
                    open.push(row);
                    while let Some(at) = open.pop() {
                        for &next in parents.of(at) {
                            if !std::mem::replace(&mut beyond[next], true) {
                                open.push(next);
                            }
                        }
                    }
                }
                for (unit, _) in hierarchy.members(node) {
                    above(unit).for_each(|row| count[row] = 0);
                }
                parents.push(direct.into_iter().rev());
            }
        }
        let children = parents.inverted(hierarchy.len());
        Self { parents, children }
    }
}

/// The most names of a level that a summary shows.
const SHOWN: usize = 4;

impl Hierarchy {
    /// The nodes directly above a node, in the order of the rows: those of coarser levels that have all of its units, less
    /// those which have another one of them below.
    ///
    /// One at most in a tree; one for each grouping where groupings cross; none for a root and for a node without
    /// members. Derived for all nodes when first asked for.
    ///
    /// ```
    /// use granular::Hierarchy;
    ///
    /// let h = Hierarchy::grouped()
    ///     .key("shop", ["Graz", "Graz", "Bern", "Bern"])
    ///     .key("product", ["tea", "jam", "tea", "jam"])
    ///     .level("Total", &[])
    ///     .level("Shop", &["shop"])
    ///     .level("Product", &["product"])
    ///     .level("Cell", &["shop", "product"])
    ///     .build()?;
    /// let names = |nodes: &[usize]| nodes.iter().map(|&node| h.nodes()[node].as_str()).collect::<Vec<_>>();
    /// assert_eq!(names(h.parents(h.node("Graz/tea")?)), ["Graz", "tea"]);
    /// assert_eq!(names(h.children(h.node("tea")?)), ["Graz/tea", "Bern/tea"]);
    /// assert_eq!(names(h.children(0)), ["Graz", "Bern", "tea", "jam"]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Panics
    /// When `node` is not below [`Hierarchy::len`].
    #[must_use]
    pub fn parents(&self, node: usize) -> &[usize] {
        self.relations().parents.of(node)
    }

    /// The nodes directly below a node, in the order of the rows: those that have it among their
    /// [`parents`](Hierarchy::parents).
    ///
    /// # Panics
    /// When `node` is not below [`Hierarchy::len`].
    #[must_use]
    pub fn children(&self, node: usize) -> &[usize] {
        self.relations().children.of(node)
    }

    fn relations(&self) -> &Relations {
        self.shared.relations.get_or_init(|| Relations::of(self))
    }

    /// The hierarchy as an indented list, at most `lines` lines of it: every node below each of its
    /// [`parents`](Hierarchy::parents).
    ///
    /// ```
    /// use granular::Hierarchy;
    ///
    /// let h = Hierarchy::from_parents([("T", ""), ("A", "T"), ("B", "T"), ("A1", "A"), ("A2", "A")])?;
    /// assert_eq!(h.tree(10), "T\n  A\n    A1\n    A2\n  B\n");
    /// assert_eq!(h.tree(2), "T\n  A\n…\n");
    /// # Ok::<(), granular::Error>(())
    /// ```
    #[must_use]
    pub fn tree(&self, lines: usize) -> String {
        let mut out = String::new();
        let mut printed = 0;
        for root in (0..self.len()).filter(|&node| self.parents(node).is_empty()) {
            // Deeper nodes wait on top.
            let mut open = vec![(root, 0)];
            while let Some((node, depth)) = open.pop() {
                if printed == lines {
                    out.push_str("…\n");
                    return out;
                }
                printed += 1;
                let _ = writeln!(out, "{:1$}{name}", "", 2 * depth, name = self.nodes()[node]);
                open.extend(self.children(node).iter().rev().map(|&child| (child, depth + 1)));
            }
        }
        out
    }
}

/// A line for each level: its name, its number of nodes, the first of them.
///
/// ```
/// use granular::Hierarchy;
///
/// let year = Hierarchy::temporal(12, &[("year", 12), ("quarter", 3), ("month", 1)])?;
/// assert_eq!(
///     year.to_string(),
///     "17 nodes over 12 units\n\
///      year      1  year[0]\n\
///      quarter   4  quarter[0], quarter[1], quarter[2], quarter[3]\n\
///      month    12  month[0], month[1], month[2], month[3], …\n"
/// );
/// # Ok::<(), granular::Error>(())
/// ```
impl fmt::Display for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} nodes over {} units", self.len(), self.finest_len())?;
        let wide = self.levels().map(|level| level.name().chars().count()).max().unwrap_or(0);
        let digits = self.levels().map(|level| level.len().to_string().len()).max().unwrap_or(0);
        for level in self.levels() {
            write!(f, "{:wide$}  {:>digits$}  ", level.name(), level.len())?;
            f.write_str(&level.nodes()[..level.len().min(SHOWN)].join(", "))?;
            f.write_str(if level.len() > SHOWN { ", …\n" } else { "\n" })?;
        }
        Ok(())
    }
}
