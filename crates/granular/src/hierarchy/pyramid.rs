//! Pyramids: windows over a sequence and blocks over a grid, apart or overlapping.

use super::Hierarchy;
use crate::error::{ErrorKind, Result};
use crate::sparse::Csr;

/// How windows lie over a row of cells: windows of `size` consecutive cells, a new one every `stride` cells: beside each other when both are equal,
/// overlapping when the stride is smaller, with gaps when it is larger.
///
/// ```
/// use granular::Span;
///
/// assert_eq!(Span::new(4), Span { size: 4, stride: 4 });
/// assert_eq!(Span::new(4).every(2), Span { size: 4, stride: 2 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The number of cells in a window, at least 1.
    pub size: usize,
    /// From the start of a window to that of the next, at least 1.
    pub stride: usize,
}

impl Span {
    /// Windows beside each other.
    #[must_use]
    pub fn new(size: usize) -> Self {
        Self { size, stride: size }
    }

    /// The same windows, a new one every `stride` cells.
    #[must_use]
    pub fn every(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// The number of windows in `cells`, if the last one ends with the last cell.
    fn count(self, cells: usize) -> Option<usize> {
        let beyond_first = cells.checked_sub(self.size)?;
        let fits = self.size > 0 && self.stride > 0 && beyond_first.is_multiple_of(self.stride);
        fits.then(|| beyond_first / self.stride + 1)
    }

    fn is_cell(self) -> bool {
        self == Self::new(1)
    }
}

impl From<usize> for Span {
    fn from(size: usize) -> Self {
        Self::new(size)
    }
}

/// Blocks of a grid: windows over its rows and over its columns. A number makes squares.
///
/// ```
/// use granular::{Block, Span};
///
/// assert_eq!(Block::from(2), Block { rows: Span::new(2), columns: Span::new(2) });
/// assert_eq!(Block::from((2, 4)), Block { rows: Span::new(2), columns: Span::new(4) });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The windows over the rows of the grid.
    pub rows: Span,
    /// The windows over its columns.
    pub columns: Span,
}

impl Block {
    /// The same blocks, a new one every so many rows and columns.
    #[must_use]
    pub fn every(self, rows: usize, columns: usize) -> Self {
        Self { rows: self.rows.every(rows), columns: self.columns.every(columns) }
    }
}

impl From<usize> for Block {
    fn from(size: usize) -> Self {
        Self::from((size, size))
    }
}

impl From<(usize, usize)> for Block {
    fn from((rows, columns): (usize, usize)) -> Self {
        Self { rows: rows.into(), columns: columns.into() }
    }
}

