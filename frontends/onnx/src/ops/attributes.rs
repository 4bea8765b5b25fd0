//! A node's attributes: each is read, or named and ignored, or an error.

use std::collections::HashMap;

use firebrick_ir::{DType, Tensor};
use firebrick_schemas::onnx::{AttributeProto, AttributeType, GraphProto, NodeProto};

use super::{NodeContext, Stop};
use crate::dtype::dtype_of;
use crate::tensor;

/// The attributes that were not read yet.
pub(super) struct Attributes<'a> {
    left: HashMap<&'a str, &'a AttributeProto>,
}

impl<'a> Attributes<'a> {
    /// A node's attributes. `resolve` finds the caller's attribute that one in a function's body stands for.
    pub(super) fn new(node: &'a NodeProto, resolve: impl Fn(&'a AttributeProto) -> Option<&'a AttributeProto>) -> Self {
        let resolved = node.attribute.iter().filter_map(|attribute| Some((attribute.name(), resolve(attribute)?)));
        Attributes { left: resolved.collect() }
    }

    /// An attribute that nobody asked for; the first by name.
    pub(super) fn unread(&self) -> Option<&'a str> {
        self.left.keys().copied().min()
    }
}

/// The kind of an attribute's value. Files before IR version 4 may not say it.
fn kind(attribute: &AttributeProto) -> AttributeType {
    let said = attribute.r#type();
    if said != AttributeType::Undefined {
        return said;
    }
    let present = [
        (attribute.f.is_some(), AttributeType::Float),
        (attribute.i.is_some(), AttributeType::Int),
        (attribute.s.is_some(), AttributeType::String),
        (attribute.t.is_some(), AttributeType::Tensor),
        (attribute.g.is_some(), AttributeType::Graph),
        (!attribute.floats.is_empty(), AttributeType::Floats),
        (!attribute.ints.is_empty(), AttributeType::Ints),
        (!attribute.strings.is_empty(), AttributeType::Strings),
    ];
    present.into_iter().find(|(present, _)| *present).map_or(said, |(_, kind)| kind)
}

impl<'a> NodeContext<'_, 'a> {
    /// Takes an attribute that must be of that kind, if it is there.
    fn take(&mut self, name: &str, expected: AttributeType) -> Result<Option<&'a AttributeProto>, Stop> {
        let Some(attribute) = self.attributes.left.remove(name) else { return Ok(None) };
        let found = kind(attribute);
        if found == expected {
            return Ok(Some(attribute));
        }
        let (found, expected) = (found.as_str(), expected.as_str());
        Err(self.attribute_problem(name, format!("attribute `{name}` is of type {found}, but should be {expected}")))
    }

    /// Passes over an attribute, for a reason.
    pub(crate) fn ignore(&mut self, name: &str, _reason: &'static str) {
        self.attributes.left.remove(name);
    }

    /// Whether an attribute is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.left.contains_key(name)
    }

    /// An integer.
    pub(crate) fn int(&mut self, name: &str) -> Result<Option<i64>, Stop> {
        Ok(self.take(name, AttributeType::Int)?.map(AttributeProto::i))
    }

    /// An integer, or its default.
    pub(crate) fn int_or(&mut self, name: &str, default: i64) -> Result<i64, Stop> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// A truth value, which is 0 or 1.
    pub(crate) fn flag(&mut self, name: &str, default: bool) -> Result<bool, Stop> {
        match self.int(name)? {
            None => Ok(default),
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(n) => Err(self.attribute_problem(name, format!("attribute `{name}` is {n}, but should be 0 or 1"))),
        }
    }

    /// A number.
    pub(crate) fn float(&mut self, name: &str) -> Result<Option<f32>, Stop> {
        Ok(self.take(name, AttributeType::Float)?.map(AttributeProto::f))
    }

    /// A number, or its default.
    pub(crate) fn float_or(&mut self, name: &str, default: f32) -> Result<f32, Stop> {
        Ok(self.float(name)?.unwrap_or(default))
    }

    /// Integers.
    pub(crate) fn ints(&mut self, name: &str) -> Result<Option<Vec<i64>>, Stop> {
        Ok(self.take(name, AttributeType::Ints)?.map(|attribute| attribute.ints.clone()))
    }

    /// Numbers.
    pub(crate) fn floats(&mut self, name: &str) -> Result<Option<Vec<f32>>, Stop> {
        Ok(self.take(name, AttributeType::Floats)?.map(|attribute| attribute.floats.clone()))
    }

    /// A text.
    pub(crate) fn string(&mut self, name: &str) -> Result<Option<String>, Stop> {
        let text = self.take(name, AttributeType::String)?.map(AttributeProto::s);
        text.map(|text| self.text(name, text)).transpose()
    }

    /// Texts.
    pub(crate) fn strings(&mut self, name: &str) -> Result<Option<Vec<String>>, Stop> {
        let Some(attribute) = self.take(name, AttributeType::Strings)? else { return Ok(None) };
        attribute.strings.iter().map(|text| self.text(name, text)).collect::<Result<_, _>>().map(Some)
    }

    fn text(&self, name: &str, bytes: &[u8]) -> Result<String, Stop> {
        let text = std::str::from_utf8(bytes).map(str::to_owned);
        text.map_err(|_| self.attribute_problem(name, format!("attribute `{name}` is no text in UTF-8")))
    }

    /// One of several words; `None` is the default.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Stop> {
        let Some(text) = self.string(name)? else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let known: Vec<&str> = words.iter().map(|(word, _)| *word).filter(|word| !word.is_empty()).collect();
                let message = format!("attribute `{name}` is \"{text}\", but should be one of: {}", known.join(", "));
                Err(self.attribute_problem(name, message))
            }
        }
    }

    /// An element type.
    pub(crate) fn dtype(&mut self, name: &str) -> Result<Option<DType>, Stop> {
        let Some(number) = self.int(name)? else { return Ok(None) };
        dtype_of(number).map(Some).map_err(|message| self.attribute_problem(name, message))
    }

    /// A tensor.
    pub(crate) fn tensor(&mut self, name: &str) -> Result<Option<Tensor>, Stop> {
        let Some(attribute) = self.take(name, AttributeType::Tensor)? else { return Ok(None) };
        let Some(proto) = attribute.t.as_deref() else {
            return Err(self.attribute_problem(name, format!("attribute `{name}` has no tensor")));
        };
        Ok(Some(tensor::read(proto, self.translation.files, &self.attribute_at(name).field("t"))?))
    }

    /// A tensor of which some elements are stored.
    pub(crate) fn sparse_tensor(&mut self, name: &str) -> Result<Option<Tensor>, Stop> {
        let Some(attribute) = self.take(name, AttributeType::SparseTensor)? else { return Ok(None) };
        let Some(proto) = attribute.sparse_tensor.as_deref() else {
            return Err(self.attribute_problem(name, format!("attribute `{name}` has no tensor")));
        };
        Ok(Some(tensor::read_sparse(proto, self.translation.files, &self.attribute_at(name).field("sparse_tensor"))?))
    }

    /// A graph.
    pub(super) fn graph(&mut self, name: &str) -> Result<Option<&'a GraphProto>, Stop> {
        let Some(attribute) = self.take(name, AttributeType::Graph)? else { return Ok(None) };
        match attribute.g.as_deref() {
            Some(graph) => Ok(Some(graph)),
            None => Err(self.attribute_problem(name, format!("attribute `{name}` has no graph"))),
        }
    }

    /// An attribute that the op can't do without.
    pub(crate) fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Stop> {
        value.ok_or_else(|| self.problem(format!("attribute `{name}` is missing")))
    }
}
