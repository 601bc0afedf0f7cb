//! Categories as numbers.

use crate::{ErrorKind, Result};
use tensor::Element;
use tensor::ndarray::Array2;

const OWNER: &str = "one-hot";

/// What becomes of a category that the training data did not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unknown {
    /// An error with its name and row.
    #[default]
    Refuse,
    /// A row of zeros.
    Zeros,
}

/// Gives each category a column, 1 where a row is of that category and 0 elsewhere.
///
/// The columns are in the order of the categories' names, character by character: `"10"` comes before `"9"`.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `unknown` | `Refuse` | what becomes of other categories | |
///
/// ```
/// use nn::data::{OneHot, Unknown};
/// use nn::tensor::ndarray::array;
///
/// let fitted = OneHot { unknown: Unknown::Zeros }.fit(&["red", "blue", "red"])?;
/// assert_eq!(fitted.categories(), ["blue", "red"]);
/// assert_eq!(fitted.apply::<f32, _>(&["red", "green"])?, array![[0.0, 1.0], [0.0, 0.0]]);
/// // As classes, for a target:
/// assert_eq!(fitted.indices(&["red", "blue"])?, [1, 0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OneHot {
    /// What becomes of other categories.
    pub unknown: Unknown,
}

impl OneHot {
    /// Takes note of the categories.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] without any.
    pub fn fit<S: AsRef<str>>(&self, values: &[S]) -> Result<FittedOneHot> {
        let mut categories: Vec<String> = values.iter().map(|value| value.as_ref().to_owned()).collect();
        categories.sort_unstable();
        categories.dedup();
        FittedOneHot::from_parts(*self, categories)
    }
}

/// A fitted [`OneHot`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedOneHot {
    settings: OneHot,
    categories: Vec<String>,
}

impl FittedOneHot {
    /// From categories that were found before, such as those of a file.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] without categories, or unless they are in rising order.
    pub fn from_parts(settings: OneHot, categories: Vec<String>) -> Result<Self> {
        if categories.is_empty() {
            return Err(refuse(String::from("one category or more"), String::from("none")));
        }
        if let Some(pair) = categories.windows(2).find(|pair| pair[0] >= pair[1]) {
            let got = format!("`{}` before `{}`", pair[0], pair[1]);
            return Err(refuse(String::from("categories in rising order"), got));
        }
        Ok(Self { settings, categories })
    }

    /// The categories, in the order of the columns.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The column of a category.
    pub fn index(&self, category: &str) -> Option<usize> {
        self.categories.binary_search_by(|each| each.as_str().cmp(category)).ok()
    }

    /// The column of each row's category, as a target of classes.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a category that the training data did not have, whatever the rule.
    pub fn indices<S: AsRef<str>>(&self, values: &[S]) -> Result<Vec<usize>> {
        let index = |(row, value): (usize, &S)| {
            self.index(value.as_ref()).ok_or_else(|| self.unknown(row, value.as_ref()))
        };
        values.iter().enumerate().map(index).collect()
    }

    /// A column for each category: `[rows, categories]`.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a category that the training data did not have, unless it becomes zeros.
    pub fn apply<T: Element, S: AsRef<str>>(&self, values: &[S]) -> Result<Array2<T>> {
        let mut columns = Array2::from_elem((values.len(), self.categories.len()), T::zero());
        for (row, value) in values.iter().enumerate() {
            match (self.index(value.as_ref()), self.settings.unknown) {
                (Some(column), _) => columns[[row, column]] = T::one(),
                (None, Unknown::Zeros) => {}
                (None, Unknown::Refuse) => return Err(self.unknown(row, value.as_ref())),
            }
        }
        Ok(columns)
    }

    fn unknown(&self, row: usize, value: &str) -> crate::Error {
        let expected = format!("one of {} known categories", self.categories.len());
        refuse(expected, format!("`{value}` in row {row}"))
    }
}

fn refuse(expected: String, got: String) -> crate::Error {
    ErrorKind::Data { owner: OWNER, expected, got }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::array;

    #[test]
    fn unknown_categories_follow_the_rule() {
        let refusing = OneHot::default().fit(&["b", "a", "ä"]).unwrap();
        assert_eq!(refusing.categories(), ["a", "b", "ä"]);
        let message = "one-hot: expected one of 3 known categories, got `c` in row 1";
        assert_eq!(refusing.apply::<f64, _>(&["a", "c"]).unwrap_err().to_string(), message);
        assert_eq!(refusing.indices(&["a", "c"]).unwrap_err().to_string(), message);
        let zeros = FittedOneHot { settings: OneHot { unknown: Unknown::Zeros }, ..refusing };
        assert_eq!(zeros.apply::<f64, _>(&["c", "ä"]).unwrap(), array![[0.0; 3], [0.0, 0.0, 1.0]]);
        assert!(zeros.indices(&["c"]).is_err());
    }

    #[test]
    fn parts_are_checked() {
        assert!(OneHot::default().fit::<&str>(&[]).unwrap_err().to_string().contains("one category or more"));
        let parts = |names: &[&str]| {
            FittedOneHot::from_parts(OneHot::default(), names.iter().map(|&name| name.into()).collect())
        };
        let message = "one-hot: expected categories in rising order, got `b` before `a`";
        assert_eq!(parts(&["b", "a"]).unwrap_err().to_string(), message);
        assert!(parts(&["a", "a"]).is_err());
        assert_eq!(parts(&["a", "b"]).unwrap(), OneHot::default().fit(&["b", "a"]).unwrap());
    }
}
