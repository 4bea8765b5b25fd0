//! What can't be written.

use firebrick_ir::Origin;
use thiserror::Error;

/// An op that has no equivalent in the operator set written.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("`{value}` ({op}): {reason}")]
pub struct Refusal {
    /// The op's first result.
    pub value: String,
    /// The op's spelling in the text form.
    pub op: &'static str,
    /// The layer it came from.
    pub origin: Option<Origin>,
    /// Why it can't be written, and what to do.
    pub reason: String,
}
