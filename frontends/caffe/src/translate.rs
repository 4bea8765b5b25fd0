//! Layers into ops, one after another, as Caffe sets a net up.

use std::collections::{BTreeMap, HashMap, HashSet};

use firebrick_ir::ops::Const;
use firebrick_ir::{Graph, Preprocess, Value};
use firebrick_schemas::FieldPath;

use crate::Options;
use crate::layers::{self, LayerContext, LayerEntry, NumberFormat};
use crate::memory::{Memories, Place, Rounded, shares};
use crate::net::{Layer, Net};
use crate::problem::{Problem, ProblemKind};
use crate::prune::Note;
use crate::weights::Weights;

/// What became of a net.
pub(crate) struct Translated {
    pub(crate) graph: Graph,
    pub(crate) parameters: BTreeMap<String, u64>,
    pub(crate) preprocessing: BTreeMap<String, Preprocess>,
    pub(crate) notes: Vec<Note>,
    pub(crate) blobs: Vec<LayerBlobs>,
}

/// The weight blobs of a layer that has any, in order.
pub(crate) struct LayerBlobs {
    pub(crate) layer: String,
    pub(crate) path: FieldPath,
    pub(crate) dims: Vec<Vec<u64>>,
    /// Whether another layer has them too.
    pub(crate) is_shared: bool,
}

/// The graph while it grows, and what later layers need to know of earlier ones.
pub(crate) struct Translation<'a> {
    pub(crate) graph: Graph,
    pub(crate) weights: Option<&'a Weights>,
    pub(crate) options: &'a Options,
    /// How many weight blobs were drawn without a filler that says how.
    pub(crate) n_without_filler: usize,
    /// The numbers in each layer's own weight blobs.
    pub(crate) parameters: BTreeMap<String, u64>,
    pub(crate) preprocessing: BTreeMap<String, Preprocess>,
    pub(crate) notes: Vec<Note>,
    /// The layers' weight blobs.
    pub(crate) weight_blobs: Vec<LayerBlobs>,
    /// Weights that have a name (`param { name: ... }`), which several layers may share.
    pub(crate) shared: HashMap<String, Value>,
    /// Their values, where a layer works with these rather than with a constant of the graph; `None` without weights.
    pub(crate) shared_constants: HashMap<String, Option<Const>>,
    /// Blobs of layers that are left out, and why these are.
    left_out: &'a HashMap<String, String>,
    /// Blobs that some layer reads.
    pub(crate) read: HashSet<String>,
    blobs: HashMap<String, Blob>,
    memories: Memories<'a>,
}

/// A blob's latest version.
#[derive(Clone)]
struct Blob {
    /// `None` if the layer that writes it could not be translated, so that its readers are not blamed.
    value: Option<Value>,
    /// The layer that wrote it.
    writer: String,
    /// How many versions there were before.
    n_earlier: usize,
    /// Whether a layer has read this version.
    consumed: bool,
    /// When it was written, so that outputs keep their order.
    order: usize,
    /// Where it lies.
    place: Place,
}

/// Translates every layer.
///
/// All problems are reported at once; a layer that reads what a faulty one should have written is passed over.
pub(crate) fn translate(net: &Net, weights: Option<&Weights>, options: &Options) -> Result<Translated, Vec<Problem>> {
    let read = net.layers.iter().flat_map(|layer| layer.param.bottom.iter().cloned()).collect();
    let mut translation = Translation {
        graph: Graph::new(net.name.as_str()),
        left_out: &net.left_out,
        n_without_filler: 0,
        weights,
        options,
        parameters: BTreeMap::new(),
        preprocessing: BTreeMap::new(),
        notes: Vec::new(),
        weight_blobs: Vec::new(),
        shared: HashMap::new(),
        shared_constants: HashMap::new(),
        read,
        blobs: HashMap::new(),
        memories: Memories::default(),
    };
    let mut problems = Vec::new();
    for layer in &net.layers {
        problems.extend(translation.layer(layer));
    }
    problems.extend(translation.unused_options());
    problems.extend(translation.catch_up_unread());
    if !problems.is_empty() {
        return Err(problems);
    }
    translation.outputs();
    translation.note_missing_fillers();
    let Translation { graph, parameters, preprocessing, notes, weight_blobs: blobs, .. } = translation;
    Ok(Translated { graph, parameters, preprocessing, notes, blobs })
}

