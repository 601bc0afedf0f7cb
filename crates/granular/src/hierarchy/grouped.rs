//! Hierarchies from key columns: nested, grouped and crossed.

use std::collections::HashMap;
use std::hash::Hash;

use super::{Hierarchy, Part};
use crate::error::{ErrorKind, Result};
use crate::sparse::Csr;

impl Hierarchy {
    /// Starts a hierarchy over the rows of a table, from its key columns.
    ///
    /// Keys may be nested (region in country) or crossed (region × product): each level names the keys whose values
    /// tell its nodes apart. See [`Grouped`].
    #[must_use]
    pub fn grouped() -> Grouped {
        Grouped::default()
    }
}

/// Builds a [`Hierarchy`] over the rows of a table from key columns.
///
/// A node is one combination of the values of its level's keys; its name joins them by `/`. The level without keys has
/// one node, named like the level. Nodes stand in the order of their first row. The last level must tell all rows
/// apart. Names are unique within a level; two levels may share one, and then a look-up must name the level.
///
/// ```
/// use granular::Hierarchy;
///
/// let sales = Hierarchy::grouped()
///     .key("shop", ["Graz", "Graz", "Bern", "Bern"])
///     .key("product", ["tea", "jam", "tea", "jam"])
///     .level("Total", &[])
///     .level("Product", &["product"])
///     .level("Shop", &["shop"])
///     .level("Shop x product", &["shop", "product"])
///     .build()?;
/// assert_eq!(
///     sales.nodes(),
///     ["Total", "tea", "jam", "Graz", "Bern", "Graz/tea", "Graz/jam", "Bern/tea", "Bern/jam"]
/// );
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Grouped {
    keys: Vec<(String, Vec<String>)>,
    levels: Vec<(String, Vec<String>)>,
}

impl Grouped {
    /// Adds a key column, one value for each row.
    #[must_use]
    pub fn key<V: Into<String>>(mut self, name: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.keys.push((name.to_owned(), values.into_iter().map(Into::into).collect()));
        self
    }

    /// Adds a level, coarse ones first, told apart by these keys; the last one added is the finest.
    #[must_use]
    pub fn level(mut self, name: &str, keys: &[&str]) -> Self {
        self.levels.push((name.to_owned(), keys.iter().map(|&key| key.to_owned()).collect()));
        self
    }

    /// Checks keys and levels and builds the hierarchy, in time proportional to rows × levels × their keys.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without levels, keys or rows; [`ErrorKind::KeyLength`] for a key of another length than the
    /// first; [`ErrorKind::DuplicateKey`], [`ErrorKind::UnknownKey`], [`ErrorKind::DuplicateLevel`];
    /// [`ErrorKind::DuplicateNode`] when the last level gives two rows one name; [`ErrorKind::NameClash`] when
    /// different key values join to one name (`a/b` with `c`, `a` with `b/c`).
    pub fn build(self) -> Result<Hierarchy> {
        let rows = self.check_keys()?;
        let finest = self.levels.len().checked_sub(1).ok_or(ErrorKind::Empty { what: "levels" })?;
        let codes: Vec<_> = self.keys.iter().map(|(_, values)| numbered(values.iter())).collect();
        let mut parts: Vec<Part> = Vec::with_capacity(self.levels.len());
        for (position, (level, keys)) in self.levels.iter().enumerate() {
            if parts.iter().any(|part| part.name == *level) {
                return Err(ErrorKind::DuplicateLevel { level: level.clone() }.into());
            }
            let part = self.part(level, keys, &codes, rows)?;
            if position == finest {
                check_finest(&part)?;
            }
            parts.push(part);
        }
        Ok(Hierarchy::from_parts(parts, rows))
    }

