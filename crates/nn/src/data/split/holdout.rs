//! One part to train on, one to validate with.

use super::Split;
use super::parts::{apportion, by_label, by_time, refuse};
use crate::data::order::shuffle;
use crate::{ErrorKind, Result};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

const OWNER: &str = "holdout";

/// Splits rows into a part to train on and a part to validate with.
///
/// The validation part has `rows * fraction` rows, rounded, but one row at least on either side. Time-ordered
/// splits draw nothing.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `fraction` | 0.2 | the share of rows to validate with | more than 0, less than 1 |
/// | `seed` | 0 | chooses the rows | |
///
/// ```
/// use nn::data::Holdout;
///
/// let split = Holdout { fraction: 0.25, seed: 3 }.plain(8)?;
/// assert_eq!((split.train.len(), split.validation.len()), (6, 2));
/// let split = Holdout::default().ordered(&[2020.0, 2024.0, 2022.0, 2021.0, 2023.0])?;
/// assert_eq!(split.validation, [1]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holdout {
    /// The share of rows to validate with.
    pub fraction: f64,
    /// Chooses the rows.
    pub seed: u64,
}

impl Default for Holdout {
    fn default() -> Self {
        Self { fraction: 0.2, seed: 0 }
    }
}

impl Holdout {
    /// Any rows, each as likely.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a fraction out of range; [`ErrorKind::Data`] for fewer than two rows.
    pub fn plain(&self, rows: usize) -> Result<Split> {
        let count = self.count(rows, "rows")?;
        let mut order: Vec<usize> = (0..rows).collect();
        shuffle(&mut order, &mut self.rng());
        Ok(marked(rows, &order[..count]))
    }

    /// As many rows of each class as its share of all rows asks for.
    ///
    /// ```
    /// use nn::data::Holdout;
    ///
    /// let classes = [0, 0, 0, 0, 0, 0, 1, 1, 1];
    /// let split = Holdout { fraction: 1.0 / 3.0, seed: 0 }.stratified(&classes)?;
    /// let ones = split.validation.iter().filter(|&&row| classes[row] == 1).count();
    /// assert_eq!((split.validation.len(), ones), (3, 1));
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`plain`](Self::plain), and [`ErrorKind::Data`] for a class with fewer than two rows, or with more
    /// classes than rows on either side.
    pub fn stratified(&self, classes: &[usize]) -> Result<Split> {
        let count = self.count(classes.len(), "rows")?;
        let strata = by_label(classes);
        if let Some((class, _)) = strata.iter().find(|(_, rows)| rows.len() < 2) {
            return Err(refuse(OWNER, "two rows or more of each class", format!("one of class {class}")));
        }
        let smaller = count.min(classes.len() - count);
        if strata.len() > smaller {
            let expected = format!("a row of each of {} classes on both sides", strata.len());
            return Err(refuse(OWNER, expected, format!("{smaller} rows on one side")));
        }
        let sizes: Vec<usize> = strata.values().map(Vec::len).collect();
        let rng = &mut self.rng();
        let mut validation = Vec::with_capacity(count);
        for (mut rows, count) in strata.into_values().zip(apportion(count, &sizes)) {
            shuffle(&mut rows, rng);
            // A rare class is on both sides, even where its share is less than a row.
            validation.extend_from_slice(&rows[..count.clamp(1, rows.len() - 1)]);
        }
        Ok(marked(classes.len(), &validation))
    }

    /// Whole groups, such as all rows of a person: no group is on both sides.
    ///
    /// The fraction is one of groups, not of rows, so that groups of any size can be validated with.
    ///
    /// ```
    /// use nn::data::Holdout;
    ///
    /// let person = [7, 7, 7, 8, 8, 9];
    /// let split = Holdout { fraction: 0.3, seed: 0 }.grouped(&person)?;
    /// let of = |rows: &[usize]| rows.iter().map(|&row| person[row]).collect::<Vec<_>>();
    /// let (train, validation) = (of(&split.train), of(&split.validation));
    /// assert!(validation.iter().all(|person| !train.contains(person)));
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a fraction out of range; [`ErrorKind::Data`] for fewer than two groups.
    pub fn grouped(&self, groups: &[usize]) -> Result<Split> {
        let mut members: Vec<Vec<usize>> = by_label(groups).into_values().collect();
        let count = self.count(members.len(), "groups")?;
        shuffle(&mut members, &mut self.rng());
        Ok(marked(groups.len(), &members[..count].concat()))
    }

    /// The latest rows; rows of one time as they stand, so that the later ones validate.
    ///
    /// # Errors
    /// As [`plain`](Self::plain), and [`ErrorKind::Data`] for a time that is NaN.
    pub fn ordered(&self, times: &[f64]) -> Result<Split> {
        let count = self.count(times.len(), "rows")?;
        let order = by_time(OWNER, times)?;
        Ok(marked(times.len(), &order[times.len() - count..]))
    }

    /// How many of `all` validate.
    fn count(&self, all: usize, what: &str) -> Result<usize> {
        let Self { fraction, .. } = *self;
        if !(fraction > 0.0 && fraction < 1.0) {
            let (name, expected) = ("the fraction", "more than 0 and less than 1");
            return Err(ErrorKind::Setting { owner: OWNER, name, expected, got: fraction }.into());
        }
        if all < 2 {
            return Err(refuse(OWNER, format!("two {what} or more"), all.to_string()));
        }
        Ok(((all as f64 * fraction).round() as usize).clamp(1, all - 1))
    }

    fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }
}

fn marked(rows: usize, validation: &[usize]) -> Split {
    let mut is_validation = vec![false; rows];
    validation.iter().for_each(|&row| is_validation[row] = true);
    Split::by(rows, |row| is_validation[row])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_choose_the_rows() {
        let of = |seed| Holdout { fraction: 0.5, seed }.plain(40).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_eq!(Holdout { fraction: 0.01, seed: 0 }.plain(2).unwrap().validation.len(), 1);
    }

    #[test]
    fn rare_classes_are_on_both_sides() {
        let classes: Vec<usize> = (0..100).map(|row| if row < 96 { 4 } else { row % 2 }).collect();
        let split = Holdout { fraction: 0.1, seed: 5 }.stratified(&classes).unwrap();
        for class in [0, 1, 4] {
            for side in [&split.train, &split.validation] {
                assert!(side.iter().any(|&row| classes[row] == class));
            }
        }
    }

    #[test]
    fn impossible_splits_are_refused() {
        let of = |fraction| Holdout { fraction, seed: 0 };
        for fraction in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(of(fraction).plain(9).unwrap_err().to_string().contains("more than 0 and less than 1"));
        }
        let message = |split: Result<Split>| split.unwrap_err().to_string();
        assert_eq!(message(of(0.5).plain(1)), "holdout: expected two rows or more, got 1");
        assert_eq!(message(of(0.5).grouped(&[3, 3])), "holdout: expected two groups or more, got 1");
        let rare = message(of(0.5).stratified(&[0, 0, 7]));
        assert_eq!(rare, "holdout: expected two rows or more of each class, got one of class 7");
        let few = message(of(0.1).stratified(&[0, 0, 0, 0, 0, 1, 1, 1, 1, 1]));
        assert_eq!(few, "holdout: expected a row of each of 2 classes on both sides, got 1 rows on one side");
        assert!(message(of(0.5).ordered(&[1.0, f64::NAN])).contains("NaN in row 1"));
    }
}
