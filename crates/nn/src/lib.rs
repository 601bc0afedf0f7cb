//! Layers, losses and optimizers on the [`tensor`] tape.
//!
//! ```
//! use nn::{Init, Linear, Module, Optimizer, Pass, Sequential, Sgd, mse};
//! use rand::{SeedableRng, rngs::ChaCha8Rng};
//! use tensor::{Tape, ndarray::array};
//!
//! // Learn y = x₀ - x₁ from four points.
//! let (x, y) = (array![[0., 0.], [0., 1.], [1., 0.], [1., 1.]], array![[0.], [-1.], [1.], [0.]]);
//! let rng = &mut ChaCha8Rng::seed_from_u64(7);
//! let mut net = Sequential::new()
//!     .with(Linear::new(2, 8, Init::KaimingUniform, rng)?.relu())
//!     .with(Linear::new(8, 1, Init::XavierUniform, rng)?);
//! let (mut tape, mut sgd) = (Tape::<f64>::new(), Sgd::new(0.1)?);
//! let mut last = f64::INFINITY;
//! for _ in 0..500 {
//!     let loss = mse(net.forward(tape.constant(&x)?, &mut Pass::train(rng))?, tape.constant(&y)?)?;
//!     last = loss.item()?;
//!     sgd.step(&mut net, &tape.backward(loss)?)?;
//!     tape.reset();
//! }
//! assert!(last < 1e-4, "{last}");
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! - A [`Module`] is a function on the tape; its parameters are reached through one visitor, [`Fields`].
//! - Randomness is an explicit `&mut impl Rng`, train or eval an explicit [`Pass`]; there is no global
//!   state.
//! - Gradients are a value: nothing is zeroed between steps.
#![forbid(unsafe_code)]

mod buffer;
mod error;
mod fields;
mod gradients;
mod init;
mod layers;
mod loss;
mod module;
mod optim;
mod pass;

pub use tensor;

pub use buffer::Buffer;
pub use error::{Error, ErrorKind, Result};
pub use fields::{Field, FieldMut, Fields, Layout, Path, Role, Visit, VisitMut};
pub use gradients::{GradientMap, GradientSum};
pub use init::{Distribution, Fan, Gain, Init};
pub use layers::{AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d};
pub use layers::{AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d};
pub use layers::{Celu, Elu, Hardtanh, LeakyRelu, LogSoftmax, PRelu, Softmax, Softplus};
pub use layers::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, ConvLayerConfig, Padding};
pub use layers::{ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d, ConvTranspose2dConfig};
pub use layers::{ConvTransposeLayerConfig, Embedding, Flatten, Linear, Pad, Parallel, Reshape, Residual};
pub use layers::{Gelu, GeluTanh, Glu, Hardsigmoid, Hardswish, Identity, LogSigmoid, Mish, Relu, Relu6};
pub use layers::{PixelShuffle, PixelUnshuffle};
pub use layers::{Selu, Sequential, Sigmoid, Silu, Softsign, Tanh, Tanhshrink, Upsample1d, Upsample2d};
pub use loss::{cross_entropy, mse};
pub use module::Module;
pub use optim::{Optimizer, Sgd};
pub use pass::{Mode, Pass};

// The README's code is run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
