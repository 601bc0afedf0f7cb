//! From files and arrays to batches: datasets, loaders, splits, transforms, text and series.
//!
//! A [`Dataset`] gives batches of chosen rows; a [`DataLoader`] chooses them, epoch by epoch:
//!
//! ```
//! use nn::data::{DataLoader, DataLoaderConfig, Pair};
//! use nn::tensor::ndarray::{Array1, Array2};
//!
//! let inputs = Array2::from_shape_fn((5, 2), |(row, column)| (10 * row + column) as f32);
//! let data = Pair::new(inputs, Array1::from_iter((0..5).map(|row| row as f32)))?;
//! let loader = DataLoader::new(data, DataLoaderConfig { batch_size: 2, ..Default::default() })?;
//! for epoch in 0..3 {
//!     let sizes: Vec<usize> = loader.epoch(epoch).map(|batch| Ok(batch?.len())).collect::<nn::Result<_>>()?;
//!     assert_eq!(sizes, [2, 2, 1]);
//! }
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! | from | to | by |
//! |---|---|---|
//! | arrays | batches of the same form | [`Pair`] |
//! | series of different length | padded batches, lengths and masks | [`Sequences`], [`Tokens`] |
//! | rows of pixels, images of different size | `[n, c, h, w]` | [`Pixels`], [`Images`] |
//! | `.ts` files of the UCR and UEA archives | either of the above | [`SeriesFile`] |
//! | CSV files | numbers, categories and targets | `CsvTable`, with the feature `csv`, which is off by default |
//! | texts | rows of counts or tf-idf, indices for embeddings | [`TextFeatures`], [`Vocabulary`] |
//! | anything else | batches of your own | [`Dataset`], [`Batch`] |
//!
//! Rows are split by [`Holdout`] and [`KFold`]; [`Standardize`], [`MinMax`], [`OneHot`] and [`Impute`] are
//! fitted on the rows of training and applied to all, so that nothing of the validation reaches the model:
//!
//! ```
//! use nn::data::{DataLoader, DataLoaderConfig, Dataset, Holdout, Pair, Standardize};
//! use nn::tensor::ndarray::{Array2, Axis};
//!
//! let x = Array2::from_shape_fn((10, 2), |(row, column)| (row * row + column) as f32);
//! let classes: Vec<usize> = (0..10).map(|row| row % 2).collect();
//! let split = Holdout { fraction: 0.4, seed: 1 }.stratified(&classes)?;
//!
//! let scale = Standardize::default().fit(&x.select(Axis(0), &split.train))?;
//! let data = Pair::new(scale.apply(&x)?, classes)?;
//! let (train, validation) = ((&data).subset(split.train)?, (&data).subset(split.validation)?);
//! let loader = DataLoader::new(train, DataLoaderConfig { batch_size: 4, ..Default::default() })?;
//! assert_eq!((loader.batches(), validation.len()), (2, 4));
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! Everything random is a function of a seed: the same seed gives the same bits, on any machine. A training
//! batch may be varied at random ([`Dataset::augment`]); what validates never is.

mod augment;
mod batch;
mod dataset;
mod image;
mod loader;
mod map;
mod order;
mod pair;
mod prefetch;
mod rows;
mod sequences;
mod series;
mod sparse;
mod split;
mod subset;
#[cfg(feature = "csv")]
mod tables;
mod targets;
mod text;
mod tokens;
mod transform;

pub use augment::{Affine, Crop, Flip, FlipAxis, Noise, Shift};
pub use batch::Batch;
pub use dataset::Dataset;
pub use image::{ChannelOrder, Images, PaddedImages, Pixels};
pub use loader::{DataLoader, DataLoaderConfig, Epoch};
pub use map::{Augment, Map};
pub use order::{LastBatch, Order};
pub use pair::Pair;
pub use prefetch::Prefetch;
pub use sequences::{PaddedSequences, Sequences};
pub use series::{SeriesFile, SeriesLabels};
pub use sparse::{SparsePair, SparseRows};
pub use split::{Holdout, KFold, Split};
pub use subset::Subset;
#[cfg(feature = "csv")]
pub use tables::{Columns, CsvConfig, CsvHeader, CsvTable, FittedColumns, Missing};
pub use targets::Targets;
pub use text::{Case, Ngrams, Unit, Vocabulary, VocabularyConfig};
pub use text::{Counting, Idf, RowNorm, Weighting};
pub use text::{FittedTextFeatures, TermColumns, TextFeatures};
pub use tokens::{PaddedTokens, Tokens};
pub use transform::{Fill, FittedImpute, Impute, Indicator};
pub use transform::{FittedMinMax, FittedStandardize, MinMax, Standardize};
pub use transform::{FittedOneHot, OneHot, Unknown};
