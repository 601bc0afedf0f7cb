//! Hierarchies from a summing matrix, and the summing matrix of a hierarchy.

use std::collections::HashMap;
use std::io::{Read, Write};

use tensor::ndarray::{Array2, ArrayView2};

use super::{Hierarchy, files};
use crate::arrays::expect_extent;
use crate::error::{ErrorKind, Result};
use crate::sparse::Csr;

impl Hierarchy {
    /// S as a dense n × m matrix; for large hierarchies see [`Hierarchy::summing_triplets`].
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// # use granular::ndarray::array;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// assert_eq!(year.summing_matrix(), array![[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    #[must_use]
    pub fn summing_matrix(&self) -> Array2<f64> {
        let mut s = Array2::zeros((self.len(), self.finest_len()));
        for (node, unit, weight) in self.summing_triplets() {
            s[[node, unit]] = weight;
        }
        s
    }

    /// The entries of S as (node, unit, weight), node by node, units ascending. Weights of 0 are listed where a unit
    /// belongs to a node without counting in it.
    pub fn summing_triplets(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        (0..self.len()).flat_map(|node| self.members(node).map(move |(unit, weight)| (node, unit, weight)))
    }

    /// Writes S as CSV: a header of `unique_id` and the names of the units, then a row for each node. It is what
    /// [`SummingMatrix::read`] reads, and other libraries as their `S_df`.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let mut csv = Vec::new();
    /// year.write_summing_csv(&mut csv)?;
    /// let expected = "unique_id,half[0],half[1]\nyear[0],1,1\nhalf[0],1,0\nhalf[1],0,1\n";
    /// assert_eq!(String::from_utf8_lossy(&csv), expected);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Csv`] when writing fails.
    pub fn write_summing_csv(&self, to: impl Write) -> Result<()> {
        files::write_summing(self, to)
    }
}

/// Builds a [`Hierarchy`] from a summing matrix S with names for its rows.
///
/// The nodes of the last level are the units: their rows of S hold the identity, each one 1 and each in another column.
/// Their order is that of the rows; the columns of S may stand in any order and are sorted to fit. All other rows may
/// have any finite weights. Levels are consecutive rows ([`SummingMatrix::level`]) or lists of names in any order
/// ([`SummingMatrix::level_of`]); without any there are two, `aggregate` and `unit`, and the units are the last m rows.
///
/// A row without entries is refused as a mistake, unless [`SummingMatrix::allow_empty`] says that it is a group without
/// members: it has the value 0 then.
///
/// ```
/// use granular::SummingMatrix;
/// use granular::ndarray::array;
///
/// let s = array![[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]];
/// let h = SummingMatrix::dense(["T", "BC", "A", "C", "B"], s.view())?
///     .level("Total", 1)
///     .level("Pair", 1)
///     .level("Unit", 3)
///     .build()?;
/// // The third column of S is C, the second unit in the order of the rows.
/// let y = h.integrate(array![[1.0], [20.0], [300.0]].view())?;
/// assert_eq!(y.all(), array![[321.0], [320.0], [1.0], [20.0], [300.0]]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SummingMatrix {
    nodes: Vec<String>,
    /// The names of the columns, where they have some.
    units: Option<Vec<String>>,
    rows: Csr,
    levels: Vec<(String, Members)>,
    allow_empty: bool,
}

/// Which rows are a level.
#[derive(Debug, Clone)]
enum Members {
    Next(usize),
    Named(Vec<String>),
}

impl SummingMatrix {
    /// Takes a dense S (n × m) and the n names of its rows.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without rows or columns; [`ErrorKind::Shape`] for another number of names than rows;
    /// [`ErrorKind::NotFiniteCell`] for an entry that is NaN or infinite.
    pub fn dense<N: Into<String>>(
        nodes: impl IntoIterator<Item = N>,
        s: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        crate::arrays::expect_finite("S", s)?;
        let mut rows = Csr::with_width(s.ncols());
        for row in s.rows() {
            rows.push_row(row.iter().copied().enumerate().filter(|(_, weight)| *weight != 0.0));
        }
        Self::new(nodes, rows)
    }

