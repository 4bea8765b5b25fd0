//! Nodes into ops, one after another.

use std::collections::{BTreeMap, HashMap, HashSet};

use firebrick_ir::{self as ir, Graph, GraphError, Origin, Tensor, Type, Value};
use firebrick_schemas::onnx::{
    AttributeProto, FunctionProto, GraphProto, NodeProto, OperatorSetIdProto, TensorTypeProto, ValueInfoProto,
};

use crate::datum::Datum;
use crate::decode::Definition;
use crate::dtype::dtype_of;
use crate::external::ExternalData;
use crate::fold::Folder;
use crate::inputs::Inputs;
use crate::ops::{self, Item, NodeContext, Stop};
use crate::problem::{At, Problem, ProblemKind};
use crate::{Deferred, Form, Import, Imported, Needs, Options, finish, inputs, tensor};

/// Functions and branches inside of others, at most.
const MAX_DEPTH: usize = 32;
/// Nodes that functions, branches and steps of loops may become: a file says in a few bytes how often they are repeated.
const MAX_INLINED: usize = 10_000;

/// The graph while it grows, and what later nodes need to know of earlier ones.
pub(crate) struct Translation<'a> {
    pub(crate) graph: Graph,
    pub(crate) files: &'a dyn ExternalData,
    pub(crate) folder: Folder,
    /// The names in the graph of weights and of constants that nodes are.
    pub(crate) weights: HashSet<String>,
    definition: &'a Definition,
    options: &'a Options,
    frames: Vec<Frame<'a>>,
    needs: Needs,
    problems: Vec<Problem>,
    unsupported: BTreeMap<String, Unsupported>,
    values: Vec<String>,
    /// Names that some node or graph reads.
    read: HashSet<&'a str>,
    n_inlined: usize,
}

/// A graph or the body of a function: what its nodes see.
struct Frame<'a> {
    names: HashMap<&'a str, Bound>,
    /// A function's body sees its inputs and attributes only; a branch sees what is around it too.
    function: Option<Call<'a>>,
    /// What stands before names in the graph.
    prefix: String,
}

/// A call of one of the model's own functions.
struct Call<'a> {
    function: &'a FunctionProto,
    attributes: HashMap<&'a str, &'a AttributeProto>,
}

/// What a name stands for.
#[derive(Clone)]
enum Bound {
    Item(Item),
    /// The node that computes it could not be translated, so that its readers are not blamed.
    Nothing,
}

/// Nodes of a type that is not in the list.
struct Unsupported {
    n_nodes: usize,
    first: At,
    reason: String,
    help: Option<String>,
}

/// Translates every node.
///
/// All problems are reported at once; a node that reads what a faulty one should have computed is passed over.
pub(crate) fn translate(
    definition: &Definition,
    options: &Options,
    files: &dyn ExternalData,
) -> Result<Import, Vec<Problem>> {
    let Some(proto) = definition.graph() else {
        return Err(vec![Problem::field("the model has no graph", At::root())]);
    };
    let inputs = inputs::inputs(proto, options)?;
    let mut translation = Translation {
        graph: Graph::new(proto.name()),
        files,
        folder: Folder::new(!options.input_values.is_empty()),
        weights: HashSet::new(),
        definition,
        options,
        frames: vec![Frame { names: HashMap::new(), function: None, prefix: String::new() }],
        needs: Needs::default(),
        problems: ops::check_versions(&definition.model().opset_import),
        unsupported: BTreeMap::new(),
        values: Vec::new(),
        read: read_names(definition),
        n_inlined: 0,
    };
    translation.inputs(proto, &inputs);
    translation.block(proto, &At::root().field("graph"));
    let outputs = translation.outputs(proto);
    translation.finish(proto, inputs, outputs)
}

