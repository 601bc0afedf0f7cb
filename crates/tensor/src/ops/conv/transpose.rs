//! `conv_transpose1d` and `conv_transpose2d`: the gradient of a convolution as an op of its own.

use super::{Geometry, Settings, backward_bias, expect_bias, operands};
use crate::kernels::Write;
use crate::op::{Backward, Forward, Inputs, Op, Shapes};
use crate::ops::window::{Window, expect_image, expect_memory, image, plane, spatial};
use crate::{Element, ErrorKind, Result, Shape, Var};

/// How a kernel is spread over `N` spatial axes; fields as in [`ConvConfig`](crate::ConvConfig).
///
/// A convolution with a stride makes one length of several; `output_padding` says which of them the
/// transposed one makes, by lengthening the result at its end.
///
/// | field | default | meaning |
/// | --- | --- | --- |
/// | `stride` | 1 | positions of the result from one input to the next, at least 1 |
/// | `padding` | 0 | positions that are cut off the result's beginning and end |
/// | `output_padding` | 0 | positions that are added to its end: fewer than the stride or the dilation |
/// | `dilation` | 1 | positions from one tap of the kernel to the next, at least 1 |
/// | `groups` | 1 | parts into which both sides' channels are divided |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvTransposeConfig<const N: usize> {
    /// Positions of the result from one input to the next.
    pub stride: [usize; N],
    /// Positions that are cut off the result's beginning and end.
    pub padding: [usize; N],
    /// Positions that are added to the result's end.
    pub output_padding: [usize; N],
    /// Positions from one tap of the kernel to the next.
    pub dilation: [usize; N],
    /// Parts into which the channels are divided.
    pub groups: usize,
}

impl<const N: usize> Default for ConvTransposeConfig<N> {
    fn default() -> Self {
        Self { stride: [1; N], padding: [0; N], output_padding: [0; N], dilation: [1; N], groups: 1 }
    }
}

/// `y[n, o, p stride + k dilation - padding] += w[c, o, k] x[n, c, p]`
#[derive(Debug)]
struct ConvTranspose {
    name: &'static str,
    settings: Settings,
    output_padding: [usize; 2],
}

impl ConvTranspose {
    fn new<const N: usize>(name: &'static str, config: ConvTransposeConfig<N>) -> Self {
        let ConvTransposeConfig { stride, padding, output_padding, dilation, groups } = config;
        let settings = Settings {
            rank: N + 2,
            stride: plane(stride, 1),
            padding: plane(padding, 0),
            dilation: plane(dilation, 1),
            groups,
        };
        Self { name, settings, output_padding: plane(output_padding, 0) }
    }

    /// The convolution whose input is this op's output, and the reverse.
    fn geometry<T: Element>(&self, x: &Shape, w: &Shape) -> Result<Geometry> {
        let (op, settings) = (self.name, &self.settings);
        settings.check(op)?;
        for (axis, &added) in self.output_padding.iter().enumerate() {
            if added >= settings.stride[axis].max(settings.dilation[axis]) {
                let expected = "an output padding less than the stride or the dilation";
                return Err(ErrorKind::Value { op, expected, got: added as f64 }.into());
            }
        }
        expect_image(op, x, settings.rank)?;
        let kernel = settings.kernel(op, w)?;
        let outputs = settings.divide(op, x, 1)?;
        if w[0] != x[1] {
            let expected = "the kernel's first axis to be as long as the input's channels";
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs: *w, expected }.into());
        }
        let [high, wide] = [0, 1].map(|axis| self.window(axis, spatial(x)[axis], kernel[axis]));
        let (Some(high), Some(wide)) = (high, wide) else {
            let expected = "an input with at least one position, and a result that padding does not cut off";
            return Err(ErrorKind::Shapes { op, lhs: *x, rhs: *w, expected }.into());
        };
        let (axes, groups) = ([high, wide], settings.groups);
        expect_memory::<T>(op, &[x[0], w[1], groups, high.input, wide.input], *x)?;
        expect_memory::<T>(op, &[w[1], kernel[0], kernel[1], high.output, wide.output], *x)?;
        Ok(Geometry { batch: x[0], groups, inputs: w[1], outputs, axes })
    }

    fn window(&self, axis: usize, positions: usize, kernel: usize) -> Option<Window> {
        let Settings { stride, padding, dilation, .. } = self.settings;
        let (stride, padding, dilation) = (stride[axis], padding[axis], dilation[axis]);
        let extent = (kernel - 1).checked_mul(dilation)?.checked_add(1 + self.output_padding[axis])?;
        let full = positions.checked_sub(1)?.checked_mul(stride)?.checked_add(extent)?;
        let input = full.checked_sub(2 * padding).filter(|&length| length > 0)?;
        Some(Window { input, kernel, output: positions, stride, padding, dilation })
    }
}

