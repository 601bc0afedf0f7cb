//! What several tests share.

pub(crate) mod folder;
pub(crate) mod model;
pub(crate) mod pair;
pub(crate) mod torch;
