//! From bytes to fields.

use super::table::{CsvTable, OWNER, refuse};
use crate::{ErrorKind, Result};
use csv::{ErrorKind as CsvErrorKind, ReaderBuilder, StringRecord, Trim};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Whether the first line names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CsvHeader {
    /// It does.
    #[default]
    Names,
    /// It does not: the columns are named `0`, `1`, and so on.
    None,
}

/// How a [`CsvTable`] is read.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `delimiter` | `,` | what stands between fields |
/// | `header` | `Names` | whether the first line names the columns |
/// | `missing` | the empty field | texts that mean a missing field |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvConfig {
    /// What stands between fields.
    pub delimiter: u8,
    /// Whether the first line names the columns.
    pub header: CsvHeader,
    /// Texts that mean a missing field, such as `NA`.
    pub missing: Vec<String>,
}

impl Default for CsvConfig {
    fn default() -> Self {
        Self { delimiter: b',', header: CsvHeader::Names, missing: vec![String::new()] }
    }
}

impl CsvTable {
    /// Reads a file.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`ErrorKind::Data`] for a file that cannot be opened.
    pub fn open(path: impl AsRef<Path>, config: &CsvConfig) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| {
            let (expected, got) = (String::from("a file"), format!("{}: {error}", path.display()));
            ErrorKind::Data { owner: OWNER, expected, got }
        })?;
        Self::read(file, config)
    }

    /// Reads a table: UTF-8, fields with white space around them trimmed, quoted by `"` where needed.
    ///
    /// # Errors
    /// [`ErrorKind::Line`] for a row of another number of fields than the first, two columns of one name, or
    /// bytes that are not UTF-8; [`ErrorKind::Data`] for a source that breaks off, or has no rows.
    pub fn read(mut source: impl Read, config: &CsvConfig) -> Result<Self> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).map_err(|error| {
            let expected = String::from("a readable source");
            ErrorKind::Data { owner: OWNER, expected, got: error.to_string() }
        })?;
        let mut reader = ReaderBuilder::new()
            .delimiter(config.delimiter)
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(&bytes[..]);
        let mut table = CsvTable::default();
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(|error| csv_error(&bytes, &error))? {
            let line = line_of(&bytes, record.position());
            if table.names.is_empty() {
                let is_header = config.header == CsvHeader::Names;
                table.name(line, &record, is_header)?;
                if is_header {
                    continue;
                }
            }
            table.push(line, &record, config)?;
        }
        if table.lines.is_empty() {
            let (expected, got) = (String::from("one row or more"), String::from("none"));
            return Err(ErrorKind::Data { owner: OWNER, expected, got }.into());
        }
        Ok(table)
    }

    /// Names the columns by the first record.
    fn name(&mut self, line: u64, record: &StringRecord, is_header: bool) -> Result<()> {
        for (column, field) in record.iter().enumerate() {
            let name = if is_header { field.to_owned() } else { column.to_string() };
            if let Some(first) = self.names.iter().position(|other| *other == name) {
                let got = format!("`{name}` in columns {first} and {column}");
                return Err(refuse(line, "header", "columns of different names", got));
            }
            self.names.push(name);
            self.fields.push(Vec::new());
        }
        Ok(())
    }

    fn push(&mut self, line: u64, record: &StringRecord, config: &CsvConfig) -> Result<()> {
        if record.len() != self.names.len() {
            let expected = format!("{} fields", self.names.len());
            return Err(refuse(line, "the row", &expected, record.len().to_string()));
        }
        let known = |field: &str| !config.missing.iter().any(|missing| missing == field);
        for (column, field) in self.fields.iter_mut().zip(record) {
            column.push(known(field).then(|| field.to_owned()));
        }
        self.lines.push(line);
        Ok(())
    }
}

/// The line where a record begins; the reader's position is that of empty lines before it, if there are any.
fn line_of(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(bytes.len());
    let blank = bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn csv_error(bytes: &[u8], error: &csv::Error) -> crate::Error {
    let line = line_of(bytes, error.position());
    match error.kind() {
        CsvErrorKind::Utf8 { err, .. } => {
            refuse(line, &format!("column {}", err.field()), "UTF-8", "other bytes".to_owned())
        }
        _ => {
            let (expected, got) = (String::from("readable CSV"), error.to_string());
            ErrorKind::Data { owner: OWNER, expected, got }.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Missing;
    use super::*;

    fn read(text: &[u8]) -> Result<CsvTable> {
        CsvTable::read(text, &CsvConfig::default())
    }

    #[test]
    fn quotes_marks_and_line_ends_are_read() {
        let table =
            read(b"\xef\xbb\xbfa, b\r\n\"1,5\", x \r\n\r\n\"two\nlines\",\"say \"\"hi\"\"\"\r\n").unwrap();
        assert_eq!(table.names(), ["a", "b"]);
        assert_eq!(table.texts("a", Missing::Refuse).unwrap(), ["1,5", "two\nlines"]);
        assert_eq!(table.texts("b", Missing::Refuse).unwrap(), ["x", "say \"hi\""]);
        assert_eq!(table.lines(), [2, 4]);
        let config = CsvConfig { delimiter: b';', header: CsvHeader::None, ..CsvConfig::default() };
        let table = CsvTable::read(&b"1;2\n3;4\n"[..], &config).unwrap();
        assert_eq!((table.names(), table.len()), (&["0".to_owned(), "1".to_owned()][..], 2));
    }

    #[test]
    fn broken_tables_are_refused_with_their_line() {
        let message = |text: &[u8]| read(text).unwrap_err().to_string();
        assert_eq!(message(b"a,b\n1,2\n\n3\n"), "csv: line 4, the row: expected 2 fields, got 1");
        let twice = "csv: line 1, header: expected columns of different names, got `a` in columns 0 and 2";
        assert_eq!(message(b"a,b,a\n1,2,3\n"), twice);
        assert_eq!(
            message(b"a,b\n1,2\n\n3,\xff\n"),
            "csv: line 4, column 1: expected UTF-8, got other bytes"
        );
        assert_eq!(message(b""), "csv: expected one row or more, got none");
        assert_eq!(message(b"a,b\n"), "csv: expected one row or more, got none");
        let error = CsvTable::open("/no/such.csv", &CsvConfig::default()).unwrap_err().to_string();
        assert!(error.starts_with("csv: expected a file, got /no/such.csv: "), "{error}");
    }
}
