//! Which levels sum which others, so that no sum is made twice.

use std::ops::Range;

use super::Hierarchy;

/// How a hierarchy's sums are made from each other.
///
/// A level of which each node is a weighted sum of nodes of a finer level is computed from the smallest such level, not
/// from the units: the 365,880 additions of a plain `S b` on the M5 structure become 70,000. The product with Sᵀ walks
/// the same links downwards. A unit that a level leaves out counts as a node of its own there, so levels of trees whose
/// leaves lie at different depths are nested too.
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

/// A level computed from a finer one: which row lies below which, with what weight.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// Rows of the finer level that all lie below a row of `target`: one of `parents` and `weights` for each. No weights
    /// at all are weights of 1.
    source: Range<usize>,
    parents: Vec<u32>,
    weights: Vec<f64>,
    /// Single rows below a row of `target`, where the finer level leaves out units: (row, parent, weight).
    others: Vec<(u32, u32, f64)>,
    pub(crate) target: Range<usize>,
}

impl Link {
    /// Calls with each row, the row above it, and its weight there.
    #[inline]
    pub(crate) fn each(&self, mut call: impl FnMut(usize, usize, f64)) {
        let rows = self.source.clone().zip(&self.parents);
        if self.weights.is_empty() {
            rows.for_each(|(row, &parent)| call(row, parent as usize, 1.0));
        } else {
            rows.zip(&self.weights).for_each(|((row, &parent), &weight)| call(row, parent as usize, weight));
        }
        for &(row, parent, weight) in &self.others {
            call(row as usize, parent as usize, weight);
        }
    }
}

const NONE: u32 = u32::MAX;

impl Nesting {
    /// Derives the links in time proportional to units × pairs of levels at most, units × levels for nested ones.
    pub(crate) fn of(hierarchy: &Hierarchy) -> Self {
        let ranges: Vec<Range<usize>> = hierarchy.levels().map(|level| level.range()).collect();
        let mut steps = Vec::with_capacity(ranges.len());
        let mut found: Vec<(usize, Partition)> = Vec::with_capacity(ranges.len());
        for (level, range) in ranges.iter().enumerate() {
            match Partition::of(hierarchy, range) {
                Some(partition) => found.push((level, partition)),
                None => steps.push(Step::Rows(range.clone())),
            }
        }
        // A level can only be a sum of one that divides the units further, or equally: later ones first make it no
        // circle.
        found.sort_by_key(|(level, partition)| {
            std::cmp::Reverse((partition.parts, partition.outside, *level))
        });
        let mut partitions: Vec<Partition> = Vec::with_capacity(found.len());
        for (place, (_, mut new)) in found.into_iter().enumerate() {
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
                    link.each(|row, parent, weight| {
                        let value = values[row];
                        add(&mut values[parent], &value, weight);
                    });
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
                    link.each(|row, parent, weight| {
                        let value = values[parent];
                        add(&mut values[row], &value, weight);
                    });
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
        let of = |step: &Step| {
            if let Step::Link(link) = step { link.parents.len() + link.others.len() } else { 0 }
        };
        self.steps.iter().map(of).sum()
    }
}

/// `to += factor · from`.
pub(crate) fn add<const W: usize>(to: &mut [f64; W], from: &[f64; W], factor: f64) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// A level that puts each unit into at most one node; the units left out are parts by themselves.
struct Partition {
    range: Range<usize>,
    first_unit: usize,
    /// The row of each unit's part: its node, or the unit's own row.
    rows: Vec<u32>,
    /// The weight of each unit in its part; none at all are weights of 1.
    weights: Vec<f64>,
    /// The number of parts, and of units left out.
    parts: usize,
    outside: usize,
    /// The partitions before this one that it is a sum of.
    finer: Vec<bool>,
    /// The nodes of the best chain that ends here, and the partition below in it.
    nodes: usize,
    below: Option<usize>,
}

impl Partition {
    /// None when the level has a unit in two nodes.
    fn of(hierarchy: &Hierarchy, range: &Range<usize>) -> Option<Self> {
        // The last number means none.
        let last = u32::try_from(hierarchy.len()).ok()?;
        let units = hierarchy.finest_len();
        let own = last - units as u32;
        let mut new = Self {
            range: range.clone(),
            first_unit: own as usize,
            rows: (own..last).collect(),
            weights: Vec::new(),
            parts: units,
            outside: units,
            finer: Vec::new(),
            nodes: 0,
            below: None,
        };
        for node in range.clone().filter(|&node| node < own as usize) {
            let members = hierarchy.members(node);
            new.parts += usize::from(members.len() > 0);
            for (unit, weight) in members {
                if new.rows[unit] != own + unit as u32 {
                    return None;
                }
                new.rows[unit] = node as u32;
                new.parts -= 1;
                new.outside -= 1;
                if weight != 1.0 && new.weights.is_empty() {
                    new.weights = vec![1.0; units];
                }
                if let Some(slot) = new.weights.get_mut(unit) {
                    *slot = weight;
                }
            }
        }
        Some(new)
    }

