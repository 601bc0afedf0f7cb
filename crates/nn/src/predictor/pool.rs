//! Recordings that wait for the next call.

use super::input::{Form, Input};
use tensor::{Element, Recording};

/// Recordings by the forms of their inputs.
pub(super) struct Pool<T: Element> {
    groups: Vec<Group<T>>,
    most: usize,
    /// Grows with every call.
    clock: u64,
}

/// Recordings for one list of inputs: as many as there were calls at the same time.
struct Group<T: Element> {
    forms: Vec<Form>,
    #[expect(clippy::vec_box, reason = "they come and go at every call, and are hundreds of bytes")]
    idle: Vec<Box<Recording<T>>>,
    used: u64,
}

/// What a pool has for some inputs.
pub(super) enum Found<T: Element> {
    /// A recording for inputs of these forms.
    Ready(Box<Recording<T>>),
    /// One for others, which makes room.
    Other(Box<Recording<T>>),
    Nothing,
}

impl<T: Element> Pool<T> {
    pub(super) const fn new(most: usize) -> Self {
        Self { groups: Vec::new(), most, clock: 0 }
    }

    /// Takes out a recording for these inputs.
    pub(super) fn take(&mut self, inputs: &[Input<'_, T>]) -> Found<T> {
        self.clock += 1;
        let clock = self.clock;
        if let Some(group) = self.find(inputs) {
            group.used = clock;
            return group.idle.pop().map_or(Found::Nothing, Found::Ready);
        }
        let full = self.groups.len() >= self.most;
        match full.then(|| self.evict()).flatten() {
            Some(recording) => Found::Other(recording),
            None => Found::Nothing,
        }
    }

    /// Puts a recording back, or a new one in.
    pub(super) fn give(&mut self, inputs: &[Input<'_, T>], recording: Box<Recording<T>>) {
        if let Some(group) = self.find(inputs) {
            group.idle.push(recording);
            return;
        }
        let Some(forms) = inputs.iter().map(Input::form).collect() else { return };
        // Other calls may have filled the pool meanwhile.
        if self.groups.len() >= self.most {
            self.evict();
        }
        self.groups.push(Group { forms, idle: vec![recording], used: self.clock });
    }

    pub(super) fn bytes(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.idle).map(|recording| recording.bytes()).sum()
    }

    #[inline]
    fn find(&mut self, inputs: &[Input<'_, T>]) -> Option<&mut Group<T>> {
        self.groups.iter_mut().find(|group| {
            let same = |(input, form): (&Input<'_, T>, &Form)| input.has(form);
            group.forms.len() == inputs.len() && inputs.iter().zip(&group.forms).all(same)
        })
    }

    /// Removes the group that was not used for longest; one of its recordings.
    fn evict(&mut self) -> Option<Box<Recording<T>>> {
        let (oldest, _) = self.groups.iter().enumerate().min_by_key(|(_, group)| group.used)?;
        self.groups.swap_remove(oldest).idle.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::Array1;

    fn recording(x: &Array1<f64>) -> Box<Recording<f64>> {
        Box::new(Recording::new(|inputs| inputs.numbers(x)).unwrap())
    }

    #[test]
    fn the_shape_that_was_not_used_for_longest_makes_room() {
        let arrays: Vec<Array1<f64>> = (1..=3).map(Array1::zeros).collect();
        let inputs: Vec<_> = arrays.iter().map(|x| [Input::numbers(x)]).collect();
        let mut pool = Pool::new(2);
        for (x, input) in arrays.iter().zip(&inputs).take(2) {
            assert!(matches!(pool.take(input), Found::Nothing));
            pool.give(input, recording(x));
        }
        let Found::Ready(first) = pool.take(&inputs[0]) else { panic!("the first shape is kept") };
        // It is in use, so there is none for a second call.
        assert!(matches!(pool.take(&inputs[0]), Found::Nothing));
        pool.give(&inputs[0], first);
        let Found::Other(second) = pool.take(&inputs[2]) else { panic!("the second shape makes room") };
        assert_eq!(*second.shapes()[0], [2]);
        pool.give(&inputs[2], recording(&arrays[2]));
        assert!(matches!(pool.take(&inputs[0]), Found::Ready(_)));
        assert!(matches!(pool.take(&inputs[2]), Found::Ready(_)));
    }

    #[test]
    fn indices_and_numbers_of_one_shape_are_told_apart() {
        let (numbers, indices) = (Array1::<f64>::zeros(2), Array1::<usize>::zeros(2));
        let form = Input::numbers(&numbers).form().unwrap();
        assert!(!Input::<f64>::indices(&indices).has(&form));
        assert!(Input::numbers(&numbers).has(&form));
    }
}
