//! Writing forecasts as CSV.

use std::io::Write;
use std::path::Path;

use crate::coherent::Coherent;
use crate::error::Result;
use crate::files::save_whole;
use crate::table::csv_error;

impl Coherent {
    /// Writes CSV with the columns `level,node,h1,…,hk`, one row for each node, level by level.
    ///
    /// Numbers are written with the fewest digits that read back to the same bits.
    ///
    /// ```
    /// # use granular::Hierarchy;
    /// # use tensor::ndarray::array;
    /// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
    /// let sales = year.integrate(array![[1.5, 2.0], [1.0, 3.0]].view())?;
    /// let mut csv = Vec::new();
    /// sales.write_csv(&mut csv)?;
    /// assert_eq!(
    ///     String::from_utf8_lossy(&csv),
    ///     "level,node,h1,h2\nyear,year[0],2.5,5\nhalf,half[0],1.5,2\nhalf,half[1],1,3\n"
    /// );
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Csv`](crate::ErrorKind::Csv) when the bytes cannot be written.
    pub fn write_csv(&self, to: impl Write) -> Result<()> {
        let mut writer = csv::Writer::from_writer(to);
        let steps = (1..=self.columns()).map(|h| format!("h{h}"));
        let header = ["level", "node"].map(str::to_owned).into_iter().chain(steps);
        writer.write_record(header).map_err(csv_error)?;
        for level in self.hierarchy().levels() {
            for (node, name) in level.range().zip(level.nodes()) {
                let values = self.all().row(node).to_vec();
                let names = [level.name().to_owned(), name.clone()];
                let record = names.into_iter().chain(values.iter().map(f64::to_string));
                writer.write_record(record).map_err(csv_error)?;
            }
        }
        writer.flush().map_err(|error| csv_error(error.into()))
    }

    /// Writes the CSV of [`Coherent::write_csv`] to a file, whole or not at all.
    ///
    /// It is written beside the file under the name with `.tmp` appended, then renamed: a reader never sees half of it,
    /// and an older file stays when writing fails.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File) names the path.
    pub fn save_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        save_whole(path.as_ref(), |file| self.write_csv(file))
    }
}
