//! Layers, one per file.

mod activation;
mod batch_norm;
mod dropout;
mod group_norm;
mod gru;
mod layer_norm;
mod lengths;
mod linear;
mod lstm;
mod norm;
mod over_time;
mod recurrent;
mod rms_norm;
mod sequential;

pub use activation::{Relu, Sigmoid, Tanh};
pub use batch_norm::{BatchNorm1d, BatchNorm2d, BatchNormConfig};
pub use dropout::{Dropout, Dropout1d, Dropout2d};
pub use group_norm::{GroupNorm, GroupNormConfig};
pub use gru::{Gru, GruOutput};
pub use layer_norm::{LayerNorm, LayerNormConfig};
pub use linear::Linear;
pub use lstm::{Lstm, LstmOutput};
pub use over_time::OverTime;
pub use recurrent::RecurrentConfig;
pub use rms_norm::{RmsNorm, RmsNormConfig};
pub use sequential::Sequential;
