//! `conv1d` and `conv2d`.

use super::{Geometry, Settings, backward_bias, expect_bias, operands};
use crate::kernels::Write;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::ops::window::{Window, expect_image, expect_memory, image, plane, spatial};
use crate::{Element, ErrorKind, Result, Shape, Var};

/// How a kernel slides over `N` spatial axes; the default is step by step, over the input alone.
///
/// | field | default | meaning |
/// | --- | --- | --- |
/// | `stride` | 1 | positions from one output to the next, at least 1 |
/// | `padding` | 0 | zeros before and after the input |
/// | `dilation` | 1 | positions from one tap of the kernel to the next, at least 1 |
/// | `groups` | 1 | parts into which both sides' channels are divided; each sees its own part alone |
///
/// ```
/// use tensor::ConvConfig;
///
/// let halving = ConvConfig { stride: [2, 2], padding: [1, 1], ..ConvConfig::default() };
/// assert_eq!(halving.dilation, [1, 1]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvConfig<const N: usize> {
    /// Positions from one output to the next.
    pub stride: [usize; N],
    /// Zeros before and after the input.
    pub padding: [usize; N],
    /// Positions from one tap of the kernel to the next.
    pub dilation: [usize; N],
    /// Parts into which the channels are divided.
    pub groups: usize,
}

impl<const N: usize> Default for ConvConfig<N> {
    fn default() -> Self {
        Self { stride: [1; N], padding: [0; N], dilation: [1; N], groups: 1 }
    }
}

/// `y[n, o, p] = bias[o] + Σ_{c, k} w[o, c, k] x[n, c, p stride + k dilation - padding]`
#[derive(Debug)]
struct Conv {
    name: &'static str,
    settings: Settings,
}

impl Conv {
    fn new<const N: usize>(name: &'static str, config: ConvConfig<N>) -> Self {
        let ConvConfig { stride, padding, dilation, groups } = config;
        let settings = Settings {
            rank: N + 2,
            stride: plane(stride, 1),
            padding: plane(padding, 0),
            dilation: plane(dilation, 1),
            groups,
        };
        Self { name, settings }
    }

    fn geometry<T: Element>(&self, x: &Shape, w: &Shape) -> Result<Geometry> {
        let (op, settings) = (self.name, &self.settings);
        settings.check(op)?;
        expect_image(op, x, settings.rank)?;
        let kernel = settings.kernel(op, w)?;
        let (inputs, outputs) = (settings.divide(op, x, 1)?, settings.divide(op, w, 0)?);
        if w[1] != inputs {
            let expected = "the kernel's second axis to be as long as the input's channels of one group";
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs: *w, expected }.into());
        }
        let [high, wide] = [0, 1].map(|axis| self.window(axis, spatial(x)[axis], kernel[axis]));
        let (Some(high), Some(wide)) = (high, wide) else {
            let expected = "a (dilated) kernel no longer than the padded input";
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs: *w, expected }.into());
        };
        let axes = [high, wide];
        expect_memory::<T>(op, &[x[0], w[0], high.output, wide.output], *x)?;
        expect_memory::<T>(op, &[inputs, kernel[0], kernel[1], high.output, wide.output], *x)?;
        Ok(Geometry { batch: x[0], groups: settings.groups, inputs, outputs, axes })
    }

    fn window(&self, axis: usize, input: usize, kernel: usize) -> Option<Window> {
        let Settings { stride, padding, dilation, .. } = self.settings;
        let (stride, padding, dilation) = (stride[axis], padding[axis], dilation[axis]);
        let extent = (kernel - 1).checked_mul(dilation)?.checked_add(1)?;
        let free = input.checked_add(2 * padding)?.checked_sub(extent)?;
        Some(Window { input, kernel, output: free / stride + 1, stride, padding, dilation })
    }
}