impl<'a> Translation<'a> {
    fn layer(&mut self, layer: &'a Layer) -> Vec<Problem> {
        let mut problems = Vec::new();
        let entry = layers::find(layer.kind());
        match entry {
            None => problems.push(layers::unknown(layer)),
            Some(entry) => problems.extend(entry.check_counts(layer)),
        }
        let bottoms = self.bottoms(layer, &mut problems);
        let tops = match (entry, bottoms) {
            (Some(entry), Some(bottoms)) if problems.is_empty() => {
                LayerContext::new(self, layer, entry, bottoms).run().map_err(|problem| problems.push(problem)).ok()
            }
            (Some(_) | None, _) => None,
        };
        for (index, name) in layer.param.top.iter().enumerate() {
            // A data layer leaves out tops that nobody reads.
            let value = tops.as_ref().map(|tops| tops.get(index).copied().flatten());
            if value != Some(None)
                && let Err(problem) = self.write(layer, index, name, value.flatten())
            {
                problems.push(problem);
            }
        }
        problems
    }

    /// The values that the layer reads; `None` if one of them could not be had.
    fn bottoms(&mut self, layer: &Layer, problems: &mut Vec<Problem>) -> Option<Vec<Value>> {
        let mut values = Some(Vec::new());
        for (index, name) in layer.param.bottom.iter().enumerate() {
            if let Err(problem) = self.catch_up(name) {
                problems.push(problem);
            }
            let Some(blob) = self.blobs.get_mut(name) else {
                problems.push(missing_bottom(layer, index, name, &self.blobs, self.left_out));
                values = None;
                continue;
            };
            blob.consumed = true;
            match (blob.value, values.as_mut()) {
                (Some(value), Some(values)) => values.push(value),
                (_, _) => values = None,
            }
        }
        values
    }

    /// Makes `value` the latest version of blob `name`.
    fn write(&mut self, layer: &Layer, index: usize, name: &str, value: Option<Value>) -> Result<(), Problem> {
        let earlier = self.blobs.get(name).cloned();
        let bottom = layer.param.bottom.get(index);
        // A bottom that is missing was reported: its name may be a slip, and the layer in place.
        let in_place = bottom.is_some_and(|bottom| bottom == name || !self.blobs.contains_key(bottom));
        if let Some(earlier) = &earlier
            && !in_place
        {
            let (blob, previous) = (name.to_owned(), earlier.writer.clone());
            let kind = ProblemKind::TwoProducers { layer: layer.name().to_owned(), blob, previous };
            return Err(Problem::new(kind, layer.path.clone().nth("top", index)).help(
                "give the top a name of its own; only a layer that is the blob's sole reader may write it in place",
            ));
        }
        let order = earlier.as_ref().map_or(self.blobs.len(), |blob| blob.order);
        let place = self.place_of(layer, earlier.as_ref());
        let n_earlier = earlier.as_ref().map_or(0, |blob| blob.n_earlier + 1);
        self.rename_versions(name, earlier.and_then(|blob| blob.value), value, n_earlier, layer)?;
        let writer = layer.name().to_owned();
        self.blobs.insert(name.to_owned(), Blob { value, writer, n_earlier, consumed: false, order, place });
        Ok(())
    }

    /// Where a layer's top lies.
    fn place_of(&mut self, layer: &Layer, earlier: Option<&Blob>) -> Place {
        let shared = layer.param.bottom.first().filter(|_| shares(layer)).and_then(|bottom| self.blobs.get(bottom));
        match (earlier, shared) {
            (None, Some(bottom)) => bottom.place,
            (Some(_), _) | (None, None) => self.memories.place(),
        }
    }

    /// Gives the name of a blob to its latest version; the one before becomes `name#n`.
    fn rename_versions(
        &mut self,
        name: &str,
        earlier: Option<Value>,
        value: Option<Value>,
        n: usize,
        layer: &Layer,
    ) -> Result<(), Problem> {
        if let Some(earlier) = earlier {
            self.free_name(&format!("{name}#{n}"), layer)?;
            self.rename(earlier, format!("{name}#{n}"), layer)?;
        }
        if let Some(value) = value {
            self.free_name(name, layer)?;
            self.rename(value, name.to_owned(), layer)?;
        }
        Ok(())
    }

    /// Rounds all that lies where a blob does, for a layer that reads it; the blob's value then.
    pub(crate) fn round(
        &mut self,
        name: &str,
        format: NumberFormat,
        layer: &'a Layer,
        entry: &'static LayerEntry,
    ) -> Result<Option<Value>, Problem> {
        let Some((value, blob)) = self.blobs.get(name).and_then(|blob| Some((blob.value?, blob.clone()))) else {
            return Ok(None);
        };
        if blob.place.format == format {
            return Ok(Some(value));
        }
        let rounded = LayerContext::new(self, layer, entry, Vec::new()).rounded(format, value)?;
        let place = self.memories.round(blob.place, Rounded { value: rounded, format, layer, entry });
        self.renew(name, rounded, place, layer)?;
        Ok(Some(rounded))
    }

