//! Wrong answers that users of other engines reported, as small inputs with their right values, in f32 and
//! f64. Each test names the report it comes from.

mod accumulation;
mod broadcasting;
mod convolution;
mod indexing;
mod kinks;
mod losses;
mod reductions;
mod selection;
mod shapes;
mod softmax;
mod support;
