//! The sizes of the layers' work, the same for every engine, and numbers to work on.

/// Rows, inputs and outputs of the linear layer.
pub const LINEAR: [usize; 3] = [128, 512, 512];
/// Batch, channels in and out, length of the convolution in one dimension, kernel 3, padding 1.
pub const CONV1D: [usize; 4] = [16, 64, 64, 256];
/// Batch, channels in and out, height and width of the convolution in two dimensions, kernel 3, padding 1.
pub const CONV2D: [usize; 4] = [16, 16, 32, 28];
/// The same of the transposed convolution, kernel 2, stride 2.
pub const CONV_TRANSPOSE2D: [usize; 4] = [8, 16, 16, 14];
/// Images that are pooled by 2 x 2, and normalised by channel.
pub const IMAGES: [usize; 4] = [32, 16, 28, 28];
/// Rows and columns of layers on matrices.
pub const MATRIX: [usize; 2] = [512, 512];
/// Rows and columns of the table of the embedding, and the indices into it.
pub const TABLE: [usize; 2] = [10_000, 128];
pub const TOKENS: [usize; 2] = [32, 64];
/// Batch, time and features of recurrent layers, whose state has as many.
pub const SEQUENCES: [usize; 3] = [16, 32, 64];
/// Batch, time and features of attention.
pub const ATTENTION: [usize; 3] = [8, 64, 128];
pub const HEADS: usize = 4;
/// Features between the linear layers of the encoder.
pub const FEED_FORWARD: usize = 512;
/// Multi-layer perceptrons in use, with relu between their layers.
pub const MLPS: [(&str, &[usize]); 3] =
    [("mlp_i", &[10, 5, 1]), ("mlp_ii", &[64, 128, 10]), ("mlp_iii", &[784, 512, 256, 10])];
pub const BATCHES: [usize; 2] = [1, 256];

/// `n` numbers from -scale to scale.
pub fn numbers(n: usize, scale: f32) -> Vec<f32> {
    (1..=n).map(|i| (i as f32 * 12.9898).sin() * scale).collect()
}

/// Indices into the table, some of them twice.
pub fn tokens() -> impl Iterator<Item = usize> {
    (0..TOKENS.iter().product()).map(|i: usize| i * 7919 % TABLE[0])
}
