//! Writing forecasts as CSV.

use std::io::Write;
use std::path::Path;

use crate::coherent::Coherent;
use crate::error::Result;
use crate::files::save_whole;
use crate::table::csv_error;
use crate::uncertainty::Region;

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
        let steps = (1..=self.columns()).map(|h| format!("h{h}")).collect();
        self.write_rows(to, steps, |node| self.all().row(node).to_vec())
    }

    /// Writes CSV with a region around the values: `level,node,h1_lower,h1,h1_upper,…`, one row for each node.
    ///
    /// ```
    /// # use granular::{Hierarchy, Region};
    /// # use tensor::ndarray::array;
    /// let row = Hierarchy::temporal(1, &[("row", 1)])?;
    /// let forecast = row.integrate(array![[5.0]].view())?;
    /// let region = Region { lower: array![[3.5]], upper: array![[6.5]] };
    /// let mut csv = Vec::new();
    /// forecast.write_csv_with(&region, &mut csv)?;
    /// assert_eq!(String::from_utf8_lossy(&csv), "level,node,h1_lower,h1,h1_upper\nrow,row[0],3.5,5,6.5\n");
    /// # Ok::<(), granular::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) when the region is one of other nodes or columns;
    /// [`ErrorKind::Csv`](crate::ErrorKind::Csv) when the bytes cannot be written.
    pub fn write_csv_with(&self, region: &Region, to: impl Write) -> Result<()> {
        // It checks the shapes.
        region.contains(self.all())?;
        let names = |h: usize| [format!("h{h}_lower"), format!("h{h}"), format!("h{h}_upper")];
        let steps = (1..=self.columns()).flat_map(names).collect();
        self.write_rows(to, steps, |node| {
            let bounded =
                |h: usize| [region.lower[[node, h]], self.all()[[node, h]], region.upper[[node, h]]];
            (0..self.columns()).flat_map(bounded).collect()
        })
    }

    /// Writes the CSV of [`Coherent::write_csv_with`] to a file, whole or not at all, as [`Coherent::save_csv`] does.
    ///
    /// # Errors
    /// As [`Coherent::write_csv_with`]; [`ErrorKind::File`](crate::ErrorKind::File) names the path.
    pub fn save_csv_with(&self, region: &Region, path: impl AsRef<Path>) -> Result<()> {
        save_whole(path.as_ref(), |file| self.write_csv_with(region, file))
    }

    fn write_rows(
        &self,
        to: impl Write,
        columns: Vec<String>,
        values: impl Fn(usize) -> Vec<f64>,
    ) -> Result<()> {
        let mut writer = csv::Writer::from_writer(to);
        let header = ["level", "node"].map(str::to_owned).into_iter().chain(columns);
        writer.write_record(header).map_err(csv_error)?;
        for level in self.hierarchy().levels() {
            for (node, name) in level.range().zip(level.nodes()) {
                let names = [level.name().to_owned(), name.clone()];
                let record = names.into_iter().chain(values(node).into_iter().map(|value| value.to_string()));
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
