//! What a program does, step by step, and where its values lie: everything but the machine code.

mod arena;
#[cfg(test)]
mod tests;
mod view;
mod weights;

use std::fmt;

use firebrick_ir::Tensor;

pub(crate) use arena::{Buffer, Lifetime};
pub(crate) use view::{BufferId, Halo, Image, Size, View};
pub(crate) use weights::{Filling, Weights};

use crate::Isa;
use crate::kernels::{Kernel, Place};
use crate::memory::LINE;

/// A kernel, and the value that it is for.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) value: String,
    pub(crate) kernel: Kernel,
    /// Multiplications with an addition that the op's definition asks for, however the kernel computes them.
    pub(crate) macs: u64,
}

/// An input or an output, or a constant that steps read as a value.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// A program without its code.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) isa: Isa,
    pub(crate) steps: Vec<Step>,
    pub(crate) buffers: Vec<Buffer>,
    /// Bytes of the arena that holds the buffers.
    pub(crate) arena_bytes: usize,
    /// Bytes of scratch memory of each thread, in whole lines of the cache.
    pub(crate) scratch_bytes: usize,
    pub(crate) weights: Weights,
    pub(crate) inputs: Vec<Slot>,
    pub(crate) outputs: Vec<Slot>,
    pub(crate) constants: Vec<(Slot, Tensor)>,
}

impl Plan {
    /// Lays the buffers out in an arena by when they are in use: from the first step that touches them to the last.
    /// Those of inputs, outputs and constants are in use throughout. `None` if the arena is beyond the address space.
    pub(crate) fn allocate(&mut self) -> Option<()> {
        let mut lifetimes: Vec<Option<Lifetime>> = vec![None; self.buffers.len()];
        for (time, step) in self.steps.iter().enumerate() {
            for buffer in step.kernel.reads().into_iter().chain(step.kernel.writes()) {
                lifetimes[buffer.0].get_or_insert(Lifetime { first: time, last: time }).last = time;
            }
        }
        let constants = self.constants.iter().map(|(slot, _)| slot);
        for slot in self.inputs.iter().chain(&self.outputs).chain(constants) {
            for buffer in std::iter::once(slot.place.view.buffer).chain(slot.place.count) {
                lifetimes[buffer.0] = Some(Lifetime { first: 0, last: self.steps.len() });
            }
        }
        let scratch = self.steps.iter().map(|step| step.kernel.scratch_bytes()).max().unwrap_or(0);
        self.scratch_bytes = scratch.checked_next_multiple_of(LINE)?;
        self.arena_bytes = arena::lay_out(&mut self.buffers, &lifetimes)?;
        Some(())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "plan for {} {{", self.isa)?;
        for slot in &self.inputs {
            writeln!(f, "  input {:?} {}", slot.name, slot.place.view)?;
        }
        for (slot, tensor) in &self.constants {
            writeln!(f, "  const {:?} {} {}", slot.name, tensor.ty(), slot.place.view)?;
        }
        for step in &self.steps {
            writeln!(f, "  {:?}: {} [{}]", step.value, step.kernel, step.kernel.n_tasks())?;
        }
        for slot in &self.outputs {
            writeln!(f, "  output {:?} {}", slot.name, slot.place.view)?;
        }
        writeln!(f, "  arena {} bytes, weights {} bytes", self.arena_bytes, self.weights.n_bytes())?;
        writeln!(f, "}}")
    }
}
