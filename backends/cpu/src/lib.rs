//! Firebrick's native backend: a graph compiled to machine code for its sizes and for the processor at hand.
//!
//! ```
//! use std::sync::Arc;
//!
//! use firebrick_cpu::{Context, Isa, Program};
//! use firebrick_ir::{Tensor, text, verify};
//!
//! let graph = text::parse(r#"graph "double" { %x = input : f32[1, 4] %y = add(%x, %x) return %y }"#, &())?;
//! let program = Program::compile(verify(&graph).map_err(|errors| errors[0].clone())?, Isa::detect())?;
//! let mut context = Context::new(Arc::new(program), 2)?;
//! context.set_input(0, &Tensor::from_vec(&[1, 4], vec![1.0f32, 2.0, 3.0, 4.0])?)?;
//! context.run()?;
//! assert_eq!(*context.output(0)?.values::<f32>()?, [2.0, 4.0, 6.0, 8.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # From a graph to code
//!
//! 1. `lower` decides which kernel each op becomes and where its values lie: a `Plan`, which can be printed. Ops and
//!    forms of ops without a kernel call the reference evaluator.
//! 2. `emit` writes a function for each step of the plan with Cranelift.
//! 3. Convolutions and products of matrices call tiles (`tile`), the innermost code, which is made for one shape each:
//!    by an assembler of our own for AVX-512 and AVX2 (`x86`), by Cranelift for everything else.
//! 4. `runtime` runs the steps in an arena, each divided into tasks among threads.
//!
//! # Invariants
//!
//! 1. A result does not depend on the number of threads: what a task computes is fixed by the plan.
//! 2. A [`Program`] is never changed once it is made. A [`Context`] has its own arena and threads, and keeps its
//!    program alive; machine code is freed with the last of them.
//! 3. Memory for code is written, then made executable, and never both.
//! 4. Channels that fill up a block have no meaning, and no kernel reads them across lanes.
//! 5. A halo is zero from before the value's first write to after its last read.

mod emit;
mod error;
mod isa;
mod kernels;
mod lower;
mod memory;
mod options;
mod plan;
mod program;
mod runtime;
mod tile;
mod x86;

pub use emit::{Listing, Symbol};
pub use error::{CompileError, RunError};
pub use isa::Isa;
pub use options::{Algorithms, Options};
pub use program::{Program, StepInfo};
pub use runtime::Context;
