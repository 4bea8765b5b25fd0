//! Firebrick's intermediate representation: one typed, directed acyclic graph for a convolutional network.
//!
//! # The model
//!
//! A [`Graph`] holds nodes; a [`Node`] is one [`Op`] (operation with its attributes) and the names and types of its
//! results. A [`Value`] is one result of one node. An edge says that a value is an operand of a node, and in which
//! slot; edges are the only record of who uses what. Graph inputs and constants are nodes without operands; one
//! `return` node has the graph's outputs as its operands.
//!
//! Values are immutable tensors: there is no in-place operation and no shared memory in this graph. Frontends turn
//! what their formats write in place into values of their own.
//!
//! Images are laid out NCHW, weights of convolutions `[out, in / group, kernel...]`.
//!
//! # Invariants
//!
//! 1. The graph is acyclic.
//! 2. The operands of a node are dense (slots `0..n`, each once), and their number is within the op's arity.
//! 3. An edge's port exists on its source.
//! 4. Stored result types equal those that the op infers from its operands' types.
//! 5. Names of values are unique and not empty.
//! 6. A constant's bytes match its type: as many elements as the shape says, little-endian, row-major.
//! 7. There is exactly one `return` node, and nothing uses it; every `input` node is in the list of inputs once.
//! 8. Hints can be followed: a result marked `in_place` is a slice of exactly one other ([`slice_of`]), and the graph
//!    stays acyclic if each region is one node.
//!
//! [`verify`] checks them all and hands out a [`Verified`] graph, the only form that [`eval`] and backends accept.

mod attr;
mod coded;
pub mod dot;
mod dtype;
pub mod eval;
mod graph;
mod hints;
mod op;
pub mod ops;
mod preprocess;
mod shape;
mod tensor;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
mod verify;

pub use attr::{Attr, AttrError, AttrReader, AttrValue};
pub use coded::{Coded, CodedError};
pub use dtype::{Code, DType, Element, Overflow};
pub use eval::{EvalError, Evaluator};
pub use graph::{Edge, Graph, GraphError, Node, NodeId, Origin, Output, Value};
pub use half::{bf16, f16};
pub use hints::{Hints, slice_of};
pub use op::{Arity, Family, InferError, Op, Operator};
pub use preprocess::{ChannelOrder, Mean, Preprocess};
pub use shape::{Dim, Shape, Type};
pub use tensor::{Tensor, TensorError};
pub use verify::{Verified, VerifyError, verify};
