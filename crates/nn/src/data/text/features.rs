//! Texts as rows of numbers, a column for each term.

use super::hash::hash;
use super::{Ngrams, Weighting};
use crate::data::SparseRows;
use crate::{ErrorKind, Result};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
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
        let mut fitted =
            FittedTextFeatures { settings: *self, terms: self.choose(texts)?, width, idf: Vec::new() };
        if width == 0 {
            fitted.width = fitted.terms.len();
        }
        let mut in_texts = vec![0; fitted.width];
        for text in texts {
            let columns: BTreeSet<usize> =
                fitted.places(text.as_ref())?.iter().map(|place| place.0).collect();
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
        // How often each term occurs, and in how many texts.
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for text in texts {
            for (term, count) in counted(self.ngrams.terms(text.as_ref())?) {
                let (all, in_texts) = counts.entry(term).or_default();
                *all += count;
                *in_texts += 1;
            }
        }
        let most = max_share * texts.len() as f64;
        counts.retain(|_, (_, in_texts)| *in_texts >= min_texts && *in_texts as f64 <= most);
        let mut terms: Vec<(String, usize)> =
            counts.into_iter().map(|(term, (all, _))| (term, all)).collect();
        if let Some(size) = max_size {
            // A stable sort: equal ones stay in alphabetical order.
            terms.sort_by_key(|(_, all)| Reverse(*all));
            terms.truncate(size);
            terms.sort_unstable();
        }
        if terms.is_empty() {
            return Err(refuse("a term in the texts that the settings leave", "none"));
        }
        Ok(terms.into_iter().map(|(term, _)| term).collect())
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

/// A fitted [`TextFeatures`].
#[derive(Debug, Clone, PartialEq)]
pub struct FittedTextFeatures {
    settings: TextFeatures,
    /// The terms of the columns, unless they are hashed.
    terms: Vec<String>,
    width: usize,
    idf: Vec<f64>,
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
            None => Ok(Self { settings, terms, width, idf }),
        }
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
        self.width
    }

    /// The rows of texts; terms without a column are left out.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] where the settings are out of range, which `fit` would have refused.
    pub fn apply<T: Element, S: AsRef<str>>(&self, texts: &[S]) -> Result<SparseRows<T>> {
        let row = |text: &S| {
            let mut row: BTreeMap<usize, f64> = BTreeMap::new();
            for (column, sign, count) in self.places(text.as_ref())? {
                *row.entry(column).or_default() += sign * self.settings.weighting.counting.weigh(count);
            }
            row.iter_mut().for_each(|(&column, x)| *x *= self.idf[column]);
            row.retain(|_, x| *x != 0.0);
            self.settings.weighting.norm.apply(&mut row);
            Ok(row.into_iter().map(|(column, x)| (column, T::from_f64(x))).collect())
        };
        let rows: Vec<Vec<(usize, T)>> = texts.iter().map(row).collect::<Result<_>>()?;
        SparseRows::new(self.width, rows)
    }

    /// Column, sign and count of each term of a text.
    fn places(&self, text: &str) -> Result<Vec<(usize, f64, usize)>> {
        let terms = counted(self.settings.ngrams.terms(text)?);
        let place = |(term, count): (String, usize)| match self.settings.columns {
            TermColumns::Hashed { columns } => {
                let hash = hash(&term);
                let sign = if hash >> 63 == 1 { -1.0 } else { 1.0 };
                Some(((hash % columns as u64) as usize, sign, count))
            }
            TermColumns::Vocabulary { .. } => Some((self.terms.binary_search(&term).ok()?, 1.0, count)),
        };
        Ok(terms.into_iter().filter_map(place).collect())
    }
}

fn counted(terms: Vec<String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    terms.into_iter().for_each(|term| *counts.entry(term).or_default() += 1);
    counts
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
            fitted.places("red").unwrap().iter().map(|place| (place.0, place.1 > 0.0)).collect();
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
