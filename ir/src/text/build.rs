//! Tree to graph: names resolved, ops read, types inferred and compared.

use std::collections::HashSet;
use std::sync::Arc;

use super::Weights;
use super::constant::Maker;
use super::error::{Fault, ParseErrorKind, nearest, nearest_op};
use super::parse::{GraphTree, NodeTree, OpTree, Spanned};
use crate::hints::{broken_regions, slice_of};
use crate::ops::Input;
use crate::{Attr, AttrError, AttrReader, Graph, GraphError, Hints, NodeId, Op, Type, Value, VerifyError};

/// The graph that a text says.
pub(super) fn build<'a>(tree: GraphTree<'a>, weights: &dyn Weights) -> Result<Graph, Fault<'a>> {
    let mut graph = Graph::new(tree.name);
    let mut constants = Maker::new(weights);
    let mut places = Vec::new();
    for node in tree.nodes {
        let at = node.op.at;
        places.push((add(&mut graph, &mut constants, node)?, at));
    }
    for output in &tree.outputs {
        let value = find(&graph, output)?;
        graph.output(value);
    }
    graph.set_origin(graph.ret(), tree.origin);
    check_hints(&graph, &places)?;
    Ok(graph)
}

fn add<'a>(graph: &mut Graph, constants: &mut Maker<'_>, node: NodeTree<'a>) -> Result<NodeId, Fault<'a>> {
    let at = node.op.at;
    let (op, operands): (Op, Vec<Value>) = match node.op.value {
        OpTree::Input => (Input { ty: only("input", &node.types, at)?.value.clone() }.into(), Vec::new()),
        OpTree::Const(elements) => (constants.make(&elements, only("const", &node.types, at)?, at)?.into(), Vec::new()),
        OpTree::Other { mnemonic, operands, attrs } => {
            let operands = operands.iter().map(|operand| find(graph, operand)).collect::<Result<_, _>>()?;
            (read(mnemonic, attrs, at)?, operands)
        }
    };
    let names = node.names.iter().map(|name| name.value.as_str());
    let id = graph.add(op, &operands, names).map_err(|error| {
        let at = match &error {
            // Its second mention, if it is this node that mentions it twice.
            GraphError::DuplicateName(taken) => {
                node.names.iter().rfind(|name| name.value == *taken).map_or(at, |name| name.at)
            }
            GraphError::Infer { .. }
            | GraphError::Names { .. }
            | GraphError::EmptyName
            | GraphError::Replace { .. } => at,
        };
        Fault::new(at, ParseErrorKind::Graph(error))
    })?;
    graph.set_hints(id, node.hints);
    graph.set_origin(id, node.origin);
    check_types(graph, id, &node.types, at)?;
    Ok(id)
}

/// Hints can be followed, which only the whole graph shows.
fn check_hints<'a>(graph: &Graph, places: &[(NodeId, &'a str)]) -> Result<(), Fault<'a>> {
    let regions = broken_regions(graph);
    let fault = |&(id, at): &(NodeId, &'a str)| {
        let Hints { in_place, region } = &graph.node(id).hints;
        let name = || graph.node(id).outputs.first().map_or_else(String::new, |output| output.name.clone());
        let is_broken = |names: &&Vec<Arc<str>>| region.as_ref().is_some_and(|region| names.contains(region));
        let misplaced = (*in_place && slice_of(graph, id).is_none()).then(|| VerifyError::InPlace(name()));
        let error = misplaced.or_else(|| regions.iter().find(is_broken).cloned().map(VerifyError::Region))?;
        Some(Fault::new(at, ParseErrorKind::Hint(error)))
    };
    places.iter().find_map(fault).map_or(Ok(()), Err)
}

/// The type of a node that has one result.
fn only<'t, 'a>(
    op: &'static str,
    types: &'t [Spanned<'a, Type>],
    at: &'a str,
) -> Result<&'t Spanned<'a, Type>, Fault<'a>> {
    match types {
        [ty] => Ok(ty),
        _ => Err(Fault::new(at, ParseErrorKind::Types { op, expected: 1, found: types.len() })),
    }
}

fn find<'a>(graph: &Graph, operand: &Spanned<'a, String>) -> Result<Value, Fault<'a>> {
    graph.find(&operand.value).ok_or_else(|| {
        let names = graph.nodes().flat_map(|(_, node)| &node.outputs).map(|output| output.name.as_str());
        let nearest = nearest(&operand.value, names).map(str::to_owned);
        Fault::new(operand.at, ParseErrorKind::Undefined { name: operand.value.clone(), nearest })
    })
}

fn read<'a>(mnemonic: &'a str, attrs: Vec<Spanned<'a, (String, Attr)>>, at: &'a str) -> Result<Op, Fault<'a>> {
    let mut seen = HashSet::new();
    if let Some(again) = attrs.iter().find(|attr| !seen.insert(attr.value.0.as_str())) {
        return Err(Fault::new(again.at, ParseErrorKind::DuplicateAttribute(again.value.0.clone())));
    }
    let values = attrs.iter().map(|attr| attr.value.clone()).collect();
    match Op::read(mnemonic, AttrReader::new(values)) {
        Some(Ok(op)) => Ok(op),
        Some(Err(source)) => {
            let name = match &source {
                AttrError::Missing(name) | AttrError::Unknown(name) | AttrError::Kind { name, .. } => name,
            };
            let at = attrs.iter().find(|attr| attr.value.0 == *name).map_or(at, |attr| attr.at);
            Err(Fault::new(at, ParseErrorKind::Attribute { op: mnemonic.to_owned(), source }))
        }
        None => {
            Err(Fault::new(at, ParseErrorKind::UnknownOp { name: mnemonic.to_owned(), nearest: nearest_op(mnemonic) }))
        }
    }
}

/// The types written, if any, are those inferred.
fn check_types<'a>(graph: &Graph, id: NodeId, written: &[Spanned<'a, Type>], at: &'a str) -> Result<(), Fault<'a>> {
    let node = graph.node(id);
    if !written.is_empty() && written.len() != node.outputs.len() {
        let (op, expected, found) = (node.op.mnemonic(), node.outputs.len(), written.len());
        return Err(Fault::new(at, ParseErrorKind::Types { op, expected, found }));
    }
    for (written, output) in written.iter().zip(&node.outputs) {
        if written.value != output.ty {
            let (name, written_ty, inferred) = (output.name.clone(), written.value.clone(), output.ty.clone());
            return Err(Fault::new(written.at, ParseErrorKind::TypeMismatch { name, written: written_ty, inferred }));
        }
    }
    Ok(())
}
