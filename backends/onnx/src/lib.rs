//! Firebrick's graph as ONNX.
//!
//! [`export`] writes any graph for any operator set from 9 on. Each op becomes the operator that means the same in
//! that operator set; where there is none, an equivalent of several, if it is exact. What can't be said is refused by
//! name, all of it at once.
//!
//! The file's values have the graph's names. What an equivalent needs beside them is named after the value it makes:
//! `prob/Transpose`. Weights are initializers and not inputs. Ops that no output depends on are left out.
//!
//! The pipeline, a step a file:
//! 1. `unfold`: ops on quantized values become the operators that they are folded from, unless they have one of their own.
//! 2. `lower`: op by op, in the order of computation, what `ops/` says it becomes. `operators` is the one list of
//!    ONNX's operators used here: an element type that an operator doesn't take in the operator set written is widened
//!    around it, and an operator that doesn't exist in it is refused.
//! 3. `build`: names for what has none, initializers, types.
//! 4. `model`: the file around the graph, with what it says of itself.
//! 5. `external`: weights that go beside the file.

mod attr;
mod build;
mod elements;
mod external;
mod lower;
mod model;
mod operators;
mod ops;
mod opset;
mod refusal;
mod unfold;

pub use external::{Exported, ExternalChunk};
pub use model::{Options, QuantizedForm, export};
pub use opset::{Opset, UnknownOpset};
pub use refusal::Refusal;
