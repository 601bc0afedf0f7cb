//! Tables of text, and the columns that a model sees of them.

mod columns;
mod read;
mod table;

pub use columns::{Columns, FittedColumns};
pub use read::{CsvConfig, CsvHeader};
pub use table::{CsvTable, Missing};
