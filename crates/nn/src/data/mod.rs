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
//! Tables from CSV files need the feature `csv`, which is off by default.
//!
//! Everything random is a function of a seed: the same seed gives the same bits, on any machine.

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
