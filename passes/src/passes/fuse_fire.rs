use std::sync::Arc;

use firebrick_ir::ops::{Branch, Conv, Expand, FusedConv};
use firebrick_ir::{Hints, NodeId, Value};

use crate::{At, Fault, Found, Pass, Rewriter};

/// SqueezeNet's Fire module as a region: the squeeze layer, the expand layer that alone reads it, and, if the expand
/// adds a bypass that is a convolution (the paper's complex bypass), that one too. It only gives a hint.
pub(crate) struct FuseFire;

impl Pass for FuseFire {
    fn name(&self) -> &'static str {
        "fuse-fire"
    }

    fn description(&self) -> &'static str {
        "Makes squeeze, expand and bypass of a Fire module a region, which can run as a unit"
    }

    fn run(&self, graph: &mut Rewriter<'_>) -> Result<(), Fault> {
        for node in graph.graph().schedule() {
            let Some(module) = fire(At { graph: graph.graph(), node }) else { continue };
            let name: Arc<str> = Arc::from(graph.graph().value_name(Value { node, port: 0 }));
            for member in module {
                let hints = Hints { region: Some(name.clone()), ..graph.graph().node(member).hints.clone() };
                graph.hint(member, hints);
            }
        }
        Ok(())
    }
}

/// The nodes of the Fire module that ends here, if none of them is in a region yet.
fn fire(at: At<'_>) -> Option<Vec<NodeId>> {
    let expand = at.is::<Expand>()?;
    let squeeze = convolution(at, expand.x()).filter(|&(_, weights)| only_mixes_channels(at, weights))?.0;
    let all_convs = expand.op.branches.iter().all(|branch| matches!(branch, Branch::Conv(_)));
    let bypasses = expand.operands.get(expand.op.slots().1..)?.iter();
    let bypasses = bypasses.filter_map(|&value| convolution(at, value)).map(|(node, _)| node);
    let module: Vec<NodeId> = [squeeze].into_iter().chain(bypasses).chain([at.node]).collect();
    let is_free = module.iter().all(|&node| at.graph.node(node).hints.region.is_none());
    (all_convs && is_free).then_some(module)
}

/// The convolution that computes the value, and its weights, if this alone reads it.
fn convolution(at: At<'_>, value: Value) -> Option<(NodeId, Value)> {
    let weights = |operands: Vec<Value>| operands.get(1).copied();
    let plain = at.sole_source::<Conv>(value).and_then(|Found { operands, .. }| weights(operands));
    let weights = plain.or_else(|| weights(at.sole_source::<FusedConv>(value)?.operands))?;
    Some((value.node, weights))
}

/// Whether the convolution only mixes channels.
fn only_mixes_channels(at: At<'_>, weights: Value) -> bool {
    at.ty(weights).shape.0.iter().skip(2).all(|dim| dim.fixed() == Some(1))
}
