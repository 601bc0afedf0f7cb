//! Reconciling on a tape, so that networks are trained through the step that makes their forecasts agree.

mod covariance;
mod layer;
mod layout;
mod learned;
mod number;
mod projector;

pub use layer::Projection;
pub use learned::LearnedProjector;
pub use number::Projectable;
pub use projector::Projector;
