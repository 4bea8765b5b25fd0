//! A compiled graph.

use firebrick_ir::{Dim, Type, Verified};

use crate::emit::{Jit, Listing, Symbol};
use crate::kernels::Kernel;
use crate::lower::lower;
use crate::memory::Memory;
use crate::plan::{Plan, Slot};
use crate::{CompileError, Isa, Options};

/// A graph as machine code, with its weights. Contexts on any number of threads may run it at the same time.
#[derive(Debug)]
pub struct Program {
    pub(crate) plan: Plan,
    pub(crate) weights: Memory,
    pub(crate) jit: Jit,
}

/// A step of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepInfo<'a> {
    /// The value that it computes, or a part of it.
    pub value: &'a str,
    /// What computes it: `conv_f32_3x3s1__avx512_14x2` is a convolution of f32 by windows of 3 × 3 in steps of 1, whose
    /// tiles for AVX-512 have 14 pixels and 2 vectors of channels.
    pub kernel: String,
    /// Multiplications with an addition that the op's definition asks for, however the kernel computes them.
    pub macs: u64,
    /// Whether the reference evaluator computes it, as there is no kernel.
    pub is_evaluated: bool,
}

impl Program {
    /// Compiles a graph whose sizes are all known.
    ///
    /// # Errors
    /// If the machine doesn't have the instruction set, a size is symbolic, a weight has no values, or memory is short.
    pub fn compile(graph: Verified<'_>, options: impl Into<Options>) -> Result<Self, CompileError> {
        let options = options.into();
        if !options.isa.is_available() {
            return Err(CompileError::Isa(options.isa));
        }
        let mut plan = lower(graph, options)?;
        let mut weights = Memory::zeroed(plan.weights.n_bytes()).ok_or(CompileError::Memory)?;
        let filling = plan.weights.filling(&mut weights);
        let jit = Jit::compile(&plan, filling)?;
        Ok(Program { plan, weights, jit })
    }

    /// The instruction set that tiles are made for.
    pub fn isa(&self) -> Isa {
        self.plan.isa
    }

    /// The inputs, in order: name and type.
    pub fn inputs(&self) -> Vec<(String, Type)> {
        self.plan.inputs.iter().map(name_and_type).collect()
    }

    /// The outputs, in order: name and type.
    pub fn outputs(&self) -> Vec<(String, Type)> {
        self.plan.outputs.iter().map(name_and_type).collect()
    }

    /// Bytes of memory for values that each context takes.
    pub fn arena_bytes(&self) -> usize {
        self.plan.arena_bytes
    }

    /// Bytes of machine code.
    pub fn code_bytes(&self) -> usize {
        self.jit.n_bytes()
    }

    /// Bytes of weights as tiles read them.
    pub fn weight_bytes(&self) -> usize {
        self.weights.bytes().len()
    }

    /// The values that the reference evaluator computes, because their ops have no kernel: name and op.
    pub fn evaluated(&self) -> Vec<(&str, &'static str)> {
        evaluated(&self.plan).collect()
    }

    /// What [`Program::evaluated`] would be, found without making code.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn without_kernel(
        graph: Verified<'_>,
        options: impl Into<Options>,
    ) -> Result<Vec<(String, &'static str)>, CompileError> {
        let plan = lower(graph, options.into())?;
        Ok(evaluated(&plan).map(|(value, op)| (value.to_owned(), op)).collect())
    }

    /// What a run does, in order.
    pub fn steps(&self) -> impl Iterator<Item = StepInfo<'_>> {
        self.plan.steps.iter().map(|step| StepInfo {
            value: &step.value,
            kernel: step.kernel.label(self.plan.isa),
            macs: step.macs,
            is_evaluated: matches!(step.kernel, Kernel::Evaluate(_)),
        })
    }

    /// Every function of the program, for profilers.
    pub fn symbols(&self) -> &[Symbol] {
        self.jit.symbols()
    }

    /// The program's functions as people read them. They are made once more for that.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn listing(&self, form: Listing) -> Result<String, CompileError> {
        Jit::listing(&self.plan, form)
    }

    /// The plan in words: a line a step, with the layouts and places of what it reads and writes.
    pub fn plan(&self) -> String {
        self.plan.to_string()
    }
}

fn evaluated(plan: &Plan) -> impl Iterator<Item = (&str, &'static str)> {
    plan.steps.iter().filter_map(|step| {
        let Kernel::Evaluate(kernel) = &step.kernel else { return None };
        Some((step.value.as_str(), kernel.op.mnemonic()))
    })
}

fn name_and_type(slot: &Slot) -> (String, Type) {
    let mut dims: Vec<Dim> = slot.place.dims.iter().map(|&n| Dim::Fixed(n as u64)).collect();
    if let (Some(_), Some(i)) = (slot.place.count, dims.len().checked_sub(2)) {
        dims[i] = Dim::sym("detections");
    }
    (slot.name.clone(), Type::new(slot.place.dtype(), dims))
}