impl Hierarchy {
    /// Levels of windows over a sequence of `cells` cells: (level, window), coarse ones first, the last with windows of
    /// one cell.
    ///
    /// Span i is named `level[i]` and adds up the cells `i·stride .. i·stride + size`; the last one ends with the last
    /// cell. Overlapping windows count a cell once in each. [`Hierarchy::aggregated_by`] makes means of the sums.
    ///
    /// ```
    /// use granular::ndarray::array;
    /// use granular::{Hierarchy, Span};
    ///
    /// let windows = [("all", Span::new(4)), ("pair", Span::new(2).every(1)), ("cell", Span::new(1))];
    /// let h = Hierarchy::pyramid_1d(4, windows)?;
    /// let y = h.integrate(array![[1.0], [2.0], [3.0], [4.0]].view())?;
    /// assert_eq!(y.level("pair")?, array![[3.0], [5.0], [7.0]]);
    /// assert_eq!(y.node("all[0]")?, array![10.0]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] without cells or levels; [`ErrorKind::Windows`] for windows that do not end with the last
    /// cell, or of size or stride 0; [`ErrorKind::FinestOrder`] when the last level's are not the single cells;
    /// [`ErrorKind::DuplicateLevel`].
    pub fn pyramid_1d<'l, W: Into<Span>>(
        cells: usize,
        levels: impl IntoIterator<Item = (&'l str, W)>,
    ) -> Result<Self> {
        let level = |(name, window): (&'l str, W)| (name, window.into());
        let levels: Vec<(&str, Span)> = levels.into_iter().map(level).collect();
        check(cells, levels.iter().map(|&(name, window)| (name, [window].to_vec())))?;
        let (mut sizes, mut names, mut s) = (Vec::new(), Vec::new(), Csr::with_width(cells));
        for (name, window) in levels {
            let windows = counted(name, window, cells, "cells")?;
            for i in 0..windows {
                names.push(format!("{name}[{i}]"));
                s.push_row((i * window.stride..i * window.stride + window.size).map(|cell| (cell, 1.0)));
            }
            sizes.push((name.to_owned(), windows));
        }
        Ok(Self::from_summing(sizes, names, s))
    }

    /// Levels of blocks over a grid of `rows` × `columns` cells: (level, block), coarse ones first, the last with blocks
    /// of one cell.
    ///
    /// The cells are the finest units, row by row. Block (i, j) is named `level[i,j]`. An image of 8 × 8 pixels as
    /// image, 4 × 4 blocks, 2 × 2 blocks and pixels, all of them means:
    ///
    /// ```
    /// use granular::ndarray::Array2;
    /// use granular::{Aggregator, Hierarchy};
    ///
    /// let h = Hierarchy::pyramid_2d(8, 8, [("image", 8), ("quarter", 4), ("block", 2), ("pixel", 1)])?;
    /// assert_eq!((h.len(), h.finest_len()), (1 + 4 + 16 + 64, 64));
    /// let block = h.node("block[1,2]")?;
    /// let pixels: Vec<usize> = h.members(block).map(|(pixel, _)| pixel).collect();
    /// // Rows 2 and 3, columns 4 and 5.
    /// assert_eq!(pixels, [2 * 8 + 4, 2 * 8 + 5, 3 * 8 + 4, 3 * 8 + 5]);
    /// let grey = h.aggregated_by(&Aggregator::Mean)?.integrate(Array2::ones((64, 1)).view())?;
    /// assert_eq!(grey.node("image[0,0]")?.to_vec(), [1.0]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Hierarchy::pyramid_1d`].
    pub fn pyramid_2d<'l, B: Into<Block>>(
        rows: usize,
        columns: usize,
        levels: impl IntoIterator<Item = (&'l str, B)>,
    ) -> Result<Self> {
        let level = |(name, block): (&'l str, B)| (name, block.into());
        let levels: Vec<(&str, Block)> = levels.into_iter().map(level).collect();
        let cells = rows.checked_mul(columns).ok_or(ErrorKind::Shape {
            what: "grid",
            axis: "rows",
            expected: usize::MAX,
            got: rows,
        })?;
        check(cells, levels.iter().map(|&(name, block)| (name, [block.rows, block.columns].to_vec())))?;
        let (mut sizes, mut names, mut s) = (Vec::new(), Vec::new(), Csr::with_width(cells));
        for (name, block) in levels {
            let down = counted(name, block.rows, rows, "rows")?;
            let across = counted(name, block.columns, columns, "columns")?;
            for i in 0..down {
                for j in 0..across {
                    names.push(format!("{name}[{i},{j}]"));
                    let (top, left) = (i * block.rows.stride, j * block.columns.stride);
                    let row = |r: usize| (left..left + block.columns.size).map(move |c| r * columns + c);
                    let members = (top..top + block.rows.size).flat_map(row);
                    s.push_row(members.map(|cell| (cell, 1.0)));
                }
            }
            sizes.push((name.to_owned(), down * across));
        }
        Ok(Self::from_summing(sizes, names, s))
    }
}

fn counted(level: &str, window: Span, cells: usize, of: &'static str) -> Result<usize> {
    let Span { size, stride } = window;
    let refused = || ErrorKind::Windows { level: level.to_owned(), size, stride, cells, of };
    Ok(window.count(cells).ok_or_else(refused)?)
}

/// There are cells and levels, named apart, and the last ones are the cells.
fn check<'l>(cells: usize, levels: impl Iterator<Item = (&'l str, Vec<Span>)>) -> Result<()> {
    if cells == 0 {
        return Err(ErrorKind::Empty { what: "cells" }.into());
    }
    let levels: Vec<(&str, Vec<Span>)> = levels.collect();
    let (finest, windows) = levels.last().ok_or(ErrorKind::Empty { what: "levels" })?;
    if let Some(window) = windows.iter().find(|window| !window.is_cell()) {
        let order = if window.size == 1 { window.stride } else { window.size };
        return Err(ErrorKind::FinestOrder { level: (*finest).to_owned(), order }.into());
    }
    match (1..levels.len()).find(|&i| levels[..i].iter().any(|(name, _)| *name == levels[i].0)) {
        None => Ok(()),
        Some(i) => Err(ErrorKind::DuplicateLevel { level: levels[i].0.to_owned() }.into()),
    }
}