    /// Makes a new version of a blob that was rounded where it lies since it was written or read.
    fn catch_up(&mut self, name: &str) -> Result<(), Problem> {
        let Some((old, place)) = self.blobs.get(name).and_then(|blob| Some((blob.value?, blob.place))) else {
            return Ok(());
        };
        let Some((place, Rounded { value, layer, entry, .. })) = self.memories.latest(place) else { return Ok(()) };
        let copy = LayerContext::new(self, layer, entry, Vec::new()).copied(value, old)?;
        self.renew(name, copy, place, layer)
    }

    /// Makes a value the next version of a blob.
    fn renew(&mut self, name: &str, value: Value, place: Place, layer: &Layer) -> Result<(), Problem> {
        let Some(blob) = self.blobs.get_mut(name) else { return Ok(()) };
        let old = blob.value.replace(value);
        blob.n_earlier += 1;
        blob.place = place;
        let n_earlier = blob.n_earlier;
        self.rename_versions(name, old, Some(value), n_earlier, layer)
    }

    /// The same of the net's outputs.
    fn catch_up_unread(&mut self) -> Vec<Problem> {
        let mut unread: Vec<(usize, String)> = self.unread().map(|(name, blob)| (blob.order, name.clone())).collect();
        unread.sort_unstable();
        unread.into_iter().filter_map(|(_, name)| self.catch_up(&name).err()).collect()
    }

    /// The blobs that no layer reads.
    fn unread(&self) -> impl Iterator<Item = (&String, &Blob)> {
        self.blobs.iter().filter(|(_, blob)| !blob.consumed)
    }

    /// Takes a name from a weight or an intermediate value that happens to have it.
    fn free_name(&mut self, name: &str, layer: &Layer) -> Result<(), Problem> {
        match self.graph.find(name) {
            Some(value) => self.rename(value, self.graph.fresh_name(&format!("{name}/value")), layer),
            None => Ok(()),
        }
    }

    fn rename(&mut self, value: Value, name: String, layer: &Layer) -> Result<(), Problem> {
        self.graph.rename(value, name).map_err(|source| {
            let layer_name = layer.name().to_owned();
            Problem::new(ProblemKind::Graph { layer: layer_name, source }, layer.path.clone())
        })
    }

    /// Caffe's outputs: the blobs that no layer reads, in the order in which they were first written.
    fn outputs(&mut self) {
        let mut unread: Vec<(usize, Value)> = self
            .unread()
            .filter_map(|(_, blob)| Some((blob.order, blob.value?)))
            .filter(|(_, value)| !self.graph.inputs().contains(&value.node))
            .collect();
        unread.sort_unstable();
        for (_, value) in unread {
            self.graph.output(value);
        }
    }

    /// Says how weights were drawn that have no filler.
    fn note_missing_fillers(&mut self) {
        if self.n_without_filler > 0 {
            let message = format!("{} weight blobs have no filler, and were drawn by `xavier`", self.n_without_filler);
            self.notes.push(Note::new(message, FieldPath::root()));
        }
    }

    /// Options that name inputs the net doesn't have.
    fn unused_options(&self) -> Vec<Problem> {
        // The first version of a blob, if layers write it in place; a faulty layer may have been meant to make it.
        let inputs = self.graph.inputs().iter().map(|&node| self.graph.value_name(Value { node, port: 0 }));
        let inputs: Vec<&str> = inputs.map(|name| name.strip_suffix("#1").unwrap_or(name)).collect();
        let faulty = |name: &str| self.blobs.get(name).is_some_and(|blob| blob.value.is_none());
        let unknown =
            self.options.input_shapes.iter().filter(|(name, _)| !inputs.contains(&name.as_str()) && !faulty(name));
        let problem = |(name, _): &(String, Vec<u64>)| {
            let kind = ProblemKind::Option(format!("the net has no input named `{name}`"));
            let problem = Problem::new(kind, FieldPath::root());
            if inputs.is_empty() { problem } else { problem.help(format!("its inputs are: {}", inputs.join(", "))) }
        };
        unknown.map(problem).collect()
    }
}

fn missing_bottom(
    layer: &Layer,
    index: usize,
    name: &str,
    blobs: &HashMap<String, Blob>,
    left_out: &HashMap<String, String>,
) -> Problem {
    let kind = ProblemKind::MissingBottom { layer: layer.name().to_owned(), blob: name.to_owned() };
    let problem = Problem::new(kind, layer.path.clone().nth("bottom", index));
    if let Some(help) = left_out.get(name) {
        return problem.help(help);
    }
    let near = blobs
        .keys()
        .map(|blob| (strsim::damerau_levenshtein(blob, name), blob))
        .filter(|(distance, _)| *distance <= name.len() / 3)
        .min();
    match near {
        Some((_, blob)) => problem.help(format!("there is a blob named `{blob}`")),
        None => problem.help("layers are computed in the order of the file: the writer must come first"),
    }
}
