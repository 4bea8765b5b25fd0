//! A plan into machine code: a function a step, and the tiles that they call.
//!
//! Each function is `fn(arena, weights, scratch, begin, end)`: it does the step's tasks `begin..end`, which are
//! independent of each other. Offsets in arena and weights are constants in it. Scratch memory is the thread's own; what
//! tasks find in it has no meaning.

mod code;
mod define;
mod helpers;
mod jit;
mod listing;
mod peak;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use cranelift_codegen::ir::types::{F32, I64};
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, Value};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{FuncId, Linkage, Module};

pub(crate) use code::{Code, as_imm};
pub(crate) use helpers::Helper;
pub(crate) use jit::Jit;
pub use jit::Symbol;
pub use listing::Listing;
pub(crate) use peak::macs_per_task;

use define::Queue;
use listing::Recorder;

use crate::plan::{Plan, Step};
use crate::tile::{Arithmetic, ClifAsm, Pointer, Routine};
use crate::x86::X86;
use crate::{CompileError, Isa};

/// The address of an x86 tile is a multiple of that many bytes: a line of the cache.
const TILE_ALIGNMENT: u64 = 64;

/// Writes a plan's functions into a module.
pub(crate) struct Emitter<M: Module> {
    pub(crate) module: M,
    isa: Isa,
    /// Where each buffer begins in the arena, in bytes.
    buffer_starts: Vec<usize>,
    routines: HashMap<Routine, FuncId>,
    helpers: HashMap<Helper, FuncId>,
    /// Functions that are to be compiled, and are.
    queue: Arc<Queue>,
    /// Functions that were defined, and bytes of their code.
    functions: Vec<(FuncId, usize)>,
    /// There is one only where functions are to be read.
    recorder: Option<Recorder>,
}

impl<M: Module> Emitter<M> {
    /// A writer for the plan's functions, for the module's machine.
    pub(crate) fn new(module: M, machine: Arc<dyn TargetIsa>, plan: &Plan) -> Self {
        let buffer_starts = plan.buffers.iter().map(|buffer| buffer.start).collect();
        Emitter { buffer_starts, ..Emitter::without_plan(module, machine, plan.isa) }
    }

    /// A writer for functions that touch no buffer.
    fn without_plan(module: M, machine: Arc<dyn TargetIsa>, isa: Isa) -> Self {
        Emitter {
            module,
            isa,
            buffer_starts: Vec::new(),
            routines: HashMap::new(),
            helpers: HashMap::new(),
            queue: Arc::new(Queue::new(machine)),
            functions: Vec::new(),
            recorder: None,
        }
    }

    /// Writes every step's function. Those of steps that have code.
    ///
    /// # Errors
    /// If Cranelift can't compile one.
    fn steps(&mut self, plan: &Plan) -> Result<Vec<Option<FuncId>>, CompileError> {
        let steps = plan.steps.iter().enumerate();
        let ids = steps.map(|(number, step)| step.kernel.is_compiled().then(|| self.step(number, step)).transpose());
        ids.collect()
    }

    /// Writes every step's function to be read.
    ///
    /// # Errors
    /// If Cranelift can't compile one.
    fn listing(&mut self, plan: &Plan, form: Listing) -> Result<String, CompileError> {
        self.recorder = Some(Recorder::new(form));
        self.steps(plan)?;
        let recorder = self.recorder.take();
        Ok(recorder.map_or_else(String::new, |recorder| recorder.finish(self.module.declarations())))
    }

    /// The function of the plan's step of that number.
    ///
    /// # Errors
    /// If Cranelift can't compile it.
    fn step(&mut self, number: usize, step: &Step) -> Result<FuncId, CompileError> {
        let symbol = format!("step{number}_{}", step.kernel.name());
        self.tasks(&symbol, |code, task| step.kernel.emit(code, task))
    }

