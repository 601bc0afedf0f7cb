//! What preparing a method found and did about it.

use std::fmt;

/// What preparing a method for a hierarchy has estimated, and where it had to help: [`Reconciler::preparation`].
///
/// Nothing in it is an error: the method works. [`Preparation::is_clean`] is false where numbers were replaced; printed,
/// it gives one line for each.
///
/// [`Reconciler::preparation`]: crate::Reconciler::preparation
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Preparation {
    /// λ of [`Method::MintShrink`](crate::Method::MintShrink): 0 keeps all covariances, 1 none.
    pub shrinkage: Option<f64>,
    /// The share of its diagonal that was added to W to make it positive definite; 0 where it was so by itself.
    pub jitter: f64,
    /// Nodes without a usable variance or history, in the order of the rows, with what they were given.
    pub replaced: Vec<Replaced>,
    /// Where there are several, the λ of each part by its name: of an order for
    /// [`TemporalCovariance::BdShr`](crate::TemporalCovariance::BdShr), of a series for
    /// [`SShr`](crate::TemporalCovariance::SShr).
    pub shrinkages: Vec<(String, f64)>,
}

/// A node whose variance or proportion the data do not give, and what stands in its place.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Replaced {
    /// The node's level.
    pub level: String,
    /// The node's name.
    pub node: String,
    /// The variance or proportion, as named.
    pub quantity: &'static str,
    /// The value in use.
    pub value: f64,
}

impl Preparation {
    /// Whether all numbers in use are those the data give.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.jitter == 0.0 && self.replaced.is_empty()
    }
}

impl fmt::Display for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(shrinkage) = self.shrinkage {
            writeln!(f, "covariances shrunk by {shrinkage:.4}")?;
        }
        for (part, shrinkage) in &self.shrinkages {
            writeln!(f, "`{part}`: covariances shrunk by {shrinkage:.4}")?;
        }
        if self.jitter > 0.0 {
            let jitter = self.jitter;
            writeln!(f, "W is not positive definite: {jitter:e} of its diagonal was added")?;
        }
        for Replaced { level, node, quantity, value } in &self.replaced {
            writeln!(f, "level `{level}`, node `{node}`: the data give no {quantity}, in use is {value:e}")?;
        }
        Ok(())
    }
}
