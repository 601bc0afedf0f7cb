//! Which columns a model sees.

use super::table::{CsvTable, Missing};
use crate::Result;
use crate::data::rows::beside;
use crate::data::{FittedOneHot, OneHot};
use tensor::Element;
use tensor::ndarray::{Array2, ArrayView2};

/// Which columns of a table a model sees: numbers as they are, then categories as one column for each.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `numbers` | none | columns of numbers |
/// | `categories` | none | columns of categories, by [`OneHot`] |
/// | `one_hot` | unknown categories are refused | what becomes of other categories |
/// | `missing` | `Refuse` | what becomes of missing fields; kept, a number is NaN and a category `""` |
///
/// ```
/// use nn::data::{Columns, CsvConfig, CsvTable};
/// use nn::tensor::ndarray::array;
///
/// let csv = "age,job,good\n30,cook,1\n40,smith,0\n";
/// let table = CsvTable::read(csv.as_bytes(), &CsvConfig::default())?;
/// let columns = Columns { numbers: vec!["age".into()], categories: vec!["job".into()], ..Default::default() };
/// let fitted = columns.fit(&table)?;
/// assert_eq!(fitted.names(), ["age", "job=cook", "job=smith"]);
/// assert_eq!(fitted.inputs::<f32>(&table)?, array![[30.0, 1.0, 0.0], [40.0, 0.0, 1.0]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// Columns of numbers.
    pub numbers: Vec<String>,
    /// Columns of categories.
    pub categories: Vec<String>,
    /// What becomes of other categories.
    pub one_hot: OneHot,
    /// What becomes of missing fields.
    pub missing: Missing,
}

impl Columns {
    /// Takes note of the categories of a training table.
    ///
    /// # Errors
    /// [`ErrorKind::Data`](crate::ErrorKind::Data) for a column that is not there or a table without rows;
    /// [`ErrorKind::Line`](crate::ErrorKind::Line) for a missing field where that is refused, or a field that
    /// is not a number where one is expected.
    pub fn fit(&self, table: &CsvTable) -> Result<FittedColumns> {
        table.numbers::<f64>(&self.numbers, self.missing)?;
        let fit = |name: &String| self.one_hot.fit(&table.texts(name, self.missing)?);
        let encoders = self.categories.iter().map(fit).collect::<Result<_>>()?;
        Ok(FittedColumns { columns: self.clone(), encoders })
    }
}

/// Fitted [`Columns`].
#[derive(Debug, Clone, PartialEq)]
pub struct FittedColumns {
    columns: Columns,
    /// One for each column of categories.
    encoders: Vec<FittedOneHot>,
}

impl FittedColumns {
    /// The names of the inputs: those of numbers, then `column=category`.
    pub fn names(&self) -> Vec<String> {
        let mut names = self.columns.numbers.clone();
        for (column, encoder) in self.columns.categories.iter().zip(&self.encoders) {
            names.extend(encoder.categories().iter().map(|category| format!("{column}={category}")));
        }
        names
    }

    /// The categories of a column of categories.
    pub fn encoder(&self, name: &str) -> Option<&FittedOneHot> {
        let column = self.columns.categories.iter().position(|other| other == name)?;
        self.encoders.get(column)
    }

    /// The inputs of a table, `[rows, inputs]`.
    ///
    /// # Errors
    /// As [`Columns::fit`], and [`ErrorKind::Data`](crate::ErrorKind::Data) for a category that the training
    /// table did not have where that is refused.
    pub fn inputs<T: Element>(&self, table: &CsvTable) -> Result<Array2<T>> {
        let Columns { numbers, categories, missing, .. } = &self.columns;
        let mut parts = vec![table.numbers::<T>(numbers, *missing)?];
        for (name, encoder) in categories.iter().zip(&self.encoders) {
            parts.push(encoder.apply(&table.texts(name, *missing)?)?);
        }
        let views: Vec<ArrayView2<'_, T>> = parts.iter().map(|part| part.view()).collect();
        Ok(beside(&views))
    }
}

#[cfg(test)]
mod tests {
    use super::super::CsvConfig;
    use super::*;
    use crate::data::Unknown;
    use tensor::ndarray::array;

    #[test]
    fn other_tables_are_seen_as_the_training_table() {
        let read = |text: &str| CsvTable::read(text.as_bytes(), &CsvConfig::default()).unwrap();
        let train = read("a,b,c\n1,x,p\n2,y,\n");
        let columns = Columns {
            numbers: vec!["a".into()],
            categories: vec!["c".into(), "b".into()],
            one_hot: OneHot { unknown: Unknown::Zeros },
            missing: Missing::Keep,
        };
        let fitted = columns.fit(&train).unwrap();
        assert_eq!(fitted.names(), ["a", "c=", "c=p", "b=x", "b=y"]);
        assert_eq!(fitted.encoder("b").unwrap().categories(), ["x", "y"]);
        assert!(fitted.encoder("a").is_none());
        let other = read("b,c,a\nz,,7\nx,p,8\n");
        let want = array![[7.0, 1.0, 0.0, 0.0, 0.0], [8.0, 0.0, 1.0, 1.0, 0.0]];
        assert_eq!(fitted.inputs::<f64>(&other).unwrap(), want);
        let refusing = Columns { missing: Missing::Refuse, ..columns };
        assert!(refusing.fit(&train).unwrap_err().to_string().contains("line 3, column `c`"));
    }
}
