//! A whole file.

use super::header::{Header, Labels, Section, quote};
use super::line::{Case, OWNER, refuse};
use crate::data::{Pair, Sequences, Targets};
use crate::{ErrorKind, Result};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use tensor::Element;
use tensor::ndarray::{Array1, Array2, Array3};

/// What each series of a file is labelled with.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesLabels {
    /// Nothing.
    None,
    /// A class.
    Classes {
        /// The classes, in the order of the header; in that of their names where the header has none.
        names: Vec<String>,
        /// The index of each series' class.
        of: Vec<usize>,
    },
    /// A number.
    Numbers(Vec<f64>),
}

/// The series of a `.ts` file, the format of sktime and of the UCR and UEA archives.
///
/// Lines that begin with `#` are comments, lines that begin with `@` the header: `@univariate`, `@dimensions`,
/// `@equalLength`, `@seriesLength`, `@missing`, `@classLabel true a b`, `@targetLabel true`, and `@data` before
/// the first series. A line of data is one series: values with `,` between them, `:` between dimensions and
/// before the label, `?` for a missing value. What the header says is checked; other headers are passed over.
/// Series with time stamps are refused.
///
/// ```
/// use nn::data::{SeriesFile, SeriesLabels};
/// use nn::tensor::ndarray::array;
///
/// let text = "@univariate false\n@classLabel true walk run\n@data\n1,2,3:4,5,6:run\n7,?:8,9:walk\n";
/// let file = SeriesFile::read(text.as_bytes())?;
/// assert_eq!(file.series()[0], array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
/// assert!(file.has_missing() && file.series()[1][[1, 0]].is_nan());
/// let names = vec!["walk".into(), "run".into()];
/// assert_eq!(file.labels(), &SeriesLabels::Classes { names, of: vec![1, 0] });
///
/// let error = SeriesFile::read("@data\n1,2\n1,x\n".as_bytes()).unwrap_err();
/// let message = "series file: line 3, dimension 1, value 2: expected a finite number or `?`, got `x`";
/// assert_eq!(error.to_string(), message);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesFile {
    name: Option<String>,
    dimensions: usize,
    series: Vec<Array2<f64>>,
    labels: SeriesLabels,
}

impl SeriesFile {
    /// Reads a file.
    ///
    /// # Errors
    /// As [`read`](Self::read), and [`ErrorKind::Data`] for a file that cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| {
            let (expected, got) = (String::from("a file"), format!("{}: {error}", path.display()));
            ErrorKind::Data { owner: OWNER, expected, got }
        })?;
        Self::read(file)
    }

    /// Reads series, UTF-8.
    ///
    /// # Errors
    /// [`ErrorKind::Line`] with the place of what cannot be read or is not as the header says;
    /// [`ErrorKind::Data`] for a source that breaks off, or has no `@data` or no series.
    pub fn read(source: impl Read) -> Result<Self> {
        let mut lines = Lines { source: BufReader::new(source), bytes: Vec::new(), line: 0 };
        let mut header = Header::default();
        let mut section = Section::Header;
        let mut cases = Vec::new();
        while let Some((line, text)) = lines.next()? {
            match section {
                _ if text.is_empty() || text.starts_with('#') => {}
                Section::Header => match text.strip_prefix('@') {
                    Some(text) => section = header.take(line, text)?,
                    None => return Err(refuse(line, "the header", "`@`", &quote(text))),
                },
                Section::Data => {
                    if cases.is_empty() && header.univariate == Some(true) {
                        only_one(line, &mut header)?;
                    }
                    cases.push(Case::read(&mut header, line, text)?);
                }
            }
        }
        if section == Section::Header || cases.is_empty() {
            let expected = if section == Section::Header { "@data" } else { "a series after @data" };
            return Err(data(expected, "the end of the file"));
        }
        Self::new(header, cases)
    }

    fn new(header: Header, cases: Vec<Case>) -> Result<Self> {
        let labels = match header.labels {
            Labels::None => SeriesLabels::None,
            Labels::Classes(names) => classes(names, &cases)?,
            Labels::Number => SeriesLabels::Numbers(numbers(&cases)?),
        };
        let dimensions = header.dimensions.expect("set by the first series");
        let series = cases.into_iter().map(|case| case.series).collect();
        Ok(Self { name: header.name, dimensions, series, labels })
    }

    /// The name of the problem, if the header has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The number of values at each step.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The series, `[time, dimensions]` each; a missing value is NaN.
    pub fn series(&self) -> &[Array2<f64>] {
        &self.series
    }

    /// The labels.
    pub fn labels(&self) -> &SeriesLabels {
        &self.labels
    }

    /// Whether a value is missing.
    pub fn has_missing(&self) -> bool {
        self.series.iter().flatten().any(|x| x.is_nan())
    }

    /// A dataset whose batches are padded, `[batch, time, dimensions]`.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a file without labels.
    pub fn sequences<T: Element>(&self) -> Result<Sequences<T>> {
        let series = self.series.iter().map(|series| series.mapv(T::from_f64)).collect();
        Sequences::new(series, self.targets()?)
    }

    /// A dataset of series of one length, `[rows, dimensions, time]` as convolutions want them.
    ///
    /// # Errors
    /// [`ErrorKind::Data`] for a file without labels or with series of different length.
    pub fn pair<T: Element>(&self) -> Result<Pair<T>> {
        let time = self.series[0].nrows();
        if let Some(row) = self.series.iter().position(|series| series.nrows() != time) {
            let got = format!("{} steps in row {row}", self.series[row].nrows());
            return Err(data(&format!("{time} steps in each series"), &got));
        }
        let at =
            |(row, dimension, step): (usize, usize, usize)| T::from_f64(self.series[row][[step, dimension]]);
        Pair::new(Array3::from_shape_fn((self.series.len(), self.dimensions, time), at), self.targets()?)
    }

    fn targets<T: Element>(&self) -> Result<Targets<T>> {
        match &self.labels {
            SeriesLabels::None => Err(data("labels", "a file without")),
            SeriesLabels::Classes { of, .. } => Ok(of.clone().into()),
            SeriesLabels::Numbers(numbers) => {
                Ok(numbers.iter().map(|&x| T::from_f64(x)).collect::<Array1<T>>().into())
            }
        }
    }
}

