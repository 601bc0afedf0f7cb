//! Texts cut into terms.

use crate::{ErrorKind, Result};

/// What a term is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Unit {
    /// Words: letters, digits and `_` in a row.
    #[default]
    Word,
    /// Characters; white space in a row counts as one space.
    Char,
    /// Characters of one word and a space at either side of it, as scikit-learn's `char_wb`; a word that is
    /// shorter than n is one term.
    CharInWord,
}

/// Whether capital and small letters differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Case {
    /// Texts are made small first, by Unicode's rules.
    #[default]
    Fold,
    /// They differ.
    Keep,
}

/// Cuts texts into n-grams: n words or characters in a row, for each n of a range.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `unit` | `Word` | words or characters | |
/// | `min`, `max` | 1, 1 | the fewest and the most units of a term | 1 or more; min at most max |
/// | `case` | `Fold` | whether capital and small letters differ | |
/// | `shortest_word` | 2 | the fewest characters of a word, with `Word` alone; shorter ones are left out | |
///
/// The defaults and the order of terms are those of scikit-learn's `CountVectorizer`.
///
/// ```
/// use nn::data::{Ngrams, Unit};
///
/// let words = Ngrams { max: 2, ..Default::default() };
/// assert_eq!(words.terms("A Red, red rose!")?, ["red", "red", "rose", "red red", "red rose"]);
/// let characters = Ngrams { unit: Unit::Char, min: 3, max: 3, ..Default::default() };
/// assert_eq!(characters.terms("Über  u")?, ["übe", "ber", "er ", "r u"]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ngrams {
    /// Words or characters.
    pub unit: Unit,
    /// The fewest units of a term.
    pub min: usize,
    /// The most units of a term.
    pub max: usize,
    /// Whether capital and small letters differ.
    pub case: Case,
    /// The fewest characters of a word.
    pub shortest_word: usize,
}

impl Default for Ngrams {
    fn default() -> Self {
        Self { unit: Unit::Word, min: 1, max: 1, case: Case::Fold, shortest_word: 2 }
    }
}

impl Ngrams {
    /// The terms of a text, short ones first, those of one length as they stand; with `CharInWord` word by word.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a range that is empty or begins at 0.
    pub fn terms(&self, text: &str) -> Result<Vec<String>> {
        self.check()?;
        let mut terms = Vec::new();
        self.each(text, &mut |term| terms.push(term.to_owned()));
        Ok(terms)
    }

    /// Calls `f` with each term; the settings were checked.
    pub(super) fn each(&self, text: &str, f: &mut impl FnMut(&str)) {
        let folded;
        let text = match self.case {
            Case::Keep => text,
            Case::Fold => {
                folded = text.to_lowercase();
                &folded
            }
        };
        match self.unit {
            Unit::Word => self.each_of_words(text, f),
            Unit::Char => {
                let text = with_single_spaces(text);
                let places = places(&text);
                self.lengths(places.len() - 1).for_each(|n| each_of_characters(&text, &places, n, f));
            }
            Unit::CharInWord => text.split_whitespace().for_each(|word| self.each_in_word(word, f)),
        }
    }

    fn each_of_words(&self, text: &str, f: &mut impl FnMut(&str)) {
        let words = words(text).filter(|word| word.chars().count() >= self.shortest_word);
        let words: Vec<&str> = words.collect();
        let mut term = String::new();
        for n in self.lengths(words.len()) {
            for window in words.windows(n) {
                term.clear();
                for (position, word) in window.iter().enumerate() {
                    term.push_str(if position > 0 { " " } else { "" });
                    term.push_str(word);
                }
                f(&term);
            }
        }
    }

    fn each_in_word(&self, word: &str, f: &mut impl FnMut(&str)) {
        let word = format!(" {word} ");
        let places = places(&word);
        let characters = places.len() - 1;
        self.lengths(characters).for_each(|n| each_of_characters(&word, &places, n, f));
        if self.min > characters {
            f(&word);
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let owner = "n-grams";
        let setting = |name, expected, got: usize| {
            Err(ErrorKind::Setting { owner, name, expected, got: got as f64 }.into())
        };
        if self.min == 0 {
            return setting("the fewest units", "positive", 0);
        }
        if self.max < self.min {
            return setting("the most units", "at least the fewest", self.max);
        }
        Ok(())
    }

    /// The numbers of units that terms of a text of so many units have.
    fn lengths(&self, units: usize) -> impl Iterator<Item = usize> {
        self.min..=self.max.min(units)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

/// Where each character begins, and the end.
fn places(text: &str) -> Vec<usize> {
    text.char_indices().map(|(place, _)| place).chain([text.len()]).collect()
}

fn each_of_characters(text: &str, places: &[usize], n: usize, f: &mut impl FnMut(&str)) {
    places.iter().zip(&places[n..]).for_each(|(&start, &end)| f(&text[start..end]));
}

fn with_single_spaces(text: &str) -> String {
    let mut single = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !single.ends_with(' ') {
            single.push(c);
        }
    }
    single
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_is_cut_by_characters() {
        let of = |unit, text| Ngrams { unit, max: 2, ..Ngrams::default() }.terms(text).unwrap();
        assert_eq!(of(Unit::Word, "ΟΔΟΣ, ΣΊΓΜΑ"), ["οδος", "σίγμα", "οδος σίγμα"]);
        assert_eq!(of(Unit::Char, "日本"), ["日", "本", "日本"]);
        assert_eq!(of(Unit::Word, " \n!?"), [""; 0]);
        assert_eq!(of(Unit::Char, "\t\n"), [" "]);
        assert_eq!(of(Unit::Char, ""), [""; 0]);
    }

    #[test]
    fn characters_within_words_are_those_of_scikit_learn() {
        let of = |min, max| {
            Ngrams { unit: Unit::CharInWord, min, max, ..Ngrams::default() }.terms("Ab  c").unwrap()
        };
        assert_eq!(of(1, 2), [" ", "a", "b", " ", " a", "ab", "b ", " ", "c", " ", " c", "c "]);
        assert_eq!(of(3, 4), [" ab", "ab ", " ab ", " c "]);
        assert_eq!(of(5, 5), [" ab ", " c "]);
        assert_eq!(of(2, 6), [" a", "ab", "b ", " ab", "ab ", " ab ", " c", "c ", " c "]);
    }

    #[test]
    fn case_and_short_words_follow_the_settings() {
        let all = Ngrams { case: Case::Keep, shortest_word: 0, ..Ngrams::default() };
        assert_eq!(all.terms("A b_1 É").unwrap(), ["A", "b_1", "É"]);
        assert_eq!(Ngrams::default().terms("é éa").unwrap(), ["éa"]);
    }

    #[test]
    fn ranges_are_checked() {
        let of = |min, max| Ngrams { min, max, ..Ngrams::default() }.terms("red rose");
        let message = of(0, 1).unwrap_err().to_string();
        assert_eq!(message, "n-grams: expected the fewest units to be positive, got 0");
        let message = of(3, 2).unwrap_err().to_string();
        assert_eq!(message, "n-grams: expected the most units to be at least the fewest, got 2");
        assert_eq!(of(1, usize::MAX).unwrap().len(), 3);
        assert!(of(3, 4).unwrap().is_empty());
    }
}
