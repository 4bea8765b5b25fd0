//! Graph to text.

use std::fmt;

use super::constant;
use crate::{Dim, Graph, Hints, Node, NodeId, Op, Origin, Type, Value};

/// Prints the graph. It may be one that [`verify`](crate::verify) refuses, since that is when it is looked at.
pub(crate) fn print(graph: &Graph, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "graph {} {{", Quoted(&graph.name))?;
    for id in graph.schedule() {
        f.write_str("  ")?;
        node(graph, id, f)?;
        f.write_str("\n")?;
    }
    f.write_str("}\n")
}

fn node(graph: &Graph, id: NodeId, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let node = graph.node(id);
    let operands = graph.operands(id).into_iter().map(|value| Name(name(graph, value)));
    if let Op::Return(_) = node.op {
        f.write_str("return")?;
        separated(f, " ", operands)?;
        return origin(node, f);
    }
    separated(f, "", node.outputs.iter().map(|output| Name(&output.name)))?;
    write!(f, " = {}", node.op.mnemonic())?;
    if let Op::Const(constant) = &node.op {
        f.write_str(" ")?;
        constant::print(constant, f)?;
    } else if !matches!(node.op, Op::Input(_)) {
        f.write_str("(")?;
        separated(f, "", operands)?;
        f.write_str(")")?;
        for (name, attr) in node.op.attributes() {
            write!(f, " {name}={attr}")?;
        }
    }
    f.write_str(" :")?;
    separated(f, " ", node.outputs.iter().map(|output| TypeText(&output.ty)))?;
    hints(node, f)?;
    origin(node, f)
}

/// The value's name; empty if its node has no such result.
fn name(graph: &Graph, value: Value) -> &str {
    graph.node(value.node).outputs.get(value.port).map_or("", |output| &output.name)
}

fn hints(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Hints { in_place, region } = &node.hints;
    f.write_str(if *in_place { " in_place" } else { "" })?;
    region.as_ref().map_or(Ok(()), |name| write!(f, " region {}", Word(name)))
}

fn origin(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Some(Origin { kind, name }) = &node.origin else { return Ok(()) };
    write!(f, " from {} {}", Word(kind), Quoted(name))
}

/// The items with commas between them, after `before` if there are any.
fn separated(f: &mut fmt::Formatter<'_>, before: &str, items: impl Iterator<Item = impl fmt::Display>) -> fmt::Result {
    for (i, item) in items.enumerate() {
        write!(f, "{}{item}", if i == 0 { before } else { ", " })?;
    }
    Ok(())
}

/// Whether a name needs no quotes behind its `%`.
pub(super) fn is_bare_name(name: &str) -> bool {
    // `//` would begin a comment.
    !name.is_empty() && name.chars().all(is_name_char) && !name.contains("//")
}

pub(super) fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_/.#:-".contains(c)
}

/// Whether a text is a word: a letter or `_`, then letters, digits and `_`.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(is_word_char)
}

pub(super) fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A value's name.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_bare_name(self.0) { write!(f, "%{}", self.0) } else { write!(f, "%{}", Quoted(self.0)) }
    }
}

/// A word, or whatever it is in quotes.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_word(self.0) { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}

/// A string in quotes.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '\'' => f.write_str("'")?,
                c => write!(f, "{}", c.escape_debug())?,
            }
        }
        f.write_str("\"")
    }
}

/// A type whose symbols read back as they are, whatever they are made of.
pub(super) struct TypeText<'a>(pub(super) &'a Type);

impl fmt::Display for TypeText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.0.dtype)?;
        for (i, dim) in self.0.shape.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            match dim {
                Dim::Fixed(n) => write!(f, "{n}")?,
                Dim::Sym(name) => Word(name).fmt(f)?,
            }
        }
        f.write_str("]")
    }
}
