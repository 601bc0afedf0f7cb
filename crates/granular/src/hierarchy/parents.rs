//! Hierarchies from parent lists: trees, forests, and taxonomies in which a class has several parents.

use std::collections::HashMap;
use std::io::Read;

use super::lookup::near;
use super::{Hierarchy, files};
use crate::error::{ErrorKind, Result};
use crate::sparse::Csr;

impl Hierarchy {
    /// A tree, or several, from (node, parent) pairs; the parent of a root is empty.
    ///
    /// Every node is listed once, in any order. See [`Parents`] for the levels that come of it, for nodes with several
    /// parents and for levels with names.
    ///
    /// ```
    /// use granular::Hierarchy;
    ///
    /// let sales = Hierarchy::from_parents([
    ///     ("World", ""),
    ///     ("AT", "World"),
    ///     ("CH", "World"),
    ///     ("Graz", "AT"),
    ///     ("Linz", "AT"),
    /// ])?;
    /// // CH has no nodes below: it is a unit like the shops.
    /// assert_eq!(sales.nodes(), ["World", "AT", "CH", "Graz", "Linz"]);
    /// assert_eq!(sales.finest().nodes(), ["CH", "Graz", "Linz"]);
    /// let world = sales.node("World")?;
    /// assert_eq!(sales.members(world).len(), 3);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Parents::build`].
    pub fn from_parents<N: Into<String>, P: Into<String>>(
        links: impl IntoIterator<Item = (N, P)>,
    ) -> Result<Self> {
        Self::parents_list().links(links).build()
    }

    /// Starts a hierarchy from a list of nodes and their parents: see [`Parents`].
    #[must_use]
    pub fn parents_list() -> Parents {
        Parents::default()
    }
}

/// Builds a [`Hierarchy`] from a list of nodes and their parents.
///
/// Nodes without nodes below are the finest units: all of them are in the last level, however deep they lie. The nodes
/// above are in levels by their depth, 0 for a root, else one more than their deepest parent. So a level need not hold
/// every unit: a leaf that hangs from the root is in the first level's node and in the last level, and in no level
/// between. Within a level nodes stand in the order of the list.
///
/// Levels are named `depth 0`, `depth 1`, … and `leaf`, or by [`Parents::level_names`]. Several roots are several
/// trees that have nothing in common; a root without nodes below is a unit by itself.
///
/// With [`Parents::several_parents`] a node may be listed once for each of its parents, as classes of a taxonomy are.
/// Every node then adds up the distinct leaves below it, each once, whatever the number of ways down to it:
///
/// ```
/// use granular::Hierarchy;
/// use granular::ndarray::array;
///
/// let animals = Hierarchy::parents_list()
///     .links([("animal", ""), ("pet", "animal"), ("wild", "animal"), ("cat", "pet"), ("wolf", "wild")])
///     .links([("rabbit", "pet"), ("rabbit", "wild")])
///     .several_parents()
///     .level_names(["All", "Kind", "Species"])
///     .build()?;
/// let p = animals.integrate(array![[0.5], [0.2], [0.3]].view())?;
/// assert_eq!(animals.finest().nodes(), ["cat", "wolf", "rabbit"]);
/// assert_eq!(p.level("Kind")?, array![[0.8], [0.5]]);
/// assert_eq!(p.node("animal")?, array![1.0]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Parents {
    links: Vec<(String, String)>,
    several: bool,
    names: Option<Vec<String>>,
    /// The number of the first row in messages: files count from 1.
    first_row: usize,
}

impl Parents {
    /// Reads CSV with a header line and the columns `node` and `parent`; a root has an empty parent. Other columns are
    /// left unread.
    ///
    /// ```
    /// use granular::Parents;
    ///
    /// let csv = "parent,node\nT,A\nT,B\n,T\n";
    /// assert_eq!(Parents::read(csv.as_bytes())?.build()?.nodes(), ["T", "A", "B"]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmptyTable`] without header or rows; [`ErrorKind::UnknownKey`] without one of the columns;
    /// [`ErrorKind::DuplicateColumn`], [`ErrorKind::Ragged`]; [`ErrorKind::MissingValue`] for a row without a node;
    /// [`ErrorKind::Csv`].
    pub fn read(source: impl Read) -> Result<Self> {
        let links = files::read_pairs(source, "node", "parent")?;
        Ok(Self { links, first_row: 1, ..Self::default() })
    }

