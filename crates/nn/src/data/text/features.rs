//! Texts as rows of numbers, a column for each term.

use super::hash::hash;
use super::{Ngrams, Weighting};
use crate::data::SparseRows;
use crate::{ErrorKind, Result};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tensor::Element;

const OWNER: &str = "text features";

/// Which terms have a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TermColumns {
    /// Those of the training texts, in alphabetical order.
    Vocabulary {
        /// The fewest training texts that have a term; 1 or more.
        min_texts: usize,
        /// The largest share of training texts that have a term; more than 0, at most 1.
        max_share: f64,
        /// The most columns: the terms that occur most, alphabetically first ones of equal ones.
        max_size: Option<usize>,
    },
    /// All, in as many columns as given, by a hash (FNV-1a, the same everywhere). Several terms may share a
    /// column; each has a sign of its own there, so that chance sums up to 0 on average. Nothing is stored.
    ///
    /// Weinberger et al. 2009, "Feature hashing for large scale multitask learning".
    Hashed {
        /// The number of columns; 1 or more.
        columns: usize,
    },
}

impl Default for TermColumns {
    fn default() -> Self {
        Self::Vocabulary { min_texts: 1, max_share: 1.0, max_size: None }
    }
}

/// Gives texts a row each and terms a column, with numbers by [`Weighting`].
///
/// | name | default | meaning |
/// |---|---|---|
/// | `ngrams` | words | what a term is |
/// | `columns` | every term of training | which terms have a column |
/// | `weighting` | counts | what a term counts |
///
/// ```
/// use nn::data::TextFeatures;
/// use nn::tensor::ndarray::array;
///
/// let fitted = TextFeatures::default().fit(&["red rose", "red, red wine"])?;
/// assert_eq!(fitted.terms(), ["red", "rose", "wine"]);
/// let rows = fitted.apply::<f32, _>(&["Wine is red is wine", "water"])?;
/// assert_eq!(rows.dense(), array![[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TextFeatures {
    /// What a term is.
    pub ngrams: Ngrams,
    /// Which terms have a column.
    pub columns: TermColumns,
    /// What a term counts.
    pub weighting: Weighting,
}

impl TextFeatures {
    /// Takes the terms of training texts, and in how many texts they are.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a setting out of range; [`ErrorKind::Data`] without texts, or where no term
    /// is left.
    pub fn fit<S: AsRef<str>>(&self, texts: &[S]) -> Result<FittedTextFeatures> {
        self.check()?;
        if texts.is_empty() {
            return Err(refuse("one text or more", "none"));
        }
        let width = match self.columns {
            TermColumns::Hashed { columns } => columns,
            TermColumns::Vocabulary { .. } => 0,
        };
        let terms = self.choose(texts)?;
        let width = if terms.is_empty() { width } else { terms.len() };
        let mut fitted = FittedTextFeatures::unchecked(*self, terms, vec![1.0; width]);
        let mut in_texts = vec![0; width];
        for text in texts {
            let places = fitted.places(text.as_ref());
            let columns: BTreeSet<usize> = places.into_iter().map(|place| place.column).collect();
            columns.into_iter().for_each(|column| in_texts[column] += 1);
        }
        let factor = |&count: &usize| self.weighting.idf.factor(texts.len(), count);
        fitted.idf = in_texts.iter().map(factor).collect();
        Ok(fitted)
    }

