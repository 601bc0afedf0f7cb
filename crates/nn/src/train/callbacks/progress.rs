//! A bar on the terminal.

use crate::Result;
use crate::train::{BatchReport, Callback, Control, EpochReport, History, RunStart};
use indicatif::{ProgressBar as Bar, ProgressStyle};
use std::fmt;

/// A bar on the terminal's error stream: the present epoch, the loss so far, the last score, the time left.
/// Nothing is drawn where the stream is no terminal.
///
/// ```
/// use nn::{ProgressBar, Trainer, TrainerConfig, Linear};
///
/// let trainer = Trainer::<f32, Linear<f32>>::new(TrainerConfig::default())?.callback(ProgressBar::new());
/// # drop(trainer);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Default)]
pub struct ProgressBar {
    bar: Option<Bar>,
    epochs: usize,
    score: Option<String>,
    last: String,
    loss: f64,
}

impl ProgressBar {
    /// A bar that appears when a run begins.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for ProgressBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressBar").field("epochs", &self.epochs).finish_non_exhaustive()
    }
}

impl Callback for ProgressBar {
    fn start(&mut self, run: &RunStart<'_>) -> Result<()> {
        let left = (run.epochs + 1).saturating_sub(run.epoch);
        let bar = Bar::new((left * run.batches) as u64);
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} % {msg} ({eta} left)");
        bar.set_style(style.expect("the template is valid"));
        self.bar = Some(bar);
        self.epochs = run.epochs;
        self.score = run.score.map(str::to_owned);
        Ok(())
    }

    fn batch(&mut self, report: &BatchReport) -> Result<()> {
        // The mean over the epoch so far, so that the number is calm.
        self.loss += (report.loss - self.loss) / report.batch as f64;
        if let Some(bar) = &self.bar {
            bar.inc(1);
            bar.set_message(format!(
                "epoch {}/{} loss {:.4}{}",
                report.epoch, self.epochs, self.loss, self.last
            ));
        }
        Ok(())
    }

    fn epoch(&mut self, report: &EpochReport) -> Result<Control> {
        self.loss = 0.0;
        if let (Some(name), Some(score)) = (&self.score, report.score) {
            self.last = format!(" {name} {score:.4}");
        }
        Ok(Control::Continue)
    }

    fn end(&mut self, _: &History) -> Result<()> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        Ok(())
    }
}
