//! What the machine can do at most: multiplications with an addition that wait for nothing.

use std::sync::Arc;

use cranelift_codegen::isa::TargetIsa;
use cranelift_module::{FuncId, Linkage, Module};

use super::Emitter;
use crate::tile::{ClifAsm, Reg, VectorAsm};
use crate::x86::X86;
use crate::{CompileError, Isa};

/// Rounds of a task: some tens of microseconds.
const N_ROUNDS: u32 = 2_000;

/// Registers that hold what is multiplied.
const N_FACTORS: usize = 2;

/// Multiplications of a task of [`Emitter::peak`].
pub(crate) fn macs_per_task(isa: Isa) -> u64 {
    u64::from(N_ROUNDS) * ((isa.registers() - N_FACTORS) * isa.lanes()) as u64
}

impl<M: Module> Emitter<M> {
    /// A writer for the functions that measure the machine.
    pub(super) fn for_peak(module: M, machine: Arc<dyn TargetIsa>, isa: Isa) -> Self {
        Emitter::without_plan(module, machine, isa)
    }

    /// A function like that of a step, whose tasks keep all registers busy and touch no memory.
    ///
    /// # Errors
    /// If Cranelift can't compile it.
    pub(super) fn peak(&mut self) -> Result<FuncId, CompileError> {
        let signature = self.tile_signature();
        let id = self.module.declare_function("peak_f32", Linkage::Local, &signature)?;
        let n_sums = self.isa.registers() - N_FACTORS;
        match X86::new(self.isa) {
            Some(mut asm) => {
                rounds(n_sums, &mut asm);
                self.x86_tile(id, asm)?;
            }
            None => self.clif_tile(id, signature, &mut |asm: &mut ClifAsm<'_, '_>| rounds(n_sums, asm))?,
        }
        self.tasks("peak", |code, _| {
            let zero = code.int(0);
            code.call(id, &[zero; 5]);
            Ok(())
        })
    }
}

/// Sums of zeros: numbers that are not normal would be slow on some machines.
fn rounds<A: VectorAsm>(n_sums: usize, asm: &mut A) {
    let reg = |n: usize| Reg(u8::try_from(n).expect("registers are few"));
    for n in 0..n_sums + N_FACTORS {
        asm.zero(reg(n));
    }
    asm.counted(0, N_ROUNDS, &mut |asm| {
        for n in 0..n_sums {
            asm.fma(reg(n), reg(n_sums), reg(n_sums + 1));
        }
    });
}
