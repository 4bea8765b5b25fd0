//! How much of a halo each value needs: what the convolutions that read it pad it by.

use std::collections::HashMap;

use firebrick_ir::ops::Branch;
use firebrick_ir::{Graph, NodeId, Op, Value};

use super::concat::Slices;
use super::{conv, conv_transpose, planner};
use crate::plan::Halo;

/// The halos of all values that have one.
pub(super) fn of(graph: &Graph, slices: &Slices) -> HashMap<Value, Halo> {
    let mut halos: HashMap<Value, Halo> = HashMap::new();
    let mut schedule = graph.schedule();
    schedule.reverse();
    for id in schedule {
        let operands = graph.operands(id);
        let op = &graph.node(id).op;
        // The result of an identity lies where the operand does.
        let is_alias = matches!(op, Op::Identity(_));
        let needed =
            if is_alias { halos.get(&Value { node: id, port: 0 }).copied() } else { of_convolutions(graph, id) };
        if let (Some(needed), Some(&operand)) = (needed, operands.first()) {
            widen(&mut halos, operand, needed);
        }
    }
    for (part, whole) in slices.parts() {
        if let Some(&halo) = halos.get(&part) {
            widen(&mut halos, whole, halo);
        }
    }
    halos
}

/// What an op pads its first operand by; `None` if it is no convolution.
fn of_convolutions(graph: &Graph, id: NodeId) -> Option<Halo> {
    let op = &graph.node(id).op;
    if let Op::Conv(conv) = op {
        conv::halo(&conv.pads)
    } else if let Op::FusedConv(fused) = op {
        conv::halo(&fused.op.pads)
    } else if let Op::ConvTranspose(op) = op {
        conv_transpose::halo(graph, id, op)
    } else if let Op::FusedConvTranspose(fused) = op {
        conv_transpose::halo(graph, id, &fused.op)
    } else if let Op::QConv(quantized) = op {
        let fill = quantized.x.first().map_or(0, |&x| planner::stored(x).zero as u8);
        Some(Halo { fill, ..conv::halo(&quantized.op.pads)? })
    } else if let Op::QConvTranspose(quantized) = op {
        let fill = quantized.x.first().map_or(0, |&x| planner::stored(x).zero as u8);
        Some(Halo { fill, ..conv_transpose::halo(graph, id, &quantized.op)? })
    } else if let Op::Expand(expand) = op {
        let convs = expand.branches.iter().filter_map(|branch| match branch {
            Branch::Conv(branch) => conv::halo(&branch.pads),
            Branch::Copy => None,
        });
        convs.reduce(Halo::max)
    } else {
        None
    }
}

fn widen(halos: &mut HashMap<Value, Halo>, value: Value, needed: Halo) {
    let halo = halos.entry(value).or_default();
    *halo = halo.max(needed);
}
