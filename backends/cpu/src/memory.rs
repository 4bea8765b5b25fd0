//! Aligned memory of f32.

use bytemuck::{Pod, Zeroable};

/// Elements of a line of the cache.
pub(crate) const LINE: usize = 16;

#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// A run of f32 that begins at a line of the cache.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    lines: Vec<Line>,
}

impl Memory {
    /// Zeros; `None` if there is not enough memory. It has a line at least, so that its address is one.
    pub(crate) fn zeroed(n_elements: usize) -> Option<Self> {
        let n = n_elements.div_ceil(LINE).max(1);
        let mut lines = Vec::new();
        lines.try_reserve_exact(n).ok()?;
        lines.resize(n, Line([0.0; LINE]));
        Some(Memory { lines })
    }

    /// A copy of these elements; `None` if there is not enough memory.
    pub(crate) fn of(elements: &[f32]) -> Option<Self> {
        let mut memory = Memory::zeroed(elements.len())?;
        memory.elements_mut()[..elements.len()].copy_from_slice(elements);
        Some(memory)
    }

    pub(crate) fn elements(&self) -> &[f32] {
        bytemuck::cast_slice(&self.lines)
    }

    pub(crate) fn elements_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.lines)
    }
}
