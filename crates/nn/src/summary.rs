//! A model as a table: its parts, what they give and what they hold.

use crate::module::short_name;
use crate::pass::Traced;
use crate::{Fields, Module, Pass, Result, Role};
use std::fmt;
use tensor::ndarray::ArrayD;
use tensor::{Element, Shape, Tape, Var};

/// The parts of a model that a forward pass in use went through, and how much it holds.
///
/// Printed, it is a table; see [`summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The model itself, then its parts in the order of the pass.
    pub parts: Vec<Part>,
    /// The elements of all parameters that are trained, each counted once.
    pub trainable: usize,
    /// The elements of all parameters that are [not trained](Fields::set_trainable).
    pub frozen: usize,
    /// The elements of all buffers, such as running statistics.
    pub buffers: usize,
}

/// A part of a model in a [`Summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How many parts it lies in; 0 for the model.
    pub depth: usize,
    /// Its name within the part around it; empty for the model.
    pub name: String,
    /// The name of its type.
    pub kind: &'static str,
    /// The shape of its result.
    pub output: Shape,
    /// The elements of its parameters, those of inner parts among them.
    pub parameters: usize,
    /// Whether its parameters are those of a part above, used once more.
    pub shared: bool,
}

/// Evaluates a model in use on zeros of this shape and lists its parts.
///
/// ```
/// use nn::{Fields, Init, Linear, Sequential, Tanh, summary};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
///
/// let rng = &mut ChaCha8Rng::seed_from_u64(0);
/// let block = Sequential::new().with(Linear::<f32>::new(8, 8, Init::XavierUniform, rng)?).with(Tanh);
/// let mut net = Sequential::new()
///     .with(Linear::new(3, 8, Init::KaimingUniform, rng)?.relu())
///     .with(block)
///     .with(Linear::new(8, 1, Init::XavierUniform, rng)?);
/// net.set_trainable(false, |name| name.starts_with("0."));
/// assert_eq!(summary(&net, &[16, 3])?.to_string(), "\
/// part  kind        output   parameters
/// ----  ----------  -------  ----------
///       Sequential  [16, 1]         113
/// 0     Linear      [16, 8]          32
/// 1     Sequential  [16, 8]          72
///   0   Linear      [16, 8]          72
///   1   Tanh        [16, 8]           0
/// 2     Linear      [16, 1]           9
/// -------------------------------------
/// trainable 81, frozen 32, buffers 0
/// ");
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// What the model refuses, with the name of the part.
pub fn summary<T: Element, M: Module<T> + ?Sized>(model: &M, input: &[usize]) -> Result<Summary> {
    let input = Shape::new(input)?;
    let zeros = ArrayD::from_elem(&*input, T::zero());
    list(model, model.kind(), |tape, pass| model.forward(tape.constant(&zeros)?, pass))
}

/// The same for models of several inputs, or of indices: evaluates `forward` in use.
///
/// ```
/// use nn::{Init, Linear, Pass, summary_with};
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use tensor::ndarray::Array2;
///
/// let layer = Linear::<f64>::new(2, 5, Init::XavierUniform, &mut ChaCha8Rng::seed_from_u64(0))?;
/// let table = summary_with(&layer, |tape, pass| {
///     let rows = tape.constant(&Array2::zeros((9, 2)))?.index_select(0, tape.indices(&[3, 4, 5])?)?;
///     pass.run("layer", &layer, rows)
/// })?;
/// assert_eq!(*table.parts[1].output, [3, 5]);
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// What `forward` refuses.
pub fn summary_with<T: Element, M: Fields<T> + ?Sized>(
    model: &M,
    forward: impl for<'t> FnOnce(&'t Tape<T>, &mut Pass<'_, T>) -> Result<Var<'t, T>>,
) -> Result<Summary> {
    list(model, short_name::<M>(), forward)
}

fn list<T: Element, M: Fields<T> + ?Sized>(
    model: &M,
    kind: &'static str,
    forward: impl for<'t> FnOnce(&'t Tape<T>, &mut Pass<'_, T>) -> Result<Var<'t, T>>,
) -> Result<Summary> {
    let (tape, mut pass) = (Tape::new(), Pass::traced());
    let output = tape.no_grad(|| forward(&tape, &mut pass))??.shape()?;
    let (mut trainable, mut frozen, mut buffers) = (0, 0, 0);
    model.each(&mut |_, field| {
        let count = match field.role {
            Role::Weight if field.trainable() => &mut trainable,
            Role::Weight => &mut frozen,
            Role::Buffer => &mut buffers,
        };
        *count += field.shape().size();
    });
    let whole =
        Part { depth: 0, name: String::new(), kind, output, parameters: trainable + frozen, shared: false };
    let traced = pass.into_trace();
    let parts = traced.iter().enumerate().map(|(i, part)| inner(part, &traced[..i]));
    Ok(Summary { parts: std::iter::once(whole).chain(parts).collect(), trainable, frozen, buffers })
}

/// A part below the parts that a pass met before.
fn inner(part: &Traced, before: &[Traced]) -> Part {
    // What lies around a part may hold the same parameters; such parts are those of smaller and smaller
    // depth on the way up.
    let mut around = part.depth;
    let shared = before.iter().rev().any(|other| {
        if other.depth < around {
            around = other.depth;
            return false;
        }
        other.kind == part.kind && !part.fields.is_empty() && other.fields == part.fields
    });
    Part {
        depth: part.depth + 1,
        name: part.name.clone(),
        kind: part.kind,
        output: part.output.unwrap_or(Shape::SCALAR),
        parameters: part.parameters,
        shared,
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["part", "kind", "output", "parameters"].map(String::from);
        let rows: Vec<[String; 4]> = self.parts.iter().map(cells).collect();
        let width = |column: usize| {
            let cells = rows.iter().chain([&header]).map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: [usize; 4] = std::array::from_fn(width);
        let [name, kind, output, parameters] = widths;
        let line = |[a, b, c, d]: &[String; 4]| {
            format!("{a:name$}  {b:kind$}  {c:output$}  {d:>parameters$}").trim_end().to_string()
        };
        writeln!(f, "{}", line(&header))?;
        writeln!(f, "{}", line(&widths.map(|width| "-".repeat(width))))?;
        rows.iter().try_for_each(|row| writeln!(f, "{}", line(row)))?;
        writeln!(f, "{}", "-".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)))?;
        let Self { trainable, frozen, buffers, .. } = self;
        writeln!(f, "trainable {trainable}, frozen {frozen}, buffers {buffers}")
    }
}

fn cells(part: &Part) -> [String; 4] {
    let name = format!("{}{}", "  ".repeat(part.depth.saturating_sub(1)), part.name);
    let parameters = if part.shared { "shared".to_string() } else { part.parameters.to_string() };
    [name, part.kind.to_string(), format!("{:?}", part.output), parameters]
}
