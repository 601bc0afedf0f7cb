//! Which values of a recording share memory.

use crate::Element;
use crate::node::{Kind, Node};
use crate::record::Inner;

/// For every op the node whose memory it takes over: values that are dead when it is computed.
///
/// Ops that share are a ring: the first takes the memory that the last left in the run before.
#[derive(Debug)]
pub(super) struct Plan {
    /// By node; the node itself where nothing is shared.
    from: Vec<u32>,
}

/// Memory and the ops that hold it, one after the other.
struct Shared {
    size: usize,
    holders: Vec<usize>,
    free: bool,
}

impl Plan {
    /// Plans the values of a recording and gives back the memory that is not needed.
    pub(super) fn new<T: Element>(inner: &mut Inner<T>, output: usize) -> Self {
        let nodes = &mut inner.nodes[..inner.len];
        let last = last_reads(nodes, output);
        let (mut all, mut place) = (Vec::<Shared>::new(), vec![None; nodes.len()]);
        for (id, node) in nodes.iter().enumerate() {
            if last[id].is_none() || !matches!(node.kind, Kind::Op(_)) {
                continue;
            }
            let chosen = choose(&all, node.shape.size()).unwrap_or_else(|| {
                all.push(Shared { size: 0, holders: Vec::new(), free: true });
                all.len() - 1
            });
            let shared = &mut all[chosen];
            shared.size = shared.size.max(node.shape.size());
            shared.free = false;
            shared.holders.push(id);
            place[id] = Some(chosen);
            for &dead in node.inputs().iter().chain([&(id as u32)]) {
                if let Some(place) = place[dead as usize].filter(|_| last[dead as usize] == Some(id)) {
                    all[place].free = true;
                }
            }
        }
        let mut from: Vec<u32> = (0..nodes.len() as u32).collect();
        for Shared { size, holders, .. } in all {
            let (Some(&first), Some(&end)) = (holders.first(), holders.last()) else { continue };
            holders.windows(2).for_each(|pair| from[pair[1]] = pair[0] as u32);
            from[first] = end as u32;
            // The largest stays, where the first run looks for it.
            let largest = holders.iter().copied().find(|&id| nodes[id].shape.size() == size).unwrap_or(end);
            let buffer = nodes[largest].take_value(size);
            holders.iter().for_each(|&id| drop(nodes[id].take_value(0)));
            nodes[end].give_value(buffer);
        }
        Self { from }
    }

    /// Gives an op the memory that it takes over. After a run that was refused it may not be there; the op
    /// then gets new memory.
    #[inline]
    pub(super) fn lend<T: Element>(&self, nodes: &mut [Node<T>], id: usize) {
        let from = self.from[id] as usize;
        if from != id {
            let size = nodes[id].shape.size();
            let buffer = nodes[from].take_value(size);
            nodes[id].give_value(buffer);
        }
    }
}

/// The op that reads each value last, itself if none does; nothing for values whose memory is their own.
///
/// Chains of pointwise ops are computed at once and some of them late, so neither their values nor what they
/// read is shared.
fn last_reads<T: Element>(nodes: &[Node<T>], output: usize) -> Vec<Option<usize>> {
    let mut last: Vec<Option<usize>> = (0..nodes.len()).map(Some).collect();
    for (id, node) in nodes.iter().enumerate() {
        let chained = node.link.is_some();
        for &input in node.inputs() {
            let input = &mut last[input as usize];
            *input = input.filter(|_| !chained).map(|_| id);
        }
        if chained || id == output {
            last[id] = None;
        }
    }
    last[output] = None;
    last
}

/// The free memory that fits best: the smallest that is large enough, else the largest.
fn choose(all: &[Shared], size: usize) -> Option<usize> {
    let free = || all.iter().enumerate().filter(|(_, shared)| shared.free);
    let fits = free().filter(|(_, shared)| shared.size >= size).min_by_key(|(_, shared)| shared.size);
    fits.or_else(|| free().max_by_key(|(_, shared)| shared.size)).map(|(i, _)| i)
}