impl<'a> Translation<'a> {
    /// The graph's inputs; those whose values are known are constants. Lists and optional values must be known.
    fn inputs(&mut self, proto: &'a GraphProto, inputs: &Inputs) {
        for (index, input) in proto.input.iter().enumerate() {
            let name = input.name();
            let ty = inputs.tensors.iter().find(|(known, _)| known == name).map(|(_, ty)| ty);
            let given = self.options.input_values.iter().find(|(given, _)| given == name).map(|(_, datum)| datum);
            let bound = match (given, ty) {
                (Some(datum), ty) => self.given(name, datum, ty),
                (None, Some(ty)) => self.graph.input(name, ty.clone()).map_err(unfit).map(Item::from),
                (None, None) if inputs.structured.iter().any(|known| known == name) => {
                    self.needs.values.insert(name.to_owned());
                    self.bind(name, Bound::Nothing);
                    continue;
                }
                (None, None) => continue, // a weight
            };
            match bound {
                Ok(item) => {
                    if let Item::Tensor(value) = item {
                        let origin = Origin { kind: "Input".into(), name: name.into() };
                        self.graph.set_origin(value.node, Some(origin));
                    }
                    self.bind(name, Bound::Item(item));
                }
                Err(kind) => {
                    let at = At::root().field("graph").nth("input", index, name);
                    self.problems.push(Problem::new(kind, at));
                    self.bind(name, Bound::Nothing);
                }
            }
        }
    }

    /// An input whose value is known.
    fn given(&mut self, name: &str, datum: &Datum, ty: Option<&Type>) -> Result<Item, ProblemKind> {
        match (datum, ty) {
            (Datum::Tensor(tensor), Some(ty)) if tensor.ty() != *ty => {
                Err(ProblemKind::Option(format!("input `{name}` should be {ty}, but is {}", tensor.ty())))
            }
            (Datum::Tensor(tensor), _) => self.graph.constant(name, tensor.clone()).map(Item::from).map_err(unfit),
            (Datum::Sequence(_) | Datum::Absent, Some(_)) => {
                Err(ProblemKind::Option(format!("input `{name}` should be a tensor")))
            }
            (Datum::Sequence(data), None) => {
                let items = data.iter().enumerate().map(|(i, datum)| self.given(&format!("{name}[{i}]"), datum, None));
                items.collect::<Result<_, _>>().map(Item::Sequence)
            }
            (Datum::Absent, None) => Ok(Item::Absent),
        }
    }

    /// The weights and nodes of a graph: the model's, or a branch's.
    fn block(&mut self, proto: &'a GraphProto, at: &At) {
        for (index, weight) in proto.initializer.iter().enumerate() {
            let at = at.nth("initializer", index, weight.name());
            let read = tensor::read(weight, self.files, &at);
            self.weight(weight.name(), read, at);
        }
        for (index, weight) in proto.sparse_initializer.iter().enumerate() {
            let name = weight.values.as_deref().map_or("", |values| values.name());
            let at = at.nth("sparse_initializer", index, name);
            let read = tensor::read_sparse(weight, self.files, &at);
            self.weight(name, read, at);
        }
        self.nodes(&proto.node, at);
    }

    fn nodes(&mut self, nodes: &'a [NodeProto], at: &At) {
        for (index, node) in nodes.iter().enumerate() {
            self.node(node, at.nth("node", index, node.name()));
        }
    }

    fn weight(&mut self, name: &'a str, tensor: Result<Tensor, Problem>, at: At) {
        let bound = match tensor {
            _ if name.is_empty() => {
                self.problems.push(Problem::field("a weight has no name", at));
                return;
            }
            Ok(tensor) => {
                let graph_name = self.graph.fresh_name(&self.graph_name(name));
                self.weights.insert(graph_name.clone());
                self.graph.constant(graph_name, tensor).map_or(Bound::Nothing, |value| Bound::Item(value.into()))
            }
            Err(problem) => {
                self.problems.push(problem);
                Bound::Nothing
            }
        };
        self.define(name, bound, at);
    }

