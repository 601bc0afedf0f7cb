//! Fields by column, and what they are as numbers.

use crate::data::rows::{check_rows, pick};
use crate::{ErrorKind, Result};
use tensor::Element;
use tensor::ndarray::Array2;

pub(super) const OWNER: &str = "csv";

/// What becomes of missing fields.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Missing {
    /// An error with line and column.
    #[default]
    Refuse,
    /// NaN, to be filled by [`Impute`](crate::data::Impute); as a category the empty text.
    Keep,
}

/// A table of text fields, read from CSV.
///
/// ```
/// use nn::data::{CsvConfig, CsvTable, Missing, OneHot, Pair};
/// use nn::tensor::ndarray::array;
///
/// let csv = "size,colour,price\n1.5,red,3\n,blue,4\n";
/// let table = CsvTable::read(csv.as_bytes(), &CsvConfig::default())?;
/// assert_eq!((table.len(), table.names().len()), (2, 3));
///
/// let colours = OneHot::default().fit(&table.texts("colour", Missing::Refuse)?)?;
/// let data = Pair::new(table.numbers::<f32>(&["price"], Missing::Refuse)?, vec![0, 1])?;
/// assert_eq!(data.inputs(), &array![[3.0], [4.0]].into_dyn());
///
/// let error = table.numbers::<f32>(&["price", "size"], Missing::Refuse).unwrap_err();
/// assert_eq!(error.to_string(), "csv: line 3, column `size`: expected a finite number, got a missing field");
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CsvTable {
    pub(super) names: Vec<String>,
    /// The line of the file where each row begins.
    pub(super) lines: Vec<u64>,
    /// The fields of each column, nothing where one is missing.
    pub(super) fields: Vec<Vec<Option<String>>>,
}

impl CsvTable {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The line of the file where each row begins, from 1.
    pub fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// These columns as numbers, `[rows, columns]`.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a column that is not there; [`ErrorKind::Line`] for a field that is not a finite
    /// number, or missing where that is refused, with its line and column.
    pub fn numbers<T: Element>(&self, names: &[impl AsRef<str>], missing: Missing) -> Result<Array2<T>> {
        let mut table = Array2::from_elem((self.len(), names.len()), T::zero());
        for (mut out, name) in table.columns_mut().into_iter().zip(names) {
            let name = name.as_ref();
            for ((out, field), &line) in out.iter_mut().zip(self.column(name)?).zip(&self.lines) {
                let refuse = |got| refuse(line, &place(name), "a finite number", got);
                let number = match (field, missing) {
                    (Some(field), _) => {
                        let number = field.parse::<f64>().ok().filter(|number| number.is_finite());
                        number.ok_or_else(|| refuse(format!("`{}`", shorten(field))))?
                    }
                    (None, Missing::Keep) => f64::NAN,
                    (None, Missing::Refuse) => return Err(refuse("a missing field".to_owned())),
                };
                *out = T::from_f64(number);
            }
        }
        Ok(table)
    }

    /// A column as text.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a column that is not there; [`ErrorKind::Line`] for a missing field where that is
    /// refused.
    pub fn texts(&self, name: &str, missing: Missing) -> Result<Vec<&str>> {
        let text = |(field, &line): (&'_ Option<String>, &u64)| match (field, missing) {
            (Some(_), _) | (None, Missing::Keep) => Ok(()),
            (None, Missing::Refuse) => {
                Err(refuse(line, &place(name), "a text", "a missing field".to_owned()))
            }
        };
        let column = self.column(name)?;
        column.iter().zip(&self.lines).try_for_each(text)?;
        Ok(column.iter().map(|field| field.as_deref().unwrap_or_default()).collect())
    }

    /// The rows in which none of these columns is missing.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a column that is not there.
    pub fn complete(&self, names: &[impl AsRef<str>]) -> Result<Vec<usize>> {
        let columns = names.iter().map(|name| self.column(name.as_ref())).collect::<Result<Vec<_>>>()?;
        Ok((0..self.len()).filter(|&row| columns.iter().all(|column| column[row].is_some())).collect())
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a row that is not there.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        check_rows(OWNER, rows, self.len())?;
        let fields = self.fields.iter().map(|column| pick(column, rows)).collect();
        Ok(Self { names: self.names.clone(), lines: pick(&self.lines, rows), fields })
    }

    fn column(&self, name: &str) -> Result<&[Option<String>]> {
        match self.names.iter().position(|other| other == name) {
            Some(column) => Ok(&self.fields[column]),
            None => {
                let expected = format!("a column of {}", self.names.join(", "));
                let got = format!("`{name}`");
                Err(ErrorKind::Data { owner: OWNER, expected, got }.into())
            }
        }
    }
}

pub(super) fn refuse(line: u64, place: &str, expected: &str, got: String) -> crate::Error {
    let (place, expected) = (place.to_owned(), expected.to_owned());
    ErrorKind::Line { owner: OWNER, line, place, expected, got }.into()
}

fn place(name: &str) -> String {
    format!("column `{name}`")
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::super::CsvConfig;
    use super::*;

    fn table() -> CsvTable {
        let config = CsvConfig { missing: vec![String::new(), "NA".into()], ..CsvConfig::default() };
        CsvTable::read(&b"x,kind\n1,a\nNA,b\n3e2,\n4,a\n"[..], &config).unwrap()
    }

    #[test]
    fn missing_fields_follow_the_rule() {
        let numbers = table().numbers::<f64>(&["x"], Missing::Keep).unwrap();
        assert!(numbers[[1, 0]].is_nan() && numbers[[2, 0]] == 300.0);
        assert_eq!(table().texts("kind", Missing::Keep).unwrap(), ["a", "b", "", "a"]);
        let message = table().texts("kind", Missing::Refuse).unwrap_err().to_string();
        assert_eq!(message, "csv: line 4, column `kind`: expected a text, got a missing field");
        assert_eq!(table().complete(&["x", "kind"]).unwrap(), [0, 3]);
        assert_eq!(table().complete(&["x"]).unwrap(), [0, 2, 3]);
        let picked = table().select(&[3, 0]).unwrap();
        assert_eq!(
            (picked.lines(), picked.texts("kind", Missing::Refuse).unwrap()),
            (&[5, 2][..], vec!["a", "a"])
        );
    }

    #[test]
    fn fields_that_are_no_numbers_are_named() {
        let message = table().numbers::<f32>(&["kind"], Missing::Keep).unwrap_err().to_string();
        assert_eq!(message, "csv: line 2, column `kind`: expected a finite number, got `a`");
        let message = table().numbers::<f32>(&["y"], Missing::Keep).unwrap_err().to_string();
        assert_eq!(message, "csv: expected a column of x, kind, got `y`");
        let infinite = CsvTable::read(&b"x\ninf\n"[..], &CsvConfig::default()).unwrap();
        assert!(infinite.numbers::<f32>(&["x"], Missing::Keep).unwrap_err().to_string().contains("`inf`"));
        assert!(table().select(&[4]).is_err());
    }
}
