//! The loops: the only place where `unsafe` may stand, each block with its reason.

mod bias;
mod buffer;
mod conv;
mod extreme;
pub(crate) mod functions;
mod gemm;
mod map;
mod strided;
mod sum;
mod update;

pub(crate) use bias::update_and_sum_columns;
pub(crate) use buffer::Buffer;
pub(crate) use conv::{Convolutions, Direct, Slide, convolutions};
pub(crate) use extreme::{largest, position, smallest};
pub use gemm::Matrix;
pub(crate) use gemm::{Finish, gemm_plain, product_f32, product_f64};
pub(crate) use map::{map1, map2, map3, update, update1, update1_shared};
pub(crate) use strided::{Walk, move_elements};
pub(crate) use sum::{
    PIECE, add_wide, sum, sum_columns, sum_f32, sum_f64, sum_plain, sum_slice, wide_dot, wide_sum,
};
pub(crate) use update::update_states;

/// Runs a loop compiled for the widest vectors that the machine has.
///
/// A plain build targets the oldest CPU of its family; the dispatch costs about 2 ns.
#[inline(always)]
pub(crate) fn vectorize<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// Asks for the memory that is read next, while the processor computes.
#[inline]
pub(crate) fn ahead<T>(values: &[T]) {
    for line in values.chunks(64 / size_of::<T>()) {
        gemm::prefetch(line.as_ptr());
    }
}

/// What to do with a destination: a first gradient is stored, later ones are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Overwrite what is there.
    Store,
    /// Add to what is there.
    Add,
}

/// Stores or adds one number.
#[inline(always)]
pub(crate) fn put<T: crate::Element>(out: &mut T, write: Write, x: T) {
    match write {
        Write::Store => *out = x,
        Write::Add => *out += x,
    }
}

/// Every instruction set of this machine, for tests that run each.
#[cfg(test)]
pub(crate) fn instruction_sets() -> Vec<pulp::Arch> {
    let mut all = vec![pulp::Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        all.extend(pulp::x86::V3::try_new().map(pulp::Arch::V3));
        all.extend(pulp::x86::V4::try_new().map(pulp::Arch::V4));
    }
    #[cfg(not(target_arch = "x86_64"))]
    all.push(pulp::Arch::new());
    all
}
