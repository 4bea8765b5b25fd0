//! Graphs as Caffe's files: a prototxt and a caffemodel.
//!
//! Three steps:
//! 1. `selection`: backwards from the graph's outputs, each op becomes layers. A layer that is several ops in the graph
//!    is found by its last op (`recombine`, one list) and takes the others in; any other op is a few layers of its own
//!    (`ops`, a family a file). What Caffe can't say is collected, and refused all together.
//! 2. `net`: blobs and layers get their names. A blob has the name of its value. Values `x#1`, `x#2`, which are blobs
//!    that a layer wrote in place, are written in place again.
//! 3. The net without its weights is printed, and with them encoded.
//!
//! What is written reads back as a graph with the same outputs and the same blobs under the same names.

mod constants;
mod context;
mod kind;
mod layer;
mod net;
mod ops;
mod preprocess;
mod recombine;
mod refusal;
mod selection;

use std::collections::BTreeMap;

use bytes::Bytes;
use firebrick_ir::{Preprocess, Verified};
use firebrick_schemas::caffe::NetParameter;
use firebrick_schemas::text;
use prost::Message;

pub use self::kind::{Kind, Version};
pub use self::refusal::{Reason, Refusal};

/// A net as Caffe's files have it.
#[derive(Debug, Clone)]
pub struct Written {
    /// The definition.
    pub prototxt: String,
    /// The weights.
    pub caffemodel: Bytes,
    /// The layer types in it that Caffe 1.0 does not have, and which Caffe does.
    pub beyond_v1: Vec<(Kind, Version)>,
}

/// What is written beside the graph.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Put in front of the prototxt, line by line.
    pub comment: String,
    /// What is done to images, by input: an Input layer's `transform_param`. Caffe does not read it there, but those
    /// who feed the net can. A mean image can't be said.
    pub preprocessing: BTreeMap<String, Preprocess>,
}

/// Writes a graph.
///
/// # Errors
/// Every op that Caffe has no layers for, and why, in the order of computation.
pub fn write(graph: Verified<'_>, options: &Options) -> Result<Written, Vec<Refusal>> {
    let net::Net { mut message, later } = net::assemble(selection::select(graph.graph())?);
    preprocess::add(&mut message, &options.preprocessing);
    let definition = without_weights(&message);
    let comment: String = options.comment.lines().map(|line| format!("# {line}\n")).collect();
    let needs = later.iter().map(|(kind, version)| format!("# {} is a layer of {}.\n", kind.name(), version.name()));
    let prototxt = comment + &needs.collect::<String>() + &text::print(&definition);
    let caffemodel = with_known_numbers(message).encode_to_vec().into();
    Ok(Written { prototxt, caffemodel, beyond_v1: later.into_iter().collect() })
}

fn without_weights(net: &NetParameter) -> NetParameter {
    let mut net = net.clone();
    net.layer.iter_mut().for_each(|layer| layer.blobs.clear());
    net
}

/// The net without the fields whose numbers the forks don't agree on: text says them, binary files can't.
fn with_known_numbers(mut net: NetParameter) -> NetParameter {
    for layer in &mut net.layer {
        layer.interp_param = None;
        layer.upsample_param = None;
    }
    net
}
