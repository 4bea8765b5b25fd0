//! A model before and after, in numbers.

use std::collections::BTreeMap;

use firebrick_ir::{DType, Op, Type};
use firebrick_onnx_writer::Exported;
use firebrick_schemas::onnx::ModelProto;
use serde::Serialize;

use super::batch::with_batch_of_one;
use crate::{Error, Inspection, Model};

/// What a conversion made of a model.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The source.
    pub before: Figures,
    /// What was written.
    pub after: Figures,
    /// The operators, or types of layers, that were written, with how many of each.
    pub operators: BTreeMap<String, usize>,
}

/// A model in numbers.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Its ops, constants not among them.
    pub n_ops: usize,
    /// Its files' size, all together.
    pub n_bytes: u64,
    /// Numbers in constants, but those of i64 and bool, which are shapes and indices.
    pub parameters: u64,
    /// Multiply-accumulate operations, of one item of the batch.
    pub macs: u64,
}

impl Summary {
    /// Counts both.
    ///
    /// # Errors
    /// If one of them has no graph.
    pub(super) fn of(model: &Model, written: &Model, exported: &Exported) -> Result<Self, Error> {
        let n_data = exported.data.iter().map(|chunk| chunk.bytes.len() as u64).sum();
        Summary::new(model, written, operators(&exported.proto), n_data)
    }

    /// Counts both, given the operators that were written and the bytes beside the written model's files.
    ///
    /// # Errors
    /// If one of them has no graph.
    pub(super) fn new(
        model: &Model,
        written: &Model,
        operators: BTreeMap<String, usize>,
        n_data: u64,
    ) -> Result<Self, Error> {
        let n_bytes = |model: &Model| model.sources().iter().map(|source| source.n_bytes).sum::<u64>();
        let n_ops = operators.values().sum();
        let after = Figures { n_ops, ..figures(written, n_bytes(written) + n_data)? };
        Ok(Summary { before: figures(model, n_bytes(model))?, after, operators })
    }
}

fn figures(model: &Model, n_bytes: u64) -> Result<Figures, Error> {
    let graph = model.graph()?;
    let is_op = |op: &Op| !matches!(op, Op::Input(_) | Op::Const(_) | Op::Return(_));
    let n_ops = graph.nodes().filter(|(_, node)| is_op(&node.op)).count();
    let weights =
        graph.nodes().filter(|(_, node)| matches!(node.op, Op::Const(_))).map(|(_, node)| &node.outputs[0].ty);
    // Shapes and indices are of these.
    let is_weight = |ty: &&Type| !matches!(ty.dtype, DType::I64 | DType::Bool);
    let parameters = weights.filter(is_weight).filter_map(|ty| ty.shape.n_elements()).sum();
    Ok(Figures { n_ops, n_bytes, parameters, macs: Inspection::of(&with_batch_of_one(model)?)?.macs })
}

fn operators(proto: &ModelProto) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for node in proto.graph.iter().flat_map(|graph| &graph.node) {
        *counts.entry(node.op_type().to_owned()).or_default() += 1;
    }
    counts
}
