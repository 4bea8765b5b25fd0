//! A plan into machine code: a function a step, and the tiles that they call.
//!
//! Each function is `fn(arena, weights, begin, end)`: it does the step's tasks `begin..end`, which are independent of
//! each other. Offsets in arena and weights are constants in it.

mod code;
mod helpers;
mod jit;

use std::collections::HashMap;

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::types::{F32, I64};
use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{FuncId, Linkage, Module};

pub(crate) use code::{Code, as_imm};
pub(crate) use helpers::Helper;
pub(crate) use jit::Jit;

use crate::plan::{Plan, Step};
use crate::tile::{ClifAsm, Pointer, Tile, generate};
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
    tiles: HashMap<Tile, FuncId>,
    helpers: HashMap<Helper, FuncId>,
    n_bytes: usize,
}

impl<M: Module> Emitter<M> {
    /// A writer for the plan's functions.
    pub(crate) fn new(module: M, plan: &Plan) -> Self {
        Emitter {
            module,
            isa: plan.isa,
            buffer_starts: plan.buffers.iter().map(|buffer| buffer.start).collect(),
            tiles: HashMap::new(),
            helpers: HashMap::new(),
            n_bytes: 0,
        }
    }

    /// Bytes of machine code so far.
    pub(crate) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// The function of the plan's step of that number.
    ///
    /// # Errors
    /// If Cranelift can't compile it.
    pub(crate) fn step(&mut self, number: usize, step: &Step) -> Result<FuncId, CompileError> {
        let mut signature = self.module.make_signature();
        signature.params.extend([AbiParam::new(I64); 4]);
        let symbol = format!("step{number}_{}", step.kernel.name());
        let id = self.module.declare_function(&symbol, Linkage::Export, &signature)?;
        let mut context = self.module.make_context();
        context.func.signature = signature;
        let mut builder_context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut context.func, &mut builder_context);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let [arena, weights, begin, end] = std::array::from_fn(|i| builder.block_params(entry)[i]);
        let mut code = Code::new(builder, self, arena, weights);
        let mut result = Ok(());
        code.range(begin, end, &mut |code, task| result = step.kernel.emit(code, task));
        result?;
        code.builder.ins().return_(&[]);
        let config = code.target();
        code.builder.finalize(config);
        self.define(id, &mut context)?;
        Ok(id)
    }

    fn define(&mut self, id: FuncId, context: &mut Context) -> Result<(), CompileError> {
        context.compile(self.module.isa(), &mut ControlPlane::default()).map_err(|error| error.inner)?;
        self.n_bytes += context.compiled_code().map_or(0, |code| code.code_buffer().len());
        Ok(self.module.define_function(id, context)?)
    }

    fn helper(&mut self, helper: Helper) -> Result<FuncId, CompileError> {
        if let Some(&id) = self.helpers.get(&helper) {
            return Ok(id);
        }
        let mut signature = self.module.make_signature();
        signature.params.extend(std::iter::repeat_n(AbiParam::new(F32), helper.n_arguments()));
        signature.returns.push(AbiParam::new(F32));
        let id = self.module.declare_function(helper.symbol(), Linkage::Import, &signature)?;
        self.helpers.insert(helper, id);
        Ok(id)
    }

    fn tile(&mut self, tile: &Tile) -> Result<FuncId, CompileError> {
        if let Some(&id) = self.tiles.get(tile) {
            return Ok(id);
        }
        let signature = self.tile_signature();
        let symbol = format!("tile{}__{}_{}x{}", self.tiles.len(), self.isa, tile.pixels.len(), tile.n_vectors);
        let id = self.module.declare_function(&symbol, Linkage::Local, &signature)?;
        match X86::new(self.isa) {
            Some(mut asm) => {
                generate(tile, &mut asm);
                let bytes = asm.finish();
                self.n_bytes += bytes.len();
                self.module.define_function_bytes(id, TILE_ALIGNMENT, &bytes, &[])?;
            }
            None => self.clif_tile(id, signature, tile)?,
        }
        self.tiles.insert(tile.clone(), id);
        Ok(id)
    }

    fn tile_signature(&self) -> Signature {
        // Our own encoding knows one convention; Cranelift's tiles follow that of the machine.
        let convention = match self.isa {
            Isa::Avx512 | Isa::Avx2 => CallConv::SystemV,
            Isa::Clif => self.module.isa().default_call_conv(),
        };
        let mut signature = Signature::new(convention);
        signature.params.extend([AbiParam::new(I64); Pointer::ALL.len()]);
        signature
    }

    fn clif_tile(&mut self, id: FuncId, signature: Signature, tile: &Tile) -> Result<(), CompileError> {
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
        generate(tile, &mut ClifAsm::new(&mut builder, &params, self.isa.registers(), has_fma));
        builder.ins().return_(&[]);
        builder.finalize(self.module.target_config());
        self.define(id, &mut context)
    }

    /// Whether a fused multiplication of vectors is an instruction of the machine.
    fn has_fma(&self) -> bool {
        let isa = self.module.isa();
        isa.name() != "x64" || isa.isa_flags().iter().any(|flag| flag.name == "has_fma" && flag.as_bool() == Some(true))
    }
}