    /// Takes the entries (row, column, weight) of S, in any order, the names of its rows and m, its number of columns.
    ///
    /// An entry of weight 0 makes the unit a member of the node that does not count in it.
    ///
    /// ```
    /// use granular::SummingMatrix;
    ///
    /// let entries = [(1, 0, 1.0), (2, 1, 1.0), (0, 0, 1.0), (0, 1, -1.0)];
    /// let h = SummingMatrix::triplets(["Net", "Exports", "Imports"], 2, entries)?.build()?;
    /// assert_eq!(h.members(0).collect::<Vec<_>>(), [(0, 1.0), (1, -1.0)]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without rows or columns; [`ErrorKind::Entry`] for an entry outside the matrix, one that is
    /// NaN or infinite, or the second one at the same place.
    pub fn triplets<N: Into<String>>(
        nodes: impl IntoIterator<Item = N>,
        units: usize,
        entries: impl IntoIterator<Item = (usize, usize, f64)>,
    ) -> Result<Self> {
        let nodes: Vec<String> = nodes.into_iter().map(Into::into).collect();
        let mut entries: Vec<(usize, usize, f64)> = entries.into_iter().collect();
        for &(row, column, weight) in &entries {
            let outside = row >= nodes.len() || column >= units;
            if outside || !weight.is_finite() {
                let expected = if outside { "a place within the matrix" } else { "a finite weight" };
                return Err(ErrorKind::Entry { row, column, expected, got: weight }.into());
            }
        }
        entries.sort_by_key(|&(row, column, _)| (row, column));
        if let Some(pair) = entries.windows(2).find(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1)) {
            let (row, column, got) = pair[1];
            return Err(ErrorKind::Entry { row, column, expected: "one entry for each place", got }.into());
        }
        let mut rows = Csr::with_width(units);
        let mut rest = entries.as_slice();
        for row in 0..nodes.len() {
            let (of_row, others) = rest.split_at(rest.partition_point(|entry| entry.0 == row));
            rows.push_row(of_row.iter().map(|&(_, column, weight)| (column, weight)));
            rest = others;
        }
        Self::new(nodes, rows)
    }

    /// Reads S from CSV: a header line whose first field names the column of node names (whatever it is called) and whose
    /// others are the names of the units; then a row for each node, in any order, with its weights.
    ///
    /// The units' own rows must be there, under the names of the header. Without levels there are two, `aggregate` and
    /// `unit`, nodes in the order of the rows, units in that of the header.
    ///
    /// ```
    /// use granular::SummingMatrix;
    ///
    /// let csv = "unique_id,b,a\na,0,1\nT,1,1\nb,1,0\n";
    /// assert_eq!(SummingMatrix::read(csv.as_bytes())?.build()?.nodes(), ["T", "b", "a"]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::EmptyTable`] without header, rows or units; [`ErrorKind::DuplicateColumn`],
    /// [`ErrorKind::Ragged`], [`ErrorKind::MissingValue`], [`ErrorKind::NotANumber`] name row and column;
    /// [`ErrorKind::TwiceListed`] for a node with two rows; [`ErrorKind::UnitRow`] for a unit without a row;
    /// [`ErrorKind::Csv`].
    pub fn read(source: impl Read) -> Result<Self> {
        let (nodes, units, rows) = files::read_summing(source)?;
        let mut new = Self::new(nodes, rows)?;
        new.units = Some(units);
        Ok(new)
    }

    fn new<N: Into<String>>(nodes: impl IntoIterator<Item = N>, rows: Csr) -> Result<Self> {
        let nodes: Vec<String> = nodes.into_iter().map(Into::into).collect();
        expect_extent("names of the rows of S", "names", rows.height(), nodes.len())?;
        if nodes.is_empty() {
            return Err(ErrorKind::Empty { what: "rows of S" }.into());
        }
        if rows.width() == 0 {
            return Err(ErrorKind::Empty { what: "columns of S" }.into());
        }
        Ok(Self { nodes, units: None, rows, levels: Vec::new(), allow_empty: false })
    }

    /// Adds a level of the next `nodes` rows, coarse levels first; the last one added holds the units.
    #[must_use]
    pub fn level(mut self, name: &str, nodes: usize) -> Self {
        self.levels.push((name.to_owned(), Members::Next(nodes)));
        self
    }

    /// Adds a level of the rows with these names, in the order of the names; coarse levels first.
    ///
    /// ```
    /// use granular::SummingMatrix;
    ///
    /// let csv = "unique_id,a,b\na,1,0\nb,0,1\nT,1,1\n";
    /// let h = SummingMatrix::read(csv.as_bytes())?
    ///     .level_of("Total", ["T"])
    ///     .level_of("Unit", ["b", "a"])
    ///     .build()?;
    /// assert_eq!(h.nodes(), ["T", "b", "a"]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    #[must_use]
    pub fn level_of<V: Into<String>>(mut self, name: &str, nodes: impl IntoIterator<Item = V>) -> Self {
        let nodes = nodes.into_iter().map(Into::into).collect();
        self.levels.push((name.to_owned(), Members::Named(nodes)));
        self
    }

    /// Takes rows without entries as groups without members.
    #[must_use]
    pub fn allow_empty(mut self) -> Self {
        self.allow_empty = true;
        self
    }

    /// Checks levels and rows and builds the hierarchy, in time proportional to the entries of S.
    ///
    /// # Errors
    /// - [`ErrorKind::Levels`] when the levels together have another number of nodes than S has rows;
    ///   [`ErrorKind::DuplicateLevel`]; [`ErrorKind::Empty`] for a level without nodes.
    /// - [`ErrorKind::UnknownNode`] for a name that no row has, with near names; [`ErrorKind::RepeatedNode`] for a name that
    ///   two rows of a level have; [`ErrorKind::TwiceListed`] for a row that is named again.
    /// - [`ErrorKind::UnitRow`] when a row of the last level is no row of the identity, or one that another has.
    /// - [`ErrorKind::NoMembers`] for a row without entries, unless [`SummingMatrix::allow_empty`] lets it be.
    pub fn build(self) -> Result<Hierarchy> {
        let levels = self.rows_of_levels()?;
        let units = self.columns_of_units(&levels)?;
        let mut unit_of = vec![0; units.len()];
        for (unit, &column) in units.iter().enumerate() {
            unit_of[column] = unit;
        }
        let mut s = Csr::with_width(units.len());
        let mut names = Vec::with_capacity(self.nodes.len());
        let mut entries: Vec<(usize, f64)> = Vec::new();
        for (level, rows) in &levels {
            for &row in rows {
                entries.clear();
                entries.extend(self.rows.row(row).map(|(column, weight)| (unit_of[column], weight)));
                entries.sort_unstable_by_key(|&(unit, _)| unit);
                if entries.is_empty() && !self.allow_empty {
                    let (level, node) = (level.clone(), self.nodes[row].clone());
                    return Err(ErrorKind::NoMembers { level, node }.into());
                }
                s.push_row(entries.iter().copied());
                names.push(self.nodes[row].clone());
            }
        }
        let levels = levels.into_iter().map(|(name, rows)| (name, rows.len())).collect();
        Ok(Hierarchy::from_summing(levels, names, s))
    }

    /// The rows of each level, each row in one level.
    fn rows_of_levels(&self) -> Result<Vec<(String, Vec<usize>)>> {
        if self.levels.is_empty() {
            return self.two_levels();
        }
        let mut levels: Vec<(String, Vec<usize>)> = Vec::with_capacity(self.levels.len());
        let mut next = 0_usize;
        // Only ever asked by name, never walked: its order cannot reach a result.
        let mut rows_named: HashMap<&str, Vec<usize>> = HashMap::new();
        if self.levels.iter().any(|(_, members)| matches!(members, Members::Named(_))) {
            for (row, node) in self.nodes.iter().enumerate() {
                rows_named.entry(node).or_default().push(row);
            }
        }
        for (name, members) in &self.levels {
            if levels.iter().any(|(other, _)| other == name) {
                return Err(ErrorKind::DuplicateLevel { level: name.clone() }.into());
            }
            let rows: Vec<usize> = match members {
                Members::Next(count) => {
                    let rows = next..next.saturating_add(*count).min(self.nodes.len());
                    if rows.len() < *count {
                        return Err(self.other_sizes());
                    }
                    next = rows.end;
                    rows.collect()
                }
                Members::Named(names) => {
                    names.iter().map(|node| self.row_named(&rows_named, name, node)).collect::<Result<_>>()?
                }
            };
            if rows.is_empty() {
                return Err(ErrorKind::Empty { what: "nodes of a level" }.into());
            }
            levels.push((name.clone(), rows));
        }
        self.check_levels(&levels)?;
        Ok(levels)
    }

    fn row_named(&self, rows: &HashMap<&str, Vec<usize>>, level: &str, node: &str) -> Result<usize> {
        match rows.get(node).map(Vec::as_slice) {
            Some(&[row]) => Ok(row),
            Some(rows) => {
                let (level, node, first, second) = (level.to_owned(), node.to_owned(), rows[0], rows[1]);
                Err(ErrorKind::RepeatedNode { level, node, first, second }.into())
            }
            None => {
                let near = super::lookup::near(node, &self.nodes);
                let (node, level) = (node.to_owned(), Some(level.to_owned()));
                Err(ErrorKind::UnknownNode { node, level, near }.into())
            }
        }
    }

    /// Each row is in one level, and no level has a name twice.
    fn check_levels(&self, levels: &[(String, Vec<usize>)]) -> Result<()> {
        let mut seen: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut place = 0;
        for (level, rows) in levels {
            let mut named: HashMap<&str, usize> = HashMap::with_capacity(rows.len());
            for &row in rows {
                let node = || self.nodes[row].clone();
                if let Some(first) = seen[row].replace(place) {
                    return Err(ErrorKind::TwiceListed { node: node(), first, second: place }.into());
                }
                if let Some(first) = named.insert(self.nodes[row].as_str(), row) {
                    let level = level.clone();
                    return Err(ErrorKind::RepeatedNode { level, node: node(), first, second: row }.into());
                }
                place += 1;
            }
        }
        if place == self.nodes.len() { Ok(()) } else { Err(self.other_sizes()) }
    }

    fn other_sizes(&self) -> crate::Error {
        let size = |(_, members): &(String, Members)| match members {
            Members::Next(count) => *count,
            Members::Named(names) => names.len(),
        };
        let got = self.levels.iter().map(size).fold(0, usize::saturating_add);
        ErrorKind::Levels { expected: self.nodes.len(), got }.into()
    }

    /// The levels of a matrix that comes without: its last m rows, or the rows named like its columns, are the units.
    fn two_levels(&self) -> Result<Vec<(String, Vec<usize>)>> {
        let (n, m) = (self.nodes.len(), self.rows.width());
        if n < m {
            let (expected, got) = (m, n);
            return Err(ErrorKind::Shape { what: "S", axis: "rows at least", expected, got }.into());
        }
        let mut is_unit = vec![false; n];
        let units: Vec<usize> = match &self.units {
            None => (n - m..n).collect(),
            Some(units) => {
                let row_of: HashMap<&str, usize> =
                    self.nodes.iter().enumerate().map(|(row, node)| (node.as_str(), row)).collect();
                let mut rows = Vec::with_capacity(m);
                for unit in units {
                    let Some(&row) = row_of.get(unit.as_str()) else {
                        let (node, got) = (unit.clone(), "none".to_owned());
                        return Err(ErrorKind::UnitRow { node, expected: "a row", got }.into());
                    };
                    rows.push(row);
                }
                rows
            }
        };
        units.iter().for_each(|&row| is_unit[row] = true);
        let above: Vec<usize> = (0..n).filter(|&row| !is_unit[row]).collect();
        let mut levels = vec![("unit".to_owned(), units)];
        if !above.is_empty() {
            levels.insert(0, ("aggregate".to_owned(), above));
        }
        self.check_levels(&levels)?;
        Ok(levels)
    }

    /// The column of each unit, once the rows of the last level are those of the identity.
    fn columns_of_units(&self, levels: &[(String, Vec<usize>)]) -> Result<Vec<usize>> {
        let (_, rows) = levels.last().expect("there is a level");
        let mut holder: Vec<Option<usize>> = vec![None; self.rows.width()];
        let mut columns = Vec::with_capacity(rows.len());
        for &row in rows {
            let refused = |expected: &'static str, got: String| ErrorKind::UnitRow {
                node: self.nodes[row].clone(),
                expected,
                got,
            };
            let mut entries = self.rows.row(row).filter(|(_, weight)| *weight != 0.0);
            let (column, count) = match (entries.next(), entries.count()) {
                (Some((column, 1.0)), 0) => (column, 1),
                (Some((_, weight)), 0) => return Err(refused("a single 1", weight.to_string()).into()),
                (first, rest) => {
                    let count = rest + usize::from(first.is_some());
                    return Err(refused("a single 1", format!("{count} entries")).into());
                }
            };
            debug_assert_eq!(count, 1);
            if let Some(first) = holder[column].replace(row) {
                let got = format!("the column of `{}`", self.nodes[first]);
                return Err(refused("a column of its own", got).into());
            }
            if let Some(name) =
                self.units.as_ref().map(|units| &units[column]).filter(|name| **name != self.nodes[row])
            {
                return Err(refused("the column of its name", format!("`{name}`")).into());
            }
            columns.push(column);
        }
        if columns.len() < holder.len() {
            let column = holder.iter().position(Option::is_none).expect("fewer rows than columns");
            let node = match &self.units {
                Some(units) => units[column].clone(),
                None => format!("column {column}"),
            };
            return Err(
                ErrorKind::UnitRow { node, expected: "a row in the last level", got: "none".into() }.into()
            );
        }
        Ok(columns)
    }
}
