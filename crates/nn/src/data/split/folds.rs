//! Cross-validation.

use super::Split;
use super::groups::balance;
use super::parts::{by_label, by_time, refuse};
use crate::data::order::shuffle;
use crate::{ErrorKind, Result};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

const OWNER: &str = "k-fold";

/// Splits rows into folds, each of which validates what the others train.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `folds` | 5 | how many splits there are | 2 or more |
/// | `seed` | 0 | chooses the rows | |
///
/// ```
/// use nn::data::KFold;
///
/// let splits = KFold { folds: 3, seed: 0 }.plain(7)?;
/// let mut validated: Vec<usize> = splits.iter().flat_map(|split| split.validation.clone()).collect();
/// validated.sort();
/// assert_eq!(validated, [0, 1, 2, 3, 4, 5, 6]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KFold {
    /// How many splits there are.
    pub folds: usize,
    /// Chooses the rows.
    pub seed: u64,
}

impl Default for KFold {
    fn default() -> Self {
        Self { folds: 5, seed: 0 }
    }
}

impl KFold {
    /// Any rows, each as likely; the folds' sizes differ by one at most.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for fewer than two folds; [`ErrorKind::Data`] for fewer rows than folds.
    pub fn plain(&self, rows: usize) -> Result<Vec<Split>> {
        self.check(rows, "rows")?;
        let mut order: Vec<usize> = (0..rows).collect();
        shuffle(&mut order, &mut self.rng());
        Ok(self.deal(&order))
    }

    /// Each class in every fold by its share: the folds' rows of a class differ by one at most, and so do
    /// their sizes.
    ///
    /// # Errors
    /// As [`plain`](Self::plain), and [`ErrorKind::Data`] for a class with fewer rows than folds.
    pub fn stratified(&self, classes: &[usize]) -> Result<Vec<Split>> {
        self.check(classes.len(), "rows")?;
        let rng = &mut self.rng();
        let mut order = Vec::with_capacity(classes.len());
        for (class, mut rows) in by_label(classes) {
            self.check(rows.len(), &format!("rows of class {class}"))?;
            shuffle(&mut rows, rng);
            order.append(&mut rows);
        }
        Ok(self.deal(&order))
    }

    /// Whole groups, such as all rows of a person: no group is on both sides of a split; the folds' sizes are
    /// as like as the groups allow, large groups being placed first.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for fewer than two folds; [`ErrorKind::Data`] for fewer groups than folds.
    pub fn grouped(&self, groups: &[usize]) -> Result<Vec<Split>> {
        self.check(by_label(groups).len(), "groups")?;
        let fold_of = balance(groups, self.folds, &mut self.rng());
        Ok(self.splits(&fold_of))
    }

    /// Training on what comes before: the rows in the order of their times are cut into one part more than
    /// folds, and split i trains on the parts before part i + 1, which validates. Nothing is drawn.
    ///
    /// Rows of one time stay as they stand. The first part takes what does not divide.
    ///
    /// ```
    /// use nn::data::KFold;
    ///
    /// let splits = KFold { folds: 2, seed: 0 }.ordered(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])?;
    /// assert_eq!((&splits[0].train[..], &splits[0].validation[..]), (&[0, 1, 2][..], &[3, 4][..]));
    /// assert_eq!((&splits[1].train[..], &splits[1].validation[..]), (&[0, 1, 2, 3, 4][..], &[5, 6][..]));
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for fewer than two folds; [`ErrorKind::Data`] for fewer rows than parts, or a
    /// time that is NaN.
    pub fn ordered(&self, times: &[f64]) -> Result<Vec<Split>> {
        self.check(times.len(), "rows")?;
        let (rows, folds) = (times.len(), self.folds);
        if rows <= folds {
            return Err(refuse(OWNER, format!("{folds} + 1 rows or more"), rows.to_string()));
        }
        let order = by_time(OWNER, times)?;
        let size = rows / (folds + 1);
        let sorted = |rows: &[usize]| {
            let mut rows = rows.to_vec();
            rows.sort_unstable();
            rows
        };
        let split = |fold: usize| {
            let start = rows - size * (folds - fold);
            Split { train: sorted(&order[..start]), validation: sorted(&order[start..start + size]) }
        };
        Ok((0..folds).map(split).collect())
    }

    /// Deals rows out to the folds, one after the other.
    fn deal(&self, order: &[usize]) -> Vec<Split> {
        let mut fold_of = vec![0; order.len()];
        order.iter().enumerate().for_each(|(turn, &row)| fold_of[row] = turn % self.folds);
        self.splits(&fold_of)
    }

    fn splits(&self, fold_of: &[usize]) -> Vec<Split> {
        (0..self.folds).map(|fold| Split::by(fold_of.len(), |row| fold_of[row] == fold)).collect()
    }

    fn check(&self, have: usize, what: &str) -> Result<()> {
        if self.folds < 2 {
            let (name, expected, got) = ("the number of folds", "2 or more", self.folds as f64);
            return Err(ErrorKind::Setting { owner: OWNER, name, expected, got }.into());
        }
        if have < self.folds {
            let expected = format!("{} {what} or more, one for each fold", self.folds);
            return Err(refuse(OWNER, expected, have.to_string()));
        }
        Ok(())
    }

    fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_spread_evenly() {
        let classes: Vec<usize> = (0..53).map(|row| usize::from(row % 5 == 0) * 3).collect();
        let splits = KFold { folds: 4, seed: 1 }.stratified(&classes).unwrap();
        for split in &splits {
            let rare = split.validation.iter().filter(|&&row| classes[row] == 3).count();
            assert!((2..=3).contains(&rare), "{rare}");
            assert!((13..=14).contains(&split.validation.len()));
        }
    }

    #[test]
    fn groups_stay_together_and_sizes_are_like() {
        let groups: Vec<usize> = (0..10).flat_map(|group| vec![group * 7; 1 + group % 3]).collect();
        let splits = KFold { folds: 3, seed: 2 }.grouped(&groups).unwrap();
        for split in &splits {
            assert!(
                split.validation.iter().all(|&row| split.train.iter().all(|&t| groups[t] != groups[row]))
            );
            assert!((6..=7).contains(&split.validation.len()), "{}", split.validation.len());
        }
    }

    #[test]
    fn seeds_choose_the_folds() {
        let of = |seed| KFold { folds: 3, seed }.plain(30).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        let grouped = |seed| KFold { folds: 3, seed }.grouped(&(0..30).collect::<Vec<_>>()).unwrap();
        assert_ne!(grouped(1), grouped(2));
    }

    #[test]
    fn impossible_folds_are_refused() {
        let message = |splits: Result<Vec<Split>>| splits.unwrap_err().to_string();
        let of = |folds| KFold { folds, seed: 0 };
        assert_eq!(message(of(1).plain(9)), "k-fold: expected the number of folds to be 2 or more, got 1");
        assert_eq!(message(of(4).plain(3)), "k-fold: expected 4 rows or more, one for each fold, got 3");
        let rare = message(of(2).stratified(&[0, 0, 5]));
        assert_eq!(rare, "k-fold: expected 2 rows of class 5 or more, one for each fold, got 1");
        let groups = message(of(3).grouped(&[1, 1, 2, 2]));
        assert_eq!(groups, "k-fold: expected 3 groups or more, one for each fold, got 2");
        assert_eq!(message(of(3).ordered(&[1.0; 3])), "k-fold: expected 3 + 1 rows or more, got 3");
        assert!(message(of(2).ordered(&[1.0, f64::NAN, 2.0])).contains("NaN in row 1"));
    }
}
