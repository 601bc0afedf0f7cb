//! The lines of a `.ts` file that begin with `@`.

use super::line::refuse;
use crate::Result;

/// What the header says; nothing where it says nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Header {
    pub(super) name: Option<String>,
    pub(super) univariate: Option<bool>,
    pub(super) dimensions: Option<usize>,
    pub(super) equal_length: Option<bool>,
    pub(super) length: Option<usize>,
    pub(super) missing: Option<bool>,
    pub(super) labels: Labels,
}

/// What stands at the end of each line.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Labels {
    #[default]
    None,
    /// A class, one of these if they are listed.
    Classes(Vec<String>),
    Number,
}

/// Whether more header lines follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Header,
    Data,
}

impl Header {
    /// Takes one line without its `@`; names that are not known are passed over.
    pub(super) fn take(&mut self, line: u64, text: &str) -> Result<Section> {
        let mut words = text.split_whitespace();
        let key = words.next().unwrap_or_default().to_ascii_lowercase();
        let values: Vec<&str> = words.collect();
        match key.as_str() {
            "data" => return Ok(Section::Data),
            "problemname" => self.name = Some(values.join(" ")),
            "univariate" => self.univariate = Some(flag(line, &key, &values)?),
            "dimension" | "dimensions" => self.dimensions = Some(count(line, &key, &values)?),
            "equallength" => self.equal_length = Some(flag(line, &key, &values)?),
            "serieslength" => self.length = Some(count(line, &key, &values)?),
            "missing" => self.missing = Some(flag(line, &key, &values)?),
            "timestamps" if flag(line, &key, &values)? => {
                return Err(refuse(line, "@timestamps", "false: series without time stamps", "true"));
            }
            "classlabel" if flag(line, &key, &values)? => {
                self.labels = Labels::Classes(listed(line, &values[1..])?);
            }
            "targetlabel" if flag(line, &key, &values)? => self.labels = Labels::Number,
            _ => {}
        }
        Ok(Section::Header)
    }
}

fn flag(line: u64, key: &str, values: &[&str]) -> Result<bool> {
    let value = values.first().copied().unwrap_or_default();
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(refuse(line, &format!("@{key}"), "true or false", &quote(value))),
    }
}

fn count(line: u64, key: &str, values: &[&str]) -> Result<usize> {
    let value = values.first().copied().unwrap_or_default();
    match value.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(refuse(line, &format!("@{key}"), "a positive whole number", &quote(value))),
    }
}

fn listed(line: u64, names: &[&str]) -> Result<Vec<String>> {
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            return Err(refuse(line, "@classlabel", "each class once", &format!("{} twice", quote(name))));
        }
    }
    Ok(names.iter().map(|&name| name.to_owned()).collect())
}

pub(super) fn quote(text: &str) -> String {
    const MOST: usize = 40;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}
