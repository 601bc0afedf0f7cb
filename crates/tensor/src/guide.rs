//! Pages to read: a [tutorial], and the [names] that PyTorch and NumPy have for everything here.

#[doc = include_str!("../docs/names.md")]
pub mod names {}

#[doc = include_str!("../docs/tutorial.md")]
pub mod tutorial {}
