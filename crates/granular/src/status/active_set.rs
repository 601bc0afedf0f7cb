//! The dual active set method for bounds on nodes.
//!
//! A force f_i on node i moves all values along a column of P: `y = y⁰ + Σ f_i P_i`. A bound is active when its node is
//! forced onto it, `P_AA f = bound − y⁰_A`; a lower bound pushes up, an upper one down. The optimum is where all bounds are
//! met and no force pulls. As Goldfarb & Idnani (*A numerically stable dual method for solving strictly convex quadratic
//! programs*, Mathematical Programming 27, 1983), the method goes from one optimum for a part of the bounds to another with
//! a larger minimum, so no part comes twice and it ends. Before each such step it tries a larger one: all violated bounds at
//! once, without those that then pull (as primal-dual active set methods do), and keeps it when the minimum has grown.

use super::factor::Factor;
use super::kkt::Residual;
use super::problem::Problem;
use super::system::System;
use crate::error::Error;

/// What is left of a diagonal element where a row depends on the others.
const DEPENDENT: f64 = 1e-11;

/// How far apart fixed values of which some imply others may be, as a share of the largest number.
const AGREEING: f64 = 5e-11;

/// Rounding in a value, as a share of the moves that it is a sum of: large ones may cancel out.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// A bound that is met with equality.
#[derive(Debug, Clone)]
pub(super) struct Active {
    pub(super) node: usize,
    /// 1 for a lower bound, −1 for an upper one; for an equality, where it pushed first.
    pub(super) sign: f64,
    pub(super) target: f64,
    pub(super) equality: bool,
    pub(super) force: f64,
}

pub(super) enum Stop {
    /// These conditions exclude each other.
    Conflict(Vec<Active>),
    /// The bound on iterations was reached.
    Exhausted,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(super) struct Solver<'p, 's, 'a> {
    problem: &'p Problem<'p>,
    system: &'s mut System<'a>,
    /// The optimum without bounds.
    start: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) active: Vec<Active>,
    factor: Factor,
    /// By how much the minimum has grown.
    objective: f64,
    /// The violation of a bound that counts as none; and what rounding may be in the values.
    tolerance: f64,
    noise: f64,
    pub(super) iterations: usize,
}

impl<'p, 's, 'a> Solver<'p, 's, 'a> {
    /// `tolerance` is the violation of a bound that counts as none.
    pub(super) fn new(
        problem: &'p Problem<'p>,
        system: &'s mut System<'a>,
        start: Vec<f64>,
        tolerance: f64,
    ) -> Self {
        let (y, active) = (start.clone(), Vec::new());
        let (factor, objective, iterations) = (Factor::default(), 0.0, 0);
        Self { problem, system, start, y, active, factor, objective, tolerance, noise: 0.0, iterations }
    }

    pub(super) fn run(&mut self, scale: f64) -> Result<(), Stop> {
        self.fix(AGREEING * scale)?;
        let limit = self.iterations + 100 + 3 * self.problem.inequalities.len();
        loop {
            let violated = self.violated();
            let Some(worst) = violated.iter().max_by(|a, b| a.force.total_cmp(&b.force)) else {
                return Ok(());
            };
            let (worst, block) = (worst.clone(), violated.len() > 1 || self.active.is_empty());
            let nodes: Vec<usize> = violated.iter().map(|active| active.node).collect();
            self.system.prepare(&nodes)?;
            if !(block && self.block(violated)) {
                self.add(worst, limit)?;
            }
            if self.iterations > limit {
                return Err(Stop::Exhausted);
            }
        }
    }

