//! Small products: tiles of registers over operands that are read where they are.
//!
//! Only an operand `b` that is stored by columns is packed first, since its rows are not in one piece.
#![expect(unsafe_code, reason = "bounds are checked once a product instead of once a multiplication")]

use super::lanes::Lanes;
use super::pack::{Part, pack};
use super::tile::{Left, NV, Place, Right, strip};
use super::{Finish, Float, Matrix, Memory};
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
    pub(super) fn run<S: Simd>(self, simd: S, memory: Memory<T>)
    where
        T: Lanes<S> + Float,
    {
        let Self { out, a, b, finish } = self;
        let (m, depth, n, width) = (a.rows, a.cols, b.cols, NV * T::COUNT);
        assert_eq!((out.len(), b.rows), (m * n, depth), "sizes of a product");
        let in_place = b.col_stride == 1;
        let mut panels = <[Buffer<T>; 2]>::default();
        if !in_place {
            panels = memory.take();
            panels[1].resize(depth * n.next_multiple_of(width));
            pack(simd, &mut panels[1], width, b, Part { k0: 0, depth, l0: 0, lanes: n });
        }
        let left = Left { start: a.start(), row: a.row_stride, step: a.col_stride };
        for j in (0..n).step_by(width) {
            let right = if in_place {
                Right { start: b.start().wrapping_add(j), step: b.row_stride }
            } else {
                Right { start: panels[1][j * depth..].as_ptr(), step: width }
            };
            let start = out.as_mut_ptr().wrapping_add(j);
            let place = Place { start, stride: n, columns: width.min(n - j) };
            let operands = (left, right, std::ptr::null_mut());
            // SAFETY: `m` rows and `n` columns of both operands are there, as `start` checks, or panels
            // as wide as a tile and `depth` deep; and of the exclusively borrowed result.
            unsafe { strip::<T, S, false, false>(simd, m, depth, operands, place, finish.from(j)) };
        }
        if !in_place {
            memory.set(panels);
        }
    }
}
