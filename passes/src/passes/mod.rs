//! The passes, a file each, and the one list of them.

mod dead_code;
mod remove_identity;

pub(crate) use dead_code::DeadCode;
pub(crate) use remove_identity::RemoveIdentity;

use crate::Pass;

/// The one list of passes: names, help and documentation follow from it. In alphabetical order; which ones run, and
/// when, is said by the pipelines (`level.rs`).
pub const PASSES: &[&dyn Pass] = &[&DeadCode, &RemoveIdentity];