impl<T: Element> Op<T> for Conv {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let (x, w, bias) = operands(self.name, inputs)?;
        let geometry = self.geometry::<T>(x, w)?;
        expect_bias(self.name, w, bias, w[0])?;
        Ok(image(x[0], w[0], geometry.axes.map(|axis| axis.output), x.len()))
    }

    // The column matrix of one image, where one is built: memory to compute in, of which `backward` reads
    // nothing.
    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        self.geometry::<T>(inputs.get(0), inputs.get(1)).map_or(0, |geometry| geometry.columns::<T>())
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, w) = (inputs.get(0), inputs.get(1));
        let geometry = self.geometry::<T>(x.shape, w.shape)?;
        let bias = (inputs.len() == 3).then(|| inputs.get(2).values);
        geometry.forward((x.values, w.values, bias), (out.values, Write::Store), out.saved);
        Ok(())
    }

    // Each product w x of the sum gives w times the gradient to x, and x times the gradient to w.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (x, w) = (step.inputs.get(0), step.inputs.get(1));
        let geometry = self.geometry::<T>(x.shape, w.shape)?;
        let columns = step.scratch.take(geometry.columns::<T>());
        if let Some(sink) = step.grads.of(0) {
            geometry.backward_input((&step.upstream, w.values, None), sink.parts(), columns);
        }
        if let Some(sink) = step.grads.of(1) {
            geometry.backward_weight((&step.upstream, x.values), sink.so_far(), columns);
        }
        if step.inputs.len() == 3 {
            backward_bias(&mut step.grads, &step.upstream, w.shape[0], geometry.positions());
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The convolution of x `[batch, in, length]` with a kernel `[out, in / groups, taps]` and an optional
    /// bias `[out]`: `[batch, out, (length + 2 padding - dilation (taps - 1) - 1) / stride + 1]`, rounded
    /// down.
    ///
    /// `y[n, o, p] = bias[o] + Σ_{c, k} w[o, c, k] x[n, c, p stride + k dilation - padding]`, where positions
    /// outside of the input hold zeros and channel c runs over the group of o. Derivatives: each product in
    /// the sum gives w times the gradient of y to x, and x times it to w.
    ///
    /// ```
    /// # use tensor::{ConvConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])?;
    /// let w = tape.var(&array![[[1.0, 0.0]], [[0.0, 2.0]]])?;
    /// let y = x.conv1d(w, None, ConvConfig { groups: 2, ..ConvConfig::default() })?;
    /// assert_eq!(y.value()?, array![[[1.0, 2.0], [10.0, 12.0]]].into_dyn());
    /// let gradients = tape.backward_with(y, &array![[[1.0, 10.0], [100.0, 1000.0]]])?;
    /// assert_eq!(gradients.wrt(w)?, array![[[21.0, 32.0]], [[5400.0, 6500.0]]].into_dyn());
    /// assert_eq!(gradients.wrt(x)?, array![[[1.0, 10.0, 0.0], [0.0, 200.0, 2000.0]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] and [`ErrorKind::Shapes`] for other numbers of axes, channels that do not fit
    /// the groups or each other, and a kernel longer than the padded input; [`ErrorKind::Value`] for a
    /// stride, dilation or number of groups of 0.
    pub fn conv1d(self, kernel: Var<'_, T>, bias: Option<Var<'_, T>>, config: ConvConfig<1>) -> Result<Self> {
        self.windowed(Conv::new("conv1d", config), kernel, bias)
    }

    /// The convolution of x `[batch, in, height, width]` with a kernel `[out, in / groups, rows, columns]`
    /// and an optional bias `[out]`: `[batch, out, .., ..]`, each length as in [`conv1d`](Self::conv1d).
    ///
    /// `y[n, o, p, q] = bias[o] + Σ w[o, c, k, l] x[n, c, p stride + k dilation - padding, q stride + …]`.
    /// What a stride leaves over at the end has gradient 0.
    ///
    /// ```
    /// # use tensor::{ConvConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[[1.0, 2.0], [3.0, 4.0]]]])?;
    /// let (w, b) = (tape.var(&array![[[[1.0, 10.0]]]])?, tape.var(&array![0.5])?);
    /// let y = x.conv2d(w, Some(b), ConvConfig::default())?;
    /// assert_eq!(y.value()?, array![[[[21.5], [43.5]]]].into_dyn());
    /// let gradients = tape.backward(y.sum()?)?;
    /// assert_eq!(gradients.wrt(x)?, array![[[[1.0, 10.0], [1.0, 10.0]]]].into_dyn());
    /// assert_eq!(gradients.wrt(w)?, array![[[[4.0, 6.0]]]].into_dyn());
    /// assert_eq!(gradients.wrt(b)?, array![2.0].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`conv1d`](Self::conv1d).
    pub fn conv2d(self, kernel: Var<'_, T>, bias: Option<Var<'_, T>>, config: ConvConfig<2>) -> Result<Self> {
        self.windowed(Conv::new("conv2d", config), kernel, bias)
    }
}
