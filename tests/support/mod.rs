//! What several tests and benches need.

pub(crate) mod peers;
