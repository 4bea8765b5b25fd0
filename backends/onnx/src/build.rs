//! The graph in ONNX's terms: names, initializers, nodes.

use std::collections::{HashMap, HashSet};

use firebrick_ir::{Graph, NodeId, Op, Tensor, Value};
use firebrick_schemas::onnx::{GraphProto, NodeProto, TensorProto, ValueInfoProto};

use crate::elements::{tensor_proto, type_proto};
use crate::lower::{Arg, Draft, Lowering, Source, needed};
use crate::{Opset, Refusal, ops};

/// The graph, in that operator set.
///
/// # Errors
/// Every op that can't be said in it.
pub(crate) fn build(graph: &Graph, opset: Opset) -> Result<GraphProto, Vec<Refusal>> {
    let mut builder = Builder::new(graph);
    let mut refusals = Vec::new();
    let needed = needed(graph);
    for id in graph.schedule() {
        if !needed.contains(&id) {
            continue;
        }
        if let Err(reason) = builder.node(id, opset) {
            let node = graph.node(id);
            let value = node.outputs.first().map_or_else(String::new, |output| output.name.clone());
            refusals.push(Refusal { value, op: node.op.mnemonic(), origin: node.origin.clone(), reason });
        }
    }
    if refusals.is_empty() { Ok(builder.finish()) } else { Err(refusals) }
}

/// A graph that is being built.
struct Builder<'g> {
    graph: &'g Graph,
    nodes: Vec<NodeProto>,
    /// Constants that may turn out not to be read.
    initializers: Vec<TensorProto>,
    /// The types of values between.
    value_info: Vec<ValueInfoProto>,
    /// Constants that ops needed beside their operands, by what they are and their digest: equal ones are one.
    extras: HashMap<(&'static str, u64), Vec<(Tensor, String)>>,
    value_names: Names,
    node_names: Names,
}

/// Names in use.
#[derive(Default)]
struct Names {
    taken: HashSet<String>,
    /// The next number to be tried behind a base.
    next: HashMap<String, u64>,
}

