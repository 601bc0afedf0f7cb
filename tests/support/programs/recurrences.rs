//! Recurrences as steps of a program.

use super::machine::{Machine, Number};
use super::table::Step;
use tensor::{Direction, Indices, Result, Var};

pub(super) fn recurrences<T: Number>() -> Vec<(&'static str, Step<T>)> {
    let steps: [(&str, Step<T>); 2] = [
        ("lstm", |m| {
            let operands = operands(m, 4)?;
            let [x, weight, _, hidden, cell] = operands.values;
            if m.modest(&operands.values, &[]) {
                let [all, cell] = x.lstm(weight, [hidden, cell], operands.lengths, operands.direction)?;
                m.keep(Ok(all))?;
                m.keep(Ok(cell))?;
            }
            Ok(())
        }),
        ("gru", |m| {
            let operands = operands(m, 3)?;
            let [x, weight, bias, hidden, _] = operands.values;
            let bias = if m.bytes.one_in(2) { Some(bias) } else { None };
            if !m.modest(&operands.values, &[]) {
                return Ok(());
            }
            m.keep(x.gru(weight, bias, hidden, operands.lengths, operands.direction))
        }),
    ];
    steps.to_vec()
}

/// What a recurrence is given.
struct Operands<'t, T: Number> {
    /// Input, weight, bias, and two states.
    values: [Var<'t, T>; 5],
    lengths: Option<Indices<'t, T>>,
    direction: Direction,
}

fn operands<'t, T: Number>(m: &mut Machine<'t, '_, T>, gates: usize) -> Result<Operands<'t, T>> {
    let [time, batch, hidden] = [5, 4, 4].map(|bound| m.bytes.below(bound));
    let x = m.shaped(&[time, batch, gates * hidden])?;
    let values = [
        x,
        m.shaped(&[hidden, gates * hidden])?,
        m.shaped(&[gates * hidden])?,
        m.shaped(&[batch, hidden])?,
        m.shaped(&[batch, hidden])?,
    ];
    let lengths = if m.bytes.one_in(2) { Some(m.indices(&[batch], time + 1)?) } else { None };
    let direction = m.bytes.pick(&[Direction::Forward, Direction::Backward]);
    Ok(Operands { values, lengths, direction })
}
