//! Ops without a kernel of their own: the reference evaluator computes them.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::Module;
use firebrick_ir::{DType, Op, Tensor};

use crate::CompileError;
use crate::emit::Code;
use crate::plan::{BufferId, View};

/// A plain value in the arena.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) view: View,
    pub(crate) dims: Vec<usize>,
    /// Where the size of the last dimension but one is, a u32, if it is known only when the program runs. `dims` has the
    /// largest that it may be.
    pub(crate) count: Option<BufferId>,
}

impl Place {
    pub(crate) fn dtype(&self) -> DType {
        self.view.image.dtype
    }
}

/// An operand.
#[derive(Debug)]
pub(crate) enum Source {
    Arena(Place),
    Constant(Tensor),
}

impl Source {
    /// The buffer that it is in.
    pub(super) fn buffer(&self) -> Option<BufferId> {
        match self {
            Source::Arena(place) => Some(place.view.buffer),
            Source::Constant(_) => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Arena(place) => write!(f, "{}", place.view),
            Source::Constant(tensor) => write!(f, "const {}", tensor.ty()),
        }
    }
}

/// A call of the reference evaluator, which the runtime makes; there is no code of it.
#[derive(Debug)]
pub(crate) struct Evaluate {
    pub(crate) op: Op,
    pub(crate) operands: Vec<Source>,
    pub(crate) results: Vec<Place>,
}

impl Evaluate {
    pub(super) fn name(&self) -> &'static str {
        "evaluate"
    }

    pub(super) fn n_tasks(&self) -> usize {
        1
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        self.operands.iter().filter_map(Source::buffer).collect()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        self.results.iter().map(|place| place.view.buffer).collect()
    }

    pub(super) fn emit<M: Module>(&self, _: &mut Code<'_, M>, _: Value) -> Result<(), CompileError> {
        Ok(())
    }
}

impl fmt::Display for Evaluate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evaluate {}", self.op.mnemonic())?;
        self.operands.iter().try_for_each(|operand| write!(f, " {operand}"))?;
        f.write_str(" ->")?;
        self.results.iter().try_for_each(|place| write!(f, " {}", place.view))
    }
}
