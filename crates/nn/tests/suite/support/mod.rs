//! What several tests share.

pub(crate) mod pair;
pub(crate) mod torch;
