//! One number from the numbers of several classes.

/// How the values of classes become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Average {
    /// The mean over classes. A class that is neither among the labels nor among the predictions is left out.
    Macro,
    /// Of all classes counted together: where every sample has one class and one prediction, the accuracy.
    Micro,
    /// The mean over classes, weighted by their numbers of samples.
    Weighted,
}
