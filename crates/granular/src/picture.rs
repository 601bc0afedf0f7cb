//! Pictures of forecasts: what was, what was forecast, what came.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;
use tensor::ndarray::{Array1, ArrayView2, Axis};

use crate::arrays::{expect_extent, rows};
use crate::coherent::Coherent;
use crate::error::{Error, ErrorKind, Result};
use crate::files::save_whole;
use crate::uncertainty::Region;

/// Which line of numbers a [`Picture`] shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'s> {
    /// The node of this name.
    Node(&'s str),
    /// A node of a level, where names alone are ambiguous.
    NodeIn(&'s str, &'s str),
    /// The mean over the nodes of the level of this name; for a region the mean of the bounds.
    LevelMean(&'s str),
}

/// An SVG of one node or level (feature `plot`): the history, what came after it, forecasts, and a region as a band.
///
/// Columns are numbered from 1; the forecasts begin after the history's last column, where a grey line stands.
///
/// ```
/// use granular::{Hierarchy, Picture, Subject};
/// use tensor::ndarray::array;
///
/// let year = Hierarchy::temporal(2, &[("year", 2), ("half", 1)])?;
/// let history = year.integrate(array![[1.0, 2.0, 3.0], [1.0, 3.0, 5.0]].view())?;
/// let base = array![[10.0], [4.0], [7.0]];
/// let mut svg = Vec::new();
/// Picture::new(&history).forecast("base", base.view())?.write_svg(Subject::Node("year[0]"), &mut svg)?;
/// assert!(String::from_utf8_lossy(&svg).starts_with("<svg"));
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Picture<'a> {
    history: &'a Coherent,
    actual: Option<&'a Coherent>,
    forecasts: Vec<(String, ArrayView2<'a, f64>)>,
    region: Option<(String, &'a Region)>,
    last: usize,
}

/// Of the chart, without its legend.
const SIZE: (u32, u32) = (770, 420);
/// How much of the band's colour is seen.
const SHADE: f64 = 0.15;

/// Colours that are told apart by most colour-blind people (Okabe & Ito), for the forecasts in their order.
const COLORS: [RGBColor; 6] = [
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

impl<'a> Picture<'a> {
    /// Of a history (n × T), without forecasts yet.
    #[must_use]
    pub fn new(history: &'a Coherent) -> Self {
        Self { history, actual: None, forecasts: Vec::new(), region: None, last: usize::MAX }
    }

    /// Shows only the last so many columns of the history.
    #[must_use]
    pub fn last(mut self, columns: usize) -> Self {
        self.last = columns;
        self
    }

    /// What came after the history (n × k).
    ///
    /// # Errors
    /// [`ErrorKind::OtherHierarchy`].
    pub fn actual(mut self, actual: &'a Coherent) -> Result<Self> {
        if actual.hierarchy() != self.history.hierarchy() {
            return Err(ErrorKind::OtherHierarchy { what: "actual values", than: "history" }.into());
        }
        self.actual = Some(actual);
        Ok(self)
    }

    /// A forecast of all nodes (n × k), coherent or not, under a name for the legend.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`], [`ErrorKind::NotFinite`]; [`ErrorKind::Forecast`] when the name is taken.
    pub fn forecast(mut self, name: &str, forecast: ArrayView2<'a, f64>) -> Result<Self> {
        if self.forecasts.iter().any(|(other, _)| other == name) {
            return Err(ErrorKind::Forecast { name: name.to_owned(), state: "already in" }.into());
        }
        self.history.hierarchy().check_base(forecast)?;
        self.forecasts.push((name.to_owned(), forecast));
        Ok(self)
    }

    /// A region (n × k), drawn as a band under a name for the legend.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`], [`ErrorKind::NotFinite`] for a bound.
    pub fn region(mut self, name: &str, region: &'a Region) -> Result<Self> {
        self.history.hierarchy().check_base(region.lower.view())?;
        self.history.hierarchy().check_base(region.upper.view())?;
        expect_extent("upper bounds", "columns", region.lower.ncols(), region.upper.ncols())?;
        self.region = Some((name.to_owned(), region));
        Ok(self)
    }

    /// Writes the SVG.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownLevel`], [`ErrorKind::UnknownNode`], [`ErrorKind::AmbiguousNode`] for the subject;
    /// [`ErrorKind::Picture`] when there is nothing to draw or it cannot be written.
    pub fn write_svg(&self, subject: Subject<'_>, mut to: impl Write) -> Result<()> {
        let svg = self.svg(subject)?;
        to.write_all(svg.as_bytes()).map_err(|error| refused(error.to_string()))
    }

    /// Writes the SVG to a file, whole or not at all.
    ///
    /// # Errors
    /// As [`Picture::write_svg`]; [`ErrorKind::File`] names the path.
    pub fn save_svg(&self, subject: Subject<'_>, path: impl AsRef<Path>) -> Result<()> {
        let svg = self.svg(subject)?;
        save_whole(path.as_ref(), |mut file| {
            file.write_all(svg.as_bytes()).map_err(|error| refused(error.to_string()))
        })
    }

    /// Writes one SVG for each level, of its mean, into a folder that is there: `level.svg`, with `_` for every character
    /// of the name that is no letter and no digit. Returns the paths.
    ///
    /// # Errors
    /// As [`Picture::save_svg`]; [`ErrorKind::Picture`] when two levels' files would have one name.
    pub fn save_levels(&self, folder: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for level in self.history.hierarchy().levels() {
            let letter = |c: char| if c.is_alphanumeric() { c } else { '_' };
            let path = folder.as_ref().join(level.name().chars().map(letter).collect::<String>() + ".svg");
            if paths.contains(&path) {
                return Err(refused(format!("two levels would be written to `{}`", path.display())));
            }
            paths.push(path);
        }
        for (level, path) in self.history.hierarchy().levels().zip(&paths) {
            self.save_svg(Subject::LevelMean(level.name()), path)?;
        }
        Ok(paths)
    }

    fn svg(&self, subject: Subject<'_>) -> Result<String> {
        let scene = self.scene(subject)?;
        let mut svg = String::new();
        {
            let size = (SIZE.0 + scene.legend_width(), SIZE.1);
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            scene.draw(&area).map_err(refused)?;
            area.present().map_err(|error| refused(error.to_string()))?;
        }
        Ok(svg)
    }

    /// The lines of a subject, as points.
    fn scene(&self, subject: Subject<'_>) -> Result<Scene> {
        let hierarchy = self.history.hierarchy();
        let (title, range) = match subject {
            Subject::Node(name) => (name.to_owned(), one(hierarchy.node(name)?)),
            Subject::NodeIn(level, name) => {
                (format!("{level}: {name}"), one(hierarchy.node_in(level, name)?))
            }
            Subject::LevelMean(name) => {
                let level = hierarchy.level(name)?;
                let mean = if level.len() == 1 { "" } else { ", mean of the nodes" };
                (format!("{name}{mean}"), level.range())
            }
        };
        let line = |values: ArrayView2<'_, f64>| mean_row(values, range.clone());
        let total = self.history.columns();
        let history = line(self.history.all());
        let skipped = total.saturating_sub(self.last);
        let mut lines = Vec::new();
        let mut past = points(&history, 0);
        past.drain(..skipped);
        let joined = |values: Array1<f64>| {
            let mut points = points(&values, total);
            if let Some(&last) = history.last() {
                points.insert(0, (total as f64, last));
            }
            points
        };
        lines.push(Line { name: "history".to_owned(), color: BLACK, width: 2, points: past });
        if let Some(actual) = self.actual {
            let points = joined(line(actual.all()));
            lines.push(Line { name: "actual".to_owned(), color: RGBColor(130, 130, 130), width: 3, points });
        }
        for ((name, values), color) in self.forecasts.iter().zip(COLORS.into_iter().cycle()) {
            lines.push(Line { name: name.clone(), color, width: 2, points: joined(line(*values)) });
        }
        let band = self.region.as_ref().map(|(name, region)| Band {
            name: name.clone(),
            lower: points(&line(region.lower.view()), total),
            upper: points(&line(region.upper.view()), total),
        });
        Ok(Scene { title, origin: total as f64 + 0.5, lines, band })
    }
}

fn one(node: usize) -> Range<usize> {
    node..node + 1
}

/// The mean of some rows.
fn mean_row(values: ArrayView2<'_, f64>, range: Range<usize>) -> Array1<f64> {
    let count = range.len() as f64;
    // Divided before they are added, as large values could overflow.
    rows(values, range).map_axis(Axis(0), |column| column.iter().map(|value| value / count).sum())
}

/// Values at the columns after `before`, which count from 1.
fn points(values: &Array1<f64>, before: usize) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(i, &value)| ((before + i + 1) as f64, value)).collect()
}

struct Line {
    name: String,
    color: RGBColor,
    width: u32,
    points: Vec<(f64, f64)>,
}

struct Band {
    name: String,
    lower: Vec<(f64, f64)>,
    upper: Vec<(f64, f64)>,
}

struct Scene {
    title: String,
    /// Where the history ends.
    origin: f64,
    lines: Vec<Line>,
    band: Option<Band>,
}

impl Scene {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let band = self.band.iter().flat_map(|band| band.lower.iter().chain(&band.upper));
        self.lines.iter().flat_map(|line| &line.points).chain(band).copied()
    }

    /// The smallest and largest coordinate, with some air.
    fn extent(&self, of: impl Fn((f64, f64)) -> f64, air: f64) -> Result<Range<f64>, String> {
        let (low, high) = self
            .points()
            .map(of)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let span = high - low;
        if !span.is_finite() {
            return Err("there are no values to draw, or their range overflows".to_owned());
        }
        // A flat line gets air too, as much as its size allows.
        let margin = if span > 0.0 { air * span } else { 0.5_f64.max(high.abs() * 0.05) };
        Ok(low - margin..high + margin)
    }

    fn draw(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), String> {
        let text = |error: &dyn ToString| error.to_string();
        area.fill(&WHITE).map_err(|error| text(&error))?;
        let (x, y) = (self.extent(|p| p.0, 0.01)?, self.extent(|p| p.1, 0.06)?);
        let digits = label_digits(&y);
        let (left, right) = area.split_horizontally(SIZE.0);
        let mut chart = ChartBuilder::on(&left)
            .caption(&self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(72)
            .build_cartesian_2d(x, y.clone())
            .map_err(|error| text(&error))?;
        let mesh = chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(RGBColor(225, 225, 225))
            .x_label_formatter(&|column| format!("{column:.0}"))
            .y_label_formatter(&|value| format!("{value:.digits$}"))
            .x_desc("column")
            .draw();
        mesh.map_err(|error| text(&error))?;
        if let Some(Band { lower, upper, .. }) = &self.band {
            let outline: Vec<(f64, f64)> = lower.iter().chain(upper.iter().rev()).copied().collect();
            let band = Polygon::new(outline, BLUE.mix(SHADE).filled());
            chart.draw_series([band]).map_err(|error| text(&error))?;
        }
        let origin = LineSeries::new([(self.origin, y.start), (self.origin, y.end)], RGBColor(170, 170, 170));
        chart.draw_series(origin).map_err(|error| text(&error))?;
        for line in &self.lines {
            let style = line.color.stroke_width(line.width);
            let series = LineSeries::new(line.points.iter().copied(), style);
            chart.draw_series(series).map_err(|error| text(&error))?;
        }
        self.draw_legend(&right)
    }

    /// Room for the longest name, up to a bound.
    fn legend_width(&self) -> u32 {
        let names = self.lines.iter().map(|line| &line.name).chain(self.band.iter().map(|band| &band.name));
        let longest = names.map(|name| name.chars().count()).max().unwrap_or(0);
        48 + 8 * u32::try_from(longest.min(60)).unwrap_or(60)
    }

    /// The names beside the chart, where they hide nothing.
    fn draw_legend(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), String> {
        let text = |error: &dyn ToString| error.to_string();
        let name = |name: &str, y: i32| Text::new(name.to_owned(), (34, y - 6), ("sans-serif", 14));
        let mut places = (0..).map(|place| 52 + 22 * place);
        for (line, y) in self.lines.iter().zip(&mut places) {
            let sample = PathElement::new([(4, y), (26, y)], line.color.stroke_width(line.width));
            area.draw(&sample).map_err(|error| text(&error))?;
            area.draw(&name(&line.name, y)).map_err(|error| text(&error))?;
        }
        if let (Some(band), Some(y)) = (&self.band, places.next()) {
            let sample = Rectangle::new([(4, y - 6), (26, y + 6)], BLUE.mix(SHADE).filled());
            area.draw(&sample).map_err(|error| text(&error))?;
            area.draw(&name(&band.name, y)).map_err(|error| text(&error))?;
        }
        Ok(())
    }
}

/// Decimals that tell the labels of an axis apart.
fn label_digits(range: &Range<f64>) -> usize {
    let step = (range.end - range.start) / 10.0;
    if step >= 1.0 { 0 } else { usize::try_from(-(step.log10().floor() as i64).clamp(-9, 0)).unwrap_or(0) }
}

fn refused(error: String) -> Error {
    ErrorKind::Picture { source: error.into() }.into()
}
