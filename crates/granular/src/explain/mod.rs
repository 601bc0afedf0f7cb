//! Why a reconciled forecast is what it is: what each level, and each node, has in it.

mod effect;
mod explanation;
mod node;

pub use effect::LevelEffect;
pub use explanation::Explanation;
pub use node::{NodeContributions, NodeExplanation};
