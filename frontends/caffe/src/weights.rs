//! Trained weights, found by layer name.

use std::collections::HashMap;

use bytes::Bytes;
use firebrick_diagnostics::{Place, Report};
use firebrick_ir::ops::Const;
use firebrick_ir::{DType, Tensor};
use firebrick_schemas::caffe::{BlobProto, NetParameter};
use firebrick_schemas::{FieldPath, decode};

use crate::problem::{At, Problem, ProblemKind};
use crate::upgrade::upgrade;

/// Each layer's weight blobs, as slices of a caffemodel; or as codes, of a file of [`Weights::decompress`]'s. A caffemodel
/// holds the *training* net, so its data, split and loss layers are of no interest, and fields that we don't know do no
/// harm.
#[derive(Debug, Clone)]
pub struct Weights {
    pub(crate) file: String,
    layers: HashMap<String, Stored>,
}

/// A layer's blobs.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) blobs: Vec<StoredBlob>,
    pub(crate) path: FieldPath,
}

/// A blob as it was read.
#[derive(Debug, Clone)]
pub(crate) enum StoredBlob {
    /// With its shape.
    Proto(BlobProto),
    /// Without a shape of its own: it has that of the layer.
    Constant(Const),
}

impl Weights {
    /// Reads a caffemodel.
    ///
    /// # Errors
    /// If the bytes are no `NetParameter`.
    pub fn read(file: &str, bytes: Bytes) -> Result<Self, Report> {
        let (net, _) = decode::<NetParameter>(bytes).map_err(|error| crate::source::wire_report(file, &error))?;
        Self::of(file, net)
    }

    /// The weights of a net that was read already.
    pub(crate) fn of(file: &str, net: NetParameter) -> Result<Self, Report> {
        let net = upgrade(net).map_err(|problems| {
            let place = |at: &At| match at {
                At::Definition(path) | At::Weights(path) => Place::field(file, path, None),
            };
            Report::new(problems.into_iter().map(|problem| problem.diagnostic(place)).collect())
        })?;
        let mut layers = HashMap::new();
        for layer in net.layers {
            if !layer.param.blobs.is_empty() {
                let name = layer.name().to_owned();
                layers.insert(name, Stored::new(layer.param.blobs, layer.path));
            }
        }
        Ok(Weights::new(file, layers))
    }

    pub(crate) fn new(file: &str, layers: HashMap<String, Stored>) -> Self {
        Weights { file: file.to_owned(), layers }
    }

    pub(crate) fn layer(&self, name: &str) -> Option<&Stored> {
        self.layers.get(name)
    }
}

impl Stored {
    pub(crate) fn new(blobs: Vec<BlobProto>, path: FieldPath) -> Self {
        Stored { blobs: blobs.into_iter().map(StoredBlob::Proto).collect(), path }
    }

    /// Blob `index` as a constant of the shape `dims`, which shares the file's bytes.
    ///
    /// Shapes are compared as Caffe compares them: a blob stored in the legacy form (num, channels, height, width)
    /// fits if it is `dims` with leading 1s.
    pub(crate) fn constant(&self, layer: &str, index: usize, what: &str, dims: &[u64]) -> Result<Const, Problem> {
        match &self.blobs[index] {
            StoredBlob::Proto(blob) => self.tensor(blob, layer, index, what, dims).map(Const::new),
            StoredBlob::Constant(constant) => Ok(constant.clone()),
        }
    }

    fn tensor(&self, blob: &BlobProto, layer: &str, index: usize, what: &str, dims: &[u64]) -> Result<Tensor, Problem> {
        let path = self.path.clone().nth("blobs", index);
        let data = |message: String| {
            let kind = ProblemKind::WeightData { layer: layer.to_owned(), index, message };
            Problem::in_weights(kind, path.clone())
        };
        let stored = blob.dims().map_err(|error| data(error.to_string()))?;
        let found: Vec<u64> = stored.iter().map(|&n| u64::try_from(n).unwrap_or(u64::MAX)).collect();
        if !same_shape(&found, dims, blob.shape.is_none()) {
            let (layer, what) = (layer.to_owned(), what.to_owned());
            let kind = ProblemKind::WeightShape { layer, index, what, expected: dims.to_vec(), found };
            let help = "the weights belong to another net, or to another version of this one";
            return Err(Problem::in_weights(kind, path).help(help));
        }
        let floats = blob.floats().map_err(|error| data(error.to_string()))?;
        let dims: Vec<usize> = dims.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect();
        Tensor::new(DType::F32, &dims, floats).map_err(|error| data(error.to_string()))
    }
}

/// Whether a stored shape is the one asked for; a legacy shape may have leading 1s that the current one has not.
fn same_shape(found: &[u64], expected: &[u64], legacy: bool) -> bool {
    if !legacy || expected.len() > found.len() {
        return found == expected;
    }
    let (leading, rest) = found.split_at(found.len() - expected.len());
    leading.iter().all(|&n| n == 1) && rest == expected
}
