//! Layers as a net: blobs and layers get their names.

use std::collections::{BTreeMap, HashMap, HashSet};

use firebrick_ir::{NodeId, Value};
use firebrick_schemas::caffe::{BlobProto, BlobShape, LayerParameter, NetParameter, ParamSpec};

use crate::layer::{Blob, Layer, Weight, param};
use crate::ops::is_later_version;
use crate::selection::Selection;
use crate::{Kind, Version};

/// A net, with its weights in it.
pub(crate) struct Net {
    pub(crate) message: NetParameter,
    /// The layer types that only some versions of Caffe have.
    pub(crate) later: BTreeMap<Kind, Version>,
}

/// Names blobs and layers.
pub(crate) fn assemble(mut selection: Selection<'_>) -> Net {
    let mut layers = std::mem::take(&mut selection.layers);
    let outputs = selection.outputs.iter().map(|&output| selection.resolve(output)).collect::<HashSet<Value>>();
    for blob in layers.iter_mut().flat_map(|layer| layer.bottoms.iter_mut().chain(&mut layer.tops)) {
        if let Blob::Value(value) = blob {
            *blob = Blob::Value(selection.resolve(*value));
        }
    }
    let mut naming = Naming::of(&selection);
    let mut layers = with_outputs_apart(layers, &outputs, &mut naming);
    let unread = unread(&layers, &outputs);
    if let (Some(last), false) = (layers.last(), unread.is_empty()) {
        let silence = Layer { kind: Kind::Silence, bottoms: unread, tops: Vec::new(), ..plain(last.node) };
        layers.push(silence);
    }
    naming.blobs(&layers, &outputs);
    let names = naming.layers(&layers);
    let shared = shared(&layers, &selection);
    let later = layers.iter().map(|layer| (layer.kind, layer.kind.version()));
    let later = later.filter(|(_, version)| *version != Version::V1).collect();
    let messages = layers.into_iter().zip(names).map(|(layer, name)| message(layer, name, &naming, &shared));
    let message = NetParameter {
        name: Some(selection.graph.name.clone()).filter(|name| !name.is_empty()),
        layer: messages.collect(),
        ..NetParameter::default()
    };
    Net { message, later }
}

/// A layer of no type yet.
fn plain(node: NodeId) -> Layer {
    Layer { kind: Kind::Split, param: param(|_| ()), bottoms: Vec::new(), tops: Vec::new(), weights: Vec::new(), node }
}

/// Caffe's outputs are the blobs that no layer reads: one that is read gets a copy for its readers.
fn with_outputs_apart(layers: Vec<Layer>, outputs: &HashSet<Value>, naming: &mut Naming<'_>) -> Vec<Layer> {
    let read: HashSet<Blob> = layers.iter().flat_map(|layer| layer.bottoms.iter().copied()).collect();
    let mut copies: HashMap<Blob, Blob> = HashMap::new();
    let mut result = Vec::with_capacity(layers.len());
    for mut layer in layers {
        for bottom in &mut layer.bottoms {
            *bottom = copies.get(bottom).copied().unwrap_or(*bottom);
        }
        let mut splits = Vec::new();
        for top in &mut layer.tops {
            if let Blob::Value(value) = *top
                && outputs.contains(&value)
                && read.contains(top)
            {
                let copy = naming.new_blob();
                copies.insert(*top, copy);
                let split = Layer { bottoms: vec![copy], tops: vec![*top], ..plain(value.node) };
                splits.push(split);
                *top = copy;
            }
        }
        result.push(layer);
        result.extend(splits);
    }
    result
}

/// Tops that are neither read nor outputs.
fn unread(layers: &[Layer], outputs: &HashSet<Value>) -> Vec<Blob> {
    let read: HashSet<Blob> = layers.iter().flat_map(|layer| layer.bottoms.iter().copied()).collect();
    let is_output = |blob: &Blob| matches!(blob, Blob::Value(value) if outputs.contains(value));
    let tops = layers.iter().flat_map(|layer| layer.tops.iter().copied());
    tops.filter(|top| !read.contains(top) && !is_output(top)).collect()
}

/// Constants that are weights of several layers, which share them by that name.
fn shared(layers: &[Layer], selection: &Selection<'_>) -> HashMap<(Value, Vec<usize>), String> {
    let mut counts: HashMap<(Value, Vec<usize>), usize> = HashMap::new();
    for weight in layers.iter().flat_map(|layer| &layer.weights) {
        if let Some(key) = sharing_key(weight) {
            *counts.entry(key).or_default() += 1;
        }
    }
    let several = counts.into_iter().filter(|&(_, count)| count > 1);
    several.map(|(key, _)| (key.clone(), selection.graph.value_name(key.0).to_owned())).collect()
}

fn sharing_key(weight: &Weight) -> Option<(Value, Vec<usize>)> {
    weight.source.map(|source| (source, weight.tensor.dims().to_vec()))
}

/// Names, each given once.
struct Naming<'s> {
    selection: &'s Selection<'s>,
    names: HashMap<Blob, String>,
    taken: HashSet<String>,
    n_inner: usize,
}

impl<'s> Naming<'s> {
    fn of(selection: &'s Selection<'s>) -> Self {
        let taken = selection.graph.nodes().flat_map(|(_, node)| node.outputs.iter().map(|output| output.name.clone()));
        Naming { selection, names: HashMap::new(), taken: taken.collect(), n_inner: selection.inner.len() }
    }

    fn new_blob(&mut self) -> Blob {
        self.n_inner += 1;
        Blob::Inner(self.n_inner - 1)
    }