/// One dimension, as `@univariate true` says.
fn only_one(line: u64, header: &mut Header) -> Result<()> {
    match header.dimensions.get_or_insert(1) {
        1 => Ok(()),
        many => Err(refuse(line, "the header", "1 dimension, as it is univariate", &many.to_string())),
    }
}

fn classes(listed: Vec<String>, cases: &[Case]) -> Result<SeriesLabels> {
    let labels = || cases.iter().filter_map(|case| Some((case.line, case.label.as_ref()?)));
    let names = if listed.is_empty() {
        let mut names: Vec<String> = labels().map(|(_, label)| label.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    } else {
        listed
    };
    let index = |(line, label): (u64, &String)| {
        let index = names.iter().position(|name| name == label);
        index.filter(|_| !label.is_empty()).ok_or_else(|| {
            let expected = format!("one of the classes {}", names.join(" "));
            refuse(line, "the label", &expected, &quote(label))
        })
    };
    let of = labels().map(index).collect::<Result<_>>()?;
    Ok(SeriesLabels::Classes { names, of })
}

fn numbers(cases: &[Case]) -> Result<Vec<f64>> {
    let number = |case: &Case| {
        let label = case.label.as_deref().unwrap_or_default();
        let number = label.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| refuse(case.line, "the label", "a finite number", &quote(label)))
    };
    cases.iter().map(number).collect()
}

fn data(expected: &str, got: &str) -> crate::Error {
    ErrorKind::Data { owner: OWNER, expected: expected.to_owned(), got: got.to_owned() }.into()
}

/// Lines with their numbers, in one buffer.
struct Lines<R> {
    source: BufReader<R>,
    bytes: Vec<u8>,
    line: u64,
}

