//! Drawings of graphs in Graphviz's DOT language.

use std::collections::HashMap;
use std::fmt;

use crate::{Graph, Node, NodeId, Op, Value};

/// A drawing of the graph without its constants, since what is looked for is how the layers are connected.
pub fn dot(graph: &Graph) -> String {
    Dot::new(graph).to_string()
}

/// A drawing that is yet to be printed, for any graph, valid or not.
#[derive(Debug, Clone, Copy)]
pub struct Dot<'g> {
    graph: &'g Graph,
    constants: bool,
}

impl<'g> Dot<'g> {
    /// A drawing of the graph without its constants.
    pub fn new(graph: &'g Graph) -> Self {
        Dot { graph, constants: false }
    }

    /// The same with its constants.
    #[must_use]
    pub fn with_constants(self) -> Self {
        Dot { constants: true, ..self }
    }

    fn shows(&self, id: NodeId) -> bool {
        self.constants || !matches!(self.graph.node(id).op, Op::Const(_))
    }
}

impl fmt::Display for Dot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "digraph \"{}\" {{", escape(&self.graph.name))?;
        writeln!(f, "  node [shape=box, fontname=\"sans-serif\"];")?;
        let order = self.graph.schedule();
        // Nodes are numbered by their place in the schedule, so that equal graphs are drawn alike.
        let numbers: HashMap<NodeId, usize> = order.iter().enumerate().map(|(i, &id)| (id, i)).collect();
        for (i, &id) in order.iter().enumerate() {
            let node = self.graph.node(id);
            if self.shows(id) && !matches!(node.op, Op::Return(_)) {
                writeln!(f, "  n{i} [label=\"{}\"{}];", label(node), style(&node.op))?;
            }
        }
        for (i, &id) in order.iter().enumerate() {
            for (slot, operand) in self.graph.operands(id).into_iter().enumerate() {
                let Some(source) = numbers.get(&operand.node) else { continue };
                let label = self.edge_label(operand);
                if let Op::Return(_) = self.graph.node(id).op {
                    let (target, name) = (format!("out{i}_{slot}"), escape(self.name(operand)));
                    writeln!(f, "  {target} [label=\"output\\n{name}\", {OUTPUT_STYLE}];")?;
                    if self.shows(operand.node) {
                        writeln!(f, "  n{source} -> {target}{label};")?;
                    }
                } else if self.shows(operand.node) {
                    writeln!(f, "  n{source} -> n{i}{label};")?;
                }
            }
        }
        f.write_str("}\n")
    }
}

impl Dot<'_> {
    fn name(&self, value: Value) -> &str {
        self.graph.node(value.node).outputs.get(value.port).map_or("", |output| &output.name)
    }

    /// Which of several results an edge carries.
    fn edge_label(&self, value: Value) -> String {
        if self.graph.node(value.node).outputs.len() == 1 {
            return String::new();
        }
        format!(" [label=\"{}\"]", escape(self.name(value)))
    }
}

const OUTPUT_STYLE: &str = "shape=ellipse, style=filled, fillcolor=lightgoldenrod1, peripheries=2";

fn style(op: &Op) -> &'static str {
    if matches!(op, Op::Input(_)) {
        ", shape=ellipse, style=filled, fillcolor=lightblue"
    } else if matches!(op, Op::Const(_)) {
        ", shape=note, fontcolor=gray40, color=gray40"
    } else {
        ""
    }
}

/// The op, and a line for each result.
fn label(node: &Node) -> String {
    let mut label = escape(node.op.mnemonic());
    for output in &node.outputs {
        label += &format!("\\n{}\\n{}", escape(&output.name), escape(&output.ty.to_string()));
    }
    label
}

/// The text as Graphviz shows it inside quotes: backslashes begin escapes there, and `&` begins HTML's entities.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            '&' => escaped.push_str("&amp;"),
            c if c.is_control() => escaped.push_str(&format!("\\{}", c.escape_unicode())),
            c => escaped.push(c),
        }
    }
    escaped
}