    fn node(&mut self, node: &'a NodeProto, at: At) {
        let outputs = self.node_outputs(node, &at);
        for (index, name) in node.output.iter().enumerate() {
            if name.is_empty() {
                continue;
            }
            if self.frames.len() == 1 {
                self.values.push(name.clone());
            }
            let bound = match outputs.as_ref().and_then(|outputs| outputs.get(index)) {
                Some(item) => Bound::Item(item.clone()),
                None => Bound::Nothing,
            };
            if let Bound::Item(Item::Tensor(value)) = bound {
                self.rename(value, name);
            }
            self.define(name, bound, at.nth("output", index, ""));
        }
    }

    /// What a node computes; `None` if that could not be had, which is noted.
    fn node_outputs(&mut self, node: &'a NodeProto, at: &At) -> Option<Vec<Item>> {
        let inputs = self.node_inputs(node, at);
        let function = self.function(node);
        let entry = match function {
            Some(_) => None,
            None => match ops::find(node, self.opsets()) {
                Ok(entry) => Some(entry),
                Err(missing) => {
                    self.note_unsupported(missing, at);
                    return None;
                }
            },
        };
        let inputs = inputs?;
        let outputs = match (function, entry) {
            (Some(function), _) => self.call(function, node, inputs, at),
            (None, Some((entry, opset))) => NodeContext::new(self, node, at.clone(), opset, inputs).run(entry),
            (None, None) => return None,
        };
        match outputs {
            Ok(outputs) => Some(outputs),
            Err(stop) => {
                self.stop(stop);
                None
            }
        }
    }

    fn stop(&mut self, stop: Stop) {
        match stop {
            Stop::Problem(problem) => self.problems.push(problem),
            Stop::Needs(needs) => self.needs.extend(needs),
            Stop::Noted => (),
        }
    }

    fn note_unsupported(&mut self, missing: ops::Missing, at: &At) {
        let ops::Missing { op, reason, help } = missing;
        let entry = self.unsupported.entry(op);
        entry.and_modify(|unsupported| unsupported.n_nodes += 1).or_insert_with(|| Unsupported {
            n_nodes: 1,
            first: at.clone(),
            reason,
            help,
        });
    }

    /// What the node reads; `None` if some of it could not be had.
    fn node_inputs(&mut self, node: &'a NodeProto, at: &At) -> Option<Vec<Item>> {
        let mut items = Some(Vec::new());
        for (index, name) in node.input.iter().enumerate() {
            let item = match self.lookup(name) {
                _ if name.is_empty() => Item::Absent,
                Some(Bound::Item(item)) => item.clone(),
                Some(Bound::Nothing) => {
                    items = None;
                    continue;
                }
                None => {
                    let problem = self.missing_input(node, index, name, at);
                    self.problems.push(problem);
                    items = None;
                    continue;
                }
            };
            if let Some(items) = items.as_mut() {
                items.push(item);
            }
        }
        items
    }

    fn missing_input(&self, node: &NodeProto, index: usize, name: &str, at: &At) -> Problem {
        let kind = ProblemKind::MissingInput { node: ops::node_name(node), value: name.to_owned() };
        let problem = Problem::new(kind, at.nth("input", index, ""));
        let near = self
            .visible()
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .filter(|(distance, _)| *distance <= name.len() / 3)
            .min();
        match near {
            Some((_, known)) => problem.help(format!("there is a value named `{known}`")),
            None => problem.help("nodes are computed in the order of the file: what computes a value must come first"),
        }
    }

