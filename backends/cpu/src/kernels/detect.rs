//! SSD's detections: sorting and suppression, which the runtime does. How many there are is known only then.

use std::fmt;

use cranelift_codegen::ir::Value;
use cranelift_module::Module;
use firebrick_ir::Op;

use super::{Place, Source};
use crate::CompileError;
use crate::emit::Code;
use crate::plan::BufferId;

/// Detections by the op's own definition, into memory for as many as there may be.
#[derive(Debug)]
pub(crate) struct Detect {
    pub(crate) op: Op,
    pub(crate) operands: Vec<Source>,
    pub(crate) result: Place,
    /// Where their number goes: a u32.
    pub(crate) count: BufferId,
}

impl Detect {
    pub(super) fn name(&self) -> &'static str {
        "detect"
    }

    pub(super) fn n_tasks(&self) -> usize {
        1
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        self.operands.iter().filter_map(Source::buffer).collect()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        vec![self.result.view.buffer, self.count]
    }

    pub(super) fn emit<M: Module>(&self, _: &mut Code<'_, M>, _: Value) -> Result<(), CompileError> {
        Ok(())
    }
}

impl fmt::Display for Detect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("detect")?;
        self.operands.iter().try_for_each(|operand| write!(f, " {operand}"))?;
        write!(f, " -> {}, as many as b{}", self.result.view, self.count.0)
    }
}
