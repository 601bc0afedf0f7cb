//! Wide tables from CSV: key columns that name the rows, and columns of numbers.

use std::collections::HashSet;
use std::io::Read;

use csv::StringRecord;
use tensor::ndarray::{Array2, ArrayView2};

use crate::error::{Error, ErrorKind, Result};

/// A wide table: some columns are keys, all others are numbers, one row for each unit.
///
/// ```
/// use granular::{Hierarchy, Table};
///
/// let csv = "country,shop,2023,2024\nAT,Graz,1,2\nAT,Linz,3,4\nCH,Bern,5,6\n";
/// let table = Table::read(csv.as_bytes(), &["country", "shop"])?;
/// assert_eq!(table.columns(), ["2023", "2024"]);
/// let shops = Hierarchy::grouped()
///     .key("country", table.key("country")?)
///     .key("shop", table.key("shop")?)
///     .level("Country", &["country"])
///     .level("Shop", &["country", "shop"])
///     .build()?;
/// let sales = shops.integrate(table.values())?;
/// assert_eq!(sales.node("AT")?.to_vec(), [4.0, 6.0]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    keys: Vec<(String, Vec<String>)>,
    columns: Vec<String>,
    values: Array2<f64>,
}

impl Table {
    /// Reads CSV (UTF-8, comma, a header line) in which `keys` name columns; every other column must hold numbers.
    ///
    /// # Errors
    /// [`ErrorKind::EmptyTable`] without header, rows or value columns; [`ErrorKind::DuplicateColumn`];
    /// [`ErrorKind::UnknownKey`]; [`ErrorKind::Ragged`]; [`ErrorKind::MissingValue`] for an empty field;
    /// [`ErrorKind::NotANumber`] for a value that is no finite number; [`ErrorKind::Csv`] when the bytes cannot be read
    /// as CSV.
    pub fn read(source: impl Read, keys: &[&str]) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let header = header(reader.headers().map_err(csv_error)?);
        let layout = Layout::new(&header, keys)?;
        let mut table = Columns { keys: vec![Vec::new(); keys.len()], values: Vec::new() };
        let mut rows = 0;
        for record in reader.records() {
            rows += 1;
            table.push(&layout, rows, &record.map_err(csv_error)?)?;
        }
        if rows == 0 {
            return Err(ErrorKind::EmptyTable { what: "rows" }.into());
        }
        Ok(table.finish(&layout, keys))
    }

    /// The values of a key column, one for each row.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownKey`] lists the keys there are.
    pub fn key(&self, name: &str) -> Result<&[String]> {
        let found = self.keys.iter().find(|(key, _)| key == name);
        let known = || self.keys.iter().map(|(key, _)| key.clone()).collect();
        found
            .map(|(_, values)| values.as_slice())
            .ok_or_else(|| ErrorKind::UnknownKey { key: name.to_owned(), known: known() }.into())
    }

    /// The names of the value columns, in the order of the file.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The numbers, rows × value columns.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }
}

/// Where the keys and the values stand in a record.
struct Layout<'h> {
    header: &'h [String],
    keys: Vec<usize>,
    values: Vec<usize>,
}

impl<'h> Layout<'h> {
    fn new(header: &'h [String], keys: &[&str]) -> Result<Self> {
        if header.is_empty() {
            return Err(ErrorKind::EmptyTable { what: "header" }.into());
        }
        let mut seen = HashSet::new();
        if let Some(column) = header.iter().find(|column| !seen.insert(column.as_str())) {
            return Err(ErrorKind::DuplicateColumn { column: column.clone() }.into());
        }
        let mut positions = Vec::with_capacity(keys.len());
        for (i, &key) in keys.iter().enumerate() {
            if keys[..i].contains(&key) {
                return Err(ErrorKind::DuplicateKey { key: key.to_owned() }.into());
            }
            let unknown = || ErrorKind::UnknownKey { key: key.to_owned(), known: header.to_vec() };
            positions.push(header.iter().position(|column| column == key).ok_or_else(unknown)?);
        }
        let values: Vec<usize> = (0..header.len()).filter(|c| !positions.contains(c)).collect();
        if values.is_empty() {
            return Err(ErrorKind::EmptyTable { what: "value columns" }.into());
        }
        Ok(Self { header, keys: positions, values })
    }
}

/// What was read so far.
struct Columns {
    keys: Vec<Vec<String>>,
    values: Vec<f64>,
}

impl Columns {
    fn push(&mut self, layout: &Layout<'_>, row: usize, record: &StringRecord) -> Result<()> {
        let (expected, got) = (layout.header.len(), record.len());
        if got != expected {
            return Err(ErrorKind::Ragged { row, expected, got }.into());
        }
        let field = |column: usize| {
            let text = record[column].trim();
            let missing = || ErrorKind::MissingValue { row, column: layout.header[column].clone() };
            if text.is_empty() { Err(Error::from(missing())) } else { Ok(text) }
        };
        for (values, &column) in self.keys.iter_mut().zip(&layout.keys) {
            values.push(field(column)?.to_owned());
        }
        for &column in &layout.values {
            let text = field(column)?;
            let value = text.parse().ok().filter(|value: &f64| value.is_finite());
            let refused = || {
                let (column, text) = (layout.header[column].clone(), text.to_owned());
                ErrorKind::NotANumber { row, column, text }
            };
            self.values.push(value.ok_or_else(refused)?);
        }
        Ok(())
    }
}

impl Columns {
    fn finish(self, layout: &Layout<'_>, keys: &[&str]) -> Table {
        let columns: Vec<String> = layout.values.iter().map(|&c| layout.header[c].clone()).collect();
        let shape = (self.values.len() / columns.len(), columns.len());
        let values =
            Array2::from_shape_vec(shape, self.values).expect("every row has a value in every column");
        let keys = keys.iter().map(|&key| key.to_owned()).zip(self.keys).collect();
        Table { keys, columns, values }
    }
}

/// Column names without surrounding space and without the byte order mark that spreadsheets write.
pub(crate) fn header(record: &StringRecord) -> Vec<String> {
    record.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect()
}

pub(crate) fn csv_error(source: csv::Error) -> Error {
    ErrorKind::Csv { source }.into()
}