    /// A function that does tasks.
    fn tasks(
        &mut self,
        symbol: &str,
        mut body: impl FnMut(&mut Code<'_, M>, Value) -> Result<(), CompileError>,
    ) -> Result<FuncId, CompileError> {
        let mut signature = self.module.make_signature();
        signature.params.extend([AbiParam::new(I64); 5]);
        let id = self.module.declare_function(symbol, Linkage::Export, &signature)?;
        let mut context = self.module.make_context();
        context.func.signature = signature;
        let mut builder_context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut builder_context);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let [arena, weights, scratch, begin, end] = std::array::from_fn(|i| builder.block_params(entry)[i]);
        let mut code = Code::new(builder, self, [arena, weights, scratch]);
        let mut result = Ok(());
        code.range(begin, end, &mut |code, task| result = body(code, task));
        result?;
        code.builder.ins().return_(&[]);
        let config = code.target();
        code.builder.finalize(config);
        self.define(id, context)?;
        Ok(id)
    }

    fn helper(&mut self, helper: Helper) -> Result<FuncId, CompileError> {
        if let Some(&id) = self.helpers.get(&helper) {
            return Ok(id);
        }
        let mut signature = self.module.make_signature();
        signature.params.extend(std::iter::repeat_n(AbiParam::new(F32), helper.n_arguments()));
        signature.returns.push(AbiParam::new(helper.result()));
        let id = self.module.declare_function(helper.symbol(), Linkage::Import, &signature)?;
        self.helpers.insert(helper, id);
        Ok(id)
    }

    fn routine(&mut self, name: &str, routine: &Routine) -> Result<FuncId, CompileError> {
        if let Some(&id) = self.routines.get(routine) {
            return Ok(id);
        }
        let signature = self.tile_signature();
        let symbol = format!("{name}__{}_{}_t{}", self.isa, routine.shape(), self.routines.len());
        let id = self.module.declare_function(&symbol, Linkage::Local, &signature)?;
        match self.x86(routine) {
            Some(mut asm) => {
                routine.generate(&mut asm);
                self.x86_tile(id, asm)?;
            }
            None => self.clif_tile(id, signature, &mut |asm| routine.generate(asm))?,
        }
        self.routines.insert(routine.clone(), id);
        Ok(id)
    }

    fn x86_tile(&mut self, id: FuncId, asm: X86) -> Result<(), CompileError> {
        let bytes = asm.finish();
        self.functions.push((id, bytes.len()));
        if let Some(recorder) = &mut self.recorder {
            recorder.record_bytes(id, &bytes);
        }
        Ok(self.module.define_function_bytes(id, TILE_ALIGNMENT, &bytes, &[])?)
    }

    /// Our own assembler, for tiles that it has instructions for.
    fn x86(&self, routine: &Routine) -> Option<X86> {
        let is_integer = matches!(routine, Routine::Tile(tile) if tile.arithmetic != Arithmetic::Float);
        if is_integer { X86::for_integers(self.isa.dot()) } else { X86::new(self.isa) }
    }

    fn tile_signature(&self) -> Signature {
        // Our own encoding knows one convention; Cranelift's tiles follow that of the machine.
        let convention = match self.isa {
            Isa::Avx512 | Isa::AvxVnni | Isa::Avx2 => CallConv::SystemV,
            Isa::Clif => self.module.isa().default_call_conv(),
        };
        let mut signature = Signature::new(convention);
        signature.params.extend([AbiParam::new(I64); Pointer::ALL.len()]);
        signature
    }

    fn clif_tile(
        &mut self,
        id: FuncId,
        signature: Signature,
        body: &mut dyn FnMut(&mut ClifAsm<'_, '_>),
    ) -> Result<(), CompileError> {
        let has_fma = self.has_fma();
        let mut context = self.module.make_context();
        context.func.signature = signature;
        let mut builder_context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut builder_context);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let params = builder.block_params(entry).to_vec();
        body(&mut ClifAsm::new(&mut builder, &params, self.isa.registers(), has_fma));
        builder.ins().return_(&[]);
        builder.finalize(self.module.target_config());
        self.define(id, context)
    }

    /// Whether a fused multiplication of vectors is an instruction of the machine.
    fn has_fma(&self) -> bool {
        let isa = self.module.isa();
        isa.name() != "x64" || isa.isa_flags().iter().any(|flag| flag.name == "has_fma" && flag.as_bool() == Some(true))
    }
}