impl<R: Read> Lines<R> {
    fn next(&mut self) -> Result<Option<(u64, &str)>> {
        self.bytes.clear();
        self.line += 1;
        let line = self.line;
        match self.source.read_until(b'\n', &mut self.bytes) {
            Err(error) => return Err(data("a readable source", &format!("{error} in line {line}"))),
            Ok(0) => return Ok(None),
            Ok(_) => {}
        }
        let text = std::str::from_utf8(&self.bytes).map_err(|error| {
            refuse(line, &format!("byte {}", error.valid_up_to() + 1), "UTF-8", "other bytes")
        })?;
        let text = if line == 1 { text.trim_start_matches('\u{feff}') } else { text };
        Ok(Some((line, text.trim())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;
    use tensor::ndarray::array;

    fn message(text: &str) -> String {
        SeriesFile::read(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn equal_series_become_rows_and_sequences() {
        let text = "# made up\r\n\r\n@problemName Two Waves\r\n@timeStamps false\r\n@missing false\r\n\
                    @univariate true\r\n@equalLength true\r\n@seriesLength 3\r\n@classLabel true 2 1\r\n\
                    @data\r\n1,2,-3e1:1\r\n\r\n4,5,6 : 2\r\n";
        let file = SeriesFile::read(text.as_bytes()).unwrap();
        assert_eq!((file.name(), file.dimensions(), file.has_missing()), (Some("Two Waves"), 1, false));
        let pair = file.pair::<f32>().unwrap();
        assert_eq!(pair.inputs(), &array![[[1.0, 2.0, -30.0]], [[4.0, 5.0, 6.0]]].into_dyn());
        assert_eq!(pair.targets(), &Targets::Classes(vec![1, 0]));
        let batch = file.sequences::<f64>().unwrap().batch(&[1]).unwrap();
        assert_eq!(batch.inputs(), &array![[[4.0], [5.0], [6.0]]]);
    }

    #[test]
    fn labels_may_be_numbers_unlisted_or_none() {
        let of = |header: &str, data: &str| {
            SeriesFile::read(format!("{header}\n@data\n{data}").as_bytes()).unwrap()
        };
        let numbers = of("@targetlabel true", "1,2:0.5\n3,4:-1");
        assert_eq!(numbers.labels(), &SeriesLabels::Numbers(vec![0.5, -1.0]));
        assert_eq!(numbers.pair::<f64>().unwrap().targets(), &Targets::from(array![0.5, -1.0]));
        let names = vec!["a".into(), "b".into()];
        let unlisted = of("@CLASSLABEL TRUE", "1:b\n2:a\n3:b");
        assert_eq!(unlisted.labels(), &SeriesLabels::Classes { names, of: vec![1, 0, 1] });
        let none = of("@frequency daily\n@classLabel false", "1,2\n3");
        assert_eq!(none.labels(), &SeriesLabels::None);
        assert!(none.sequences::<f64>().unwrap_err().to_string().contains("expected labels"));
        let unequal = of("@classLabel true x", "1,2:x\n3:x");
        let error = unequal.pair::<f64>().unwrap_err().to_string();
        assert_eq!(error, "series file: expected 2 steps in each series, got 1 steps in row 1");
        assert_eq!(unequal.sequences::<f64>().unwrap().batch(&[0, 1]).unwrap().lengths(), [2, 1]);
    }

    #[test]
    fn promises_of_the_header_are_kept() {
        let of = |header: &str, data: &str| message(&format!("{header}\n@data\n{data}"));
        let place = "series file: line 3, the series: expected";
        assert_eq!(of("@univariate true", "1:2"), format!("{place} 1 dimensions, got 2"));
        assert_eq!(of("@dimensions 3", "1:2"), format!("{place} 3 dimensions, got 2"));
        assert_eq!(
            of("@seriesLength 3\n@equalLength true", "1,2").replace("line 4", "line 3"),
            format!("{place} 3 values, got 2")
        );
        assert!(
            of("@equalLength true", "1,2\n1,2,3").contains("line 4, the series: expected 2 values, got 3")
        );
        assert!(of("@dimensions 2\n@univariate true", "1:2").contains("as it is univariate, got 2"));
        let missing = of("@missing false", "1,?");
        assert!(
            missing.ends_with("value 2: expected no missing value, as the header says, got `?`"),
            "{missing}"
        );
        let label = of("@classLabel true a b", "1:c");
        assert_eq!(label, "series file: line 3, the label: expected one of the classes a b, got `c`");
        assert!(
            of("@targetLabel true", "1:?").contains("line 3, the label: expected a finite number, got `?`")
        );
    }

    #[test]
    fn broken_files_are_refused_with_their_line() {
        for (text, expected) in [
            ("", "expected @data, got the end"),
            ("@data\n", "expected a series after @data"),
            ("1,2\n", "line 1, the header: expected `@`, got `1,2`"),
            ("@missing perhaps\n", "line 1, @missing: expected true or false, got `perhaps`"),
            ("@seriesLength -3\n", "line 1, @serieslength: expected a positive whole number, got `-3`"),
            ("@timestamps true\n", "line 1, @timestamps: expected false"),
            ("@classLabel true a b a\n", "each class once, got `a` twice"),
            (
                "@classLabel true a\n@data\na\n",
                "line 3, the label: expected a series and `:` before it, got `a`",
            ),
            ("@classLabel true\n@data\n1:\n", "line 3, the label"),
            ("@data\n1,2:3\n", "line 2, dimension 2: expected 2 values, got 1"),
            ("@data\n1,,2\n", "line 2, dimension 1, value 2: expected a finite number or `?`, got ``"),
            ("@data\ninf\n", "got `inf`"),
        ] {
            assert!(message(text).contains(expected), "{text:?} gave {}", message(text));
        }
        let error = SeriesFile::read(&b"@data\n1,\xff\n"[..]).unwrap_err().to_string();
        assert_eq!(error, "series file: line 2, byte 3: expected UTF-8, got other bytes");
        let error = SeriesFile::open("/no/such/file.ts").unwrap_err().to_string();
        assert!(error.contains("/no/such/file.ts"), "{error}");
        assert!(message(&format!("@data\n{}", "x".repeat(999))).len() < 200);
    }
}
