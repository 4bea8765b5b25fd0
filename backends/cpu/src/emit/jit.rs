//! Machine code in memory.
#![expect(unsafe_code, reason = "machine code is called by its address, and its memory freed when nothing can call it")]

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Module, default_libcall_names};

use super::define::beside;
use super::helpers::Helper;
use super::{Emitter, Listing};
use crate::plan::{Filling, Plan};
use crate::{CompileError, Isa};

/// A step's code: its tasks from `begin` to `end`, in an arena, with weights and a thread's scratch memory.
type StepFn = unsafe extern "C" fn(arena: *mut u8, weights: *const u8, scratch: *mut u8, begin: usize, end: usize);

/// A function of a program: what profilers call its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// What it does: `conv_f32_3x3s1__avx512_14x2_t0`.
    pub name: String,
    /// Where its code begins.
    pub address: usize,
    /// The length of its code.
    pub n_bytes: usize,
}

/// A plan's code, ready to run. Its memory was written, then made executable, and is never both.
pub(crate) struct Jit {
    functions: Vec<Option<StepFn>>,
    symbols: Vec<Symbol>,
    /// What owns the memory that `functions` point into. Nothing locks it after compilation.
    module: Mutex<Option<JITModule>>,
}

impl Jit {
    /// Compiles a plan for this machine, and fills the memory of its weights meanwhile.
    ///
    /// # Errors
    /// If Cranelift doesn't know the machine, can't compile something, or there is no memory for code.
    pub(crate) fn compile(plan: &Plan, filling: Filling<'_>) -> Result<Self, CompileError> {
        let (module, machine) = module()?;
        let mut emitter = Emitter::new(module, machine, plan);
        let ids = beside(&emitter.queue(), filling, || emitter.steps(plan))?;
        Jit::finish(emitter, &ids)
    }

    /// Code of one step that measures the machine: its tasks do [`macs_per_task`](super::macs_per_task) each, and touch
    /// no memory.
    ///
    /// # Errors
    /// As [`Jit::compile`].
    pub(crate) fn peak(isa: Isa) -> Result<Self, CompileError> {
        let (module, machine) = module()?;
        let mut emitter = Emitter::for_peak(module, machine, isa);
        let id = beside(&emitter.queue(), Filling::new(), || emitter.peak())?;
        Jit::finish(emitter, &[Some(id)])
    }

    fn finish(mut emitter: Emitter<JITModule>, ids: &[Option<FuncId>]) -> Result<Self, CompileError> {
        emitter.install()?;
        emitter.module.finalize_definitions()?;
        let functions = ids.iter().map(|id| id.map(|id| function(&emitter.module, id))).collect();
        let symbol = |&(id, n_bytes): &(FuncId, usize)| {
            let declaration = emitter.module.declarations().get_function_decl(id);
            let address = emitter.module.get_finalized_function(id).addr();
            Symbol { name: declaration.linkage_name(id).into_owned(), address, n_bytes }
        };
        let symbols = emitter.functions.iter().map(symbol).collect();
        Ok(Jit { functions, symbols, module: Mutex::new(Some(emitter.module)) })
    }

    /// A plan's functions as people read them.
    ///
    /// # Errors
    /// As [`Jit::compile`].
    pub(crate) fn listing(plan: &Plan, form: Listing) -> Result<String, CompileError> {
        let (module, machine) = module()?;
        let mut emitter = Emitter::new(module, machine, plan);
        let listing = emitter.listing(plan, form);
        // SAFETY: nothing in it was ever called.
        unsafe { emitter.module.free_memory() }
        listing
    }

    /// Every function.
    pub(crate) fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// Bytes of machine code.
    pub(crate) fn n_bytes(&self) -> usize {
        self.symbols.iter().map(|symbol| symbol.n_bytes).sum()
    }

    /// Does tasks of a step; nothing if the step has no code.
    ///
    /// # Safety
    /// `arena`, `weights` and `scratch` have the sizes that the plan says, `begin <= end` are within the step's tasks,
    /// and no one else uses the scratch memory, reads or writes what these tasks write, or writes what they read.
    pub(crate) unsafe fn run(
        &self,
        step: usize,
        arena: *mut u8,
        weights: *const u8,
        scratch: *mut u8,
        begin: usize,
        end: usize,
    ) {
        if let Some(Some(function)) = self.functions.get(step) {
            // SAFETY: the code was made for that plan, and lives as long as `self`. The rest is the caller's promise.
            unsafe { function(arena, weights, scratch, begin, end) }
        }
    }
}

impl fmt::Debug for Jit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jit").field("n_bytes", &self.n_bytes()).finish_non_exhaustive()
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

/// A module for this machine.
fn module() -> Result<(JITModule, Arc<dyn TargetIsa>), CompileError> {
    let mut flags = settings::builder();
    // Optimising hoists loads out of tiles, which then spill.
    flags.set("opt_level", "none")?;
    flags.set("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" })?;
    let isa = cranelift_native::builder().map_err(|message| CompileError::Machine(message.to_owned()))?;
    let isa = isa.finish(settings::Flags::new(flags))?;
    let mut builder = JITBuilder::with_isa(Arc::clone(&isa), default_libcall_names());
    builder.symbols(Helper::ALL.iter().map(|helper| (helper.symbol(), helper.address())));
    Ok((JITModule::new(builder), isa))
}
