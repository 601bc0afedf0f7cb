//! Tokens and their indices.

use crate::{ErrorKind, Result};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

const OWNER: &str = "vocabulary";

/// Which tokens have an index.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `min_count` | 1 | how often a token occurs at least | 1 or more |
/// | `max_size` | none | the most tokens, without padding and unknown | 1 or more |
/// | `padding` | `<pad>` | the token of index 0 | |
/// | `unknown` | `<unk>` | the token of index 1 | not that of padding |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VocabularyConfig {
    /// How often a token occurs at least.
    pub min_count: usize,
    /// The most tokens, without padding and unknown.
    pub max_size: Option<usize>,
    /// The token of index 0.
    pub padding: String,
    /// The token of index 1.
    pub unknown: String,
}

impl Default for VocabularyConfig {
    fn default() -> Self {
        Self { min_count: 1, max_size: None, padding: "<pad>".into(), unknown: "<unk>".into() }
    }
}

/// Tokens and their indices, for embeddings: 0 is padding, 1 is any token that is not here, then the tokens of
/// training, frequent ones first, equal ones in alphabetical order.
///
/// ```
/// use nn::data::{Vocabulary, VocabularyConfig};
///
/// let texts = [vec!["to", "be", "or", "not"], vec!["to", "be"]];
/// let vocabulary = Vocabulary::fit(texts.iter().flatten(), VocabularyConfig::default())?;
/// assert_eq!(vocabulary.tokens(), ["<pad>", "<unk>", "be", "to", "not", "or"]);
/// assert_eq!(vocabulary.encode(&["not", "to", "see"]), [4, 3, 1]);
/// assert_eq!(vocabulary.decode(&[4, 3, 0])?, ["not", "to", "<pad>"]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    tokens: Vec<String>,
    /// For looking up alone, so that its order reaches no result.
    indices: HashMap<String, usize>,
}

impl Vocabulary {
    /// The index that fills up short texts.
    pub const PADDING: usize = 0;
    /// The index of every token that has none.
    pub const UNKNOWN: usize = 1;

    /// Takes the tokens of training texts.
    ///
    /// Training texts may hold the padding and the unknown token; those keep their indices.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for 0 as count or size; [`ErrorKind::Data`] for one token as padding and unknown.
    pub fn fit<S: AsRef<str>>(tokens: impl IntoIterator<Item = S>, config: VocabularyConfig) -> Result<Self> {
        let VocabularyConfig { min_count, max_size, padding, unknown } = config;
        for (name, setting) in [("the fewest occurrences", Some(min_count)), ("the most tokens", max_size)] {
            if setting == Some(0) {
                let (expected, got) = ("positive", 0.0);
                return Err(ErrorKind::Setting { owner: OWNER, name, expected, got }.into());
            }
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for token in tokens {
            match counts.get_mut(token.as_ref()) {
                Some(count) => *count += 1,
                None => drop(counts.insert(token.as_ref().to_owned(), 1)),
            }
        }
        counts.remove(&padding);
        counts.remove(&unknown);
        let mut chosen: Vec<(String, usize)> =
            counts.into_iter().filter(|each| each.1 >= min_count).collect();
        // A stable sort: equal ones stay in alphabetical order.
        chosen.sort_by_key(|(_, count)| Reverse(*count));
        chosen.truncate(max_size.unwrap_or(usize::MAX));
        let chosen = chosen.into_iter().map(|(token, _)| token);
        Self::from_tokens([padding, unknown].into_iter().chain(chosen).collect())
    }

    /// From the tokens of all indices, such as those of a file: padding, unknown, and the others.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for fewer than two tokens, or one that comes twice.
    pub fn from_tokens(tokens: Vec<String>) -> Result<Self> {
        let refuse =
            |expected: &str, got| ErrorKind::Data { owner: OWNER, expected: expected.to_owned(), got };
        if tokens.len() < 2 {
            return Err(refuse("a token for padding and one for unknown", tokens.len().to_string()).into());
        }
        let mut indices = HashMap::with_capacity(tokens.len());
        for (index, token) in tokens.iter().enumerate() {
            if let Some(first) = indices.insert(token.clone(), index) {
                return Err(refuse("each token once", format!("`{token}` at {first} and {index}")).into());
            }
        }
        Ok(Self { tokens, indices })
    }

    /// The tokens of all indices.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The number of indices, padding and unknown among them: the rows of an embedding.
    #[expect(clippy::len_without_is_empty, reason = "padding and unknown are always there")]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The index of a token, that of unknown for one that has none.
    pub fn index(&self, token: &str) -> usize {
        self.indices.get(token).copied().unwrap_or(Self::UNKNOWN)
    }

    /// The indices of tokens.
    pub fn encode<S: AsRef<str>>(&self, tokens: &[S]) -> Vec<usize> {
        tokens.iter().map(|token| self.index(token.as_ref())).collect()
    }

    /// The tokens of indices.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for an index that is not there.
    pub fn decode(&self, indices: &[usize]) -> Result<Vec<&str>> {
        let token = |(position, &index): (usize, &usize)| {
            self.tokens.get(index).map(String::as_str).ok_or_else(|| {
                let expected = format!("indices below {}", self.tokens.len());
                let got = format!("{index} at position {position}");
                ErrorKind::Data { owner: OWNER, expected, got }.into()
            })
        };
        indices.iter().enumerate().map(token).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_tokens_and_small_sizes_leave_tokens_out() {
        let tokens = ["b", "a", "c", "b", "a", "<unk>", "<unk>", "d", "b"];
        let of = |min_count, max_size| {
            let config = VocabularyConfig { min_count, max_size, ..VocabularyConfig::default() };
            Vocabulary::fit(tokens, config).unwrap().tokens()[2..].join(" ")
        };
        assert_eq!(of(1, None), "b a c d");
        assert_eq!(of(2, None), "b a");
        assert_eq!(of(1, Some(3)), "b a c");
        assert_eq!(of(4, None), "");
    }

    #[test]
    fn settings_and_tokens_are_checked() {
        let message = |config| Vocabulary::fit(["a"], config).unwrap_err().to_string();
        let zero = VocabularyConfig { min_count: 0, ..VocabularyConfig::default() };
        assert_eq!(message(zero), "vocabulary: expected the fewest occurrences to be positive, got 0");
        let none = VocabularyConfig { max_size: Some(0), ..VocabularyConfig::default() };
        assert!(message(none).contains("the most tokens"));
        let same = VocabularyConfig { unknown: "<pad>".into(), ..VocabularyConfig::default() };
        assert_eq!(message(same), "vocabulary: expected each token once, got `<pad>` at 0 and 1");
        assert!(Vocabulary::from_tokens(vec!["a".into()]).is_err());
        let vocabulary = Vocabulary::from_tokens(vec!["p".into(), "u".into(), "a".into()]).unwrap();
        let message = vocabulary.decode(&[2, 3]).unwrap_err().to_string();
        assert_eq!(message, "vocabulary: expected indices below 3, got 3 at position 1");
        assert_eq!((vocabulary.len(), vocabulary.index("a"), vocabulary.index("zzz")), (3, 2, 1));
    }
}