    /// The row of a unit itself.
    fn own(&self, unit: usize) -> usize {
        self.first_unit + unit
    }

    fn weight(&self, unit: usize) -> f64 {
        self.weights.get(unit).copied().unwrap_or(1.0)
    }

    /// Finds the partitions that this one is a sum of; the link from the smallest of them.
    fn place_above(&mut self, others: &[Self]) -> Option<Link> {
        self.finer = vec![false; others.len()];
        let mut smallest = None;
        for (position, other) in others.iter().enumerate().rev() {
            if self.finer[position] {
                continue;
            }
            let Some(link) = other.link_to(self) else { continue };
            // Whatever the other is a sum of, this one is too.
            self.finer[position] = true;
            for (finer, known) in self.finer.iter_mut().zip(&other.finer) {
                *finer |= known;
            }
            smallest.get_or_insert(link);
        }
        let finer = (0..others.len()).filter(|&position| self.finer[position]);
        self.below = finer.max_by_key(|&position| others[position].nodes);
        self.nodes = self.range.len() + self.below.map_or(0, |below| others[below].nodes);
        smallest
    }

    /// How `coarse` is a weighted sum of this partition's parts, if it is.
    fn link_to(&self, coarse: &Self) -> Option<Link> {
        let mut parents = vec![NONE; self.range.len()];
        let mut weights = Vec::new();
        if !(self.weights.is_empty() && coarse.weights.is_empty()) {
            weights = vec![f64::NAN; parents.len()];
        }
        let mut others = Vec::new();
        for (unit, (&fine, &above)) in self.rows.iter().zip(&coarse.rows).enumerate() {
            let own = self.own(unit);
            if above as usize == own {
                // Left out above: nothing to add, unless other units of its node are not.
                if fine as usize == own { continue } else { return None }
            }
            if fine as usize == own {
                others.push((fine, above, coarse.weight(unit)));
                continue;
            }
            let place = fine as usize - self.range.start;
            if parents[place] == NONE {
                parents[place] = above;
            } else if parents[place] != above {
                return None;
            }
            if let Some(factor) = weights.get_mut(place)
                && !proportional(factor, self.weight(unit), coarse.weight(unit))
            {
                return None;
            }
        }
        Some(self.linked(coarse, parents, weights, others))
    }

    fn linked(
        &self,
        coarse: &Self,
        mut parents: Vec<u32>,
        mut weights: Vec<f64>,
        mut others: Vec<(u32, u32, f64)>,
    ) -> Link {
        let mut source = self.range.clone();
        if others.len() == self.rows.len() {
            // All units: in line.
            source = self.own(0)..self.own(others.len());
            parents = others.iter().map(|&(_, parent, _)| parent).collect();
            weights = others.iter().map(|&(_, _, weight)| weight).collect();
            others = Vec::new();
        } else if self.range.start == self.own(0) {
            (source, parents, weights) = (0..0, Vec::new(), Vec::new());
        }
        if parents.contains(&NONE) && weights.is_empty() {
            weights = vec![1.0; parents.len()];
        }
        for (weight, parent) in weights.iter_mut().zip(&mut parents) {
            if *parent == NONE {
                // A node without members is 0, and nothing of it goes anywhere.
                *parent = coarse.range.start as u32;
                *weight = 0.0;
            } else if weight.is_nan() {
                *weight = 0.0;
            }
        }
        if weights.iter().all(|&weight| weight == 1.0) {
            weights = Vec::new();
        }
        Link { source, parents, weights, others, target: coarse.range.clone() }
    }
}

/// Whether `coarse` is `factor` times `fine`, for the same factor, up to rounding, in all units of a node. The factor is
/// NaN as long as it is not known.
fn proportional(factor: &mut f64, fine: f64, coarse: f64) -> bool {
    if fine == 0.0 {
        return coarse == 0.0;
    }
    if factor.is_nan() {
        *factor = coarse / fine;
        return true;
    }
    (coarse - *factor * fine).abs() <= 8.0 * f64::EPSILON * coarse.abs()
}

/// The links of the nested levels that have the most nodes together.
fn chain(partitions: &[Partition]) -> Vec<Link> {
    let mut links = Vec::new();
    let mut at = (0..partitions.len()).max_by_key(|&position| partitions[position].nodes);
    while let Some(above) = at {
        let coarse = &partitions[above];
        at = coarse.below;
        let Some(fine) = at.map(|below| &partitions[below]) else { break };
        // Weights of level over level over level are proportional up to rounding, and may just fail to be so.
        let Some(link) = fine.link_to(coarse) else {
            links.clear();
            continue;
        };
        links.push(link);
    }
    links.reverse();
    links
}

#[cfg(test)]
mod tests {
    use tensor::ndarray::Array2;

