//! The validated structure that everything else takes whole.

mod aggregator;
mod cross;
mod elimination;
mod equations;
mod files;
mod grouped;
mod lookup;
mod matrix;
mod nesting;
mod parents;
mod periods;
mod pyramid;
mod relations;
mod temporal;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::sparse::Csr;

pub use aggregator::Aggregator;
pub(crate) use cross::Pairs;
pub use equations::{Constrained, Equations};
pub use grouped::Grouped;
pub use matrix::SummingMatrix;
pub(crate) use nesting::{Nesting, add};
pub use parents::Parents;
pub(crate) use periods::{arrange, full_periods};
pub use pyramid::{Block, Span};

/// Levels of nodes over the same finest units: which units each node adds up.
///
/// A granularity is a linear aggregation of the finest units. With `b` the values of the `m` finest units, the values
/// of all `n` nodes are `y = S b`, S sparse, its rows ordered level by level. The last level is the finest: one node
/// for each unit, S the identity there. A node's row has weight 1 for each of its units, unless another [`Aggregator`]
/// was chosen. A level need not hold every unit, and a node without members has the value 0.
///
/// It is validated once, when built, and immutable after; a clone shares the same memory.
///
/// ```
/// use granular::Hierarchy;
///
/// let sales = Hierarchy::grouped()
///     .key("country", ["AT", "AT", "CH"])
///     .key("shop", ["Graz", "Linz", "Bern"])
///     .level("World", &[])
///     .level("Country", &["country"])
///     .level("Shop", &["country", "shop"])
///     .build()?;
/// assert_eq!((sales.len(), sales.finest_len()), (6, 3));
/// assert_eq!(sales.level("Country")?.nodes(), ["AT", "CH"]);
/// let austria = sales.node("AT")?;
/// assert_eq!(sales.members(austria).collect::<Vec<_>>(), [(0, 1.0), (1, 1.0)]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Clone)]
pub struct Hierarchy {
    shared: Arc<Shared>,
}

struct Shared {
    levels: Vec<(String, Range<usize>)>,
    names: Vec<String>,
    /// All nodes in the order of their names, those of one name in their own; derived when one is asked for by name.
    by_name: OnceLock<Vec<usize>>,
    s: Csr,
    /// For each finest unit, the aggregated nodes above it: the transpose of S without its identity.
    above: Csr,
    /// Derived when a large system asks for it first.
    nesting: OnceLock<Nesting>,
    /// Derived when a node's parents or children are asked for.
    relations: OnceLock<relations::Relations>,
    /// What it was crossed from.
    factors: Option<Box<(Hierarchy, Hierarchy)>>,
}

/// A level on its way into a hierarchy: its name, its nodes, and the rows of S for them, a node each.
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) nodes: Vec<String>,
    pub(crate) rows: Csr,
}

impl Hierarchy {
    /// Joins checked levels; the constructors have made sure that the last is the identity and that names are unique
    /// within a level.
    pub(crate) fn from_parts(parts: Vec<Part>, finest: usize) -> Self {
        let mut s = Csr::with_width(finest);
        let (mut levels, mut names) = (Vec::with_capacity(parts.len()), Vec::new());
        for part in parts {
            debug_assert_eq!(part.nodes.len(), part.rows.height());
            levels.push((part.name, part.nodes.len()));
            names.extend(part.nodes);
            s.append(&part.rows);
        }
        Self::from_summing(levels, names, s)
    }

    /// From levels and their sizes, the names of all nodes, and all rows of S, with the same promises.
    pub(crate) fn from_summing(levels: Vec<(String, usize)>, names: Vec<String>, s: Csr) -> Self {
        let finest = levels.last().map_or(0, |(_, size)| *size);
        let above = s.transpose(0..names.len() - finest);
        Self::joined(levels, names, s, above)
    }

    /// The same from S less its identity, transposed: for each unit the nodes above it, ascending.
    pub(crate) fn from_above(levels: Vec<(String, usize)>, names: Vec<String>, above: Csr) -> Self {
        let mut s = above.transpose(0..above.height());
        s.append(&Csr::identity(above.height()));
        Self::joined(levels, names, s, above)
    }

