//! Finding levels and nodes by name, and putting named rows in order.

use tensor::ndarray::{Array2, ArrayView2};

use super::{Hierarchy, Level};
use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};

impl Hierarchy {
    /// The level of this name.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`] lists the levels there are.
    pub fn level(&self, name: &str) -> Result<Level<'_>> {
        let known = || self.levels().map(|level| level.name().to_owned()).collect();
        self.levels()
            .find(|level| level.name() == name)
            .ok_or_else(|| ErrorKind::UnknownLevel { level: name.to_owned(), known: known() }.into())
    }

    /// The row of the node of this name, whichever its level.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// let h = Hierarchy::temporal(4, &[("half", 2), ("quarter", 1)])?;
    /// assert_eq!(h.node("half[1]")?, 1);
    /// let error = h.node("half[2]").unwrap_err();
    /// assert_eq!(error.to_string(), "node `half[2]` is unknown, near names are `half[0]`, `half[1]`");
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::UnknownNode`], with near names; [`ErrorKind::AmbiguousNode`] when several levels have such a node:
    /// then [`Hierarchy::node_in`] tells them apart.
    pub fn node(&self, name: &str) -> Result<usize> {
        match *self.nodes_named(name) {
            [node] => Ok(node),
            [] => {
                let near = near(name, self.nodes());
                Err(ErrorKind::UnknownNode { node: name.to_owned(), level: None, near }.into())
            }
            ref nodes => {
                let levels = nodes.iter().map(|&node| self.level_of(node).name().to_owned()).collect();
                Err(ErrorKind::AmbiguousNode { node: name.to_owned(), levels }.into())
            }
        }
    }

    /// The row of a node of a level.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`]; [`ErrorKind::UnknownNode`], with near names of that level.
    pub fn node_in(&self, level: &str, name: &str) -> Result<usize> {
        let level = self.level(level)?;
        self.nodes_named(name).iter().copied().find(|node| level.range().contains(node)).ok_or_else(|| {
            let near = near(name, level.nodes());
            ErrorKind::UnknownNode { node: name.to_owned(), level: Some(level.name().to_owned()), near }
                .into()
        })
    }

    /// Puts rows that come with their names, in any order, into the order of the hierarchy.
    ///
    /// `names` holds (level, node) for each row of `values` (n × k); the result is n × k.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// use tensor::ndarray::array;
    ///
    /// let h = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let names = [("half", "half[1]"), ("year", "year[0]"), ("half", "half[0]")];
    /// assert_eq!(h.arrange(&names, array![[7.0], [12.0], [5.0]].view())?, array![[12.0], [5.0], [7.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] when names and rows differ in number; [`ErrorKind::UnknownLevel`],
    /// [`ErrorKind::UnknownNode`]; [`ErrorKind::RepeatedNode`] and [`ErrorKind::MissingNode`] name the first node with
    /// two rows or none.
    pub fn arrange(&self, names: &[(&str, &str)], values: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        expect_extent("named rows", "rows", names.len(), values.nrows())?;
        let mut row_of: Vec<Option<usize>> = vec![None; self.len()];
        for (second, (level, name)) in names.iter().enumerate() {
            let node = self.node_in(level, name)?;
            if let Some(first) = row_of[node].replace(second) {
                let (level, node) = ((*level).to_owned(), (*name).to_owned());
                return Err(ErrorKind::RepeatedNode { level, node, first, second }.into());
            }
        }
        let mut out = Array2::zeros((self.len(), values.ncols()));
        for (node, row) in row_of.into_iter().enumerate() {
            let Some(row) = row else {
                let (level, node) = self.named(node);
                return Err(ErrorKind::MissingNode { level, node }.into());
            };
            out.row_mut(node).assign(&values.row(row));
        }
        Ok(out)
    }

    /// The nodes of this name, ascending.
    fn nodes_named(&self, name: &str) -> &[usize] {
        let names = self.nodes();
        let by_name = self.shared.by_name.get_or_init(|| {
            let mut nodes: Vec<usize> = (0..names.len()).collect();
            nodes.sort_unstable_by(|&a, &b| names[a].cmp(&names[b]).then(a.cmp(&b)));
            nodes
        });
        let first = by_name.partition_point(|&node| names[node].as_str() < name);
        let count = by_name[first..].partition_point(|&node| names[node] == name);
        &by_name[first..first + count]
    }

    /// Level and name of a row, for messages.
    pub(crate) fn named(&self, node: usize) -> (String, String) {
        (self.level_of(node).name().to_owned(), self.nodes()[node].clone())
    }

    /// The quoted name of a row, for lists in messages; with its level where the name alone is ambiguous.
    pub(crate) fn label(&self, node: usize) -> String {
        let (level, name) = self.named(node);
        if self.node(&name).is_ok() { format!("`{name}`") } else { format!("`{name}` of level `{level}`") }
    }
}

/// At most three names close to the one asked for: those that contain it, then similar ones; ignoring case.
pub(super) fn near(name: &str, names: &[String]) -> Vec<String> {
    let wanted = name.to_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let contains = |other: &&String| other.to_lowercase().contains(&wanted);
    let similar = |other: &&String| !contains(other) && similar(&wanted, &other.to_lowercase());
    names.iter().filter(contains).chain(names.iter().filter(similar)).take(3).cloned().collect()
}

/// Whether at most two insertions, deletions or replacements, and not more than one in three characters, make `b` of
/// `a` (Wagner–Fischer, one row kept).
fn similar(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let limit = (a.len() / 3).min(2);
    if a.len().abs_diff(b.len()) > limit {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()] <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits() {
        assert!(similar("victoria", "victroia"));
        assert!(similar("abc", "abcd"));
        assert!(!similar("abc", "abcde"), "two edits are too many for three letters");
        assert!(!similar("victoria", "tasmania"));
        assert!(!similar("at", "ch"), "short names are all within two edits of each other");
    }

    #[test]
    fn near_names_are_few_and_ignore_case() {
        let names: Vec<String> =
            ["A/Melbourne", "Melburne", "B", "xMELBOURNEx", "melbourne/C"].map(String::from).into();
        assert_eq!(near("melbourne", &names), ["A/Melbourne", "xMELBOURNEx", "melbourne/C"]);
        assert_eq!(near("", &names), [""; 0]);
    }
}