    /// Inlines one of the model's own functions.
    fn call(
        &mut self,
        function: &'a FunctionProto,
        node: &'a NodeProto,
        inputs: Vec<Item>,
        at: &At,
    ) -> Result<Vec<Item>, Stop> {
        let name = ops::node_name(node);
        let wrong = |message: String| {
            Stop::Problem(Problem::new(ProblemKind::Node { node: name.clone(), message }, at.clone()))
        };
        if inputs.len() > function.input.len() || node.output.len() > function.output.len() {
            let (n_in, n_out) = (function.input.len(), function.output.len());
            return Err(wrong(format!("function `{}` has {n_in} inputs and {n_out} outputs", function.name())));
        }
        let mut attributes: HashMap<&str, &AttributeProto> =
            function.attribute_proto.iter().map(|attribute| (attribute.name(), attribute)).collect();
        for attribute in &node.attribute {
            let known = function.attribute.iter().any(|name| name == attribute.name());
            if !known && !attributes.contains_key(attribute.name()) {
                return Err(wrong(format!("function `{}` has no attribute `{}`", function.name(), attribute.name())));
            }
            if let Some(given) = self.resolve(attribute) {
                attributes.insert(attribute.name(), given);
            }
        }
        let absent = std::iter::repeat(Item::Absent);
        let names = function.input.iter().map(String::as_str).zip(inputs.into_iter().chain(absent));
        let names = names.map(|(name, item)| (name, Bound::Item(item))).collect();
        let prefix = format!("{}{name}/", self.prefix());
        self.enter(Frame { names, function: Some(Call { function, attributes }), prefix }, &function.node, at)?;
        self.problems.extend(ops::check_versions(&function.opset_import));
        self.nodes(&function.node, at);
        self.leave(function.output.iter().map(String::as_str), at)
    }

    /// Inlines a branch, or a step of a loop with its inputs.
    pub(crate) fn branch(
        &mut self,
        proto: &'a GraphProto,
        name: &str,
        inputs: Vec<Item>,
        at: &At,
    ) -> Result<Vec<Item>, Stop> {
        let prefix = format!("{}{name}/", self.prefix());
        let names = proto.input.iter().map(ValueInfoProto::name).zip(inputs.into_iter().map(Bound::Item)).collect();
        self.enter(Frame { names, function: None, prefix }, &proto.node, at)?;
        self.block(proto, at);
        self.leave(proto.output.iter().map(ValueInfoProto::name), at)
    }

    fn enter(&mut self, frame: Frame<'a>, nodes: &[NodeProto], at: &At) -> Result<(), Stop> {
        self.n_inlined = self.n_inlined.saturating_add(nodes.len().max(1));
        let message = if self.frames.len() >= MAX_DEPTH {
            format!("functions and branches are nested more than {MAX_DEPTH} deep")
        } else if self.n_inlined > MAX_INLINED {
            format!("there are more than {MAX_INLINED} nodes in functions and branches")
        } else {
            self.frames.push(frame);
            return Ok(());
        };
        Err(Stop::Problem(Problem::field(message, at.clone())))
    }

