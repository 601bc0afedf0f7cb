//! Windows over a long series, seen at every level: as views, or observation by observation.

use tensor::ndarray::{Array2, ArrayView2, aview1};

use crate::arrays::{expect_extent, rows};
use crate::coherent::Coherent;
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::model::at_least_one;

impl Hierarchy {
    /// The windows of a series (T × d: one row for each time, d channels), m rows each, `stride` rows apart: views of
    /// the series, no copies.
    ///
    /// A window goes into [`Hierarchy::integrate`] for its sums at every level, or into [`Windows::means`] for features;
    /// either is made for one window at a time.
    ///
    /// ```
    /// use granular::Hierarchy;
    /// use tensor::ndarray::array;
    ///
    /// let four = Hierarchy::temporal(4, &[("all", 4), ("pair", 2), ("one", 1)])?;
    /// let series = array![[1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0]];
    /// let windows = four.windows(series.view(), 2)?;
    /// assert_eq!(windows.len(), 2, "the last row is in none");
    /// let sums = windows.map(|window| Ok(four.integrate(window)?.node("all[0]")?[0]));
    /// assert_eq!(sums.collect::<granular::Result<Vec<f64>>>()?, [10.0, 18.0]);
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a stride of 0. A series shorter than m has no windows, which is no error.
    pub fn windows<'a>(&self, series: ArrayView2<'a, f64>, stride: usize) -> Result<Windows<'a>> {
        at_least_one("stride", stride)?;
        Ok(Windows { hierarchy: self.clone(), series, stride, next: 0 })
    }

    /// Takes observations of `channels` numbers one by one, and integrates a window of m whenever one is complete:
    /// the first after m observations, then one after every `stride`.
    ///
    /// # Errors
    /// [`ErrorKind::Parameter`] for a stride or a number of channels of 0.
    pub fn stream(&self, channels: usize, stride: usize) -> Result<WindowStream> {
        at_least_one("channels", channels)?;
        at_least_one("stride", stride)?;
        let width = self.finest_len();
        Ok(WindowStream {
            hierarchy: self.clone(),
            channels,
            stride,
            ring: vec![0.0; width * channels],
            oldest: 0,
            missing: width,
            seen: 0,
        })
    }
}

/// The windows of [`Hierarchy::windows`], from the first to the last that is whole.
///
/// It holds no numbers itself, only a view of the series.
#[derive(Debug, Clone)]
pub struct Windows<'a> {
    hierarchy: Hierarchy,
    series: ArrayView2<'a, f64>,
    stride: usize,
    next: usize,
}

impl<'a> Windows<'a> {
    /// The means at every node (n × d) of window after window: what the series looks like there, at every scale.
    ///
    /// Memory: the numbers of one window, n · d, however long the series is.
    ///
    /// # Errors
    /// Each item as [`Hierarchy::average`].
    pub fn means(self) -> impl Iterator<Item = Result<Array2<f64>>> + 'a {
        let hierarchy = self.hierarchy.clone();
        self.map(move |window| hierarchy.average(window))
    }

    /// The same as a table for a classifier: windows × (n · d), the node's channels side by side.
    ///
    /// Memory: the table, and the numbers of one window.
    ///
    /// ```
    /// use granular::Hierarchy;
    /// use tensor::ndarray::array;
    ///
    /// let two = Hierarchy::temporal(2, &[("all", 2), ("one", 1)])?;
    /// let series = array![[1.0, 10.0], [3.0, 30.0], [5.0, 10.0]];
    /// assert_eq!(
    ///     two.windows(series.view(), 1)?.table()?,
    ///     array![[2.0, 20.0, 1.0, 10.0, 3.0, 30.0], [4.0, 20.0, 3.0, 30.0, 5.0, 10.0]]
    /// );
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Hierarchy::average`].
    pub fn table(self) -> Result<Array2<f64>> {
        let (count, width) = (self.len(), self.hierarchy.len() * self.series.ncols());
        let mut table = Array2::zeros((count, width));
        for (mut row, means) in table.rows_mut().into_iter().zip(self.means()) {
            for (to, from) in row.iter_mut().zip(means?) {
                *to = from;
            }
        }
        Ok(table)
    }
}

impl<'a> Iterator for Windows<'a> {
    type Item = ArrayView2<'a, f64>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.next;
        let end = start.checked_add(self.hierarchy.finest_len()).filter(|&end| end <= self.series.nrows())?;
        self.next = start.saturating_add(self.stride);
        Some(rows(self.series, start..end))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let last = self.series.nrows().checked_sub(self.hierarchy.finest_len());
        let left = last.and_then(|last| last.checked_sub(self.next));
        let count = left.map_or(0, |left| left / self.stride + 1);
        (count, Some(count))
    }
}

impl ExactSizeIterator for Windows<'_> {}

/// Windows of a series that comes observation by observation: [`Hierarchy::stream`].
///
/// Memory: m · d numbers, and the n · d of a window that is handed out; neither grows with the series, nor do windows that
/// overlap hold theirs twice.
///
/// ```
/// use granular::Hierarchy;
///
/// let two = Hierarchy::temporal(2, &[("all", 2), ("one", 1)])?;
/// let mut stream = two.stream(1, 1)?;
/// assert!(stream.push(&[1.0])?.is_none());
/// let window = stream.push(&[2.0])?.expect("two observations make a window");
/// assert_eq!(window.node("all[0]")?[0], 3.0);
/// let window = stream.push(&[5.0])?.expect("with a stride of 1 each further one does");
/// assert_eq!(window.node("all[0]")?[0], 7.0);
/// // As features: the mean at every node.
/// assert_eq!(two.average(window.finest())?.column(0).to_vec(), [3.5, 2.0, 5.0]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct WindowStream {
    hierarchy: Hierarchy,
    channels: usize,
    stride: usize,
    /// The last m observations, the oldest of them at `oldest`.
    ring: Vec<f64>,
    oldest: usize,
    /// Observations to come before the next window is complete.
    missing: usize,
    seen: usize,
}

impl WindowStream {
    /// Takes one observation (d numbers), and returns the window it completes, if it does.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for another number of channels and [`ErrorKind::NotFiniteCell`] for a value that is NaN or
    /// infinite, named by the row of the series: the stream is as before then. [`ErrorKind::NotFinite`] when the sums of
    /// a window overflow: that window alone is lost.
    pub fn push(&mut self, observation: &[f64]) -> Result<Option<Coherent>> {
        expect_extent("observation", "channels", self.channels, observation.len())?;
        if let Some((column, &value)) = observation.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(ErrorKind::NotFiniteCell { what: "series", row: self.seen, column, value }.into());
        }
        let start = self.oldest * self.channels;
        self.ring[start..start + self.channels].copy_from_slice(observation);
        let width = self.hierarchy.finest_len();
        self.oldest = (self.oldest + 1) % width;
        self.seen += 1;
        self.missing -= 1;
        if self.missing > 0 {
            return Ok(None);
        }
        self.missing = self.stride;
        self.ring.rotate_left(self.oldest * self.channels);
        self.oldest = 0;
        let flat = aview1(&self.ring);
        match flat.into_shape_with_order((width, self.channels)) {
            Ok(window) => self.hierarchy.coherent_from(window).map(Some),
            Err(_) => unreachable!("the ring holds m · d numbers"),
        }
    }

    /// How many observations it has taken.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Forgets all observations, as after a gap in the series.
    pub fn reset(&mut self) {
        self.oldest = 0;
        self.missing = self.hierarchy.finest_len();
        self.seen = 0;
    }
}
