//! Rewrites of the graph.
//!
//! A [`Pass`] is a named change of a [`Graph`](firebrick_ir::Graph); most are a [`Rule`], which looks at one node and
//! proposes what takes its place. [`PASSES`] is the one list of them. [`pipeline`] composes them by [`Level`];
//! [`optimize`] runs a pipeline, verifies the graph after each pass, and reports what was done.
//!
//! # What every pass keeps
//!
//! 1. The graph's inputs and outputs: number, order, names and types.
//! 2. What the reference evaluator computes: bit for bit, or to rounding where a pass says that it reorders
//!    arithmetic.
//! 3. Names: what takes a value's place has its name. A name that the source gave never comes to mean anything else.
//!    Where two values become one, the name that goes is an alias of the one that stays ([`Report::aliases`]).
//! 4. Origins: a new node has the origin of a node that it replaces, the one that the pass names.
//! 5. At [`Level::O1`], all values but constants, by name or alias.

mod affine;
mod at;
mod bias;
mod bytes;
mod draft;
mod epilogue;
mod level;
mod linear;
mod movement;
mod names;
mod ones;
mod optimize;
mod pass;
mod passes;
mod quantized;
mod report;
mod rewriter;
mod shapes;
mod sums;

pub use at::{At, Found};
pub use draft::{Draft, Operand};
pub use level::{Level, Step, pipeline};
pub use optimize::{AfterPass, Options, optimize, run_steps};
pub use pass::{Fault, Pass, PassError, Precision, Rule, find};
pub use passes::PASSES;
pub use report::{PassReport, Report};
pub use rewriter::Rewriter;
