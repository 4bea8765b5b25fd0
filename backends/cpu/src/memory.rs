//! Aligned memory.

use bytemuck::{Pod, Zeroable};

/// Bytes of a line of the cache.
pub(crate) const LINE: usize = 64;

/// Words of a line.
const WORDS: usize = LINE / size_of::<u32>();

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// A run of bytes that begins at a line of the cache.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    lines: Vec<Line>,
}

impl Memory {
    /// Zeros; `None` if there is not enough memory. It has a line at least, so that its address is one.
    pub(crate) fn zeroed(n_bytes: usize) -> Option<Self> {
        let n = n_bytes.div_ceil(LINE).max(1);
        let mut lines = Vec::new();
        lines.try_reserve_exact(n).ok()?;
        lines.resize(n, Line([0; LINE]));
        Some(Memory { lines })
    }

    /// Nothing yet, with room for so many bytes if there is as much memory.
    pub(crate) fn with_room_for(n_bytes: usize) -> Self {
        let mut lines = Vec::new();
        // What doesn't fit now is asked for when it is there.
        let _ = lines.try_reserve_exact(n_bytes.div_ceil(LINE));
        Memory { lines }
    }

    /// Puts words behind what is there, from a line of the cache on. Returns the first one's index.
    pub(crate) fn append(&mut self, words: impl IntoIterator<Item = u32>) -> usize {
        let start = self.lines.len() * WORDS;
        let mut words = words.into_iter();
        loop {
            let mut line = [0; WORDS];
            let mut n = 0;
            for (place, word) in line.iter_mut().zip(&mut words) {
                *place = word;
                n += 1;
            }
            if n > 0 {
                self.lines.push(Line(bytemuck::cast(line)));
            }
            if n < WORDS {
                return start;
            }
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.lines)
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }
}