    fn leave<'n>(&mut self, outputs: impl Iterator<Item = &'n str>, at: &At) -> Result<Vec<Item>, Stop> {
        let mut items = Ok(Vec::new());
        for (index, name) in outputs.enumerate() {
            match (self.lookup(name).cloned(), items.as_mut()) {
                (Some(Bound::Item(item)), Ok(items)) => items.push(item),
                (Some(Bound::Nothing), _) => items = Err(Stop::Noted),
                (Some(Bound::Item(_)), Err(_)) => (),
                (None, _) => items = Err(Stop::Problem(no_output(name, at.nth("output", index, "")))),
            }
        }
        self.frames.pop();
        items
    }

    /// The attribute itself or, in a function, the caller's that it stands for.
    pub(crate) fn resolve(&self, attribute: &'a AttributeProto) -> Option<&'a AttributeProto> {
        if attribute.ref_attr_name().is_empty() {
            return Some(attribute);
        }
        let call = self.frames.iter().rev().find_map(|frame| frame.function.as_ref())?;
        call.attributes.get(attribute.ref_attr_name()).copied()
    }

    /// Whether some node or graph reads a name.
    pub(crate) fn is_read(&self, name: &str) -> bool {
        self.read.contains(name)
    }

    fn function(&self, node: &NodeProto) -> Option<&'a FunctionProto> {
        let is_called = |function: &&FunctionProto| {
            function.name() == node.op_type()
                && ops::domain(function.domain()) == ops::domain(node.domain())
                && function.overload() == node.overload()
        };
        self.definition.model().functions.iter().find(is_called)
    }

    fn opsets(&self) -> &'a [OperatorSetIdProto] {
        let call = self.frames.iter().rev().find_map(|frame| frame.function.as_ref());
        call.map_or(&self.definition.model().opset_import, |call| &call.function.opset_import)
    }

    fn prefix(&self) -> &str {
        self.frames.last().map_or("", |frame| &frame.prefix)
    }

    /// The name in the graph of what the current frame calls so.
    pub(crate) fn graph_name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix())
    }

    /// The frames whose names are seen, the innermost first.
    fn seen(&self) -> impl Iterator<Item = &Frame<'a>> {
        let n_inside = self.frames.iter().rev().take_while(|frame| frame.function.is_none()).count();
        self.frames.iter().rev().take(n_inside + 1)
    }

    fn lookup(&self, name: &str) -> Option<&Bound> {
        self.seen().find_map(|frame| frame.names.get(name))
    }

    fn visible(&self) -> impl Iterator<Item = &'a str> {
        self.seen().flat_map(|frame| frame.names.keys().copied())
    }

    fn bind(&mut self, name: &'a str, bound: Bound) {
        if let Some(frame) = self.frames.last_mut() {
            frame.names.insert(name, bound);
        }
    }

    /// Binds a name that must be new in its graph.
    fn define(&mut self, name: &'a str, bound: Bound, at: At) {
        if self.frames.last().is_some_and(|frame| frame.names.contains_key(name)) {
            self.problems.push(Problem::new(ProblemKind::TwoProducers(name.to_owned()), at));
        }
        self.bind(name, bound);
    }

    /// Gives a value the name that the file has for it. Another value that happens to have it makes way, unless the
    /// file names that one too.
    fn rename(&mut self, value: Value, name: &str) {
        let name = self.graph_name(name);
        let renamed = match self.graph.find(&name) {
            Some(other) if other == value => Ok(()),
            Some(other) if self.frames.len() == 1 => {
                let free = self.graph.fresh_name(&format!("{name}/value"));
                self.graph.rename(other, free).and_then(|()| self.graph.rename(value, name))
            }
            Some(_) => self.graph.rename(value, self.graph.fresh_name(&name)),
            None => self.graph.rename(value, name),
        };
        debug_assert!(renamed.is_ok(), "names are fresh");
    }

    fn outputs(&mut self, proto: &'a GraphProto) -> Vec<(String, Form)> {
        let mut forms = Vec::new();
        for (index, output) in proto.output.iter().enumerate() {
            let name = output.name();
            match self.lookup(name).cloned() {
                Some(Bound::Item(item)) => {
                    self.check_output(output, &item, index);
                    forms.push((name.to_owned(), self.output(name, &item)));
                }
                Some(Bound::Nothing) => (),
                None => {
                    let at = At::root().field("graph").nth("output", index, name);
                    self.problems.push(no_output(name, at));
                }
            }
        }
        forms
    }

    /// An output's elements are of the type that the file says. Its shape is not looked at: old exporters wrote others.
    fn check_output(&mut self, info: &ValueInfoProto, item: &Item, index: usize) {
        let at = At::root().field("graph").nth("output", index, info.name());
        let said = info.r#type.as_deref().and_then(|ty| ty.tensor_type.as_deref()).map(TensorTypeProto::elem_type);
        let said = said.filter(|&said| said != 0).map(|said| dtype_of(i64::from(said)));
        let found = item.tensor().map(|value| self.graph.ty(value).dtype);
        let name = info.name();
        let message = match (said, found) {
            (Some(Ok(said)), Some(found)) if said != found => {
                format!("output `{name}` is said to be {said}, but is {found}")
            }
            (Some(Err(message)), Some(_)) => format!("output `{name}`: {message}"),
            (_, _) => return,
        };
        self.problems.push(Problem::field(message, at.field("type")));
    }

    /// Adds an output; a list's values are copies by their places in it.
    fn output(&mut self, name: &str, item: &Item) -> Form {
        match item {
            Item::Tensor(value) => {
                self.graph.output(*value);
                Form::Tensor
            }
            Item::Absent => Form::Absent,
            Item::Sequence(items) => {
                let mut element = |(index, item): (usize, &Item)| {
                    let name = format!("{name}[{index}]");
                    let copy = item.tensor().and_then(|value| {
                        self.graph.value(ir::ops::Identity {}, &[value], self.graph.fresh_name(&name)).ok()
                    });
                    self.output(&name, &copy.map_or_else(|| item.clone(), Item::Tensor))
                };
                Form::Sequence(items.iter().enumerate().map(&mut element).collect())
            }
        }
    }

    fn finish(
        mut self,
        proto: &GraphProto,
        inputs: Inputs,
        outputs: Vec<(String, Form)>,
    ) -> Result<Import, Vec<Problem>> {
        let unsupported = std::mem::take(&mut self.unsupported).into_iter().map(|(op, unsupported)| {
            let Unsupported { n_nodes, first, reason, help } = unsupported;
            let problem = Problem::new(ProblemKind::Unsupported { op, reason, n_nodes }, first);
            if let Some(help) = help { problem.help(help) } else { problem }
        });
        let problems: Vec<Problem> = unsupported.chain(std::mem::take(&mut self.problems)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let notes = self.definition.notes().to_vec();
        if !self.needs.is_empty() {
            let outputs = proto.output.iter().map(|output| output.name().to_owned()).collect();
            let Translation { needs, values, .. } = self;
            let Inputs { tensors, structured } = inputs;
            let deferred = Deferred { needs, inputs: tensors, structured, outputs, values, notes };
            return Ok(Import::Deferred(Box::new(deferred)));
        }
        let Translation { mut graph, weights, .. } = self;
        finish::prune(&mut graph);
        let parameters = finish::parameters(&graph, &weights);
        Ok(Import::Graph(Box::new(Imported { graph, outputs, parameters, notes })))
    }
}

