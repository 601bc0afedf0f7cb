//! Which levels sum which others, so that no sum is made twice.

use std::ops::Range;

use super::Hierarchy;

/// How a hierarchy's sums are made from each other.
///
/// A level of which each node is a sum of nodes of a finer level is computed from the smallest such level, not from the
/// units: the 365,880 additions of a plain `S b` on the M5 structure become 70,000. The product with Sᵀ walks the same
/// links downwards.
#[derive(Debug)]
pub(crate) struct Nesting {
    /// Every aggregated level once, after the level it is computed from.
    steps: Vec<Step>,
    /// The nested levels with the most nodes, from the finest up.
    chain: Vec<Link>,
    /// Whether the chain holds all levels.
    is_tree: bool,
}

#[derive(Debug)]
enum Step {
    Link(Link),
    /// A level that does not split the units: its rows of S as they are.
    Rows(Range<usize>),
}

/// A level nested in a coarser one: the row of the node above, for each row of `source`.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) source: Range<usize>,
    pub(crate) target: Range<usize>,
    pub(crate) parents: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Nesting {
    /// Derives the links in time proportional to units × pairs of levels at most, units × levels for nested ones.
    pub(crate) fn of(hierarchy: &Hierarchy) -> Self {
        let ranges: Vec<Range<usize>> = hierarchy.levels().map(|level| level.range()).collect();
        // A level can only be a sum of a larger one, or of an equal one: later ones first make it no circle.
        let mut order: Vec<usize> = (0..ranges.len()).collect();
        order.sort_by_key(|&level| std::cmp::Reverse((ranges[level].len(), level)));
        let mut partitions: Vec<Partition> = Vec::with_capacity(order.len());
        let mut steps = Vec::with_capacity(order.len());
        for (place, &level) in order.iter().enumerate() {
            let range = ranges[level].clone();
            let Some(rows) = rows_of_units(hierarchy, &range) else {
                steps.push(Step::Rows(range));
                continue;
            };
            let mut new = Partition { range, rows, finer: Vec::new(), nodes: 0, below: None };
            let link = new.place_above(&partitions);
            debug_assert!(place > 0 || link.is_none(), "the finest level is the largest");
            steps.extend(link.map(Step::Link));
            partitions.push(new);
        }
        let chain = chain(&partitions);
        let is_tree = chain.len() + 1 == ranges.len();
        Self { steps, chain, is_tree }
    }

    pub(crate) fn chain(&self) -> &[Link] {
        &self.chain
    }

    pub(crate) fn is_tree(&self) -> bool {
        self.is_tree
    }

    /// Sets the aggregates of `values` (n rows) to the sums of its finest rows: `S b`.
    pub(crate) fn sum_up<const W: usize>(&self, hierarchy: &Hierarchy, values: &mut [[f64; W]]) {
        values[..hierarchy.aggregate_len()].fill([0.0; W]);
        for step in &self.steps {
            match step {
                Step::Link(link) => {
                    for (row, &parent) in link.source.clone().zip(&link.parents) {
                        let value = values[row];
                        add(&mut values[parent as usize], &value, 1.0);
                    }
                }
                Step::Rows(range) => {
                    for node in range.clone() {
                        for (unit, weight) in hierarchy.members(node) {
                            let value = values[hierarchy.aggregate_len() + unit];
                            add(&mut values[node], &value, weight);
                        }
                    }
                }
            }
        }
    }

    /// Adds to each finest row of `values` (n rows) the rows of all nodes above it: `Sᵀ y`. Aggregates are spoilt.
    pub(crate) fn spread_down<const W: usize>(&self, hierarchy: &Hierarchy, values: &mut [[f64; W]]) {
        for step in self.steps.iter().rev() {
            match step {
                Step::Link(link) => {
                    for (row, &parent) in link.source.clone().zip(&link.parents) {
                        let value = values[parent as usize];
                        add(&mut values[row], &value, 1.0);
                    }
                }
                Step::Rows(range) => {
                    for node in range.clone() {
                        let value = values[node];
                        for (unit, weight) in hierarchy.members(node) {
                            add(&mut values[hierarchy.aggregate_len() + unit], &value, weight);
                        }
                    }
                }
            }
        }
    }

    #[cfg(test)]
    fn additions(&self) -> usize {
        let of = |step: &Step| if let Step::Link(link) = step { link.parents.len() } else { 0 };
        self.steps.iter().map(of).sum()
    }
}

/// `to += factor · from`.
pub(crate) fn add<const W: usize>(to: &mut [f64; W], from: &[f64; W], factor: f64) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// A level that puts each unit into exactly one node.
struct Partition {
    range: Range<usize>,
    /// The row of each unit's node.
    rows: Vec<u32>,
    /// The partitions before this one that it is a sum of.
    finer: Vec<bool>,
    /// The nodes of the best chain that ends here, and the partition below in it.
    nodes: usize,
    below: Option<usize>,
}