    /// The terms that have a column, in alphabetical order; none where they are hashed.
    fn choose<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<String>> {
        let TermColumns::Vocabulary { min_texts, max_share, max_size } = self.columns else {
            return Ok(Vec::new());
        };
        let most = max_share * texts.len() as f64;
        let mut terms: Vec<(String, Occurrences)> = self.occurrences(texts).into_iter().collect();
        terms.retain(|(_, seen)| seen.texts >= min_texts && seen.texts as f64 <= most);
        terms.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        if let Some(size) = max_size.filter(|&size| size < terms.len()) {
            // A stable sort: equal ones stay in alphabetical order.
            terms.sort_by_key(|(_, seen)| Reverse(seen.all));
            terms.truncate(size);
            terms.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
        if terms.is_empty() {
            return Err(refuse("a term in the texts that the settings leave", "none"));
        }
        Ok(terms.into_iter().map(|(term, _)| term).collect())
    }

    /// How often each term occurs; the order of the map is that of chance.
    fn occurrences<S: AsRef<str>>(&self, texts: &[S]) -> HashMap<String, Occurrences> {
        let mut terms: HashMap<String, Occurrences> = HashMap::new();
        for (text, number) in texts.iter().zip(1..) {
            self.ngrams.each(text.as_ref(), &mut |term| {
                let seen = match terms.get_mut(term) {
                    Some(seen) => seen,
                    None => terms.entry(term.to_owned()).or_default(),
                };
                seen.all += 1;
                seen.texts += usize::from(seen.last != number);
                seen.last = number;
            });
        }
        terms
    }

    fn check(&self) -> Result<()> {
        let setting =
            |name, expected, got| Err(ErrorKind::Setting { owner: OWNER, name, expected, got }.into());
        self.ngrams.check()?;
        match self.columns {
            TermColumns::Hashed { columns: 0 } => setting("the number of columns", "positive", 0.0),
            TermColumns::Vocabulary { min_texts: 0, .. } => setting("the fewest texts", "positive", 0.0),
            TermColumns::Vocabulary { max_size: Some(0), .. } => setting("the most columns", "positive", 0.0),
            TermColumns::Vocabulary { max_share, .. } if !(max_share > 0.0 && max_share <= 1.0) => {
                setting("the largest share of texts", "more than 0 and at most 1", max_share)
            }
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Occurrences {
    all: usize,
    texts: usize,
    /// The last text that has it, from 1.
    last: usize,
}

/// A fitted [`TextFeatures`].
#[derive(Debug, Clone, PartialEq)]
pub struct FittedTextFeatures {
    settings: TextFeatures,
    /// The terms of the columns, unless they are hashed.
    terms: Vec<String>,
    /// For looking up alone, so that its order reaches no result.
    columns: HashMap<String, usize>,
    idf: Vec<f64>,
}

/// Where a term of a text counts.
struct Place {
    column: usize,
    sign: f64,
    /// How often the term occurs.
    count: usize,
}

impl FittedTextFeatures {
    /// From terms and factors that were found before, such as those of a file; hashed columns have no terms.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a setting out of range; [`ErrorKind::Data`] for terms that do not rise or a
    /// factor that is not finite; [`ErrorKind::Length`] unless there is a factor for each column.
    pub fn from_parts(settings: TextFeatures, terms: Vec<String>, idf: Vec<f64>) -> Result<Self> {
        settings.check()?;
        let (width, hashed) = match settings.columns {
            TermColumns::Hashed { columns } => (columns, true),
            TermColumns::Vocabulary { .. } => (terms.len(), false),
        };
        if hashed && !terms.is_empty() {
            return Err(refuse("no terms, as columns are hashed", &terms.len().to_string()));
        }
        if let Some(pair) = terms.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(refuse("terms in rising order", &format!("`{}` before `{}`", pair[0], pair[1])));
        }
        if idf.len() != width {
            let (shape, expected, got) = (vec![width], width, idf.len());
            return Err(ErrorKind::Length { owner: OWNER, shape, expected, got }.into());
        }
        match idf.iter().position(|x| !x.is_finite()) {
            Some(column) => Err(refuse("finite factors", &format!("{} in column {column}", idf[column]))),
            None => Ok(Self::unchecked(settings, terms, idf)),
        }
    }

    fn unchecked(settings: TextFeatures, terms: Vec<String>, idf: Vec<f64>) -> Self {
        let columns = terms.iter().cloned().zip(0..).collect();
        Self { settings, terms, columns, idf }
    }

    /// The terms of the columns; none where they are hashed.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// What the numbers of each column are multiplied by.
    pub fn idf(&self) -> &[f64] {
        &self.idf
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.idf.len()
    }

    /// The rows of texts; terms without a column are left out.
    ///
    /// # Errors
    /// None; the rows are checked as any others.
    pub fn apply<T: Element, S: AsRef<str>>(&self, texts: &[S]) -> Result<SparseRows<T>> {
        let weighting = self.settings.weighting;
        let row = |text: &S| {
            let mut row: BTreeMap<usize, f64> = BTreeMap::new();
            for Place { column, sign, count } in self.places(text.as_ref()) {
                *row.entry(column).or_default() += sign * weighting.counting.weigh(count);
            }
            row.iter_mut().for_each(|(&column, x)| *x *= self.idf[column]);
            row.retain(|_, x| *x != 0.0);
            weighting.norm.apply(&mut row);
            row.into_iter().map(|(column, x)| (column, T::from_f64(x))).collect()
        };
        SparseRows::new(self.width(), texts.iter().map(row))
    }

    /// Where each term of a text counts, in an order that is the same everywhere.
    fn places(&self, text: &str) -> Vec<Place> {
        let mut keys: Vec<u64> = Vec::new();
        self.settings.ngrams.each(text, &mut |term| match self.settings.columns {
            TermColumns::Hashed { .. } => keys.push(hash(term)),
            TermColumns::Vocabulary { .. } => {
                keys.extend(self.columns.get(term).map(|&column| column as u64))
            }
        });
        keys.sort_unstable();
        let place = |equal: &[u64]| {
            let (key, count) = (equal[0], equal.len());
            match self.settings.columns {
                TermColumns::Hashed { columns } => {
                    let sign = if key >> 63 == 1 { -1.0 } else { 1.0 };
                    Place { column: (key % columns as u64) as usize, sign, count }
                }
                TermColumns::Vocabulary { .. } => Place { column: key as usize, sign: 1.0, count },
            }
        };
        keys.chunk_by(|a, b| a == b).map(place).collect()
    }
}

fn refuse(expected: &str, got: &str) -> crate::Error {
    ErrorKind::Data { owner: OWNER, expected: expected.to_owned(), got: got.to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Counting, Idf, RowNorm, Unit};

    const TRAIN: [&str; 3] = ["red rose", "red, red wine", "White wine is not red wine"];
    const TEST: [&str; 2] = ["Wine, red wine and ROSE rose rose", "water"];

    /// The first row of scikit-learn 1.9.1's `TfidfVectorizer`, fitted and applied to the texts above.
    fn check(features: TextFeatures, terms: &[&str], want: &[f64]) {
        let fitted = features.fit(&TRAIN).unwrap();
        assert_eq!(fitted.terms(), terms);
        let rows = fitted.apply::<f64, _>(&TEST).unwrap().dense();
        assert!(rows.row(0).iter().zip(want).all(|(x, want)| (x - want).abs() < 1e-15), "{rows}");
        assert!(rows.row(1).iter().all(|&x| x == 0.0));
        let narrow = fitted.apply::<f32, _>(&TEST).unwrap().dense();
        assert_eq!(narrow, rows.mapv(|x| x as f32));
    }

    #[test]
    fn tf_idf_is_that_of_scikit_learn() {
        let terms = ["is", "not", "red", "rose", "white", "wine"];
        let of = |weighting| TextFeatures { weighting, ..TextFeatures::default() };
        let (red, rose, wine) = (0.172_946_131_646_643_08, 0.878_469_765_558_788_6, 0.445_399_266_442_535_75);
        check(of(Weighting::tf_idf()), &terms, &[0.0, 0.0, red, rose, 0.0, wine]);
        let (red, rose, wine) = (0.233_258_850_195_979_64, 0.828_829_220_670_392_6, 0.508_559_172_337_063_9);
        check(of(Weighting::sublinear_tf_idf()), &terms, &[0.0, 0.0, red, rose, 0.0, wine]);
        let plain = Weighting { idf: Idf::Plain, ..Weighting::tf_idf() };
        let (red, rose, wine) = (0.143_534_095_666_013_36, 0.903_667_251_022_679_2, 0.403_464_326_564_882_1);
        check(of(plain), &terms, &[0.0, 0.0, red, rose, 0.0, wine]);
    }

    #[test]
    fn rare_terms_and_pairs_of_words_are_those_of_scikit_learn() {
        let features = TextFeatures {
            ngrams: Ngrams { max: 2, ..Ngrams::default() },
            columns: TermColumns::Vocabulary { min_texts: 2, max_share: 1.0, max_size: None },
            weighting: Weighting { norm: RowNorm::L1, ..Weighting::tf_idf() },
        };
        let want = [0.205_632_427_763_318_14, 0.264_789_190_745_560_6, 0.529_578_381_491_121_2];
        check(features, &["red", "red wine", "wine"], &want);
    }

    #[test]
    fn sizes_and_shares_leave_terms_out() {
        let terms = |max_share, max_size| {
            let columns = TermColumns::Vocabulary { min_texts: 1, max_share, max_size };
            TextFeatures { columns, ..TextFeatures::default() }.fit(&TRAIN).unwrap().terms().join(" ")
        };
        assert_eq!(terms(1.0, Some(3)), "is red wine");
        assert_eq!(terms(0.7, None), "is not rose white wine");
    }

    #[test]
    fn hashed_columns_need_no_terms_and_stay_the_same() {
        let features = TextFeatures {
            ngrams: Ngrams { unit: Unit::Char, min: 1, max: 3, ..Ngrams::default() },
            columns: TermColumns::Hashed { columns: 32 },
            weighting: Weighting { counting: Counting::Binary, ..Weighting::default() },
        };
        let fitted = features.fit(&TRAIN).unwrap();
        assert_eq!((fitted.width(), fitted.terms().len()), (32, 0));
        let row = fitted.apply::<f64, _>(&["red"]).unwrap();
        // Six terms, each ±1: the sum of a column is as even as the number of its terms.
        let total: f64 = row.row(0).map(|(_, x)| x).sum();
        assert!(row.csr().stored() <= 6 && total.abs() <= 6.0 && total % 2.0 == 0.0);
        let places: BTreeSet<(usize, bool)> =
            fitted.places("red").iter().map(|place| (place.column, place.sign > 0.0)).collect();
        assert_eq!(places.into_iter().collect::<Vec<_>>(), HASHED);
        let parts = FittedTextFeatures::from_parts(features, vec![], fitted.idf().to_vec()).unwrap();
        assert_eq!(parts, fitted);
    }

    /// Column and sign of "r", "e", "d", "re", "ed" and "red": FNV-1a and the mix, computed by other means.
    const HASHED: [(usize, bool); 6] =
        [(14, false), (16, true), (18, false), (24, true), (29, false), (30, false)];

    #[test]
    fn settings_and_parts_are_checked() {
        let message = |columns| {
            TextFeatures { columns, ..TextFeatures::default() }.fit(&TRAIN).unwrap_err().to_string()
        };
        let vocabulary =
            |min_texts, max_share, max_size| TermColumns::Vocabulary { min_texts, max_share, max_size };
        assert!(message(TermColumns::Hashed { columns: 0 }).contains("the number of columns"));
        assert!(message(vocabulary(0, 1.0, None)).contains("the fewest texts"));
        assert!(message(vocabulary(1, f64::NAN, None)).contains("more than 0 and at most 1, got NaN"));
        assert!(message(vocabulary(1, 1.0, Some(0))).contains("the most columns"));
        assert!(message(vocabulary(4, 1.0, None)).contains("a term in the texts"));
        let none: [&str; 0] = [];
        assert!(TextFeatures::default().fit(&none).unwrap_err().to_string().contains("one text or more"));
        let parts = |terms: &[&str], idf: &[f64]| {
            let terms = terms.iter().map(|&term| term.into()).collect();
            FittedTextFeatures::from_parts(TextFeatures::default(), terms, idf.to_vec())
                .map(|fitted| fitted.width())
        };
        assert_eq!(parts(&["a", "b"], &[1.0, 1.0]).unwrap(), 2);
        assert!(parts(&["b", "a"], &[1.0, 1.0]).unwrap_err().to_string().contains("`b` before `a`"));
        assert!(parts(&["a"], &[]).is_err() && parts(&["a"], &[f64::NAN]).is_err());
    }
}
