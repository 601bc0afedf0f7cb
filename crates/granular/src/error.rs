//! The one error type of the crate.

use thiserror::Error as ThisError;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of this crate: small to pass on, with its details in [`Error::kind`].
///
/// ```
/// use granular::{ErrorKind, Hierarchy};
///
/// let error = Hierarchy::temporal(10, &[("week", 7), ("day", 1)]).unwrap_err();
/// assert_eq!(error.to_string(), "level `week`: windows of 7 do not divide 10 units");
/// assert!(matches!(error.kind(), ErrorKind::Order { order: 7, units: 10, .. }));
/// ```
#[derive(Debug, ThisError)]
#[error(transparent)]
pub struct Error(Box<ErrorKind>);

impl Error {
    /// What went wrong, with the names and numbers as fields.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// Wraps the error of a [`Model`](crate::Model) written outside this crate, so that it can travel as [`Error`].
    ///
    /// ```
    /// let error = granular::Error::model("the loss is not finite");
    /// assert_eq!(error.to_string(), "the loss is not finite");
    /// ```
    #[must_use]
    pub fn model(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        ErrorKind::Model { source: source.into() }.into()
    }

    /// Says in which level the error arose.
    pub(crate) fn in_level(self, level: &str) -> Self {
        ErrorKind::InLevel { level: level.to_owned(), source: self }.into()
    }