    fn joined(sizes: Vec<(String, usize)>, names: Vec<String>, s: Csr, above: Csr) -> Self {
        let mut levels = Vec::with_capacity(sizes.len());
        let mut start = 0;
        for (name, size) in sizes {
            levels.push((name, start..start + size));
            start += size;
        }
        let (by_name, nesting, relations) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        let factors = None;
        Self { shared: Arc::new(Shared { levels, names, by_name, s, above, nesting, relations, factors }) }
    }

    /// n, the number of nodes of all levels.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a hierarchy has at least one node")]
    pub fn len(&self) -> usize {
        self.shared.names.len()
    }

    /// m, the number of finest units.
    #[must_use]
    pub fn finest_len(&self) -> usize {
        self.finest().len()
    }

    /// n − m, the number of nodes above the finest level.
    pub(crate) fn aggregate_len(&self) -> usize {
        self.len() - self.finest_len()
    }

    /// The levels, in the order of the rows.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = Level<'_>> {
        (0..self.shared.levels.len()).map(|position| Level { hierarchy: self, position })
    }

    /// The last level, one node for each unit.
    #[must_use]
    pub fn finest(&self) -> Level<'_> {
        Level { hierarchy: self, position: self.shared.levels.len() - 1 }
    }

    /// The names of all nodes, in the order of the rows.
    #[must_use]
    pub fn nodes(&self) -> &[String] {
        &self.shared.names
    }

    /// The level that holds a row.
    ///
    /// # Panics
    /// When `node` is not below [`Hierarchy::len`].
    #[must_use]
    pub fn level_of(&self, node: usize) -> Level<'_> {
        assert!(node < self.len(), "node {node} of a hierarchy of {} nodes", self.len());
        // Levels are ascending ranges without holes, so the first that ends after the node holds it.
        let position = self.shared.levels.partition_point(|(_, range)| range.end <= node);
        Level { hierarchy: self, position }
    }

    /// A row of S: the finest units that a node adds up, ascending, each with its weight.
    ///
    /// # Panics
    /// When `node` is not below [`Hierarchy::len`].
    pub fn members(&self, node: usize) -> impl ExactSizeIterator<Item = (usize, f64)> + '_ {
        self.shared.s.row(node)
    }

    pub(crate) fn s(&self) -> &Csr {
        &self.shared.s
    }

    pub(crate) fn above(&self) -> &Csr {
        &self.shared.above
    }

    pub(crate) fn nesting(&self) -> &Nesting {
        self.shared.nesting.get_or_init(|| Nesting::of(self))
    }
}

/// Prints levels and sizes, not every node.
impl fmt::Debug for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hierarchy ")?;
        f.debug_map().entries(self.levels().map(|level| (level.name(), level.len()))).finish()
    }
}

/// The same levels with the same nodes of the same members, in the same order.
impl PartialEq for Hierarchy {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.shared, &other.shared);
        Arc::ptr_eq(a, b) || (a.levels == b.levels && a.names == b.names && a.s == b.s)
    }
}

/// One level of a [`Hierarchy`]: its name, and its nodes among all rows.
///
/// ```
/// use granular::Hierarchy;
///
/// let year = Hierarchy::temporal(4, &[("year", 4), ("half", 2), ("quarter", 1)])?;
/// let half = year.level("half")?;
/// assert_eq!((half.position(), half.range(), half.len()), (1, 1..3, 2));
/// assert_eq!(half.nodes(), ["half[0]", "half[1]"]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Level<'h> {
    hierarchy: &'h Hierarchy,
    position: usize,
}

impl<'h> Level<'h> {
    /// The level's name.
    #[must_use]
    pub fn name(&self) -> &'h str {
        &self.hierarchy.shared.levels[self.position].0
    }

    /// Its place among the levels, 0 for the first.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Its rows among all rows.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.hierarchy.shared.levels[self.position].1.clone()
    }

    /// The number of its nodes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a level has at least one node")]
    pub fn len(&self) -> usize {
        self.range().len()
    }

    /// The names of its nodes, in the order of the rows.
    #[must_use]
    pub fn nodes(&self) -> &'h [String] {
        &self.hierarchy.shared.names[self.range()]
    }
}
