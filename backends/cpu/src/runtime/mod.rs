//! Running programs.

mod context;
mod pool;

pub use context::Context;
