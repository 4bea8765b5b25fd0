//! Machine code in memory.
#![expect(unsafe_code, reason = "machine code is called by its address, and its memory freed when nothing can call it")]

use std::fmt;
use std::sync::{Mutex, PoisonError};

use cranelift_codegen::settings::{self, Configurable};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, default_libcall_names};

use super::Emitter;
use super::helpers::Helper;
use crate::CompileError;
use crate::plan::Plan;

/// A step's code: its tasks from `begin` to `end`, in an arena, with weights.
type StepFn = unsafe extern "C" fn(arena: *mut u8, weights: *const u8, begin: usize, end: usize);

/// A plan's code, ready to run. Its memory was written, then made executable, and is never both.
pub(crate) struct Jit {
    functions: Vec<Option<StepFn>>,
    n_bytes: usize,
    /// What owns the memory that `functions` point into. Nothing locks it after compilation.
    module: Mutex<Option<JITModule>>,
}

impl Jit {
    /// Compiles a plan for this machine.
    ///
    /// # Errors
    /// If Cranelift doesn't know the machine, can't compile something, or there is no memory for code.
    pub(crate) fn compile(plan: &Plan) -> Result<Self, CompileError> {
        let mut emitter = Emitter::new(JITModule::new(builder()?), plan);
        let ids = plan.steps.iter().enumerate().map(|(number, step)| {
            if step.kernel.is_compiled() { emitter.step(number, step).map(Some) } else { Ok(None) }
        });
        let ids: Vec<Option<FuncId>> = ids.collect::<Result<_, _>>()?;
        emitter.module.finalize_definitions()?;
        let functions = ids.into_iter().map(|id| id.map(|id| function(&emitter.module, id))).collect();
        Ok(Jit { functions, n_bytes: emitter.n_bytes(), module: Mutex::new(Some(emitter.module)) })
    }

    /// Bytes of machine code.
    pub(crate) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// Does tasks of a step; nothing if the step has no code.
    ///
    /// # Safety
    /// `arena` and `weights` have the sizes that the plan says, `begin <= end` are within the step's tasks, and no one
    /// else reads or writes what these tasks write, or writes what they read.
    pub(crate) unsafe fn run(&self, step: usize, arena: *mut u8, weights: *const u8, begin: usize, end: usize) {
        if let Some(Some(function)) = self.functions.get(step) {
            // SAFETY: the code was made for that plan, and lives as long as `self`. The rest is the caller's promise.
            unsafe { function(arena, weights, begin, end) }
        }
    }
}

impl fmt::Debug for Jit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jit").field("n_bytes", &self.n_bytes).finish_non_exhaustive()
    }
}

impl Drop for Jit {
    fn drop(&mut self) {
        if let Some(module) = self.module.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            // SAFETY: the functions in it are called by `run` only, which borrows `self`.
            unsafe { module.free_memory() }
        }
    }
}

fn function(module: &JITModule, id: FuncId) -> StepFn {
    let address = module.get_finalized_function(id);
    // SAFETY: `Emitter::step` made the function with this signature and the machine's own convention, and
    // `finalize_definitions` has made it executable.
    unsafe { std::mem::transmute::<*const u8, StepFn>(address) }
}

fn builder() -> Result<JITBuilder, CompileError> {
    let mut flags = settings::builder();
    // Optimising hoists loads out of tiles, which then spill.
    flags.set("opt_level", "none")?;
    flags.set("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" })?;
    let isa = cranelift_native::builder().map_err(|message| CompileError::Machine(message.to_owned()))?;
    let isa = isa.finish(settings::Flags::new(flags))?;
    let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
    builder.symbols(Helper::ALL.iter().map(|helper| (helper.symbol(), helper.address())));
    Ok(builder)
}
