//! What a term counts.

use std::collections::BTreeMap;

/// What a term counts within a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Counting {
    /// How often it occurs.
    #[default]
    Counts,
    /// 1 if it occurs.
    Binary,
    /// `1 + ln(count)`
    Sublinear,
}

impl Counting {
    pub(super) fn weigh(self, count: usize) -> f64 {
        match self {
            Self::Counts => count as f64,
            Self::Binary => 1.0,
            Self::Sublinear => 1.0 + (count as f64).ln(),
        }
    }
}

/// Whether terms that are in few texts count more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Idf {
    /// All terms count alike.
    #[default]
    None,
    /// Times `ln((1 + n) / (1 + texts)) + 1`, for n training texts of which some have the term.
    Smooth,
    /// Times `ln(n / texts) + 1`; a term in no text of training counts as if it were in one.
    Plain,
}

impl Idf {
    /// The factor of a term that is in some of `n` texts.
    pub(super) fn factor(self, n: usize, texts: usize) -> f64 {
        let (n, texts) = (n as f64, texts as f64);
        match self {
            Self::None => 1.0,
            Self::Smooth => ((1.0 + n) / (1.0 + texts)).ln() + 1.0,
            Self::Plain => (n / texts.max(1.0)).ln() + 1.0,
        }
    }
}

/// What is the same for all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RowNorm {
    /// Nothing: long texts have large rows.
    #[default]
    None,
    /// The sum of absolute values is 1.
    L1,
    /// The sum of squares is 1.
    L2,
}

impl RowNorm {
    /// Divides a row by its norm; a row of zeros stays.
    pub(super) fn apply(self, row: &mut BTreeMap<usize, f64>) {
        let norm = match self {
            Self::None => return,
            Self::L1 => row.values().map(|x| x.abs()).sum::<f64>(),
            Self::L2 => row.values().map(|x| x * x).sum::<f64>().sqrt(),
        };
        if norm > 0.0 {
            row.values_mut().for_each(|x| *x /= norm);
        }
    }
}

/// What terms count: `counting * idf`, then the norm of the row.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `counting` | `Counts` | what a term counts within a text |
/// | `idf` | `None` | whether terms that are in few texts count more |
/// | `norm` | `None` | what is the same for all rows |
///
/// [`Weighting::tf_idf`] is the usual choice; its numbers are those of scikit-learn's `TfidfVectorizer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Weighting {
    /// What a term counts within a text.
    pub counting: Counting,
    /// Whether terms that are in few texts count more.
    pub idf: Idf,
    /// What is the same for all rows.
    pub norm: RowNorm,
}

impl Weighting {
    /// Counts, smooth idf, and rows whose sum of squares is 1.
    #[must_use]
    pub fn tf_idf() -> Self {
        Self { counting: Counting::Counts, idf: Idf::Smooth, norm: RowNorm::L2 }
    }

    /// As [`tf_idf`](Self::tf_idf), with logarithms of counts.
    #[must_use]
    pub fn sublinear_tf_idf() -> Self {
        Self { counting: Counting::Sublinear, ..Self::tf_idf() }
    }
}
