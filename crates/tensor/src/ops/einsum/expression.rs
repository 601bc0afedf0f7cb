//! What an expression such as `ij,jk->ik` says, as plain data: no tape, no values.

use crate::{Error, ErrorKind, Result, Shape};

/// What runs over an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Index {
    /// An axis under an ellipsis, counted from the last one: operands of different rank meet there.
    Ellipsis(usize),
    Letter(char),
}

/// The letters of one operand or of the result; after the ellipsis, if there is one.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    before: Vec<char>,
    after: Option<Vec<char>>,
}

/// An expression fitted to the shapes of its operands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expression {
    /// The axes of each operand with their lengths, outermost first. An axis of length 1 that is broadcast
    /// is left out: every element of it is the same.
    pub(crate) operands: Vec<Vec<(Index, usize)>>,
    /// The axes of the result.
    pub(crate) output: Vec<(Index, usize)>,
}

impl Expression {
    /// Reads an expression and fits it to the operands' shapes.
    pub(crate) fn new(text: &str, shapes: &[Shape]) -> Result<Self> {
        let refuse = |problem: String| {
            Error::from(ErrorKind::Expression { op: "einsum", expression: text.to_string(), problem })
        };
        let (terms, output) = parse(text).map_err(refuse)?;
        fit(&terms, output.as_ref(), shapes).map_err(refuse)
    }
}

type Parsed<T> = std::result::Result<T, String>;

fn parse(text: &str) -> Parsed<(Vec<Term>, Option<Term>)> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, Some(output)),
        None => (&*text, None),
    };
    let terms = inputs.split(',').map(Term::parse).collect::<Parsed<_>>()?;
    Ok((terms, output.map(Term::parse).transpose()?))
}

impl Term {
    fn parse(text: &str) -> Parsed<Self> {
        let letters = |text: &str| match text.chars().find(|c| !c.is_ascii_alphabetic()) {
            Some(other) => {
                Err(format!("expected letters, one `...` a term, `,` and one `->`, got `{other}`"))
            }
            None => Ok(text.chars().collect()),
        };
        let (before, after) = match text.split_once("...") {
            Some((before, after)) => (before, Some(after)),
            None => (text, None),
        };
        Ok(Self { before: letters(before)?, after: after.map(letters).transpose()? })
    }

    /// One index an axis, for an array with `hidden` axes under the ellipsis.
    fn indices(&self, hidden: usize) -> Vec<Index> {
        let after = self.after.as_deref();
        let hidden = if after.is_some() { hidden } else { 0 };
        let before = self.before.iter().copied().map(Index::Letter);
        let after = after.unwrap_or_default().iter().copied().map(Index::Letter);
        before.chain((0..hidden).rev().map(Index::Ellipsis)).chain(after).collect()
    }

    fn letters(&self) -> usize {
        self.before.len() + self.after.as_ref().map_or(0, Vec::len)
    }

    /// The indices of an operand and the lengths that they run over.
    fn axes(&self, operand: usize, shape: &Shape) -> Parsed<Vec<(Index, usize)>> {
        let (letters, rank) = (self.letters(), shape.len());
        let at_least = if self.after.is_some() { "at least " } else { "" };
        if rank < letters || (self.after.is_none() && rank > letters) {
            return Err(format!(
                "expected {at_least}{letters} axes of operand {operand}, got shape {shape:?}"
            ));
        }
        let axes: Vec<_> = self.indices(rank - letters).into_iter().zip(shape.iter().copied()).collect();
        for &(index, length) in &axes {
            if let Some(&(_, other)) = axes.iter().find(|axis| axis.0 == index && axis.1 != length) {
                let name = index.name();
                return Err(format!(
                    "expected axes of one length for {name}, repeated in operand {operand}, got {length} and {other}"
                ));
            }
        }
        Ok(axes)
    }
}

impl Index {
    fn name(self) -> String {
        match self {
            Self::Letter(letter) => format!("index `{letter}`"),
            Self::Ellipsis(back) => format!("axis {} from the last of `...`", back + 1),
        }
    }
}

fn fit(terms: &[Term], output: Option<&Term>, shapes: &[Shape]) -> Parsed<Expression> {
    if terms.len() != shapes.len() {
        return Err(format!("expected a term for each of {} operands, got {}", shapes.len(), terms.len()));
    }
    let mut operands = Vec::new();
    let mut lengths = Vec::<(Index, usize)>::new();
    for (operand, (term, shape)) in terms.iter().zip(shapes).enumerate() {
        let axes = term.axes(operand, shape)?;
        for &(index, got) in &axes {
            match lengths.iter_mut().find(|axis| axis.0 == index) {
                None => lengths.push((index, got)),
                Some((_, length)) if *length == 1 => *length = got,
                Some((_, length)) if got != 1 && got != *length => {
                    let name = index.name();
                    return Err(format!(
                        "expected length {length} or 1 of {name} in operand {operand}, got {got}"
                    ));
                }
                Some(_) => {}
            }
        }
        operands.push(axes);
    }
    let output = output.map_or_else(|| Ok(implicit(&operands)), |term| explicit(term, &lengths))?;
    let length = |index| lengths.iter().find(|axis| axis.0 == index).map_or(1, |axis| axis.1);
    for axes in &mut operands {
        axes.retain(|axis| axis.1 == length(axis.0));
    }
    Ok(Expression { operands, output: output.into_iter().map(|index| (index, length(index))).collect() })
}

