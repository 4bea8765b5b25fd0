//! The operators: one file a family, one list.

mod activation;
mod along;
mod arg;
mod arithmetic;
mod attention;
mod attributes;
mod batch_norm;
mod blocks;
mod cast;
mod causal_conv;
mod compare;
mod concat;
mod constant_of_shape;
mod context;
mod control;
mod conv;
mod conv_transpose;
mod einsum;
mod elementary;
mod expand;
mod flex_attention;
mod found;
mod gather;
mod gemm;
mod heads;
mod integers;
mod linear_attention;
mod list;
mod logic;
mod loops;
mod loss;
mod lp_pool;
mod lrn;
mod make;
mod matmul;
mod microsoft;
mod ml;
mod normalise;
mod optimiser;
mod optional;
mod pad;
mod pool;
mod quantize;
mod quantized;
mod recurrent;
mod reduce;
mod refused;
mod reshape;
mod resize;
mod rotary;
mod sample;
mod scatter;
mod sequence;
mod shape;
mod signal;
mod slice;
mod softmax;
mod split;
mod squeeze;
mod transpose;
mod windows;

use firebrick_ir::{Arity, Value};
use firebrick_schemas::onnx::{NodeProto, OperatorSetIdProto};

pub(crate) use self::context::NodeContext;
use self::list::OPS;
use crate::Needs;
use crate::problem::{At, Problem};

/// What a name of ONNX stands for while a model is imported.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    /// A value of the graph.
    Tensor(Value),
    /// A list.
    Sequence(Vec<Item>),
    /// An optional value that isn't there.
    Absent,
}

impl Item {
    /// The value, if it is one.
    pub(crate) fn tensor(&self) -> Option<Value> {
        match self {
            Item::Tensor(value) => Some(*value),
            Item::Sequence(_) | Item::Absent => None,
        }
    }
}

impl From<Value> for Item {
    fn from(value: Value) -> Self {
        Item::Tensor(value)
    }
}

/// Why a node has no outputs.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something is wrong.
    Problem(Problem),
    /// More must be known of the model's inputs.
    Needs(Needs),
    /// A node inside of it has none, which was noted there.
    Noted,
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Stop::Problem(problem)
    }
}

/// A node's outputs, in order.
pub(crate) type Outputs = Result<Vec<Item>, Stop>;

const fn exactly(n: usize) -> Arity {
    Arity::exactly(n)
}

const fn between(min: usize, max: usize) -> Arity {
    Arity::between(min, max)
}

const fn at_least(min: usize) -> Arity {
    Arity::at_least(min)
}

/// An operator: what it is called, what it takes, what it becomes.
#[derive(Debug)]
pub struct OpEntry {
    /// Its type, as in `op_type: "Conv"`.
    pub op_type: &'static str,
    /// Its domain; empty for ONNX's own.
    pub domain: &'static str,
    /// The first opset whose form of it this is; an entry holds until that of the next one.
    pub since: i64,
    /// What it becomes in the graph, in a few words.
    pub becomes: &'static str,
    inputs: Arity,
    outputs: Arity,
    translate: fn(&mut NodeContext<'_, '_>) -> Outputs,
}

/// Every operator that can be translated, in alphabetical order.
pub fn op_types() -> &'static [OpEntry] {
    OPS
}

/// ONNX's own domain, which is also written `ai.onnx`.
const ONNX: &str = "";

/// The newest opset of ONNX's own domain that is known.
pub const NEWEST_OPSET: i64 = 27;

/// The domains whose operators the list may have, each with the newest opset that is known.
const DOMAINS: &[(&str, i64)] = &[
    (ONNX, NEWEST_OPSET),
    ("ai.onnx.ml", 5),
    ("ai.onnx.preview", 1),
    ("ai.onnx.preview.training", 1),
    ("com.microsoft", 1),
];

/// A domain's name, of the two that ONNX's own has.
pub(crate) fn domain(name: &str) -> &str {
    if name == "ai.onnx" { ONNX } else { name }
}

/// An operator's name with its domain, if that is not ONNX's own.
pub(crate) fn operator_name(op_type: &str, of: &str) -> String {
    let of = domain(of);
    if of == ONNX { op_type.to_owned() } else { format!("{of}.{op_type}") }
}

