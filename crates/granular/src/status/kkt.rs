//! How far values are from the optimum, measured on the values themselves.

use super::active_set::Active;
use super::problem::Problem;
use super::system::System;
use crate::combine::Weights;
use crate::error::Result;

pub(super) struct Residual {
    /// The forecasts and forces whose answer is to be added to the values.
    pub(super) base: Vec<f64>,
    pub(super) force: Vec<f64>,
    /// The larger of gradient and violation, each on its own scale.
    pub(super) relative: f64,
}

/// The residual of values y, whose finest ones are within their bounds.
pub(super) fn residual(
    problem: &Problem<'_>,
    system: &System<'_>,
    targets: &[f64],
    y: &[f64],
    active: &[Active],
) -> Result<Residual> {
    let mut residual = match system.metric.weights() {
        Weights::Diagonal(_) => gradient(problem, targets, y, active),
        Weights::Full(_) => certificate(problem, system, targets, y, active)?,
    };
    let violation = (0..y.len()).map(|node| problem.violation(node, y[node])).fold(0.0, widest);
    let held = active.iter().map(|active| (active.target - y[active.node]).abs()).fold(violation, widest);
    residual.relative = widest(residual.relative, ratio(held, problem.scale(targets)));
    Ok(residual)
}

/// `Sᵀ (W⁻¹ (target − y) + forces)`, which is 0 at the optimum, against the sizes of its terms.
pub(super) fn gradient(problem: &Problem<'_>, targets: &[f64], y: &[f64], active: &[Active]) -> Residual {
    let above = problem.hierarchy.aggregate_len();
    let (mut forces, mut sizes) = (vec![0.0; y.len()], vec![0.0; y.len()]);
    for (node, (target, y)) in targets.iter().zip(y).enumerate() {
        let precision = problem.precision(node);
        forces[node] = precision * (target - y);
        sizes[node] = precision * (target.abs() + y.abs());
    }
    for active in active {
        forces[active.node] += active.force;
        sizes[active.node] += active.force.abs();
    }
    let gradient = problem.adjoint(&forces);
    let steepest = gradient.iter().map(|g| g.abs()).fold(0.0, widest);
    let relative = ratio(steepest, problem.adjoint(&sizes).into_iter().fold(0.0, widest));
    let mut force = vec![0.0; y.len()];
    force[above..].copy_from_slice(&gradient);
    Residual { base: vec![0.0; y.len()], force, relative }
}

/// For a W whose inverse is not known: multipliers λ that show y to be optimal. With `φ = f − Q x`, which has the form
/// `f + Cᵀ μ`, it is when `y = t + W φ` and no missing row has a φ.
fn certificate(
    problem: &Problem<'_>,
    system: &System<'_>,
    targets: &[f64],
    y: &[f64],
    active: &[Active],
) -> Result<Residual> {
    let mut force = vec![0.0; y.len()];
    for active in active {
        force[active.node] += active.force;
    }
    let completed = system.complete(targets, &force, 1)?;
    let pull = system.metric.pull(system.hierarchy, &completed.x, 1)?;
    let holding: Vec<f64> = force.iter().zip(&pull).map(|(f, pull)| f - pull).collect();
    let weights = system.metric.weights();
    let mut base = weights.product(&holding, 1);
    for (base, (y, target)) in base.iter_mut().zip(y.iter().zip(targets)) {
        *base += target - y;
    }
    let mut worst = 0.0;
    for (dropped, z) in system.dropped.iter().zip(&completed.z) {
        base[dropped.node] += z;
        let left = holding[dropped.node] - z * dropped.stiffness;
        worst = widest(worst, weights.variance(dropped.node) * left.abs());
    }
    worst = base.iter().map(|gap| gap.abs()).fold(worst, widest);
    for dropped in &system.dropped {
        base[dropped.node] = 0.0;
    }
    Ok(Residual { base, force: vec![0.0; y.len()], relative: ratio(worst, problem.scale(targets)) })
}

/// `f64::max` that keeps a NaN.
pub(super) fn widest(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}

fn ratio(a: f64, scale: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a / scale }
}
