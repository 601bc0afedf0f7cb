//! Text as numbers.

mod features;
mod hash;
mod ngrams;
mod vocabulary;
mod weights;

pub use features::{FittedTextFeatures, TermColumns, TextFeatures};
pub use ngrams::{Case, Ngrams, Unit};
pub use vocabulary::{Vocabulary, VocabularyConfig};
pub use weights::{Counting, Idf, RowNorm, Weighting};
