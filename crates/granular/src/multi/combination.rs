//! How the predictions of the levels are combined, and from what that is learnt.

use tensor::ndarray::{Array2, ArrayView2, Axis, concatenate};

use crate::combine::{Erm, Method, Penalty, Reconciler, TemporalCovariance};
use crate::error::{ErrorKind, Result};
use crate::hierarchy::Hierarchy;
use crate::model::Replay;

/// How a [`MultiGranularityModel`](crate::MultiGranularityModel) combines the predictions of its levels.
///
/// A [`Method`] that is ready turns into a `Combine` by itself. The others learn from past errors of the models, which
/// [`fit`](crate::MultiGranularityModel::fit) finds in the data it fits to and
/// [`weigh`](crate::MultiGranularityModel::weigh) in data they have not seen.
///
/// | combination | what it is after fitting |
/// | --- | --- |
/// | `Method(method)` | the method, as it is |
/// | `WlsVar` | [`Method::WlsVar`] with the models' residuals |
/// | `MintCov` | [`Method::MintCov`] with them |
/// | `MintShrink` | [`Method::MintShrink`] with them |
/// | `Temporal(covariance)` | [`Method::Temporal`] with them, a column for each period |
/// | `Erm { columns, penalty }` | [`Method::Erm`] with the models' fits; `columns` as there, `None` for all |
///
/// No combination at all is [`MultiGranularityModel::base`](crate::MultiGranularityModel::base).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Combine {
    /// A method that is ready.
    Method(Method),
    /// By the variances of the models' errors.
    WlsVar,
    /// By the covariance of the models' errors.
    MintCov,
    /// By the shrunk covariance of the models' errors.
    MintShrink,
    /// By a covariance of a temporal or cross-temporal structure, whose targets have a column for each period.
    Temporal(TemporalCovariance),
    /// By a map learnt from the models' fits and what came.
    Erm {
        /// How many of the last columns it is learnt from; `None` for all.
        columns: Option<usize>,
        /// What holds the map back.
        penalty: Penalty,
    },
}

impl From<Method> for Combine {
    fn from(method: Method) -> Self {
        Self::Method(method)
    }
}

impl Combine {
    /// Whether it learns from past errors.
    pub(super) fn learns(&self) -> bool {
        !matches!(self, Self::Method(_))
    }

    /// Prepares it from what each level's model would have predicted.
    pub(super) fn reconciler(&self, hierarchy: &Hierarchy, past: &[&Replay]) -> Result<Reconciler> {
        let method = match self {
            Self::Method(method) => method.clone(),
            Self::WlsVar => Method::WlsVar(residuals(past)),
            Self::MintCov => Method::MintCov(residuals(past)),
            Self::MintShrink => Method::MintShrink(residuals(past)),
            Self::Temporal(covariance) => Method::Temporal(*covariance, residuals(past)),
            Self::Erm { columns, penalty } => {
                let (actual, fitted) = stacked(past);
                let columns = columns.unwrap_or(actual.ncols());
                Method::Erm(Erm { actual, fitted, columns, penalty: *penalty })
            }
        };
        Reconciler::new(hierarchy, method)
    }

    /// Why [`MultiGranularityModel::weigh`](crate::MultiGranularityModel::weigh) has nothing to do.
    pub(super) fn expect_learns(&self) -> Result<()> {
        if self.learns() {
            return Ok(());
        }
        let (expected, got) = ("one that learns from past errors", "a method that is ready".to_owned());
        Err(ErrorKind::Parameter { name: "combination", expected, got }.into())
    }
}

fn residuals(past: &[&Replay]) -> Array2<f64> {
    let (actual, predicted) = stacked(past);
    actual - predicted
}

/// What came and what was predicted in the last columns that all levels have, n × T each.
pub(super) fn stacked(past: &[&Replay]) -> (Array2<f64>, Array2<f64>) {
    let columns = past.iter().map(|replay| replay.actual.ncols()).min().unwrap_or(0);
    let (actual, predicted): (Vec<ArrayView2<'_, f64>>, Vec<_>) =
        past.iter().map(|replay| replay.last(columns)).unzip();
    let stack = |parts: &[ArrayView2<'_, f64>]| {
        concatenate(Axis(0), parts).expect("all have the same number of columns, and there is a level")
    };
    (stack(&actual), stack(&predicted))
}