/// The result's indices as they are written.
fn explicit(term: &Term, lengths: &[(Index, usize)]) -> Parsed<Vec<Index>> {
    let hidden = lengths.iter().filter(|axis| matches!(axis.0, Index::Ellipsis(_))).count();
    let output = term.indices(hidden);
    for (i, index) in output.iter().enumerate() {
        if lengths.iter().all(|axis| axis.0 != *index) {
            return Err(format!("expected every index of the result in an operand, got {}", index.name()));
        }
        if output[..i].contains(index) {
            return Err(format!("expected every index of the result once, got {} again", index.name()));
        }
    }
    Ok(output)
}

/// Without `->`: the axes under the ellipsis, then the letters that occur once, in alphabetical order.
fn implicit(operands: &[Vec<(Index, usize)>]) -> Vec<Index> {
    let all: Vec<Index> = operands.iter().flatten().map(|axis| axis.0).collect();
    let once = |index: &Index| all.iter().filter(|other| *other == index).count() == 1;
    let is_hidden = |index: &Index| matches!(index, Index::Ellipsis(_));
    let mut output: Vec<Index> =
        all.iter().copied().filter(|index| is_hidden(index) || once(index)).collect();
    output.sort_by_key(|&index| match index {
        Index::Ellipsis(back) => (false, std::cmp::Reverse(back), '.'),
        Index::Letter(letter) => (true, std::cmp::Reverse(0), letter),
    });
    output.dedup();
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, shapes: &[&[usize]]) -> std::result::Result<Expression, String> {
        let shapes: Vec<Shape> = shapes.iter().map(|axes| Shape::of(axes)).collect();
        Expression::new(text, &shapes).map_err(|error| error.to_string())
    }

    /// The result's axes, `.` for one under the ellipsis.
    fn output(text: &str, shapes: &[&[usize]]) -> (String, Vec<usize>) {
        let name = |&(index, _): &(Index, usize)| match index {
            Index::Letter(letter) => letter,
            Index::Ellipsis(_) => '.',
        };
        let output = read(text, shapes).unwrap().output;
        (output.iter().map(name).collect(), output.iter().map(|axis| axis.1).collect())
    }

    #[test]
    fn results_are_those_of_numpy() {
        for (text, shapes, indices, lengths) in [
            ("ij,jk->ki", &[&[2, 3][..], &[3, 4]][..], "ki", &[4, 2][..]),
            (" i j , j k ", &[&[2, 3], &[3, 4]], "ik", &[2, 4]),
            ("bA,ca", &[&[2, 3], &[4, 5]], "Aabc", &[3, 5, 2, 4]),
            ("ii", &[&[3, 3]], "", &[]),
            ("ii->i", &[&[3, 3]], "i", &[3]),
            ("i...j", &[&[2, 3, 4]], ".ij", &[3, 2, 4]),
            ("...ij,...jk->...ik", &[&[5, 1, 2, 3], &[6, 3, 4]], "..ik", &[5, 6, 2, 4]),
            ("...i->i", &[&[2, 3]], "i", &[3]),
            ("i->...i", &[&[2]], "i", &[2]),
            ("ij,ij->ij", &[&[2, 1], &[1, 3]], "ij", &[2, 3]),
            ("ij,jk->ik", &[&[0, 3], &[3, 4]], "ik", &[0, 4]),
            ("i,i", &[&[1], &[0]], "", &[]),
            ("", &[&[]], "", &[]),
            (",i", &[&[], &[2]], "i", &[2]),
        ] {
            assert_eq!(output(text, shapes), (indices.to_string(), lengths.to_vec()), "{text}");
        }
    }

    #[test]
    fn broadcast_axes_are_left_out() {
        let expression = read("ij,ij->ij", &[&[2, 1], &[1, 1]]).unwrap();
        let (i, j) = (Index::Letter('i'), Index::Letter('j'));
        assert_eq!(expression.operands, [vec![(i, 2), (j, 1)], vec![(j, 1)]]);
        assert_eq!(expression.output, [(i, 2), (j, 1)]);
    }

    #[test]
    fn refusals_name_the_expression_and_the_place() {
        for (text, shapes, problem) in [
            (
                "ij,jk->il",
                &[&[2, 3][..], &[3, 4]][..],
                "expected every index of the result in an operand, got index `l`",
            ),
            ("ij->ii", &[&[2, 3]], "expected every index of the result once, got index `i` again"),
            ("ij,jk", &[&[2, 3]], "expected a term for each of 1 operands, got 2"),
            ("ij", &[], "expected a term for each of 0 operands, got 1"),
            ("ij,jk->ik", &[&[2, 3], &[4, 5]], "expected length 3 or 1 of index `j` in operand 1, got 4"),
            (
                "...,...",
                &[&[2, 3], &[4, 3]],
                "expected length 2 or 1 of axis 2 from the last of `...` in operand 1, got 4",
            ),
            (
                "ii",
                &[&[1, 3]],
                "expected axes of one length for index `i`, repeated in operand 0, got 1 and 3",
            ),
            ("ij", &[&[2, 3, 4]], "expected 2 axes of operand 0, got shape [2, 3, 4]"),
            ("i...j", &[&[2]], "expected at least 2 axes of operand 0, got shape [2]"),
            ("i.j", &[&[2, 3]], "expected letters, one `...` a term, `,` and one `->`, got `.`"),
            ("......i", &[&[2]], "expected letters, one `...` a term, `,` and one `->`, got `.`"),
            ("i1->i", &[&[2, 3]], "expected letters, one `...` a term, `,` and one `->`, got `1`"),
            ("i->i->i", &[&[2]], "expected letters, one `...` a term, `,` and one `->`, got `-`"),
            ("i->i,i", &[&[2]], "expected letters, one `...` a term, `,` and one `->`, got `,`"),
        ] {
            assert_eq!(read(text, shapes).unwrap_err(), format!("einsum: `{text}`: {problem}"));
        }
    }
}