    /// The name of a value as the graph, or what it is renamed to, says.
    fn own(&self, value: Value) -> &'s str {
        let graph = self.selection.graph;
        graph.value_name(self.selection.renamed.get(&value).copied().unwrap_or(value))
    }

    fn name(&self, blob: Blob) -> String {
        self.names.get(&blob).cloned().unwrap_or_default()
    }

    /// Names all blobs, from the last layer to the first: a layer that may work in place gives its bottom the name of
    /// its top, if the bottom is an earlier version of it, or has no name of its own.
    fn blobs(&mut self, layers: &[Layer], outputs: &HashSet<Value>) {
        let mut readers: HashMap<Blob, usize> = HashMap::new();
        for bottom in layers.iter().flat_map(|layer| &layer.bottoms) {
            *readers.entry(*bottom).or_default() += 1;
        }
        for layer in layers.iter().rev() {
            for &top in &layer.tops {
                self.name_top(layer, top);
            }
            let (Some(&bottom), &[top]) = (layer.bottoms.first(), layer.tops.as_slice()) else { continue };
            let is_output = matches!(bottom, Blob::Value(value) if outputs.contains(&value));
            if !layer.kind.is_in_place() || readers.get(&bottom) != Some(&1) || is_output {
                continue;
            }
            let name = self.name(top);
            let is_earlier = match bottom {
                Blob::Value(value) => is_version_of(self.own(value), &name) && self.leads_to(value, top),
                Blob::Inner(_) => true,
            };
            if is_earlier {
                self.names.insert(bottom, name);
            }
        }
    }

    fn name_top(&mut self, layer: &Layer, top: Blob) {
        if self.names.contains_key(&top) {
            return;
        }
        let name = match top {
            Blob::Value(value) => self.own(value).to_owned(),
            Blob::Inner(_) => {
                let base = self.own(Value { node: layer.node, port: 0 });
                self.fresh(&format!("{base}/{}", layer.kind.name().to_lowercase()))
            }
        };
        self.names.insert(top, name);
    }

    /// Whether the name of `top`, before it took that of a version later still, is a later one.
    fn leads_to(&self, value: Value, top: Blob) -> bool {
        match top {
            Blob::Value(top) => is_later_version(self.own(value), self.own(top)),
            Blob::Inner(_) => true,
        }
    }

    fn fresh(&mut self, base: &str) -> String {
        let numbered = (1..).map(|n| format!("{base}.{n}"));
        let name = [base.to_owned()].into_iter().chain(numbered).find(|name| !self.taken.contains(name));
        let name = name.unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    /// Names all layers: as the source does where one of a source's layers is one layer here, else by its top.
    fn layers(&self, layers: &[Layer]) -> Vec<String> {
        let origin = |layer: &Layer| {
            let name = self.selection.graph.node(layer.node).origin.as_ref().map(|origin| origin.name.to_string());
            name.filter(|name| !name.is_empty() && layer.kind != Kind::Silence)
        };
        // The layer that has a source's name: the one with weights, or the last.
        let mut main: HashMap<String, usize> = HashMap::new();
        for (index, layer) in layers.iter().enumerate() {
            let Some(name) = origin(layer) else { continue };
            let has_weights = main.get(&name).is_some_and(|&other| !layers[other].weights.is_empty());
            if !has_weights {
                main.insert(name, index);
            }
        }
        let mut taken: HashSet<String> = main.keys().cloned().collect();
        let name = |(index, layer): (usize, &Layer)| {
            if let Some(name) = origin(layer).filter(|name| main.get(name) == Some(&index)) {
                return name;
            }
            let base = layer.tops.first().map_or_else(|| layer.kind.name().to_lowercase(), |&top| self.name(top));
            let typed = format!("{base}/{}", layer.kind.name().to_lowercase());
            let numbered = (1..).map(|n| format!("{typed}.{n}"));
            let mut candidates = [base, typed.clone()].into_iter().chain(numbered);
            let name = candidates.find(|name| !taken.contains(name)).unwrap_or_default();
            taken.insert(name.clone());
            name
        };
        layers.iter().enumerate().map(name).collect()
    }
}

/// Whether a name is that of an earlier version of a blob.
fn is_version_of(name: &str, blob: &str) -> bool {
    name.strip_prefix(blob)
        .and_then(|rest| rest.strip_prefix('#'))
        .is_some_and(|version| version.parse::<u32>().is_ok())
}

fn message(
    layer: Layer,
    name: String,
    naming: &Naming<'_>,
    shared: &HashMap<(Value, Vec<usize>), String>,
) -> LayerParameter {
    let names = |blobs: &[Blob]| blobs.iter().map(|&blob| naming.name(blob)).collect();
    let share = |weight: &Weight| sharing_key(weight).and_then(|key| shared.get(&key).cloned());
    let mut specs: Vec<ParamSpec> =
        layer.weights.iter().map(|weight| ParamSpec { name: share(weight), ..ParamSpec::default() }).collect();
    if specs.iter().all(|spec| spec.name.is_none()) {
        specs.clear();
    }
    LayerParameter {
        name: Some(name),
        r#type: Some(layer.kind.name().to_owned()),
        bottom: names(&layer.bottoms),
        top: names(&layer.tops),
        param: specs,
        blobs: layer.weights.iter().map(blob).collect(),
        ..layer.param
    }
}

/// A weight as a message; the elements are the tensor's own bytes.
fn blob(weight: &Weight) -> BlobProto {
    let dim = weight.tensor.dims().iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect();
    BlobProto {
        shape: Some(Box::new(BlobShape { dim })),
        data: vec![weight.tensor.bytes().clone()],
        ..BlobProto::default()
    }
}
