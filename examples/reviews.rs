//! Sentences of product reviews, each rated from -4 to 4: one linear model that reads a sentence at several
//! granularities at once.
//!
//! Characters and words of the sentence, of its neighbours and of the rest of its review each have weights; what
//! gathers sentences into reviews is a sparse matrix, as in a hierarchy. Reviews whose number is divisible by 5
//! are the test split. The settings below were chosen with `--validate`: the mean over five folds of the training
//! reviews, each review within one fold.
//!
//! ```sh
//! cargo run --release --example reviews
//! ```
//!
//! The curve of the last run is in `target/reviews.svg`.

mod support;

use clap::Parser;
use nn::data::{
    Batch, DataLoader, DataLoaderConfig, Dataset, KFold, Ngrams, SparseRows, TermColumns, TextFeatures,
};
use nn::data::{FittedTextFeatures, Unit, Weighting};
use nn::tensor::{Csr, Param, Tape, Var, sparse_matmul};
use nn::{Adam, AdamConfig, CosineDecay, Curves, ErrorKind, Fields, Pass, Per, ProgressBar, Result, Trainer};
use nn::{TrainerConfig, mse};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;
use tensor::ndarray::{Array1, Array2, Axis};

const STEPS: usize = 300;
const RATE: f64 = 0.02;
/// What keeps weights small: times the weight, added to its gradient.
const DECAY: f64 = 0.0014;
/// Parts of the training reviews for validation.
const FOLDS: usize = 5;

/// Trains a model of ratings and prints its root mean squared error.
#[derive(Parser)]
struct Args {
    /// Report on folds of the training reviews instead of the test reviews.
    #[arg(long)]
    validate: bool,
}

/// A sentence as it stands in the file.
#[derive(Debug, Clone)]
struct Sentence {
    review: usize,
    place: usize,
    rating: f32,
    text: String,
}

fn read() -> std::result::Result<(Vec<Sentence>, Vec<Sentence>), Box<dyn std::error::Error>> {
    let mut reader = csv::Reader::from_reader(support::open(&support::data("review_sentences.csv.gz"))?);
    let (mut training, mut test) = (Vec::new(), Vec::new());
    for record in reader.deserialize() {
        let (review, place, rating, _, split, text): (usize, usize, f32, f32, String, String) = record?;
        let part = if split == "test" { &mut test } else { &mut training };
        part.push(Sentence { review, place, rating, text });
    }
    Ok((training, test))
}

/// Features of words and of characters, fitted on training sentences.
struct Terms([FittedTextFeatures; 2]);

impl Terms {
    fn fit(sentences: &[Sentence]) -> Result<Self> {
        let texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        let words = Ngrams { max: 2, shortest_word: 1, ..Default::default() };
        let characters = Ngrams { unit: Unit::Char, min: 2, max: 5, ..Default::default() };
        let columns = TermColumns::Vocabulary { min_texts: 2, max_share: 1.0, max_size: None };
        let fit =
            |ngrams| TextFeatures { ngrams, columns, weighting: Weighting::sublinear_tf_idf() }.fit(&texts);
        Ok(Self([fit(words)?, fit(characters)?]))
    }

    fn apply(&self, sentences: &[Sentence]) -> Result<[Csr<f32>; 2]> {
        let texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        let [words, characters] = &self.0;
        Ok([words.apply(&texts)?.csr(), characters.apply(&texts)?.csr()])
    }
}

/// Sentences as matrices: their terms, and how they lie within reviews.
#[derive(Debug)]
struct Corpus {
    terms: [Csr<f32>; 2],
    /// The mean of the other sentences of the review.
    others: Csr<f32>,
    /// The sum of the sentences before and after, if they are there.
    neighbours: Csr<f32>,
    ratings: Array2<f32>,
}

impl Corpus {
    fn new(terms: &Terms, sentences: &[Sentence]) -> Result<Self> {
        let mut reviews: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut places = BTreeMap::new();
        for (row, sentence) in sentences.iter().enumerate() {
            reviews.entry(sentence.review).or_default().push(row);
            places.insert((sentence.review, sentence.place), row);
        }
        let others = sentences.iter().enumerate().map(|(row, sentence)| {
            let review = &reviews[&sentence.review];
            let share = 1.0 / (review.len() as f32 - 1.0).max(1.0);
            review.iter().filter(|&&other| other != row).map(|&other| (other, share)).collect()
        });
        let neighbours = sentences.iter().map(|sentence| {
            let at = |place| places.get(&(sentence.review, place)).map(|&row| (row, 1.0));
            let mut row: Vec<(usize, f32)> = sentence
                .place
                .checked_sub(1)
                .and_then(at)
                .into_iter()
                .chain(at(sentence.place + 1))
                .collect();
            row.sort_by_key(|entry| entry.0);
            row
        });
        let count = sentences.len();
        let ratings = sentences.iter().map(|sentence| sentence.rating).collect::<Array1<f32>>();
        Ok(Self {
            terms: terms.apply(sentences)?,
            others: SparseRows::new(count, others)?.csr(),
            neighbours: SparseRows::new(count, neighbours)?.csr(),
            ratings: ratings.insert_axis(Axis(1)),
        })
    }
}

