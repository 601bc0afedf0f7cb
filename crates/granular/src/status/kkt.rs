//! How far values are from the optimum, measured on the values themselves.

use super::active_set::Active;
use super::problem::Problem;
use super::system::{Dropped, System};
use crate::combine::Weights;
use crate::error::Result;

pub(super) struct Residual {
    /// What is to be added to the values, before bounds are met again.
    pub(super) step: Vec<f64>,
    /// The larger of what is not explained and of the violation of bounds.
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
    let scale = y.iter().map(|y| y.abs()).fold(problem.scale(targets), widest);
    let mut residual = match system.metric.weights() {
        Weights::Diagonal(_) => {
            let gradient = gradient(problem, targets, y, active);
            let step = system.answer(&vec![0.0; y.len()], &gradient, 1)?;
            let longest = step.iter().map(|step| step.abs()).fold(0.0, widest);
            Residual { step, relative: ratio(longest, scale) }
        }
        Weights::Full(_) => certificate(scale, system, targets, y, active)?,
    };
    let violation = (0..y.len()).map(|node| problem.violation(node, y[node])).fold(0.0, widest);
    residual.relative = widest(residual.relative, ratio(violation, scale));
    Ok(residual)
}

/// `Sᵀ (W⁻¹ (target − y) + forces)`, which is 0 at the optimum, as forces on the units (n). The step that it would still
/// make says how much it is: a gradient alone has no size where variances differ by many orders.
pub(super) fn gradient(problem: &Problem<'_>, targets: &[f64], y: &[f64], active: &[Active]) -> Vec<f64> {
    let mut forces: Vec<f64> =
        (0..y.len()).map(|node| problem.precision(node) * (targets[node] - y[node])).collect();
    for active in active {
        forces[active.node] += active.force;
    }
    let gradient = problem.adjoint(&forces);
    let mut out = vec![0.0; problem.hierarchy.aggregate_len()];
    out.extend(gradient);
    out
}

/// For a W whose inverse is not known: multipliers that show y to be optimal. With `φ = f − Q x`, which has the form
/// `f + Cᵀ μ`, it is when `y = t + W φ` and no missing row has a φ. The gap is compared with the sizes of what is added in
/// `t + W φ`: more digits than theirs do not exist. A φ that a missing row has is measured by the step it would make.
fn certificate(
    scale: f64,
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
    let mut gap = weights.product(&holding, 1);
    let mut size = weights.size(&holding);
    for (((gap, size), y), target) in gap.iter_mut().zip(&mut size).zip(y).zip(targets) {
        *gap += target - y;
        *size += target.abs() + y.abs();
    }
    for (dropped, z) in system.dropped.iter().zip(&completed.z) {
        gap[dropped.node] += z;
        size[dropped.node] += z.abs();
    }
    let largest = size.iter().copied().fold(scale, widest);
    let mut relative = gap.iter().map(|gap| ratio(gap.abs(), largest)).fold(0.0, widest);
    let left = |(dropped, z): (&Dropped, &f64)| holding[dropped.node] - z * dropped.stiffness;
    let left: Vec<f64> = system.dropped.iter().zip(&completed.z).map(left).collect();
    system.dropped.iter().for_each(|dropped| gap[dropped.node] = 0.0);
    let mut step = system.answer(&gap, &vec![0.0; y.len()], 1)?;
    if !left.is_empty() {
        let relieved = system.relieve(&left)?;
        let furthest = relieved.iter().map(|step| step.abs()).fold(0.0, widest);
        relative = widest(relative, ratio(furthest, scale));
        step.iter_mut().zip(relieved).for_each(|(step, more)| *step += more);
    }
    Ok(Residual { step, relative })
}

/// `f64::max` that keeps a NaN.
pub(super) fn widest(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}

pub(super) fn ratio(a: f64, scale: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a / scale }
}
