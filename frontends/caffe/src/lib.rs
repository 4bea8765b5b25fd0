//! Caffe's files: prototxt and caffemodel into Firebrick's graph.
//!
//! Four steps, each with a type of its own:
//! 1. [`Definition`]: text ([`text`]) or binary into the messages of `firebrick-schemas`;
//! 2. `upgrade`: every older form (V0 and V1 layers, `input` fields) into the current one, a `Net`;
//! 3. `filter`, `prune`, `split`: the layers that belong to this phase, losses as what inference needs of them, and
//!    Caffe's own Split layers;
//! 4. `translate`: layer by layer (`layers`, one list) into ops, with weights found by layer name ([`Weights`]: a
//!    caffemodel, or codes and a codebook for each layer).
//!
//! A graph's values have the names of Caffe's blobs. Where a layer works in place, the last writer keeps the name, and
//! earlier versions are `name#1`, `name#2` and so on.

mod compressed;
mod fillers;
mod filter;
mod layers;
mod memory;
mod net;
mod preprocess;
mod problem;
mod prune;
mod source;
mod split;
pub mod text;
mod translate;
mod upgrade;
mod weights;

use std::collections::BTreeMap;

use firebrick_diagnostics::{Diagnostic, Report};
use firebrick_ir::{Graph, Preprocess};

pub use filter::State;
pub use firebrick_schemas::caffe::Phase;
pub use layers::{Fork, LayerEntry, layer_types};
pub use preprocess::mean_image;
pub use prune::training_layers;
pub use source::Definition;
pub use weights::Weights;

use self::problem::Problem;
use self::prune::Note;
use self::translate::Translated;

/// What may be said of a net beside its files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Phase, level and stages, by which layers are chosen.
    pub state: State,
    /// Shapes of inputs, by blob name, instead of or where the file has none.
    pub input_shapes: Vec<(String, Vec<u64>)>,
    /// The first dimension of every input whose shape is not among `input_shapes`.
    pub batch: Option<u64>,
    /// Fills weights as the net's own fillers say, from this seed, instead of reading them.
    pub random_weights: Option<u64>,
}

/// A net as a graph.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The graph; its constants have no values where no weights were given.
    pub graph: Graph,
    /// The numbers in the weight blobs that each layer has of its own, by layer.
    pub parameters: BTreeMap<String, u64>,
    /// What the file says is done to images, by input.
    pub preprocessing: BTreeMap<String, Preprocess>,
    /// What was left out or assumed.
    pub notes: Vec<Diagnostic>,
}

/// Brings a net into a graph.
///
/// # Errors
/// Everything that is wrong with the net, each with its place.
pub fn import(definition: &Definition, weights: Option<&Weights>, options: &Options) -> Result<Imported, Report> {
    let report = |problems: Vec<Problem>| definition.report(problems, weights);
    let (translated, notes) = translated(definition, weights, options).map_err(report)?;
    let notes = notes.into_iter().map(|note| note.diagnostic(|at| definition.place(at, weights)));
    let notes = definition.notes().iter().cloned().chain(notes).collect();
    let Translated { graph, parameters, preprocessing, .. } = translated;
    Ok(Imported { graph, parameters, preprocessing, notes })
}

/// The steps behind reading, and all notes.
fn translated(
    definition: &Definition,
    weights: Option<&Weights>,
    options: &Options,
) -> Result<(Translated, Vec<Note>), Vec<Problem>> {
    let mut notes = Vec::new();
    let mut net = upgrade::upgrade(definition.net().clone())?;
    if definition.has_rules_to_apply() {
        let mut state = options.state.clone();
        state.stages.extend(net.stages.iter().cloned());
        filter::filter(&mut net, &state)?;
    }
    prune::prune(&mut net, &mut notes);
    split::insert_splits(&mut net);
    let mut translated = translate::translate(&net, weights, options)?;
    notes.append(&mut translated.notes);
    Ok((translated, notes))
}