/// What a node is called in messages and in the graph: its name or, without one, that of its first output.
pub(crate) fn node_name(node: &NodeProto) -> String {
    let output = node.output.iter().find(|name| !name.is_empty());
    let name = Some(node.name().to_owned()).filter(|name| !name.is_empty());
    name.or_else(|| output.cloned()).unwrap_or_else(|| node.op_type().to_owned())
}

/// A node whose operator can't be translated.
#[derive(Debug)]
pub(crate) struct Missing {
    /// The operator, with its domain.
    pub(crate) op: String,
    /// Why, to be put behind `is not supported`.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) help: Option<String>,
}

/// The entry of a node's operator, and the opset of its domain.
pub(crate) fn find(node: &NodeProto, opsets: &[OperatorSetIdProto]) -> Result<(&'static OpEntry, i64), Missing> {
    let (op_type, domain) = (node.op_type(), domain(node.domain()));
    let op = operator_name(op_type, domain);
    let missing = |reason: String, help: Option<String>| Err(Missing { op: op.clone(), reason, help });
    if !DOMAINS.iter().any(|(known, _)| *known == domain) {
        return missing(format!(" (the domain `{domain}` is not known)"), None);
    }
    let Some(opset) = opset(domain, opsets) else {
        let domain = if domain == ONNX { "ai.onnx" } else { domain };
        return missing(format!(" (the model imports no opset of `{domain}`)"), None);
    };
    let of_type = OPS.iter().filter(|entry| entry.op_type == op_type && entry.domain == domain);
    match of_type.clone().filter(|entry| entry.since <= opset).max_by_key(|entry| entry.since) {
        Some(entry) => Ok((entry, opset)),
        None => match (refused::reason(op_type, domain), of_type.map(|entry| entry.since).min()) {
            (Some(reason), _) => missing(format!(" ({reason})"), None),
            (None, Some(since)) => missing(format!(" in opset {opset}, only from {since} on"), None),
            (None, None) => missing(String::new(), near(op_type)),
        },
    }
}

fn near(op_type: &str) -> Option<String> {
    let entries = OPS.iter().map(|entry| (strsim::damerau_levenshtein(entry.op_type, op_type), entry.op_type));
    let (distance, near) = entries.min()?;
    Some(match distance {
        0..=2 => format!("there is an operator `{near}`"),
        _ => "`firebrick layers` lists the supported operators".to_owned(),
    })
}

/// The opset of a domain that a model imports. Without any, as in the oldest files, it is the first.
fn opset(of: &str, opsets: &[OperatorSetIdProto]) -> Option<i64> {
    if opsets.is_empty() && of == ONNX {
        return Some(1);
    }
    opsets.iter().filter(|opset| domain(opset.domain()) == of).map(OperatorSetIdProto::version).max()
}

/// Opsets that are newer than what is known, in which operators may mean something else.
pub(crate) fn check_versions(opsets: &[OperatorSetIdProto]) -> Vec<Problem> {
    let newest = |opset: &OperatorSetIdProto| {
        DOMAINS.iter().find(|(known, _)| *known == domain(opset.domain())).map(|(_, newest)| *newest)
    };
    let check = |(index, opset): (usize, &OperatorSetIdProto)| {
        let (newest, version) = (newest(opset)?, opset.version());
        let domain = if domain(opset.domain()) == ONNX { "ai.onnx" } else { opset.domain() };
        let at = At::root().nth("opset_import", index, "");
        let problem = Problem::field(format!("opset {version} of {domain} is not known: 1 to {newest} are"), at);
        (!(1..=newest).contains(&version)).then_some(problem)
    };
    opsets.iter().enumerate().filter_map(check).collect()
}

#[cfg(test)]
mod tests {
    use super::{DOMAINS, OPS};

    #[test]
    fn the_list_is_in_order() {
        let key = |entry: &super::OpEntry| (entry.op_type, entry.domain, entry.since);
        assert!(OPS.is_sorted_by(|a, b| key(a) < key(b)), "by type, domain and opset, each once");
        assert!(OPS.iter().all(|entry| DOMAINS.iter().any(|(domain, _)| *domain == entry.domain)));
    }
}
