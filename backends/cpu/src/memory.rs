//! Aligned memory.

use bytemuck::{Pod, Zeroable};

/// Bytes of a line of the cache.
pub(crate) const LINE: usize = 64;

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

    /// A copy of these words; `None` if there is not enough memory.
    pub(crate) fn of(words: &[u32]) -> Option<Self> {
        let mut memory = Memory::zeroed(size_of_val(words))?;
        memory.bytes_mut()[..size_of_val(words)].copy_from_slice(bytemuck::cast_slice(words));
        Some(memory)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.lines)
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }
}