    use super::*;
    use crate::hierarchy::{Aggregator, Part};
    use crate::sparse::Csr;

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
    /// Two groups over five of six units, one of the units by itself in the lowest level above them, and a group without
    /// units: as the depths of a tree give them, in the weights of `aggregator`.
    fn uneven(aggregator: &Aggregator) -> Hierarchy {
        let part = |name: &str, rows: &[&[usize]]| {
            let mut members = Csr::with_width(6);
            rows.iter().for_each(|row| members.push_row(row.iter().map(|&unit| (unit, 1.0))));
            let nodes = (0..rows.len()).map(|i| format!("{name}{i}")).collect();
            Part { name: name.to_owned(), nodes, rows: members }
        };
        let finest: Vec<Vec<usize>> = (0..6).map(|unit| vec![unit]).collect();
        let finest: Vec<&[usize]> = finest.iter().map(Vec::as_slice).collect();
        let parts = vec![
            part("top", &[&[0, 1, 2, 3, 4, 5]]),
            part("group", &[&[0, 1], &[2, 4, 5]]),
            part("deep", &[&[2, 5], &[]]),
            part("unit", &finest),
        ];
        Hierarchy::from_parts(parts, 6).aggregated_by(aggregator).unwrap()
    }

    #[test]
    fn trees_of_uneven_depth_nest_whatever_their_weights() {
        let weights = Aggregator::WeightedMean(vec![1.0, 2.0, 3.0, 0.0, 5.0, 6.0]);
        for aggregator in [Aggregator::Sum, Aggregator::Mean, Aggregator::Last, weights] {
            // A weight of 0 for all units of a node is refused, for some of them it is not.
            let h = uneven(&aggregator);
            let nesting = Nesting::of(&h);
            assert!(nesting.is_tree(), "{aggregator}");
            let finest = Array2::from_shape_fn((6, 1), |(unit, _)| 1.0 + (unit * unit) as f64);
            let expected = h.stack_sums(finest.view());
            let mut values: Vec<[f64; 1]> = expected.iter().map(|&value| [value]).collect();
            values[..h.aggregate_len()].fill([7.0]);
            nesting.sum_up(&h, &mut values);
            for (got, expected) in values.iter().flatten().zip(&expected) {
                assert!((got - expected).abs() < 1e-14, "{aggregator}: {got} is not {expected}");
            }
            let given: Vec<f64> = (0..h.len()).map(|node| (node * 3 % 7) as f64 + 0.5).collect();
            let mut values: Vec<[f64; 1]> = given.iter().map(|&value| [value]).collect();
            nesting.spread_down(&h, &mut values);
            for unit in 0..6 {
                let weight =
                    |node: usize| h.members(node).find(|&(member, _)| member == unit).map_or(0.0, |m| m.1);
                let expected: f64 = (0..h.len()).map(|node| weight(node) * given[node]).sum();
                let got = values[h.aggregate_len() + unit][0];
                assert!((got - expected).abs() < 1e-14, "{aggregator}: {got} is not {expected}");
            }
        }
    }

    #[test]
    fn levels_that_weigh_otherwise_are_no_tree() {
        let h = uneven(&Aggregator::Sum).level_aggregated_by("group", &Aggregator::Last).unwrap();
        assert!(!Nesting::of(&h).is_tree());
    }
}
