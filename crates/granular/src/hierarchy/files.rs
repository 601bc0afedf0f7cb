//! Structures in CSV files: parent lists and summing matrices.

use std::collections::HashMap;
use std::io::{Read, Write};

use csv::StringRecord;

use super::Hierarchy;
use crate::error::{ErrorKind, Result};
use crate::sparse::Csr;
use crate::table::{csv_error, header};

/// A CSV file with a header line, read record by record.
struct Lines<R> {
    reader: csv::Reader<R>,
    header: Vec<String>,
    record: StringRecord,
    /// Rows count from 1 after the header.
    row: usize,
}

impl<R: Read> Lines<R> {
    fn new(source: R) -> Result<Self> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let header = header(reader.headers().map_err(csv_error)?);
        if header.is_empty() {
            return Err(ErrorKind::EmptyTable { what: "header" }.into());
        }
        let mut seen: HashMap<&str, ()> = HashMap::with_capacity(header.len());
        if let Some(column) = header.iter().find(|column| seen.insert(column, ()).is_some()) {
            return Err(ErrorKind::DuplicateColumn { column: column.clone() }.into());
        }
        Ok(Self { reader, header, record: StringRecord::new(), row: 0 })
    }

    fn column(&self, name: &str) -> Result<usize> {
        let unknown = || ErrorKind::UnknownKey { key: name.to_owned(), known: self.header.clone() };
        Ok(self.header.iter().position(|column| column == name).ok_or_else(unknown)?)
    }

    /// Whether there is a next record, of as many fields as the header; an error if it has more or fewer.
    fn next(&mut self) -> Result<bool> {
        if !self.reader.read_record(&mut self.record).map_err(csv_error)? {
            return if self.row == 0 {
                Err(ErrorKind::EmptyTable { what: "rows" }.into())
            } else {
                Ok(false)
            };
        }
        self.row += 1;
        let (expected, got) = (self.header.len(), self.record.len());
        if got != expected {
            return Err(ErrorKind::Ragged { row: self.row, expected, got }.into());
        }
        Ok(true)
    }

    fn text(&self, column: usize) -> Result<&str> {
        let text = self.record[column].trim();
        let missing = || ErrorKind::MissingValue { row: self.row, column: self.header[column].clone() };
        if text.is_empty() { Err(missing().into()) } else { Ok(text) }
    }

    fn number(&self, column: usize) -> Result<f64> {
        let text = self.text(column)?;
        let refused = || {
            let (column, text) = (self.header[column].clone(), text.to_owned());
            ErrorKind::NotANumber { row: self.row, column, text }
        };
        Ok(text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(refused)?)
    }
}

/// (node, parent) of each row; a parent may be empty.
pub(super) fn read_pairs(source: impl Read, node: &str, parent: &str) -> Result<Vec<(String, String)>> {
    let mut lines = Lines::new(source)?;
    let (node, parent) = (lines.column(node)?, lines.column(parent)?);
    let mut pairs = Vec::new();
    while lines.next()? {
        pairs.push((lines.text(node)?.to_owned(), lines.record[parent].trim().to_owned()));
    }
    Ok(pairs)
}

/// The names of the rows and columns of S, and its entries.
pub(super) fn read_summing(source: impl Read) -> Result<(Vec<String>, Vec<String>, Csr)> {
    let mut lines = Lines::new(source)?;
    if lines.header.len() == 1 {
        return Err(ErrorKind::EmptyTable { what: "columns of units" }.into());
    }
    let mut rows = Csr::with_width(lines.header.len() - 1);
    let mut row_of: HashMap<String, usize> = HashMap::new();
    let mut nodes = Vec::new();
    let mut entries = Vec::new();
    while lines.next()? {
        let node = lines.text(0)?.to_owned();
        entries.clear();
        for column in 1..lines.header.len() {
            let weight = lines.number(column)?;
            if weight != 0.0 {
                entries.push((column - 1, weight));
            }
        }
        rows.push_row(entries.iter().copied());
        if let Some(first) = row_of.insert(node.clone(), lines.row) {
            return Err(ErrorKind::TwiceListed { node, first, second: lines.row }.into());
        }
        nodes.push(node);
    }
    Ok((nodes, lines.header.split_off(1), rows))
}

/// The header and a row for each node, line by line: memory of one row.
pub(super) fn write_summing(hierarchy: &Hierarchy, to: impl Write) -> Result<()> {
    let mut writer = csv::Writer::from_writer(to);
    let units = hierarchy.finest().nodes().iter().map(String::as_str);
    writer.write_record(std::iter::once("unique_id").chain(units)).map_err(csv_error)?;
    let mut fields = vec![String::new(); hierarchy.finest_len()];
    for (node, name) in hierarchy.nodes().iter().enumerate() {
        fields.fill("0".to_owned());
        for (unit, weight) in hierarchy.members(node) {
            // The shortest text that reads back as the same number.
            fields[unit] = weight.to_string();
        }
        let row = std::iter::once(name.as_str()).chain(fields.iter().map(String::as_str));
        writer.write_record(row).map_err(csv_error)?;
    }
    writer.flush().map_err(|error| csv_error(error.into()))
}