    /// Adds a node and its parent.
    #[must_use]
    pub fn link(mut self, node: impl Into<String>, parent: impl Into<String>) -> Self {
        self.links.push((node.into(), parent.into()));
        self
    }

    /// Adds a node without parent.
    #[must_use]
    pub fn root(self, node: impl Into<String>) -> Self {
        self.link(node, "")
    }

    /// Adds nodes and their parents; an empty parent is none.
    #[must_use]
    pub fn links<N: Into<String>, P: Into<String>>(
        mut self,
        links: impl IntoIterator<Item = (N, P)>,
    ) -> Self {
        self.links.extend(links.into_iter().map(|(node, parent)| (node.into(), parent.into())));
        self
    }

    /// Lets a node be listed several times, with a different parent each time.
    #[must_use]
    pub fn several_parents(mut self) -> Self {
        self.several = true;
        self
    }

    /// Names the levels, from the roots down to the leaves.
    #[must_use]
    pub fn level_names<V: Into<String>>(mut self, names: impl IntoIterator<Item = V>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Checks the list and builds the hierarchy, in time and memory proportional to the list and the entries of S.
    ///
    /// # Errors
    /// Rows count from 0, those of a file from 1.
    /// - [`ErrorKind::Empty`] without any node; [`ErrorKind::NoName`] for a node with an empty name.
    /// - [`ErrorKind::OwnParent`]; [`ErrorKind::Cycle`] names the nodes that are above themselves, one below the other.
    /// - [`ErrorKind::UnknownParent`] for a parent that is not listed as a node, with near names.
    /// - [`ErrorKind::TwiceListed`] for a node that is listed again: at all in a tree, with the same parent or as a root
    ///   with [`Parents::several_parents`].
    /// - [`ErrorKind::Shape`] for another number of names than levels; [`ErrorKind::DuplicateLevel`].
    pub fn build(mut self) -> Result<Hierarchy> {
        let graph = Graph::new(&self)?;
        let depths = graph.depths(&self)?;
        let is_leaf = graph.leaves();
        let layout = Layout::new(&depths, &is_leaf);
        let levels = self.levels(&layout)?;
        let above = layout.above(&graph);
        let mut names = vec![String::new(); graph.rows.len()];
        let rows = graph.rows;
        for (row, place) in rows.into_iter().zip(layout.row_of) {
            // The list is not read again.
            names[place as usize] = std::mem::take(&mut self.links[row as usize].0);
        }
        Ok(Hierarchy::from_above(levels, names, above))
    }

    /// The names of the levels and their numbers of nodes.
    fn levels(&self, layout: &Layout) -> Result<Vec<(String, usize)>> {
        let sizes = layout.sizes.iter().copied();
        let Some(names) = &self.names else {
            let last = layout.sizes.len() - 1;
            let name = |depth| if depth == last { "leaf".to_owned() } else { format!("depth {depth}") };
            return Ok(sizes.enumerate().map(|(depth, size)| (name(depth), size)).collect());
        };
        crate::arrays::expect_extent("names of levels", "names", layout.sizes.len(), names.len())?;
        if let Some(i) = (1..names.len()).find(|&i| names[..i].contains(&names[i])) {
            return Err(ErrorKind::DuplicateLevel { level: names[i].clone() }.into());
        }
        Ok(names.iter().cloned().zip(sizes).collect())
    }
}

/// Nodes by number, in the order of the list, and their parents.
struct Graph {
    /// The first row of the list that names each node.
    rows: Vec<u32>,
    /// The parents of node i are `parents[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    parents: Vec<u32>,
}

impl Graph {
    fn new(list: &Parents) -> Result<Self> {
        if list.links.is_empty() {
            return Err(ErrorKind::Empty { what: "nodes" }.into());
        }
        // Only ever asked by name, never walked: its order cannot reach a result.
        let mut number_of: HashMap<&str, u32> = HashMap::with_capacity(list.links.len());
        let mut rows: Vec<u32> = Vec::with_capacity(list.links.len());
        let mut node_of = Vec::with_capacity(list.links.len());
        for (row, (node, parent)) in list.links.iter().enumerate() {
            if node.is_empty() {
                return Err(ErrorKind::NoName { row: row + list.first_row }.into());
            }
            if node == parent {
                return Err(ErrorKind::OwnParent { node: node.clone(), row: row + list.first_row }.into());
            }
            let next = rows.len() as u32;
            let number = *number_of.entry(node).or_insert(next);
            if number == next {
                rows.push(row as u32);
            } else if !list.several {
                return Err(list.twice(node, rows[number as usize] as usize, row));
            }
            node_of.push(number);
        }
        let mut links = Vec::with_capacity(list.links.len());
        // Neighbours in a list often have one parent.
        let mut last = ("", None);
        for (row, ((_, parent), &node)) in list.links.iter().zip(&node_of).enumerate() {
            if last.0 != parent {
                let number = number_of.get(parent.as_str()).copied();
                if number.is_none() && !parent.is_empty() {
                    return Err(list.unknown(row, parent));
                }
                last = (parent, number);
            }
            links.push((node, last.1));
        }
        let (starts, parents) = list.gather(rows.len(), &links)?;
        Ok(Self { rows, starts, parents })
    }

