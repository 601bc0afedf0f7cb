//! A picture of a run.

use super::refused;
use crate::Result;
use crate::checkpoint::file::replace;
use crate::train::{Callback, Control, EpochReport, History, RunStart};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::PathBuf;

/// An SVG of the loss over the epochs, and of the score below it; drawn anew after every epoch and put in
/// place whole.
///
/// ```no_run
/// use nn::{Curves, Linear, Trainer, TrainerConfig};
///
/// let trainer =
///     Trainer::<f32, Linear<f32>>::new(TrainerConfig::default())?.callback(Curves::new("training.svg"));
/// # drop(trainer);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Curves {
    path: PathBuf,
    score: String,
    reports: Vec<EpochReport>,
}

const SIZE: (u32, u32) = (720, 300);

impl Curves {
    /// Curves in this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), score: String::new(), reports: Vec::new() }
    }

    /// The curves of a run that is over.
    ///
    /// # Errors
    /// [`ErrorKind::Callback`](crate::ErrorKind::Callback) if the file cannot be written.
    pub fn draw(path: impl Into<PathBuf>, history: &History, score: &str) -> Result<()> {
        let reports = history.epochs.clone();
        Self { path: path.into(), score: score.to_owned(), reports }.write()
    }

    fn points(&self, value: impl Fn(&EpochReport) -> Option<f64>) -> Vec<(f64, f64)> {
        let points = self.reports.iter().filter_map(|report| Some((report.epoch as f64, value(report)?)));
        points.filter(|(_, y)| y.is_finite()).collect()
    }

    fn write(&self) -> Result<()> {
        let loss = self.points(|report| Some(report.loss));
        let scores = self.points(|report| report.score);
        let panels = if scores.is_empty() { 1 } else { 2 };
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, (SIZE.0, SIZE.1 * panels)).into_drawing_area();
            let drawn = area.fill(&WHITE).map_err(|error| error.to_string()).and_then(|()| {
                let areas = area.split_evenly((panels as usize, 1));
                panel(&areas[0], "loss", &loss, BLUE)?;
                areas.get(1).map_or(Ok(()), |area| panel(area, &self.score, &scores, RED))
            });
            drawn.map_err(|error| refused("curves", error))?;
            area.present().map_err(|error| refused("curves", error))?;
        }
        replace(&self.path, |out| out.write_all(svg.as_bytes()))
    }
}

/// One line over the epochs.
fn panel(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    name: &str,
    points: &[(f64, f64)],
    color: RGBColor,
) -> Result<(), String> {
    let Some(&(last, _)) = points.last() else { return Ok(()) };
    let low = points.iter().fold(f64::INFINITY, |low, point| low.min(point.1));
    let high = points.iter().fold(f64::NEG_INFINITY, |high, point| high.max(point.1));
    let margin = if high > low { 0.05 * (high - low) } else { 0.5 };
    let text = |error: &dyn ToString| error.to_string();
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(1.0..last.max(2.0), low - margin..high + margin)
        .map_err(|error| text(&error))?;
    let mesh = chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&|epoch| format!("{epoch:.0}"))
        .x_desc("epoch")
        .y_desc(name)
        .draw();
    mesh.map_err(|error| text(&error))?;
    let line = LineSeries::new(points.iter().copied(), color.stroke_width(2));
    chart.draw_series(line).map_err(|error| text(&error))?;
    Ok(())
}

impl Callback for Curves {
    fn start(&mut self, run: &RunStart<'_>) -> Result<()> {
        self.score = run.score.unwrap_or_default().to_owned();
        Ok(())
    }

    fn epoch(&mut self, report: &EpochReport) -> Result<Control> {
        self.reports.push(report.clone());
        self.write()?;
        Ok(Control::Continue)
    }

    fn end(&mut self, history: &History) -> Result<()> {
        // Those before the run was resumed too.
        self.reports.clone_from(&history.epochs);
        self.write()
    }
}