    /// The number of rows, once all key columns agree on it.
    fn check_keys(&self) -> Result<usize> {
        let (_, first) = self.keys.first().ok_or(ErrorKind::Empty { what: "keys" })?;
        for (position, (key, values)) in self.keys.iter().enumerate() {
            if self.keys[..position].iter().any(|(other, _)| other == key) {
                return Err(ErrorKind::DuplicateKey { key: key.clone() }.into());
            }
            if values.len() != first.len() {
                let (expected, got) = (first.len(), values.len());
                return Err(ErrorKind::KeyLength { key: key.clone(), expected, got }.into());
            }
        }
        if first.is_empty() { Err(ErrorKind::Empty { what: "rows" }.into()) } else { Ok(first.len()) }
    }

    fn column(&self, key: &str) -> Result<usize> {
        let known = || self.keys.iter().map(|(name, _)| name.clone()).collect();
        let found = self.keys.iter().position(|(name, _)| name == key);
        found.ok_or_else(|| ErrorKind::UnknownKey { key: key.to_owned(), known: known() }.into())
    }

    /// Groups the rows by the values of `keys`; `codes` has the key columns as numbers.
    fn part(&self, level: &str, keys: &[String], codes: &[Vec<usize>], rows: usize) -> Result<Part> {
        let columns = keys.iter().map(|key| self.column(key)).collect::<Result<Vec<_>>>()?;
        let name = level.to_owned();
        let Some((&first, others)) = columns.split_first() else {
            return Ok(Part { nodes: vec![name.clone()], name, rows: Csr::of_groups(&vec![0; rows], 1) });
        };
        // Two columns at a time become one, so a row costs one look-up of a number for each key.
        let mut groups = codes[first].clone();
        for &other in others {
            groups = numbered(groups.iter().zip(&codes[other]));
        }
        // Groups are numbered as they come.
        let count = groups.iter().max().map_or(0, |last| last + 1);
        let rows = Csr::of_groups(&groups, count);
        let values: Vec<&[String]> = columns.iter().map(|&column| self.keys[column].1.as_slice()).collect();
        let nodes = (0..count).map(|group| join(&values, first_row(&rows, group))).collect();
        let part = Part { name, nodes, rows };
        if columns.len() > 1 {
            check_names(&part)?;
        }
        Ok(part)
    }
}

/// Numbers values in the order in which they first come; equal values have equal numbers.
fn numbered<V: Eq + Hash>(values: impl Iterator<Item = V>) -> Vec<usize> {
    // Only ever asked by value, never walked: its order cannot reach a result.
    let mut number_of = HashMap::with_capacity(values.size_hint().0);
    values
        .map(|value| {
            let next = number_of.len();
            *number_of.entry(value).or_insert(next)
        })
        .collect()
}

fn join(columns: &[&[String]], row: usize) -> String {
    let mut name = String::with_capacity(columns.iter().map(|column| column[row].len() + 1).sum());
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            name.push('/');
        }
        name.push_str(&column[row]);
    }
    name
}

/// Different keys must not join to one name.
fn check_names(part: &Part) -> Result<()> {
    let mut first_of = HashMap::with_capacity(part.nodes.len());
    for (group, node) in part.nodes.iter().enumerate() {
        let second = first_row(&part.rows, group);
        if let Some(first) = first_of.insert(node.as_str(), second) {
            let (level, node) = (part.name.clone(), node.clone());
            return Err(ErrorKind::NameClash { level, node, first, second }.into());
        }
    }
    Ok(())
}

/// The finest level must have one row for each node.
fn check_finest(part: &Part) -> Result<()> {
    let Some(node) = (0..part.rows.height()).find(|&node| part.rows.row(node).len() > 1) else {
        return Ok(());
    };
    let mut rows = part.rows.row(node).map(|(row, _)| row);
    let (first, second) = rows.next().zip(rows.next()).expect("a node of several rows has two");
    let (level, node) = (part.name.clone(), part.nodes[node].clone());
    Err(ErrorKind::DuplicateNode { level, node, first, second }.into())
}

fn first_row(rows: &Csr, group: usize) -> usize {
    rows.row(group).next().expect("a group has a row").0
}