    fn parents(&self, node: usize) -> &[u32] {
        &self.parents[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    fn leaves(&self) -> Vec<bool> {
        let mut is_leaf = vec![true; self.rows.len()];
        for &parent in &self.parents {
            is_leaf[parent as usize] = false;
        }
        is_leaf
    }

    /// 0 for a root, else one more than the deepest parent (Kahn's order, parents first).
    fn depths(&self, list: &Parents) -> Result<Vec<u32>> {
        let count = self.rows.len();
        let mut starts = vec![0u32; count + 1];
        for &parent in &self.parents {
            starts[parent as usize + 1] += 1;
        }
        for node in 0..count {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut children = vec![0u32; self.parents.len()];
        for node in 0..count {
            for &parent in self.parents(node) {
                children[next[parent as usize] as usize] = node as u32;
                next[parent as usize] += 1;
            }
        }
        let mut waiting: Vec<u32> = (0..count).map(|node| self.parents(node).len() as u32).collect();
        let mut order: Vec<u32> = (0..count as u32).filter(|&node| waiting[node as usize] == 0).collect();
        let mut depths = vec![0u32; count];
        let mut done = 0;
        while let Some(&node) = order.get(done) {
            done += 1;
            for &child in &children[starts[node as usize] as usize..starts[node as usize + 1] as usize] {
                depths[child as usize] = depths[child as usize].max(depths[node as usize] + 1);
                waiting[child as usize] -= 1;
                if waiting[child as usize] == 0 {
                    order.push(child);
                }
            }
        }
        if done == count { Ok(depths) } else { Err(self.cycle(list, &waiting)) }
    }

    /// Names a cycle: going up from a node that waits one always comes to one that waits, and so in the end around.
    fn cycle(&self, list: &Parents, waiting: &[u32]) -> crate::Error {
        let start = waiting.iter().position(|&left| left > 0).expect("some node waits for its parents");
        let up = |node: usize| {
            let parents = self.parents(node).iter().map(|&parent| parent as usize);
            parents.into_iter().find(|&parent| waiting[parent] > 0).expect("it waits for one that waits")
        };
        let mut seen = vec![false; waiting.len()];
        let mut at = start;
        while !seen[at] {
            seen[at] = true;
            at = up(at);
        }
        let name = |node: usize| list.links[self.rows[node] as usize].0.clone();
        let mut nodes = vec![name(at)];
        let mut next = up(at);
        while next != at {
            nodes.push(name(next));
            next = up(next);
        }
        ErrorKind::Cycle { nodes }.into()
    }
}

impl Parents {
    /// The parents of each node, from (node, parent) pairs in the order of the list.
    fn gather(&self, count: usize, links: &[(u32, Option<u32>)]) -> Result<(Vec<u32>, Vec<u32>)> {
        let mut starts = vec![0u32; count + 1];
        for &(node, _) in links {
            starts[node as usize + 1] += 1;
        }
        for node in 0..count {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut rows = vec![0u32; links.len()];
        for (row, &(node, _)) in links.iter().enumerate() {
            rows[next[node as usize] as usize] = row as u32;
            next[node as usize] += 1;
        }
        let (mut kept, mut parents) = (vec![0u32], Vec::with_capacity(links.len()));
        let mut listed: Vec<(Option<u32>, u32)> = Vec::new();
        for span in starts.windows(2) {
            let rows = &rows[span[0] as usize..span[1] as usize];
            listed.clear();
            listed.extend(rows.iter().map(|&row| (links[row as usize].1, row)));
            listed.sort_unstable();
            for pair in listed.windows(2) {
                // No parent sorts first: beside it nothing else may be.
                if pair[0].0 == pair[1].0 || pair[0].0.is_none() {
                    let (a, b) = (pair[0].1 as usize, pair[1].1 as usize);
                    return Err(self.twice(&self.links[a].0, a.min(b), a.max(b)));
                }
            }
            parents.extend(listed.iter().filter_map(|(parent, _)| *parent));
            kept.push(parents.len() as u32);
        }
        Ok((kept, parents))
    }

    fn twice(&self, node: &str, first: usize, second: usize) -> crate::Error {
        let (first, second) = (first + self.first_row, second + self.first_row);
        ErrorKind::TwiceListed { node: node.to_owned(), first, second }.into()
    }

    fn unknown(&self, row: usize, parent: &str) -> crate::Error {
        let names: Vec<String> = self.links.iter().map(|(node, _)| node.clone()).collect();
        let (node, parent, near) = (self.links[row].0.clone(), parent.to_owned(), near(parent, &names));
        ErrorKind::UnknownParent { row: row + self.first_row, node, parent, near }.into()
    }
}

/// Where each node stands in the hierarchy.
struct Layout {
    /// Rows in order of the levels, leaves last; within a level in the order of the list.
    row_of: Vec<u32>,
    /// The numbers of nodes of the levels.
    sizes: Vec<usize>,
}

impl Layout {
    fn new(depths: &[u32], is_leaf: &[bool]) -> Self {
        let inner =
            || depths.iter().zip(is_leaf).filter(|(_, leaf)| !**leaf).map(|(depth, _)| *depth as usize);
        let levels = inner().max().map_or(0, |deepest| deepest + 1);
        let level = |node: usize| if is_leaf[node] { levels } else { depths[node] as usize };
        let mut sizes = vec![0; levels + 1];
        (0..depths.len()).for_each(|node| sizes[level(node)] += 1);
        let mut next: Vec<u32> = Vec::with_capacity(sizes.len());
        let mut start = 0;
        for &size in &sizes {
            next.push(start);
            start += size as u32;
        }
        let place = |node: usize| {
            let next = &mut next[level(node)];
            *next += 1;
            *next - 1
        };
        let row_of = (0..depths.len()).map(place).collect();
        Self { row_of, sizes }
    }

    /// For each leaf the rows of all nodes above it.
    fn above(&self, graph: &Graph) -> Csr {
        let leaves = *self.sizes.last().expect("there is a level of leaves");
        let aggregates = self.row_of.len() - leaves;
        let mut node_of = vec![0u32; leaves];
        for (node, &row) in self.row_of.iter().enumerate() {
            if let Some(leaf) = (row as usize).checked_sub(aggregates) {
                node_of[leaf] = node as u32;
            }
        }
        let mut above = Csr::with_width(aggregates);
        // The leaf from which a node was last met.
        let mut met = vec![u32::MAX; self.row_of.len()];
        let (mut open, mut rows) = (Vec::new(), Vec::new());
        for (leaf, &node) in node_of.iter().enumerate() {
            rows.clear();
            open.push(node);
            while let Some(node) = open.pop() {
                for &parent in graph.parents(node as usize) {
                    let last = &mut met[parent as usize];
                    if *last != leaf as u32 {
                        *last = leaf as u32;
                        rows.push(self.row_of[parent as usize] as usize);
                        open.push(parent);
                    }
                }
            }
            rows.sort_unstable();
            above.push_row(rows.iter().map(|&row| (row, 1.0)));
        }
        above
    }
}