    pub(super) fn system(&self) -> &System<'a> {
        self.system
    }

    /// The bounds that y violates; `force` holds by how much.
    fn violated(&self) -> Vec<Active> {
        let violation = |&node: &usize| {
            let (lo, hi, y) = (self.problem.lo[node], self.problem.hi[node], self.y[node]);
            let force = self.problem.violation(node, y);
            let (sign, target) = if y < lo { (1.0, lo) } else { (-1.0, hi) };
            (force > self.tolerance.max(self.noise)).then_some(Active {
                node,
                sign,
                target,
                equality: false,
                force,
            })
        };
        self.problem.inequalities.iter().filter_map(violation).collect()
    }

    /// Fixed values: all at once. Those that the others imply must agree with them.
    fn fix(&mut self, tolerance: f64) -> Result<(), Stop> {
        if self.problem.equalities.is_empty() {
            return Ok(());
        }
        self.system.prepare(&self.problem.equalities)?;
        let mut implied = Vec::new();
        for &node in &self.problem.equalities {
            let target = self.problem.lo[node];
            let fixed = Active { node, sign: 1.0, target, equality: true, force: 0.0 };
            if self.push(&fixed) {
                self.active.push(fixed);
            } else {
                implied.push(fixed);
            }
        }
        self.settle();
        for fixed in implied {
            if (self.y[fixed.node] - fixed.target).abs() > tolerance.max(self.noise) {
                let response = self.response(fixed.node);
                return Err(Stop::Conflict(self.involved(fixed, &response)));
            }
        }
        Ok(())
    }

    /// Adds a row to the factor of `P_AA`.
    fn push(&mut self, active: &Active) -> bool {
        let p = self.system.column(active.node);
        let k = self.active.iter().map(|active| p[active.node]).collect();
        self.factor.push(k, p[active.node], DEPENDENT)
    }

    /// Forces and values for the active bounds, from scratch.
    fn settle(&mut self) {
        self.iterations += 1;
        let mut forces: Vec<f64> =
            self.active.iter().map(|active| active.target - self.start[active.node]).collect();
        let gaps = forces.clone();
        self.factor.solve(&mut forces);
        self.objective = 0.5 * forces.iter().zip(&gaps).map(|(force, gap)| force * gap).sum::<f64>();
        self.y.copy_from_slice(&self.start);
        self.noise = 0.0;
        for (active, force) in self.active.iter_mut().zip(forces) {
            active.force = force;
            self.noise += ROUNDING * force.abs() * self.system.column(active.node)[active.node];
            add_scaled(&mut self.y, force, self.system.column(active.node));
        }
    }

    /// All violated bounds at once, then without those that pull until none does. Kept when the minimum has grown.
    fn block(&mut self, violated: Vec<Active>) -> bool {
        let before = (self.active.clone(), self.factor.clone(), self.objective, self.y.clone());
        for active in violated {
            if self.push(&active) {
                self.active.push(active);
            }
        }
        loop {
            self.settle();
            let count = self.active.len();
            for place in (0..count).rev() {
                let active = &self.active[place];
                if !active.equality && active.sign * active.force < 0.0 {
                    self.active.remove(place);
                    self.factor.remove(place);
                }
            }
            if self.active.len() == count {
                break;
            }
        }
        let grown = self.objective > before.2 * (1.0 + 1e-12);
        if !grown {
            (self.active, self.factor, self.objective, self.y) = before;
        }
        grown
    }

    /// `P_AA⁻¹ P_Ai`: how the active forces give way when node i is pushed.
    fn response(&self, node: usize) -> Vec<f64> {
        let p = self.system.column(node);
        let mut response: Vec<f64> = self.active.iter().map(|active| p[active.node]).collect();
        self.factor.solve(&mut response);
        response
    }

    /// The step of Goldfarb and Idnani: pushes one node until its bound is met, dropping bounds that would begin to pull.
    fn add(&mut self, mut new: Active, limit: usize) -> Result<(), Stop> {
        new.force = 0.0;
        while self.iterations <= limit {
            let response = self.response(new.node);
            let p = self.system.column(new.node);
            let answers: f64 = self.active.iter().zip(&response).map(|(active, r)| p[active.node] * r).sum();
            let curvature = p[new.node] - answers;
            let free = curvature > DEPENDENT * p[new.node];
            let gap = new.sign * (new.target - self.y[new.node]);
            let full = if free { gap.max(0.0) / curvature } else { f64::INFINITY };
            let blocking = self.blocking(&response, &new);
            let Some(step) = blocking.map_or(free.then_some(full), |(_, t)| Some(t.min(full))) else {
                return Err(Stop::Conflict(self.involved(new, &response)));
            };
            self.advance(&mut new, &response, step, free);
            if step == full {
                if !self.push(&new) {
                    return Err(Stop::Exhausted);
                }
                self.active.push(new);
                self.settle();
                return Ok(());
            }
            self.iterations += 1;
            let (place, _) = blocking.expect("a step that is not full is a blocked one");
            self.active.remove(place);
            self.factor.remove(place);
        }
        Err(Stop::Exhausted)
    }

    /// The active bound that is the first to pull, and after which step.
    fn blocking(&self, response: &[f64], new: &Active) -> Option<(usize, f64)> {
        let step = |(place, (active, r)): (usize, (&Active, &f64))| {
            let falls = active.sign * new.sign * r;
            let blocks = !active.equality && falls * self.ease(active, new) > 1e-10;
            blocks.then(|| (place, (active.sign * active.force).max(0.0) / falls))
        };
        let steps = self.active.iter().zip(response).enumerate().filter_map(step);
        steps.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The ratio of how far two nodes move by the same force, under the root: with it, responses have no unit.
    fn ease(&self, active: &Active, new: &Active) -> f64 {
        let own = |active: &Active| self.system.column(active.node)[active.node];
        (own(active) / own(new)).sqrt()
    }

    fn advance(&mut self, new: &mut Active, response: &[f64], step: f64, free: bool) {
        new.force += new.sign * step;
        for (active, r) in self.active.iter_mut().zip(response) {
            active.force -= new.sign * step * r;
        }
        if free {
            add_scaled(&mut self.y, new.sign * step, self.system.column(new.node));
            for (active, r) in self.active.iter().zip(response) {
                add_scaled(&mut self.y, -new.sign * step * r, self.system.column(active.node));
            }
        }
    }

    /// A condition and the active ones that exclude it.
    fn involved(&self, new: Active, response: &[f64]) -> Vec<Active> {
        let mut involved: Vec<Active> = self
            .active
            .iter()
            .zip(response)
            .filter(|(active, r)| (*r * self.ease(active, &new)).abs() > 1e-8)
            .map(|(active, _)| active.clone())
            .collect();
        involved.push(new);
        involved
    }

    /// One step of iterative refinement: takes away the gradient that is left, and the gaps to the bounds.
    pub(super) fn refine(&mut self, residual: &Residual) {
        let gap = |active: &Active| active.target - self.y[active.node] - residual.step[active.node];
        let mut forces: Vec<f64> = self.active.iter().map(gap).collect();
        self.factor.solve(&mut forces);
        add_scaled(&mut self.y, 1.0, &residual.step);
        for (active, force) in self.active.iter_mut().zip(forces) {
            active.force += force;
            add_scaled(&mut self.y, force, self.system.column(active.node));
        }
    }

    /// The finest values, on their bounds where they are held there and where rounding had left them beside.
    pub(super) fn finest(&self) -> Vec<f64> {
        let above = self.problem.hierarchy.aggregate_len();
        let mut finest = self.problem.within(&self.y[above..]);
        for active in self.active.iter().filter(|active| active.node >= above) {
            finest[active.node - above] = active.target;
        }
        finest
    }
}

fn add_scaled(y: &mut [f64], factor: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += factor * x);
}