/// An input that the graph can't have.
fn unfit(error: GraphError) -> ProblemKind {
    ProblemKind::Field(format!("the graph cannot have this input: {error}"))
}

fn no_output(name: &str, at: At) -> Problem {
    Problem::field(format!("output `{name}` is computed by no node"), at)
}

/// The names that nodes read and graphs give out, anywhere in the model.
fn read_names(definition: &Definition) -> HashSet<&str> {
    let mut names = HashSet::new();
    let functions = &definition.model().functions;
    names.extend(functions.iter().flat_map(|function| function.output.iter().map(String::as_str)));
    let mut nodes: Vec<&NodeProto> = functions.iter().flat_map(|function| &function.node).collect();
    let mut graphs: Vec<&GraphProto> = definition.graph().into_iter().collect();
    while !graphs.is_empty() || !nodes.is_empty() {
        for graph in std::mem::take(&mut graphs) {
            names.extend(graph.output.iter().map(ValueInfoProto::name));
            nodes.extend(&graph.node);
        }
        for node in std::mem::take(&mut nodes) {
            names.extend(node.input.iter().map(String::as_str));
            let attributes = node.attribute.iter();
            graphs.extend(attributes.flat_map(|attribute| attribute.g.as_deref().into_iter().chain(&attribute.graphs)));
        }
    }
    names.remove("");
    names
}
