//! Random programs: bytes are read as a few leaves and ops on them, which must never panic.
//!
//! What an op refuses is skipped. The rest is differentiated, replayed, replayed on other values, recorded
//! once more in used and in new memory, and every bit is compared.

mod machine;
mod normalize;
mod operands;
mod products;
mod recurrences;
mod table;
mod windows;

pub(crate) use machine::Number;
use machine::{Bytes, Machine, array};
use table::Step;
pub(crate) use table::table;
use tensor::{Tape, Var};

/// Steps after the first leaves.
const STEPS: usize = 30;

/// Values on a tape: the op's name, the shape, every bit.
type Values = Vec<(&'static str, Vec<usize>, Vec<[u64; 2]>)>;

/// What a program has done and computed.
#[derive(Debug, PartialEq)]
struct Trace {
    /// The ops, and whether they were accepted.
    ops: Vec<(&'static str, bool)>,
    values: Values,
    plain: Vec<usize>,
    gradients: Vec<Option<Vec<[u64; 2]>>>,
    /// A leaf that was set, and what a replay made of it.
    replayed: Option<(usize, Values)>,
}

/// Runs a program on numbers of type `T`; gives the names of the ops that were accepted.
///
/// # Panics
/// Where an op panics, or where bits differ.
pub(crate) fn run<T: Number>(program: &[u8]) -> Vec<&'static str> {
    let steps = table::<T>();
    let mut bytes = Bytes(program);
    let (flags, other) = (bytes.byte(), bytes.byte());
    let make = || if flags % 16 == 15 { Tape::<T>::new().with_finite_guard() } else { Tape::new() };
    let mut tape = make();
    let trace = trace(&tape, &bytes, &steps, other);
    tape.reset();
    assert!(tape.is_empty());
    assert_eq!(trace, self::trace(&tape, &bytes, &steps, other), "the same program in used memory");
    assert_eq!(trace, self::trace(&make(), &bytes, &steps, other), "the same program in new memory");
    let late = make().with_chains_from(0);
    assert_eq!(trace, self::trace(&late, &bytes, &steps, other), "the same program, computed late");
    if let Some((leaf, replayed)) = trace.replayed {
        let tape = make();
        let fresh = record(&tape, &bytes, &steps, Some(leaf));
        // Where other values are refused, the programs differ.
        if fresh.ops == trace.ops {
            assert_eq!(values(&fresh.values), replayed, "a recording on other values, and a replay");
        }
    }
    trace.ops.into_iter().filter(|op| op.1).map(|op| op.0).collect()
}

fn record<'t, 'b, T: Number>(
    tape: &'t Tape<T>,
    bytes: &Bytes<'b>,
    steps: &[(&'static str, Step<T>)],
    other: Option<usize>,
) -> Machine<'t, 'b, T> {
    let mut m = Machine::new(tape, bytes.clone(), other);
    for _ in 0..3 {
        let rank = m.bytes.below(5);
        let shape: Vec<usize> = (0..rank).map(|_| m.bytes.pick(&[1, 2, 3, 4, 2, 3, 1, 0])).collect();
        m.leaf(&shape).expect("a small leaf");
    }
    for _ in 0..STEPS {
        if m.bytes.0.is_empty() {
            break;
        }
        let (name, step) = steps[m.bytes.below(steps.len())];
        let done = if m.bytes.one_in(32) {
            tape.no_grad(|| step(&mut m)).expect("nobody reads the tape")
        } else {
            step(&mut m)
        };
        if let Err(error) = &done {
            assert!(!error.to_string().is_empty());
        }
        m.ops.push((name, done.is_ok()));
    }
    m
}

fn values<T: Number>(vars: &[Var<'_, T>]) -> Values {
    let value = |x: &Var<'_, T>| {
        let value = x.value().expect("numbers that are lent");
        (
            x.op().expect("nobody reads the tape"),
            value.shape().to_vec(),
            value.iter().map(|x| x.bits()).collect(),
        )
    };
    vars.iter().map(value).collect()
}

fn trace<T: Number>(
    tape: &Tape<T>,
    bytes: &Bytes<'_>,
    steps: &[(&'static str, Step<T>)],
    other: u8,
) -> Trace {
    let m = record(tape, bytes, steps, None);
    let recorded = values(&m.values);
    let gradients = gradients(&m);
    tape.replay().expect("what was recorded");
    assert_eq!(recorded, values(&m.values), "a replay on the same values");
    assert_eq!(gradients, self::gradients(&m), "gradients after a replay");
    let replayed = set(&m, usize::from(other) % m.leaves.len());
    Trace { ops: m.ops, values: recorded, plain: m.plain, gradients, replayed }
}

/// The gradients of the latest value that has any, and those of its sum.
fn gradients<T: Number>(m: &Machine<'_, '_, T>) -> Vec<Option<Vec<[u64; 2]>>> {
    let mut found = Vec::new();
    for &root in m.values.iter().rev().take(8) {
        let shape = root.shape().expect("nobody reads the tape");
        let weights = array::<T>(&shape, 7, false, false);
        let done = m.tape.backward_with(root, &weights);
        let accepted = done.is_ok();
        if let Ok(gradients) = done {
            for leaf in &m.leaves {
                let gradient = gradients.wrt(*leaf).ok();
                if let Some(gradient) = &gradient {
                    assert_eq!(gradient.shape(), &*leaf.shape().expect("nobody reads the tape"));
                }
                found.push(gradient.map(|gradient| gradient.iter().map(|x| x.bits()).collect()));
            }
        }
        m.params.iter().for_each(|param| m.tape.bind(param).expect("a parameter of this tape"));
        if accepted {
            break;
        }
    }
    found
}

/// Other values of a leaf, and what a replay computes of them, unless an op refuses them.
fn set<T: Number>(m: &Machine<'_, '_, T>, number: usize) -> Option<(usize, Values)> {
    let (leaf, shape) = (m.leaves[number], m.leaves[number].shape().ok()?);
    m.tape.set(leaf, &m.numbers_of(number, &shape, true)).ok()?;
    let last = *m.values.last()?;
    assert!(m.tape.backward_with(last, &array::<T>(&last.shape().ok()?, 7, false, false)).is_err(), "stale");
    if m.tape.replay().is_ok() {
        let replayed = values(&m.values);
        gradients(m);
        return Some((number, replayed));
    }
    assert!(m.tape.backward_with(last, &array::<T>(&last.shape().ok()?, 7, false, false)).is_err(), "stale");
    None
}