    /// Says for which node the error arose.
    pub(crate) fn in_node(self, node: &str) -> Self {
        ErrorKind::InNode { node: node.to_owned(), source: self }.into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

/// The ways in which this crate's functions fail.
///
/// Rows of tables count from 1 after the header, as a reader of the file counts; indices of arrays count from 0.
#[derive(Debug, ThisError)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant's message says what its fields are")]
pub enum ErrorKind {
    /// An array has another extent than the hierarchy or its partner asks for.
    #[error("{what}: expected {expected} {axis}, got {got}")]
    Shape { what: &'static str, axis: &'static str, expected: usize, got: usize },
    /// A value is NaN or infinite.
    #[error("level `{level}`, node `{node}`, column {column}: expected a finite value, got {value}")]
    NotFinite { level: String, node: String, column: usize, value: f64 },
    /// A value handed to a model or a metric is NaN or infinite.
    #[error("{what}, row {row}, column {column}: expected a finite value, got {value}")]
    NotFiniteCell { what: &'static str, row: usize, column: usize, value: f64 },
    /// Something needs at least one element.
    #[error("{what}: expected at least one, got none")]
    Empty { what: &'static str },
    /// A setting is out of its range.
    #[error("{name}: expected {expected}, got {got}")]
    Parameter { name: &'static str, expected: &'static str, got: String },
    /// A history has fewer columns than a model or metric reads.
    #[error("{what}: expected at least {needed} columns, got {got}")]
    TooShort { what: &'static str, needed: usize, got: usize },
    /// A variance is not positive and finite.
    #[error("level `{level}`, node `{node}`: expected a positive, finite variance, got {got}")]
    Variance { level: String, node: String, got: f64 },
    /// A linear system has no unique solution.
    #[error("{what}: the system of {size} equations has no unique solution ({hint})")]
    Singular { what: &'static str, size: usize, hint: &'static str },

    /// The hierarchy has no such level.
    #[error("level `{level}` is unknown, the levels are {}", quoted(known))]
    UnknownLevel { level: String, known: Vec<String> },
    /// The hierarchy, or the level looked at, has no such node.
    #[error("node `{node}` is unknown{}{}", in_level(level), near_names(near))]
    UnknownNode { node: String, level: Option<String>, near: Vec<String> },
    /// Several levels have a node of this name.
    #[error("node `{node}` is ambiguous, the levels {} each have one: name the level too", quoted(levels))]
    AmbiguousNode { node: String, levels: Vec<String> },
    /// Two levels bear one name.
    #[error("level `{level}` is given twice")]
    DuplicateLevel { level: String },
    /// Two key columns bear one name.
    #[error("key `{key}` is given twice")]
    DuplicateKey { key: String },
    /// A level, or a reader, asks for a key column that is not there.
    #[error("key `{key}` is unknown, the keys are {}", quoted(known))]
    UnknownKey { key: String, known: Vec<String> },
    /// A key column is longer or shorter than the first.
    #[error("key `{key}`: expected {expected} values, got {got}")]
    KeyLength { key: String, expected: usize, got: usize },
    /// Two rows share one name in the finest level, which must tell all rows apart.
    #[error(
        "level `{level}`: node `{node}` names rows {first} and {second}, but the finest level must tell rows apart"
    )]
    DuplicateNode { level: String, node: String, first: usize, second: usize },
    /// Different key values join to the same name.
    #[error(
        "level `{level}`: rows {first} and {second} differ in their keys, but both join to the name `{node}`"
    )]
    NameClash { level: String, node: String, first: usize, second: usize },
    /// A window length does not divide the number of units.
    #[error("level `{level}`: windows of {order} do not divide {units} units")]
    Order { level: String, order: usize, units: usize },
    /// The last level of a temporal ladder is not the single units.
    #[error("level `{level}`: the last level must have windows of 1 unit, got {order}")]
    FinestOrder { level: String, order: usize },

    /// A list of named rows says nothing about a node.
    #[error("level `{level}`: node `{node}` has no row")]
    MissingNode { level: String, node: String },
    /// A list of named rows has two for one node.
    #[error("level `{level}`: node `{node}` has two rows, {first} and {second}")]
    RepeatedNode { level: String, node: String, first: usize, second: usize },
    /// Data given for every level do not add up.
    #[error(
        "level `{level}`, node `{node}`, column {column}: expected {expected} from its members, got {got} \
         (gap {gap:e}, tolerance {tolerance:e})"
    )]
    Incoherent {
        level: String,
        node: String,
        column: usize,
        expected: f64,
        got: f64,
        gap: f64,
        tolerance: f64,
    },

    /// Two values that belong together have different hierarchies.
    #[error("the {what} has another hierarchy than the {than}")]
    OtherHierarchy { what: &'static str, than: &'static str },

    /// A level was given no model.
    #[error("level `{level}` has no model")]
    NoModel { level: String },
    /// A level is asked to predict before it was fitted.
    #[error("level `{level}` is not fitted")]
    NotFitted { level: String },
    /// The models of two levels predict different numbers of columns.
    #[error("level `{level}`: expected {expected} predicted columns as in level `{other}`, got {got}")]
    PredictedColumns { level: String, expected: usize, other: String, got: usize },
    /// Something failed in one level.
    #[error("level `{level}`: {source}")]
    InLevel { level: String, source: Error },
    /// Training a network ended in numbers that are not finite.
    #[error("network: the learning rate {rate} makes training diverge, expected a smaller one")]
    #[expect(missing_docs, reason = "the message names each field")]
    Diverged { rate: f64 },
    /// A model written elsewhere failed.
    #[error("{source}")]
    Model { source: Box<dyn std::error::Error + Send + Sync> },

    /// A forecast of this name is in the evaluation already, or one asked for is not.
    #[error("forecast `{name}` is {state} the evaluation")]
    Forecast { name: String, state: &'static str },

    /// A table has no row after its header.
    #[error("the table has no {what}")]
    EmptyTable { what: &'static str },
    /// A row has more or fewer fields than the header.
    #[error("row {row}: expected {expected} fields, got {got}")]
    Ragged { row: usize, expected: usize, got: usize },
    /// Two columns bear one name.
    #[error("column `{column}` is given twice")]
    DuplicateColumn { column: String },
    /// A field is empty.
    #[error("row {row}, column `{column}`: the value is missing")]
    MissingValue { row: usize, column: String },
    /// A field of a value column is no finite number.
    #[error("row {row}, column `{column}`: expected a finite number, got `{text}`")]
    NotANumber { row: usize, column: String, text: String },
    /// The bytes are no CSV, or could not be read or written.
    #[error("csv: {source}")]
    Csv { source: csv::Error },
    /// A file could not be written.
    #[error("file `{path}`: {source}")]
    File { path: String, source: Box<dyn std::error::Error + Send + Sync> },

    /// Iterations came to their bound before the answer was exact.
    #[error("{what}: {iterations} iterations leave a residual of {residual:e}, expected at most {needed:e}")]
    NotConverged { what: &'static str, iterations: usize, residual: f64, needed: f64 },
    /// A method that shares forecasts out from level to level meets levels that cross.
    #[error(
        "{method}: node `{node}` of level `{fine}` lies in both `{first}` and `{second}` of level `{coarse}`, but \
         a forecast can only be shared out where each node lies in one node of the level before"
    )]
    Crossed {
        method: &'static str,
        node: String,
        fine: String,
        first: String,
        second: String,
        coarse: String,
    },
    /// Forecasts by whose proportions another one is shared out add up to 0.
    #[error(
        "level `{level}`, node `{node}`, column {column}: the forecasts of level `{below}` under it add up to 0, so \
         they have no proportions"
    )]
    Proportions { level: String, node: String, below: String, column: usize },
    /// A covariance is not symmetric.
    #[error(
        "W is not symmetric: node `{node}` of level `{level}` with node `{other}` of level `{other_level}` has \
         {got}, the other way round {expected}"
    )]
    NotSymmetric { level: String, node: String, other_level: String, other: String, expected: f64, got: f64 },
    /// A matrix is not positive definite, nor with more on its diagonal.
    #[error("{what} of {size} rows is not positive definite, nor with {tried:e} of its diagonal added")]
    NotPositiveDefinite { what: &'static str, size: usize, tried: f64 },
    /// Too few samples or calibration points for what is promised.
    #[error("{what}: expected at least {needed} samples, got {got}")]
    FewSamples { what: &'static str, needed: usize, got: usize },

    /// An aggregator is no weighted sum.
    #[error("aggregator `{aggregator}` is not linear: {why}")]
    NotLinear { aggregator: String, why: &'static str },
    /// There is no aggregator of this name.
    #[error(
        "aggregator `{aggregator}` is unknown, the aggregators are `sum`, `mean`, `first`, `last`, and a weighted mean \
         by its weights"
    )]
    UnknownAggregator { aggregator: String },
    /// A weight is not usable.
    #[error("level `{level}`, node `{node}`: expected {expected}, got {got}")]
    Weight { level: String, node: String, expected: &'static str, got: f64 },
    /// A method that shares forecasts out meets a node that lies in another one in part only.
    #[error(
        "{method}: node `{node}` of level `{fine}` lies in `{above}` of level `{coarse}` in part only, but a forecast \
         can only be shared out where each node lies in one node of the level before"
    )]
    PartlyIn { method: &'static str, node: String, fine: String, above: String, coarse: String },
    /// A method that shares forecasts out meets a node whose units weigh otherwise in the node above.
    #[error(
        "{method}: node `{node}` of level `{fine}` weighs its units otherwise than `{above}` of level `{coarse}` does, \
         but a forecast can only be shared out where the node above is a weighted sum of the nodes below"
    )]
    Weighed { method: &'static str, node: String, fine: String, above: String, coarse: String },

    /// A level of a temporal structure was given no series.
    #[error("level `{level}` has no series")]
    NoSeries { level: String },
    /// A series does not end with a full period.
    #[error("level `{level}`: expected a multiple of {steps} values, as a period has that many, got {got}")]
    PartPeriod { level: String, steps: usize, got: usize },
    /// The series of two levels have different numbers of periods.
    #[error("level `{level}`: expected {expected} periods as in level `{other}`, got {got}")]
    PeriodCount { level: String, expected: usize, other: String, got: usize },
    /// A step that averages projections was given a method that is none.
    #[error("{step}, {part}: expected a linear method, as the projections of this step are averaged")]
    NonlinearPart { step: &'static str, part: String },
    /// Something failed for one node.
    #[error("node `{node}`: {source}")]
    InNode { node: String, source: Error },

    /// A method that is not linear in the base forecasts is asked for what only linear ones have.
    #[error(
        "{what}: the method is not linear in the base forecasts (`Reconciler::is_linear`), so no weights take them to \
         the reconciled ones"
    )]
    NoMatrix { what: &'static str },
    /// A residual is missing where covariances are kept.
    #[error(
        "level `{level}`, node `{node}`, column {column}: expected a residual, as covariances need all nodes at the same \
         times, got none"
    )]
    MissingResidual { level: String, node: String, column: usize },

    /// Something failed at one of several rolling origins.
    #[error("origin {origin}: {source}")]
    AtOrigin { origin: usize, source: Error },
    /// A combination that learns from past errors has not learnt yet.
    #[error("the combination has not learnt yet: fit all levels, or weigh by other data")]
    NotWeighed {},
    /// There are no regions for predictions.
    #[error("the model is not calibrated since it was fitted or weighed")]
    NotCalibrated {},
    /// A model cannot say what it would have predicted.
    #[error("past predictions are needed: {hint}")]
    NoReplay { hint: &'static str },
    /// A picture could not be drawn.
    #[error("picture: {source}")]
    Picture { source: Box<dyn std::error::Error + Send + Sync> },

    /// A node of a list has an empty name.
    #[error("row {row}: the name of the node is empty")]
    NoName { row: usize },
    /// A node of a parent list is its own parent.
    #[error("row {row}: node `{node}` is its own parent")]
    OwnParent { row: usize, node: String },
    /// A parent is not listed as a node.
    #[error("row {row}: the parent `{parent}` of node `{node}` is not listed as a node{}", near_names(near))]
    UnknownParent { row: usize, node: String, parent: String, near: Vec<String> },
    /// Nodes lie above themselves.
    #[error("nodes lie above themselves: {}", around(nodes))]
    Cycle { nodes: Vec<String> },
    /// A list has a node twice that it may have once only.
    #[error("node `{node}` is listed twice, in rows {first} and {second}")]
    TwiceListed { node: String, first: usize, second: usize },
    /// A row of S has no entries.
    #[error(
        "level `{level}`: node `{node}` has no members in S, and groups without members were not allowed"
    )]
    NoMembers { level: String, node: String },
    /// A row of S that should be one of the identity is not.
    #[error("S, unit `{node}`: expected {expected}, got {got}")]
    UnitRow { node: String, expected: &'static str, got: String },
    /// The levels of S have more or fewer nodes than it has rows.
    #[error("S: expected levels of {expected} nodes together, one for each row, got {got}")]
    Levels { expected: usize, got: usize },
    /// An entry of S is not usable.
    #[error("S, row {row}, column {column}: expected {expected}, got {got}")]
    Entry { row: usize, column: usize, expected: &'static str, got: f64 },
    /// An equation has a factor or constant that is NaN or infinite.
    #[error("equation `{equation}`: expected finite numbers, got {got}")]
    Equation { equation: String, got: f64 },
    /// Equations contradict each other.
    #[error("the equations {} contradict each other: no values fulfil all of them", quoted(equations))]
    ContradictoryEquations { equations: Vec<String> },
    /// Equations determine every value.
    #[error("the equations determine all {nodes} nodes, so none is left free")]
    NothingFree { nodes: usize },
    /// Windows do not end with the last cell.
    #[error(
        "level `{level}`: windows of {size} every {stride} do not end with the last of {cells} {of} (sizes and strides \
         are at least 1)"
    )]
    Windows { level: String, size: usize, stride: usize, cells: usize, of: &'static str },

    /// A node's status is no number, or holds none.
    #[error("level `{level}`, node `{node}`: expected {expected}, got {got}")]
    Status { level: String, node: String, expected: &'static str, got: String },
    /// Fixed values exclude each other.
    #[error("no values that add up have these fixed values: {}", few(conditions))]
    Contradiction { nodes: Vec<String>, conditions: Vec<String> },
    /// Bounds, or bounds and fixed values, exclude each other.
    #[error("no values that add up lie within these bounds: {}", few(conditions))]
    Infeasible { nodes: Vec<String>, conditions: Vec<String> },
    /// Too many nodes are missing to tell all finest values.
    #[error(
        "too much is missing to tell {}: a base forecast, a fixed value or a prior for {} would, or one of the levels {}",
        few(nodes),
        few(needed),
        few(levels)
    )]
    Unidentified { nodes: Vec<String>, needed: Vec<String>, levels: Vec<String> },
    /// The solver for bounds did not come near enough to an optimum.
    #[error("column {column}: no optimum after {iterations} iterations (KKT residual {residual:e})")]
    NoOptimum { column: usize, iterations: usize, residual: f64 },
    /// More nodes are missing or held by bounds than a dense system of them can take.
    #[error(
        "{count} missing nodes, fixed values and active bounds among {nodes} nodes are too many, expected at most {limit}"
    )]
    TooManyStatuses { count: usize, nodes: usize, limit: usize },
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A node, the one above it, and so on, back to itself.
fn around(nodes: &[String]) -> String {
    let steps: Vec<String> = nodes.iter().chain(nodes.first()).map(|node| format!("`{node}`")).collect();
    steps.join(" lies below ")
}

/// At most eight of them, and how many more.
fn few(names: &[String]) -> String {
    let shown = names[..names.len().min(8)].join(", ");
    if names.len() > 8 { format!("{shown} and {} more", names.len() - 8) } else { shown }
}

fn in_level(level: &Option<String>) -> String {
    level.as_ref().map(|level| format!(" in level `{level}`")).unwrap_or_default()
}

fn near_names(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!(", near names are {}", quoted(near)) }
}
