//! Kernels side by side: the branches of one value, each of which writes its part of the result.

use std::fmt;

use cranelift_codegen::ir::{InstBuilder, Value};
use cranelift_module::Module;

use super::Kernel;
use crate::emit::{Code, as_imm};
use crate::plan::BufferId;
use crate::{CompileError, Isa};

/// Kernels as one step. Tasks of all of them are mixed, each kernel's in its order, so that those that follow one
/// another read the same part of the input, which is in the cache then, and all threads are done at the same time.
#[derive(Debug)]
pub(crate) struct Branches {
    pub(crate) kernels: Vec<Kernel>,
}

impl Branches {
    pub(super) fn name(&self) -> &'static str {
        "expand"
    }

    /// What its kernels are called.
    pub(super) fn label(&self, isa: Isa) -> String {
        self.kernels.iter().map(|kernel| kernel.label(isa)).collect::<Vec<_>>().join("+")
    }

    pub(super) fn n_tasks(&self) -> usize {
        n_tasks(&self.kernels)
    }

    pub(super) fn reads(&self) -> Vec<BufferId> {
        self.kernels.iter().flat_map(Kernel::reads).collect()
    }

    pub(super) fn writes(&self) -> Vec<BufferId> {
        self.kernels.iter().flat_map(Kernel::writes).collect()
    }

    pub(super) fn scratch_bytes(&self) -> usize {
        self.kernels.iter().map(Kernel::scratch_bytes).max().unwrap_or(0)
    }

    pub(super) fn emit<M: Module>(&self, code: &mut Code<'_, M>, task: Value) -> Result<(), CompileError> {
        emit(code, &self.kernels, task)
    }
}

fn n_tasks(kernels: &[Kernel]) -> usize {
    kernels.iter().map(Kernel::n_tasks).sum()
}

/// The code of a task of some kernels: of the first one's, or of the others'.
fn emit<M: Module>(code: &mut Code<'_, M>, kernels: &[Kernel], task: Value) -> Result<(), CompileError> {
    let Some((kernel, others)) = kernels.split_first() else { return Ok(()) };
    if others.is_empty() {
        return kernel.emit(code, task);
    }
    // Of the tasks before any one, the first kernel has its share, rounded down.
    let [n, n_all] = [kernel.n_tasks(), n_tasks(kernels)].map(as_imm);
    let share = |code: &mut Code<'_, M>, n_before: Value| {
        let n_before = code.scaled(n_before, n);
        code.builder.ins().udiv_imm_u(n_before, n_all)
    };
    let before = share(code, task);
    let next = code.offset(task, 1);
    let until = share(code, next);
    let n_own = code.sub(until, before);
    let mut results = (Ok(()), Ok(()));
    code.if_below(
        n_own,
        1,
        &mut |code| {
            let task = code.sub(task, before);
            results.0 = emit(code, others, task);
        },
        &mut |code| results.1 = kernel.emit(code, before),
    );
    results.0.and(results.1)
}

impl fmt::Display for Branches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        for (i, kernel) in self.kernels.iter().enumerate() {
            f.write_str(if i == 0 { " " } else { " | " })?;
            write!(f, "{kernel}")?;
        }
        Ok(())
    }
}