impl Partition {
    /// Finds the partitions that this one is a sum of; the link from the smallest of them.
    fn place_above(&mut self, others: &[Self]) -> Option<Link> {
        self.finer = vec![false; others.len()];
        let mut smallest = None;
        for (position, other) in others.iter().enumerate().rev() {
            if self.finer[position] {
                continue;
            }
            let Some(parents) = other.parents_in(self) else { continue };
            // Whatever the other is a sum of, this one is too.
            self.finer[position] = true;
            for (finer, known) in self.finer.iter_mut().zip(&other.finer) {
                *finer |= known;
            }
            let (source, target) = (other.range.clone(), self.range.clone());
            smallest.get_or_insert(Link { source, target, parents });
        }
        let finer = (0..others.len()).filter(|&position| self.finer[position]);
        self.below = finer.max_by_key(|&position| others[position].nodes);
        self.nodes = self.range.len() + self.below.map_or(0, |below| others[below].nodes);
        smallest
    }

    /// The row in `coarse` above each node of this level, if it is nested there.
    fn parents_in(&self, coarse: &Self) -> Option<Vec<u32>> {
        let mut parents = vec![NONE; self.range.len()];
        for (&fine, &above) in self.rows.iter().zip(&coarse.rows) {
            let parent = &mut parents[fine as usize - self.range.start];
            if *parent == NONE {
                *parent = above;
            } else if *parent != above {
                return None;
            }
        }
        Some(parents)
    }
}

/// The row of each unit's node, if the level holds each unit once, with weight 1, and no node is empty.
fn rows_of_units(hierarchy: &Hierarchy, range: &Range<usize>) -> Option<Vec<u32>> {
    let mut rows = vec![NONE; hierarchy.finest_len()];
    for node in range.clone() {
        let row = u32::try_from(node).ok().filter(|&row| row != NONE && hierarchy.members(node).len() > 0)?;
        for (unit, weight) in hierarchy.members(node) {
            if weight != 1.0 || rows[unit] != NONE {
                return None;
            }
            rows[unit] = row;
        }
    }
    (!rows.contains(&NONE)).then_some(rows)
}

/// The links of the nested levels that have the most nodes together.
fn chain(partitions: &[Partition]) -> Vec<Link> {
    let mut links = Vec::new();
    let mut at = (0..partitions.len()).max_by_key(|&position| partitions[position].nodes);
    while let Some(above) = at {
        let coarse = &partitions[above];
        at = coarse.below;
        if let Some(fine) = at.map(|below| &partitions[below]) {
            let parents = fine.parents_in(coarse).expect("the level below is nested in this one");
            links.push(Link { source: fine.range.clone(), target: coarse.range.clone(), parents });
        }
    }
    links.reverse();
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossed() -> Hierarchy {
        Hierarchy::grouped()
            .key("a", ["x", "x", "y", "y"])
            .key("b", ["p", "q", "p", "q"])
            .key("unit", ["1", "2", "3", "4"])
            .level("Total", &[])
            .level("A", &["a"])
            .level("B", &["b"])
            .level("A x B", &["a", "b"])
            .level("Unit", &["unit"])
            .build()
            .unwrap()
    }

    #[test]
    fn sums_are_made_from_the_smallest_level() {
        let h = crossed();
        let nesting = Nesting::of(&h);
        assert_eq!(nesting.additions(), 4 + 4 + 4 + 2, "plain rows need 16");
        assert!(!nesting.is_tree());
        let mut values = vec![[9.0, 9.0]; 9];
        values.extend([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]]);
        nesting.sum_up(&h, &mut values);
        let first: Vec<f64> = values.iter().map(|row| row[0]).collect();
        assert_eq!(first, [10.0, 3.0, 7.0, 4.0, 6.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0]);

        let mut values: Vec<[f64; 1]> = (0..h.len()).map(|node| [2f64.powi(node as i32)]).collect();
        nesting.spread_down(&h, &mut values);
        for unit in 0..4 {
            let above = (0..h.len()).filter(|&node| h.members(node).any(|(member, _)| member == unit));
            let expected: f64 = above.map(|node| 2f64.powi(node as i32)).sum();
            assert_eq!(values[h.aggregate_len() + unit], [expected]);
        }
    }

    #[test]
    fn ladders_are_trees_when_their_windows_nest() {
        let year =
            Hierarchy::temporal(12, &[("year", 12), ("half", 6), ("quarter", 3), ("month", 1)]).unwrap();
        assert!(Nesting::of(&year).is_tree());
        assert_eq!(Nesting::of(&year).chain().len(), 3);
        let crossing =
            Hierarchy::temporal(12, &[("year", 12), ("third", 4), ("half", 6), ("month", 1)]).unwrap();
        let nesting = Nesting::of(&crossing);
        assert!(!nesting.is_tree());
        assert_eq!(nesting.chain().iter().map(|link| link.source.clone()).collect::<Vec<_>>(), [6..18, 1..4]);
    }
}
