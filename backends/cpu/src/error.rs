//! What can go wrong between a graph and a program, and between a program and a result.

use cranelift_codegen::CodegenError;
use cranelift_codegen::settings::SetError;
use cranelift_module::ModuleError;
use firebrick_ir::{EvalError, Type};
use thiserror::Error;

use crate::Isa;

/// Why a graph could not be compiled.
#[derive(Debug, Error)]
pub enum CompileError {
    /// An instruction set was asked for that the machine does not have.
    #[error("this machine does not have {0}")]
    Isa(Isa),
    /// Cranelift has no back end for the machine.
    #[error("no code can be made for this machine: {0}")]
    Machine(String),
    /// A dimension is symbolic, but code is made for fixed sizes.
    #[error("`{name}` is {ty}, but its size must be known to compile it")]
    Symbolic {
        /// The value.
        name: String,
        /// Its type.
        ty: Type,
    },
    /// The model was opened without weights.
    #[error("`{0}` has no values: the model was opened without weights")]
    MissingWeights(String),
    /// Values take more memory than there is, or than can be addressed.
    #[error("it needs more memory than can be had")]
    Memory,
    /// A constant could not be evaluated.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// Cranelift could not compile something, which is an error in Firebrick.
    #[error("code could not be made, which is an error in Firebrick: {0}")]
    Codegen(#[from] Box<CodegenError>),
    /// Cranelift's module could not be made.
    #[error("code could not be installed: {0}")]
    Module(#[from] Box<ModuleError>),
    /// Cranelift does not have a setting, which is an error in Firebrick.
    #[error("code could not be made, which is an error in Firebrick: {0}")]
    Setting(#[from] SetError),
}

impl From<CodegenError> for CompileError {
    fn from(error: CodegenError) -> Self {
        CompileError::Codegen(Box::new(error))
    }
}

impl From<ModuleError> for CompileError {
    fn from(error: ModuleError) -> Self {
        CompileError::Module(Box::new(error))
    }
}

/// Why a program did not run.
#[derive(Debug, Error)]
pub enum RunError {
    /// An input or an output is of another type than what is written to it or read of it.
    #[error("{side} {index} is {expected}, not {found}")]
    Type {
        /// `input` or `output`.
        side: &'static str,
        /// Its place among the inputs or outputs.
        index: usize,
        /// What it is.
        expected: Type,
        /// What it was taken for.
        found: String,
    },
    /// There is no such input or output.
    #[error("there is no {side} {index}, but {n}")]
    Missing {
        /// `input` or `output`.
        side: &'static str,
        /// What was asked for.
        index: usize,
        /// How many there are.
        n: usize,
    },
    /// There is not enough memory for the values.
    #[error("there are no {0} bytes of memory for the values")]
    Memory(usize),
    /// An op that the reference evaluator computes has no result.
    #[error(transparent)]
    Eval(#[from] EvalError),
}
