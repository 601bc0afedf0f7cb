//! A tape as text: a table for people, a graph for Graphviz.

use crate::node::{Kind, Node};
use crate::record::Inner;
use crate::{Element, Tape};
use std::fmt;

/// One line a node: its number, op or kind, shape, bytes, and the nodes that feed it; `*` marks those whose
/// gradient is wanted.
///
/// ```
/// use tensor::{Tape, ndarray::array};
///
/// let tape = Tape::<f32>::new();
/// let x = tape.var(&array![1.0, 2.0])?;
/// let y = x.exp()?.sum()?;
/// assert_eq!(tape.to_string(), "\
/// node  what        shape  bytes  inputs
///    0 *a variable  [2]        8
///    1 *exp         [2]        8  0
///    2 *sum         []         4  1
/// 3 nodes, 20 bytes
/// ");
/// # Ok::<(), tensor::Error>(())
/// ```
impl<T: Element> fmt::Display for Tape<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(inner) = self.read("display") else { return f.write_str("a tape in use\n") };
        let rows: Vec<Row> = inner.recorded().iter().map(Row::of).collect();
        let width = |text: fn(&Row) -> &str, header: &str| {
            rows.iter().map(|row| text(row).len()).fold(header.len(), usize::max)
        };
        let (what, shape) = (width(|row| row.what, "what"), width(|row| &row.shape, "shape"));
        writeln!(f, "node  {:what$}  {:shape$}  bytes  inputs", "what", "shape")?;
        for (id, row) in rows.iter().enumerate() {
            let mark = if row.tracked { '*' } else { ' ' };
            let line = format!(
                "{id:4} {mark}{:what$}  {:shape$}  {:5}  {}",
                row.what, row.shape, row.bytes, row.inputs
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "{} nodes, {} bytes", rows.len(), rows.iter().map(|row| row.bytes).sum::<usize>())
    }
}

/// What is shown of a node.
struct Row {
    what: &'static str,
    shape: String,
    bytes: usize,
    inputs: String,
    tracked: bool,
}

impl Row {
    fn of<T: Element>(node: &Node<T>) -> Self {
        let (what, inputs, saved) = match &node.kind {
            Kind::Op(op) => (op.op.name(), &*op.inputs, op.saved.len()),
            _ => (node.describe(), &[][..], 0),
        };
        let inputs = inputs.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        let values = if node.ready() { node.values().len() } else { 0 };
        let bytes = (values + saved) * size_of::<T>() + size_of_val(node.indices());
        Self { what, shape: format!("{:?}", node.shape), bytes, inputs, tracked: node.tracked }
    }
}

impl<T: Element> Inner<T> {
    fn recorded(&self) -> &[Node<T>] {
        &self.nodes[..self.len]
    }
}

impl<T: Element> Tape<T> {
    /// The tape as a graph in Graphviz's language; `dot -Tsvg` draws it. Boxes are leaves, and what needs no
    /// gradient is dashed.
    ///
    /// ```
    /// use tensor::{Tape, ndarray::array};
    ///
    /// let tape = Tape::<f32>::new();
    /// let y = tape.var(&array![1.0, 2.0])?.exp()?;
    /// assert_eq!(tape.to_dot(), "\
    /// digraph tape {
    ///   n0 [label=\"a variable [2]\", shape=box];
    ///   n1 [label=\"exp [2]\"];
    ///   n0 -> n1;
    /// }
    /// ");
    /// # Ok::<(), tensor::Error>(())
    /// ```
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph tape {\n");
        if let Ok(inner) = self.read("to_dot") {
            for (id, node) in inner.recorded().iter().enumerate() {
                let row = Row::of(node);
                let shape = if matches!(node.kind, Kind::Op(_)) { "" } else { ", shape=box" };
                let style = if row.tracked { "" } else { ", style=dashed" };
                dot += &format!("  n{id} [label=\"{} {}\"{shape}{style}];\n", row.what, row.shape);
                for input in row.inputs.split_whitespace() {
                    dot += &format!("  n{input} -> n{id};\n");
                }
            }
        }
        dot + "}\n"
    }
}
