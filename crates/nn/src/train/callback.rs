//! What a training run tells, and to whom.

use super::{EpochReport, History};
use crate::Result;

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// It does.
    Continue,
    /// It ends after this epoch.
    Stop,
}

/// What is known when a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunStart<'a> {
    /// The epoch at which the run begins, counted from 1.
    pub epoch: usize,
    /// The last epoch, unless it ends early.
    pub epochs: usize,
    /// Batches in an epoch.
    pub batches: usize,
    /// The name of the score, if the run is validated.
    pub score: Option<&'a str>,
}

/// What one batch came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchReport {
    /// Counted from 1.
    pub epoch: usize,
    /// Counted from 1.
    pub batch: usize,
    /// The mean loss of the batch.
    pub loss: f64,
    /// The present rate.
    pub rate: f64,
}

/// Somebody who is told what a training run does: a progress bar, a log, a rule to stop.
///
/// ```
/// use nn::{Callback, Control, EpochReport, Result};
///
/// /// Stops once the loss is small.
/// struct Enough(f64);
///
/// impl Callback for Enough {
///     fn epoch(&mut self, report: &EpochReport) -> Result<Control> {
///         Ok(if report.loss < self.0 { Control::Stop } else { Control::Continue })
///     }
/// }
/// ```
pub trait Callback {
    /// The run begins.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn start(&mut self, _run: &RunStart<'_>) -> Result<()> {
        Ok(())
    }

    /// A batch is done.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn batch(&mut self, _report: &BatchReport) -> Result<()> {
        Ok(())
    }

    /// An epoch is done.
    ///
    /// # Errors
    /// Whatever should end the run.
    fn epoch(&mut self, _report: &EpochReport) -> Result<Control> {
        Ok(Control::Continue)
    }

    /// The run is done.
    ///
    /// # Errors
    /// Whatever should be reported instead of the history.
    fn end(&mut self, _history: &History) -> Result<()> {
        Ok(())
    }
}
