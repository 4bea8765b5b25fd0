//! A layer before blobs and layers have names.

use firebrick_ir::{NodeId, Tensor, Value};
use firebrick_schemas::caffe::LayerParameter;

use crate::Kind;

/// A blob: a value of the graph, or one that only the layers of one op need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Blob {
    Value(Value),
    Inner(usize),
}

/// A layer.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) kind: Kind,
    /// The parameters of its type, and nothing else.
    pub(crate) param: LayerParameter,
    pub(crate) bottoms: Vec<Blob>,
    pub(crate) tops: Vec<Blob>,
    pub(crate) weights: Vec<Weight>,
    /// The node that it was written for.
    pub(crate) node: NodeId,
}

/// A weight blob.
#[derive(Debug, Clone)]
pub(crate) struct Weight {
    pub(crate) tensor: Tensor,
    /// The constant that it is as it is: layers that read the same one share the blob.
    pub(crate) source: Option<Value>,
}

impl Weight {
    /// A weight that no other layer has.
    pub(crate) fn own(tensor: Tensor) -> Self {
        Weight { tensor, source: None }
    }
}

/// Parameters with one of their messages set.
pub(crate) fn param(set: impl FnOnce(&mut LayerParameter)) -> LayerParameter {
    let mut param = LayerParameter::default();
    set(&mut param);
    param
}
