//! What a training run has done so far.

/// What one epoch came to.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochReport {
    /// Counted from 1.
    pub epoch: usize,
    /// Steps of the optimizer since the start.
    pub steps: u64,
    /// The rate of the last step.
    pub rate: f64,
    /// The mean loss over all rows while they were trained on.
    pub loss: f64,
    /// The score of the validation, if there is one.
    pub score: Option<f64>,
    /// Whether the score is the best so far.
    pub is_best: bool,
}

/// The epochs of a run, in order, also those before it was resumed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// One report for each epoch.
    pub epochs: Vec<EpochReport>,
    /// Why the run ended.
    pub ended: Ended,
}

/// Why a training run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ended {
    /// All epochs are done.
    #[default]
    Finished,
    /// The score did not get better any more.
    NoGain,
    /// A callback said so.
    Callback,
}

impl Ended {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::NoGain => "no gain",
            Self::Callback => "callback",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Finished, Self::NoGain, Self::Callback].into_iter().find(|ended| ended.name() == name)
    }
}

impl History {
    /// The epoch with the best score.
    pub fn best(&self) -> Option<&EpochReport> {
        self.epochs.iter().rev().find(|report| report.is_best)
    }

    /// The last epoch.
    pub fn last(&self) -> Option<&EpochReport> {
        self.epochs.last()
    }
}
