//! Small products: tiles of registers over operands that are read where they are.
//!
//! Only an operand `b` that is stored by columns is packed first, since its rows are not in one piece.
#![expect(unsafe_code, reason = "bounds are checked once a product instead of once a multiplication")]

use super::lanes::Lanes;
use super::pack::{Part, Turn, pack};
use super::tile::{Left, Place, Right, strip};
use super::{Finish, Matrix};
use crate::kernels::Buffer;
use pulp::Simd;

/// `out = finish(a b)`
pub(super) struct Small<'a, T> {
    pub(super) out: &'a mut [T],
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Matrix<'a, T>,
    pub(super) finish: Finish<'a, T>,
}

impl<T> Small<'_, T> {
    #[inline(always)]
    pub(super) fn run<S: Simd>(self, simd: S, panels: &mut Buffer<T>)
    where
        T: Lanes<S> + Turn,
    {
        let Self { out, a, b, finish } = self;
        let (m, depth, n, width) = (a.rows, a.cols, b.cols, 2 * T::COUNT);
        let rows_in_place = b.col_stride == 1;
        if !rows_in_place {
            panels.resize(depth * n.next_multiple_of(width));
            pack(panels, width, b, Part { k0: 0, depth, l0: 0, lanes: n });
        }
        assert_eq!((out.len(), b.rows), (m * n, depth), "sizes of a product");
        let left = Left { start: a.start(), row: a.row_stride, step: a.col_stride };
        for j in (0..n).step_by(width) {
            let start = out.as_mut_ptr().wrapping_add(j);
            let place = Place { start, stride: n, columns: width.min(n - j) };
            let finish = finish.from(j);
            // SAFETY: `m` rows and `n` columns of both operands are there, as `start` checks, and of the
            // exclusively borrowed result; panels are as wide as a tile and `depth` deep.
            unsafe {
                if rows_in_place {
                    let right = Right { start: b.start().add(j), step: b.row_stride };
                    strip::<T, S, false>(simd, m, depth, (left, right), place, finish);
                } else {
                    let right = Right { start: panels[j * depth..].as_ptr(), step: width };
                    strip::<T, S, true>(simd, m, depth, (left, right), place, finish);
                }
            }
        }
    }
}