/// The whole corpus is one step: context is between rows.
#[derive(Debug, Clone)]
struct Whole(Arc<Corpus>);

impl Batch for Whole {
    fn len(&self) -> usize {
        self.0.ratings.nrows()
    }

    fn part(&self, rows: Range<usize>) -> Result<Self> {
        if rows == (0..Batch::len(self)) {
            return Ok(self.clone());
        }
        let (owner, expected, got) = ("reviews", "all rows at once".to_owned(), format!("{rows:?}"));
        Err(ErrorKind::Data { owner, expected, got }.into())
    }
}

impl Dataset for Whole {
    type Batch = Self;

    fn len(&self) -> usize {
        1
    }

    fn batch(&self, _: &[usize]) -> Result<Self> {
        Ok(self.clone())
    }
}

/// `rating = mean + Σ over terms of (own + others · A + neighbours · B)`: three weights for each term.
#[derive(Debug, Clone)]
struct Levels {
    words: Param<f32>,
    characters: Param<f32>,
    mean: Param<f32>,
}

impl Fields<f32> for Levels {
    fn visit<'a>(&'a self, path: nn::Path<'_>, f: &mut nn::Visit<'_, 'a, f32>) -> Result<()> {
        self.words.visit(path.field("words"), f)?;
        self.characters.visit(path.field("characters"), f)?;
        self.mean.visit(path.field("mean"), f)
    }

    fn visit_mut(&mut self, path: nn::Path<'_>, f: &mut nn::VisitMut<'_, f32>) -> Result<()> {
        self.words.visit_mut(path.field("words"), f)?;
        self.characters.visit_mut(path.field("characters"), f)?;
        self.mean.visit_mut(path.field("mean"), f)
    }
}

impl Levels {
    fn new(terms: &Terms, corpus: &Corpus) -> Result<Self> {
        let weights = |terms: &FittedTextFeatures| Param::new(&Array2::<f32>::zeros((terms.width(), 3)));
        let mean = corpus.ratings.mean().unwrap_or(0.0);
        Ok(Self {
            words: weights(&terms.0[0])?,
            characters: weights(&terms.0[1])?,
            mean: Param::new(&Array1::from_elem(1, mean))?,
        })
    }

    fn forward<'t>(&self, tape: &'t Tape<f32>, corpus: &Corpus) -> Result<Var<'t, f32>> {
        let words = sparse_matmul(&corpus.terms[0], tape.param(&self.words)?)?;
        let characters = sparse_matmul(&corpus.terms[1], tape.param(&self.characters)?)?;
        let each = words.add(characters)?.split(1, &[1, 1, 1])?;
        let context = sparse_matmul(&corpus.others, each[1])?;
        let near = sparse_matmul(&corpus.neighbours, each[2])?.scale(NEAR)?;
        Ok(each[0].add(context)?.add(near)?.add(tape.param(&self.mean)?)?)
    }
}

/// How much the neighbours count beside the sentence.
const NEAR: f32 = 0.3;

fn loss<'t>(
    model: &Levels,
    tape: &'t Tape<f32>,
    batch: &Whole,
    _: &mut Pass<'_, f32>,
) -> Result<Var<'t, f32>> {
    mse(model.forward(tape, &batch.0)?, tape.constant(&batch.0.ratings)?)
}

/// Trains on some sentences; the sum of squared errors of others.
fn squares(training: &[Sentence], reported: &[Sentence]) -> Result<f64> {
    let terms = Terms::fit(training)?;
    let corpus = Arc::new(Corpus::new(&terms, training)?);
    let mut model = Levels::new(&terms, &corpus)?;
    let loader = DataLoader::new(Whole(corpus), DataLoaderConfig::default())?;
    let mut rule = Adam::new(AdamConfig { rate: RATE, weight_decay: DECAY, ..Default::default() })?;
    Trainer::new(TrainerConfig { epochs: STEPS, ..Default::default() })?
        .schedule(CosineDecay::new(RATE, 0.0, STEPS as u64)?, Per::Step)
        .callback(ProgressBar::new())
        .callback(Curves::new("target/reviews.svg"))
        .fit(&mut model, &mut rule, &loader, &loss)?;
    let corpus = Corpus::new(&terms, reported)?;
    let tape = Tape::new();
    let predicted = model.forward(&tape, &corpus)?.value()?;
    let errors = predicted.iter().zip(&corpus.ratings).map(|(p, y)| f64::from(p - y).powi(2));
    Ok(errors.sum())
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let (training, test) = read()?;
    let start = Instant::now();
    let error = if args.validate {
        let reviews: Vec<usize> = training.iter().map(|sentence| sentence.review).collect();
        let mut sum = 0.0;
        for split in (KFold { folds: FOLDS, ..Default::default() }).grouped(&reviews)? {
            let pick = |rows: &[usize]| rows.iter().map(|&row| training[row].clone()).collect::<Vec<_>>();
            sum += squares(&pick(&split.train), &pick(&split.validation))?;
        }
        (sum / training.len() as f64).sqrt()
    } else {
        (squares(&training, &test)? / test.len() as f64).sqrt()
    };
    let what = if args.validate { format!("{FOLDS} folds of training") } else { "test".to_owned() };
    println!("{} training and {} test sentences", training.len(), test.len());
    println!("{what}: RMSE {error:.3}, {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}
