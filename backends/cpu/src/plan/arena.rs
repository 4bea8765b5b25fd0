//! Buffers in one arena: those that are in use at the same time don't overlap.

use crate::memory::LINE;

/// A piece of the arena, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Buffer {
    pub(crate) len: usize,
    pub(crate) start: usize,
}

/// The steps in which a buffer is in use, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) first: usize,
    pub(crate) last: usize,
}

impl Lifetime {
    fn meets(self, other: Lifetime) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Gives each buffer a place, the largest first, each where the gap that it fits into is smallest. Returns the
/// arena's length; `None` if that is beyond the address space. Buffers that are never in use get none.
pub(crate) fn lay_out(buffers: &mut [Buffer], lifetimes: &[Option<Lifetime>]) -> Option<usize> {
    let mut order: Vec<usize> = (0..buffers.len()).filter(|&i| lifetimes[i].is_some()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(buffers[i].len), i));
    let mut placed: Vec<usize> = Vec::new();
    let mut arena_len = 0;
    for i in order {
        let meets = |&&j: &&usize| lifetimes[i].zip(lifetimes[j]).is_some_and(|(a, b)| a.meets(b));
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(meets)
            .map(|&j| (buffers[j].start, buffers[j].start + rounded(buffers[j].len)))
            .collect();
        taken.sort_unstable();
        let len = buffers[i].len.checked_next_multiple_of(LINE)?;
        buffers[i].start = place(&taken, len);
        let end = buffers[i].start.checked_add(len)?;
        isize::try_from(end).ok()?;
        arena_len = arena_len.max(end);
        placed.push(i);
    }
    Some(arena_len)
}

/// A buffer's length in whole lines. It was checked when the buffer was placed.
fn rounded(len: usize) -> usize {
    len.next_multiple_of(LINE)
}

/// Where the smallest gap between the pieces taken begins that is long enough; behind them all if there is none.
fn place(taken: &[(usize, usize)], len: usize) -> usize {
    let mut best: Option<(usize, usize)> = None;
    let mut end = 0;
    for &(start, next) in taken {
        if start > end && start - end >= len && best.is_none_or(|(gap, _)| start - end < gap) {
            best = Some((start - end, end));
        }
        end = end.max(next);
    }
    best.map_or(end, |(_, start)| start)
}
