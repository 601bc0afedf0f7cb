//! The loop of optimizers with memory.
#![expect(unsafe_code, reason = "an array of slices is walked by one index, checked once a loop")]

use super::vectorize;
use crate::Element;

/// From this many elements on threads share the loop: less is done before a thread wakes up.
#[cfg(feature = "rayon")]
const SHARED: usize = 1 << 15;

/// `(values[i], states[..][i]) = f(values[i], states[..][i], a[i])`, shared by threads where there is much of
/// it. All slices are of one length.
pub(crate) fn update_states<T: Element, const N: usize>(
    values: &mut [T],
    states: [&mut [T]; N],
    a: &[T],
    f: impl Fn(T, [T; N], T) -> (T, [T; N]) + Copy + Sync,
) {
    #[cfg(feature = "rayon")]
    if values.len() >= SHARED && rayon::current_num_threads() > 1 {
        let middle = values.len() / 2;
        let ((values, more), (a, b)) = (values.split_at_mut(middle), a.split_at(middle));
        let mut rest: [&mut [T]; N] = std::array::from_fn(|_| <&mut [T]>::default());
        let mut rests = rest.iter_mut();
        let states = states.map(|state| {
            let (first, second) = state.split_at_mut(middle);
            *rests.next().expect("as many as states") = second;
            first
        });
        rayon::join(|| update_states(values, states, a, f), || update_states(more, rest, b, f));
        return;
    }
    let count = values.len();
    assert!(a.len() == count && states.iter().all(|state| state.len() == count), "slices of one length");
    let states = states.map(<[T]>::as_mut_ptr);
    vectorize(
        #[inline(always)]
        move || {
            for (i, (value, &a)) in values.iter_mut().zip(a).enumerate() {
                // SAFETY: i is less than the length of every state, which are disjoint and borrowed mutably.
                let (new, kept) = f(*value, states.map(|state| unsafe { *state.add(i) }), a);
                *value = new;
                for (state, kept) in states.into_iter().zip(kept) {
                    // SAFETY: as above.
                    unsafe { *state.add(i) = kept };
                }
            }
        },
    );
}