impl<T: Element> Op<T> for ConvTranspose {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: Shapes<'_, T>) -> Result<Shape> {
        let (x, w, bias) = operands(self.name, inputs)?;
        let geometry = self.geometry::<T>(x, w)?;
        let channels = geometry.groups * geometry.inputs;
        expect_bias(self.name, w, bias, channels)?;
        Ok(image(x[0], channels, geometry.axes.map(|axis| axis.input), x.len()))
    }

    // As in a convolution: memory to compute in.
    fn saved(&self, inputs: Shapes<'_, T>) -> usize {
        self.geometry::<T>(inputs.get(0), inputs.get(1)).map_or(0, |geometry| geometry.columns::<T>())
    }

    fn forward(&self, inputs: Inputs<'_, T>, out: Forward<'_, T>) -> Result<()> {
        let (x, w) = (inputs.get(0), inputs.get(1));
        let geometry = self.geometry::<T>(x.shape, w.shape)?;
        let bias = (inputs.len() == 3).then(|| inputs.get(2).values);
        geometry.backward_input((x.values, w.values, bias), (out.values, Write::Store), out.saved);
        Ok(())
    }

    // The gradient of a gradient of a convolution is the convolution.
    fn backward(&self, mut step: Backward<'_, T>) -> Result<()> {
        let (x, w) = (step.inputs.get(0), step.inputs.get(1));
        let geometry = self.geometry::<T>(x.shape, w.shape)?;
        let columns = step.scratch.take(geometry.columns::<T>());
        if let Some(sink) = step.grads.of(0) {
            geometry.forward((&step.upstream, w.values, None), sink.parts(), columns);
        }
        if let Some(sink) = step.grads.of(1) {
            geometry.backward_weight((x.values, &step.upstream), sink.so_far(), columns);
        }
        if step.inputs.len() == 3 {
            let channels = geometry.groups * geometry.inputs;
            backward_bias(&mut step.grads, &step.upstream, channels, geometry.read());
        }
        Ok(())
    }
}

impl<'t, T: Element> Var<'t, T> {
    /// The transposed convolution of x `[batch, in, length]` with a kernel `[in, out / groups, taps]` and an
    /// optional bias `[out]`: `[batch, out, (length - 1) stride - 2 padding + dilation (taps - 1) +
    /// output_padding + 1]`.
    ///
    /// Every input position adds the kernel, times its value, to the result:
    /// `y[n, o, p stride + k dilation - padding] += w[c, o, k] x[n, c, p]`. It is the gradient of
    /// [`conv1d`](Self::conv1d) with respect to its input, and its own derivative is `conv1d`.
    ///
    /// ```
    /// # use tensor::{ConvTransposeConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[1.0, 2.0]]])?;
    /// let w = tape.var(&array![[[1.0, 10.0, 100.0]]])?;
    /// let y = x.conv_transpose1d(w, None, ConvTransposeConfig { stride: [2], ..Default::default() })?;
    /// assert_eq!(y.value()?, array![[[1.0, 10.0, 102.0, 20.0, 200.0]]].into_dyn());
    /// let gradients = tape.backward(y.sum()?)?;
    /// assert_eq!(gradients.wrt(x)?, array![[[111.0, 111.0]]].into_dyn());
    /// assert_eq!(gradients.wrt(w)?, array![[[3.0, 3.0, 3.0]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Operand`] and [`ErrorKind::Shapes`] for other numbers of axes, channels that do not fit
    /// the groups or each other, and a padding that leaves nothing; [`ErrorKind::Value`] for a stride,
    /// dilation or number of groups of 0, and for an output padding that is not less than the stride or the
    /// dilation.
    pub fn conv_transpose1d(
        self,
        kernel: Var<'_, T>,
        bias: Option<Var<'_, T>>,
        config: ConvTransposeConfig<1>,
    ) -> Result<Self> {
        self.windowed(ConvTranspose::new("conv_transpose1d", config), kernel, bias)
    }

    /// The transposed convolution of x `[batch, in, height, width]` with a kernel
    /// `[in, out / groups, rows, columns]` and an optional bias `[out]`: `[batch, out, .., ..]`, each length
    /// as in [`conv_transpose1d`](Self::conv_transpose1d).
    ///
    /// ```
    /// # use tensor::{ConvTransposeConfig, Tape, ndarray::array};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(&array![[[[1.0], [2.0]]]])?;
    /// let (w, b) = (tape.var(&array![[[[1.0, 10.0]]]])?, tape.var(&array![0.5])?);
    /// let y = x.conv_transpose2d(w, Some(b), ConvTransposeConfig::default())?;
    /// assert_eq!(y.value()?, array![[[[1.5, 10.5], [2.5, 20.5]]]].into_dyn());
    /// # Ok::<(), tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`conv_transpose1d`](Self::conv_transpose1d).
    pub fn conv_transpose2d(
        self,
        kernel: Var<'_, T>,
        bias: Option<Var<'_, T>>,
        config: ConvTransposeConfig<2>,
    ) -> Result<Self> {
        self.windowed(ConvTranspose::new("conv_transpose2d", config), kernel, bias)
    }
}
