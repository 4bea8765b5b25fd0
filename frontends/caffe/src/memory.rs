//! Which blobs lie in the same memory, and what was rounded there.
//!
//! Ristretto's layers round their bottoms where they lie. All blobs that lie there are rounded then: copies that Split made,
//! and the same under other dimensions. A graph has no memory; so such a blob becomes a new version of itself when it is
//! read the next time. What a layer writes in place is taken for a blob in a memory of its own.

use firebrick_ir::Value;

use crate::layers::{LayerEntry, NumberFormat};
use crate::net::Layer;

/// What lies in each memory, if it was rounded there.
#[derive(Default)]
pub(crate) struct Memories<'a>(Vec<Memory<'a>>);

#[derive(Default)]
struct Memory<'a> {
    n_roundings: usize,
    latest: Option<Rounded<'a>>,
}

/// A memory's numbers as a layer rounded them.
#[derive(Clone, Copy)]
pub(crate) struct Rounded<'a> {
    pub(crate) value: Value,
    pub(crate) format: NumberFormat,
    pub(crate) layer: &'a Layer,
    pub(crate) entry: &'static LayerEntry,
}

/// Where a blob lies, and what was done there before this version of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    memory: usize,
    n_roundings: usize,
    /// What its numbers are rounded to.
    pub(crate) format: NumberFormat,
}

impl<'a> Memories<'a> {
    /// A memory of its own.
    pub(crate) fn place(&mut self) -> Place {
        self.0.push(Memory::default());
        Place { memory: self.0.len() - 1, n_roundings: 0, format: NumberFormat::Float }
    }

    /// Notes that what lies in a memory was rounded; where the rounded version lies.
    pub(crate) fn round(&mut self, place: Place, rounded: Rounded<'a>) -> Place {
        let memory = &mut self.0[place.memory];
        memory.n_roundings += 1;
        memory.latest = Some(rounded);
        Place { n_roundings: memory.n_roundings, format: rounded.format, ..place }
    }

    /// What has become of a version by rounding since, and where that lies; `None` if nothing has.
    pub(crate) fn latest(&self, place: Place) -> Option<(Place, Rounded<'a>)> {
        let Memory { n_roundings, latest } = &self.0[place.memory];
        let rounded = latest.filter(|_| *n_roundings > place.n_roundings)?;
        Some((Place { n_roundings: *n_roundings, format: rounded.format, ..place }, rounded))
    }
}

/// Whether a layer's tops lie where its first bottom does, without being written.
pub(crate) fn shares(layer: &Layer) -> bool {
    let is_single = layer.param.bottom.len() == 1 && layer.param.top.len() == 1;
    match layer.kind() {
        "Split" => true,
        "Concat" | "Flatten" | "Reshape" | "Slice" => is_single,
        _ => false,
    }
}
