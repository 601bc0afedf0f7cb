//! A lower and an upper bound for every node.

use tensor::ndarray::{Array2, ArrayView2};

use crate::arrays::expect_extent;
use crate::error::Result;

/// Bounds for every node and column (n × k each), both included.
///
/// What they promise is said by who made them: [`Conformal`](crate::Conformal) or [`Gaussian`](crate::Gaussian).
/// Bounds do not add up, as the worst cases of two nodes seldom fall on one day; values inside them do.
///
/// ```
/// use granular::Region;
/// use tensor::ndarray::array;
///
/// let region = Region { lower: array![[0.0, 0.0]], upper: array![[2.0, 2.0]] };
/// assert_eq!(region.contains(array![[1.0, 3.0]].view())?, array![[true, false]]);
/// # Ok::<(), granular::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// The lower bounds, n × k.
    pub lower: Array2<f64>,
    /// The upper bounds, n × k.
    pub upper: Array2<f64>,
}

impl Region {
    /// Which values (n × k) are inside; NaN never is.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`](crate::ErrorKind::Shape) when the values or the two bounds differ in shape.
    pub fn contains(&self, values: ArrayView2<'_, f64>) -> Result<Array2<bool>> {
        for (what, (rows, columns)) in [("values", values.dim()), ("upper bounds", self.upper.dim())] {
            expect_extent(what, "rows", self.lower.nrows(), rows)?;
            expect_extent(what, "columns", self.lower.ncols(), columns)?;
        }
        Ok(Array2::from_shape_fn(values.dim(), |at| {
            self.lower[at] <= values[at] && values[at] <= self.upper[at]
        }))
    }
}
