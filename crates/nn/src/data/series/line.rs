//! One line of data.

use super::header::{Header, Labels, quote};
use crate::{ErrorKind, Result};
use tensor::ndarray::Array2;

pub(super) const OWNER: &str = "series file";

pub(super) fn refuse(line: u64, place: &str, expected: &str, got: &str) -> crate::Error {
    let (place, expected, got) = (place.to_owned(), expected.to_owned(), got.to_owned());
    ErrorKind::Line { owner: OWNER, line, place, expected, got }.into()
}

/// A series `[time, dimensions]` and the text of its label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Case {
    pub(super) line: u64,
    pub(super) series: Array2<f64>,
    pub(super) label: Option<String>,
}

impl Case {
    /// Reads a line as the header says, whose number of dimensions and length, if unknown, become those of
    /// this line.
    pub(super) fn read(header: &mut Header, line: u64, text: &str) -> Result<Self> {
        let mut parts: Vec<&str> = text.split(':').collect();
        let label = match header.labels {
            Labels::None => None,
            _ => parts.pop().map(|label| label.trim().to_owned()),
        };
        if parts.is_empty() {
            return Err(refuse(line, "the label", "a series and `:` before it", &quote(text)));
        }
        let dimensions = *header.dimensions.get_or_insert(parts.len());
        if parts.len() != dimensions {
            let expected = format!("{dimensions} dimensions");
            return Err(refuse(line, "the series", &expected, &parts.len().to_string()));
        }
        let mut values = Vec::new();
        let mut time = None;
        for (dimension, part) in parts.iter().enumerate() {
            let before = values.len();
            read_values(header, line, dimension, part, &mut values)?;
            let steps = values.len() - before;
            let expected = *time.get_or_insert(steps);
            if steps != expected {
                let place = format!("dimension {}", dimension + 1);
                return Err(refuse(line, &place, &format!("{expected} values"), &steps.to_string()));
            }
        }
        let time = time.unwrap_or(0);
        if header.equal_length == Some(true) {
            let length = *header.length.get_or_insert(time);
            if time != length {
                return Err(refuse(line, "the series", &format!("{length} values"), &time.to_string()));
            }
        }
        let by_dimension =
            Array2::from_shape_vec((dimensions, time), values).expect("each dimension has as many values");
        let series = by_dimension.reversed_axes().as_standard_layout().into_owned();
        Ok(Self { line, series, label })
    }
}

fn read_values(
    header: &Header,
    line: u64,
    dimension: usize,
    part: &str,
    values: &mut Vec<f64>,
) -> Result<()> {
    for (position, value) in part.split(',').map(str::trim).enumerate() {
        let place = || format!("dimension {}, value {}", dimension + 1, position + 1);
        if value == "?" || value.eq_ignore_ascii_case("nan") {
            if header.missing == Some(false) {
                return Err(refuse(line, &place(), "no missing value, as the header says", &quote(value)));
            }
            values.push(f64::NAN);
            continue;
        }
        match value.parse::<f64>() {
            Ok(number) if number.is_finite() => values.push(number),
            _ => return Err(refuse(line, &place(), "a finite number or `?`", &quote(value))),
        }
    }
    Ok(())
}
