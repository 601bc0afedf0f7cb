//! Bottom-up: the finest forecasts stand, all others are ignored.

use super::{Footing, Strategy};
use crate::error::Result;
use crate::hierarchy::Hierarchy;

#[derive(Debug)]
pub(super) struct BottomUp;

impl Strategy for BottomUp {
    fn finest(&self, hierarchy: &Hierarchy, base: &[f64], k: usize) -> Vec<f64> {
        base[hierarchy.aggregate_len() * k..].to_vec()
    }

    fn footing(&self) -> Footing<'_> {
        Footing::BottomUp
    }

    fn transposed(&self, hierarchy: &Hierarchy, u: &[f64], k: usize) -> Result<Vec<f64>> {
        Ok([&vec![0.0; hierarchy.aggregate_len() * k], u].concat())
    }
}