impl Names {
    /// `base`, or `base.1` and so on, whichever is free; it is taken then.
    fn fresh(&mut self, base: &str) -> String {
        if !base.is_empty() && self.taken.insert(base.to_owned()) {
            return base.to_owned();
        }
        let next = self.next.entry(base.to_owned()).or_insert(1);
        loop {
            let name = format!("{base}.{next}");
            *next += 1;
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

impl<'g> Builder<'g> {
    fn new(graph: &'g Graph) -> Self {
        let results = graph.nodes().flat_map(|(_, node)| node.outputs.iter().map(|output| output.name.clone()));
        let value_names = Names { taken: results.collect(), next: HashMap::new() };
        Builder {
            graph,
            nodes: Vec::new(),
            initializers: Vec::new(),
            value_info: Vec::new(),
            extras: HashMap::new(),
            value_names,
            node_names: Names::default(),
        }
    }

    /// Adds what a node becomes.
    fn node(&mut self, id: NodeId, opset: Opset) -> Result<(), String> {
        let node = self.graph.node(id);
        if matches!(node.op, Op::Input(_) | Op::Return(_)) {
            return Ok(());
        }
        if let Op::Const(constant) = &node.op {
            let tensor = constant.tensor().ok_or("it has no values: the model was opened without weights")?;
            self.initializers.push(tensor_proto(node.outputs[0].name.clone(), tensor));
            return Ok(());
        }
        let mut lowering = Lowering::new(self.graph, id, opset);
        let results = ops::lower(&mut lowering, &node.op)?;
        self.check(id, &results)?;
        self.add(id, lowering, &results);
        Ok(())
    }

    /// Checks that an op became as many results as it has, of the same element types.
    fn check(&self, id: NodeId, results: &[Arg]) -> Result<(), String> {
        let outputs = &self.graph.node(id).outputs;
        let fits = |(port, result): (usize, &Arg)| {
            let is_read = !self.graph.uses(Value { node: id, port }).is_empty();
            if result.source == Source::Absent { !is_read } else { result.dtype == outputs[port].ty.dtype }
        };
        if results.len() == outputs.len() && results.iter().enumerate().all(fits) {
            return Ok(());
        }
        Err("it became values of other types, which is an error in Firebrick".to_owned())
    }

    /// Gives names to what an op became, and adds it.
    fn add(&mut self, id: NodeId, lowering: Lowering<'g>, results: &[Arg]) {
        let graph = self.graph;
        let node = graph.node(id);
        let Lowering { drafts, extras, n_temps, .. } = lowering;
        let base = node.outputs[0].name.as_str();
        let extras: Vec<String> = extras.into_iter().map(|extra| self.extra(base, extra.what, extra.tensor)).collect();
        let mut temps: Vec<Option<String>> = vec![None; n_temps];
        let mut aliases: Vec<(Source, String)> = Vec::new();
        for (result, output) in results.iter().zip(&node.outputs) {
            match result.source {
                Source::Temp(temp) if temps[temp].is_none() => temps[temp] = Some(output.name.clone()),
                Source::Absent => (),
                Source::Temp(_) | Source::Value(_) | Source::Extra(_) => {
                    aliases.push((result.source.clone(), output.name.clone()));
                }
            }
        }
        self.name_temps(base, &drafts, &aliases, &mut temps);
        let name = |source: &Source| match source {
            Source::Value(value) => graph.value_name(*value).to_owned(),
            Source::Temp(temp) => temps[*temp].clone().unwrap_or_default(),
            Source::Extra(extra) => extras[*extra].clone(),
            Source::Absent => String::new(),
        };
        let single = drafts.len() + aliases.len() == 1;
        let first = self.nodes.len();
        for draft in drafts {
            let inputs = draft.inputs.iter().map(name).collect();
            let mut outputs: Vec<String> = draft.outputs.iter().map(|&temp| name(&Source::Temp(temp))).collect();
            while outputs.len() > 1 && outputs.last().is_some_and(String::is_empty) {
                outputs.pop();
            }
            self.push(id, single, NodeProto { attribute: draft.attrs, ..operator(draft.operator, inputs, outputs) });
        }
        for (source, alias) in aliases {
            self.push(id, single, operator("Identity", vec![name(&source)], vec![alias]));
        }
        let written: HashSet<String> = self.nodes[first..].iter().flat_map(|node| node.output.clone()).collect();
        let between = node.outputs.iter().enumerate().filter(|(port, output)| {
            let is_output = graph.uses(Value { node: id, port: *port }).iter().any(|(user, _)| *user == graph.ret());
            written.contains(&output.name) && !is_output
        });
        self.value_info.extend(between.map(|(_, output)| value_info(&output.name, &output.ty)));
    }

    /// Names for results that are read, and for the first result of each operator.
    fn name_temps(&mut self, base: &str, drafts: &[Draft], aliases: &[(Source, String)], temps: &mut [Option<String>]) {
        let sources = drafts.iter().flat_map(|draft| &draft.inputs).chain(aliases.iter().map(|(source, _)| source));
        let read: HashSet<usize> =
            sources.filter_map(|source| if let Source::Temp(temp) = source { Some(*temp) } else { None }).collect();
        for draft in drafts {
            for (port, &temp) in draft.outputs.iter().enumerate() {
                if temps[temp].is_none() && (port == 0 || read.contains(&temp)) {
                    temps[temp] = Some(self.value_names.fresh(&format!("{base}/{}", draft.operator)));
                }
            }
        }
    }

    /// The name of a constant that an op needs beside its operands.
    fn extra(&mut self, base: &str, what: &'static str, tensor: Tensor) -> String {
        let key = (what, tensor.digest());
        let known = self.extras.get(&key).and_then(|equal| equal.iter().find(|(other, _)| *other == tensor));
        if let Some((_, name)) = known {
            return name.clone();
        }
        let name = self.value_names.fresh(&format!("{base}/{what}"));
        self.initializers.push(tensor_proto(name.clone(), &tensor));
        self.extras.entry(key).or_default().push((tensor, name.clone()));
        name
    }

    /// Adds an operator, named after the layer that it came from, or after its result.
    fn push(&mut self, id: NodeId, single: bool, node: NodeProto) {
        let of = self.graph.node(id);
        let base = of.origin.as_ref().map(|origin| &*origin.name).filter(|name| !name.is_empty());
        let base = base.unwrap_or(&of.outputs[0].name);
        let operator = node.op_type.as_deref().unwrap_or_default();
        let name = if single { base.to_owned() } else { format!("{base}/{operator}") };
        let name = Some(self.node_names.fresh(&name));
        let doc_string = of.origin.as_ref().map(|origin| format!("from {} \"{}\"", origin.kind, origin.name));
        self.nodes.push(NodeProto { name, doc_string, ..node });
    }

    fn finish(mut self) -> GraphProto {
        let graph = self.graph;
        let input = graph.inputs().iter().map(|&id| &graph.node(id).outputs[0]);
        let input: Vec<ValueInfoProto> = input.map(|input| value_info(&input.name, &input.ty)).collect();
        let mut output: Vec<ValueInfoProto> = Vec::new();
        for value in graph.outputs() {
            let name = graph.value_name(value);
            let is_repeated = output.iter().any(|other| other.name.as_deref() == Some(name));
            let name = if is_repeated { self.copy(value) } else { name.to_owned() };
            output.push(value_info(&name, graph.ty(value)));
        }
        let mut read: HashSet<&str> =
            self.nodes.iter().flat_map(|node| node.input.iter().map(String::as_str)).collect();
        read.extend(output.iter().filter_map(|output| output.name.as_deref()));
        self.initializers.retain(|tensor| tensor.name.as_deref().is_some_and(|name| read.contains(name)));
        GraphProto {
            node: self.nodes,
            // A graph has a name.
            name: Some(if graph.name.is_empty() { "graph".to_owned() } else { graph.name.clone() }),
            initializer: self.initializers,
            input,
            output,
            value_info: self.value_info,
            ..GraphProto::default()
        }
    }

    /// The value under another name, for one that is an output more than once.
    fn copy(&mut self, value: Value) -> String {
        let name = self.graph.value_name(value).to_owned();
        let copy = self.value_names.fresh(&name);
        let node = operator("Identity", vec![name], vec![copy.clone()]);
        let name = Some(self.node_names.fresh(&copy));
        self.nodes.push(NodeProto { name, ..node });
        copy
    }
}

fn operator(name: &str, input: Vec<String>, output: Vec<String>) -> NodeProto {
    NodeProto { input, output, op_type: Some(name.to_owned()), ..NodeProto::default() }
}

fn value_info(name: &str, ty: &firebrick_ir::Type) -> ValueInfoProto {
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(Box::new(type_proto(ty))), ..ValueInfoProto::default() }
}
