//! How far values are from the optimum, measured on the values themselves.

use super::active_set::Active;
use super::problem::Problem;
use super::system::System;

pub(super) struct Residual {
    /// `Sᵀ (precision (target − y) + forces)`, which is 0 at the optimum.
    pub(super) gradient: Vec<f64>,
    /// The larger of gradient and violation, each on its own scale.
    pub(super) relative: f64,
}

pub(super) fn residual(
    problem: &Problem<'_>,
    system: &System<'_>,
    targets: &[f64],
    y: &[f64],
    active: &[Active],
) -> Residual {
    let (mut forces, mut sizes) = (vec![0.0; y.len()], vec![0.0; y.len()]);
    let rows = problem.precision.iter().zip(targets).zip(y);
    for (((precision, target), y), (force, size)) in rows.zip(forces.iter_mut().zip(&mut sizes)) {
        *force = precision * (target - y);
        *size = precision * (target.abs() + y.abs());
    }
    let mut violation = (0..y.len()).map(|node| problem.violation(node, y[node])).fold(0.0, widest);
    for active in active {
        forces[active.node] += active.force;
        sizes[active.node] += active.force.abs();
        violation = widest(violation, (active.target - y[active.node]).abs());
    }
    let gradient = system.adjoint(&forces);
    let steepest = gradient.iter().map(|g| g.abs()).fold(0.0, widest);
    let relative = widest(
        ratio(steepest, system.adjoint(&sizes).into_iter().fold(0.0, widest)),
        ratio(violation, problem.scale(targets)),
    );
    Residual { gradient, relative }
}

/// `f64::max` that keeps a NaN.
fn widest(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}

fn ratio(a: f64, scale: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a / scale }
}
