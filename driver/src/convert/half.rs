//! Weights as f16.

use firebrick_diagnostics::Diagnostic;
use firebrick_ir::ops::Cast;
use firebrick_ir::{DType, Graph, GraphError, NodeId, Op, Tensor, Value, f16};

/// Fewer numbers than that stay f32: they take no room, and may be a divisor or a limit.
const FEWEST: usize = 16;

/// Stores weights as f16, each with a cast behind it: arithmetic is in f32, as before. Numbers beyond what f16 holds keep
/// their weights as they are.
///
/// # Errors
/// If the graph can't be changed, which is a fault of ours.
pub(super) fn round_weights(graph: &mut Graph, notes: &mut Vec<Diagnostic>) -> Result<(), GraphError> {
    let weights: Vec<NodeId> = graph.nodes().filter(|(_, node)| is_weight(&node.op)).map(|(id, _)| id).collect();
    let mut too_large = Vec::new();
    for id in weights {
        let value = Value { node: id, port: 0 };
        let Some(tensor) = graph.as_const(value) else { continue };
        let name = graph.value_name(value).to_owned();
        let Some(rounded) = rounded(tensor) else {
            too_large.push(name);
            continue;
        };
        let stored = graph.fresh_name(&format!("{name}.f16"));
        let stored = graph.constant(stored, rounded)?;
        let temporary = graph.fresh_name(&name);
        let cast = graph.value(Cast::to(DType::F32), &[stored], temporary)?;
        graph.replace_uses(value, cast)?;
        graph.remove(id);
        graph.rename(cast, name)?;
    }
    if !too_large.is_empty() {
        let names = too_large.join(", ");
        notes.push(Diagnostic::note(format!("weights stay f32, as f16 does not hold their numbers: {names}")));
    }
    Ok(())
}

fn is_weight(op: &Op) -> bool {
    let Op::Const(constant) = op else { return false };
    constant.tensor().is_some_and(|tensor| tensor.dtype() == DType::F32 && tensor.len() >= FEWEST)
}

/// The tensor in f16; `None` if a number becomes infinite.
fn rounded(tensor: &Tensor) -> Option<Tensor> {
    let values = tensor.values::<f32>().ok()?;
    let halves: Vec<f16> = values.iter().map(|&x| f16::from_f32(x)).collect();
    let overflows = values.iter().zip(&halves).any(|(x, half)| x.is_finite() && !half.is_finite());
    if overflows { None } else { Tensor::from_vec(tensor.dims(), halves).ok() }
}
