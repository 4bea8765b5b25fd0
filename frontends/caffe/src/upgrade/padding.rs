//! V0's padding layers, which become the padding of the convolution or pooling that reads them.

use std::collections::HashMap;

use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{V0LayerParameter, V1LayerParameter};

use super::UpgradeError;
use super::v0::{refuse_beside, refuse_rest};
use crate::problem::Problem;

/// The padding layers so far, by the blob they write, as long as no other layer has written it.
#[derive(Debug, Default)]
pub(super) struct Paddings {
    by_top: HashMap<String, Padding>,
}

#[derive(Debug)]
struct Padding {
    layer: String,
    bottom: String,
    pad: u32,
}

impl Paddings {
    /// The layer with its padding merged into it, or nothing if it is a padding layer itself.
    pub(super) fn merge(
        &mut self,
        mut layer: V1LayerParameter,
        path: &FieldPath,
        problems: &mut Vec<Problem>,
    ) -> Option<V1LayerParameter> {
        if !self.by_top.is_empty()
            && let Err(error) = self.merge_bottoms(&mut layer)
        {
            problems.push(error.at(path.clone()));
        }
        for top in &layer.top {
            self.by_top.remove(top);
        }
        match layer.layer.take_if(|inner| inner.r#type() == "padding") {
            Some(padding) => {
                self.remember(*padding, layer, path, problems);
                None
            }
            None => Some(layer),
        }
    }

    fn merge_bottoms(&self, layer: &mut V1LayerParameter) -> Result<(), UpgradeError> {
        let Some(Padding { layer: padding, bottom, pad: padded }) =
            layer.bottom.iter().find_map(|bottom| self.by_top.get(bottom))
        else {
            return Ok(());
        };
        let (name, kind, padding) = (layer_name(layer), layer_kind(layer), padding.clone());
        let bottoms = layer.bottom.len();
        let Some(reader) = layer.layer.as_deref_mut().filter(|inner| matches!(inner.r#type(), "conv" | "pool")) else {
            return Err(UpgradeError::PaddingReader { layer: name, kind, padding });
        };
        let [only] = layer.bottom.as_mut_slice() else {
            return Err(UpgradeError::PaddingBottoms { layer: name, padding, bottoms });
        };
        let pad = reader.pad();
        // Caffe would forget the reader's own padding.
        if pad > 0 && *padded > 0 {
            return Err(UpgradeError::PaddedTwice { layer: name, pad, padding, padded: *padded });
        }
        reader.pad = Some(pad.max(*padded));
        only.clone_from(bottom);
        Ok(())
    }

    fn remember(
        &mut self,
        mut padding: V0LayerParameter,
        shell: V1LayerParameter,
        path: &FieldPath,
        problems: &mut Vec<Problem>,
    ) {
        let layer = padding.name.take().unwrap_or_default();
        let kind = padding.r#type.take().unwrap_or_default();
        let pad = padding.pad.take().unwrap_or_default();
        refuse_rest(&padding, &layer, &kind, path, problems);
        let (bottoms, tops) = refuse_beside(shell, &layer, path, problems);
        match (<[String; 1]>::try_from(bottoms), <[String; 1]>::try_from(tops)) {
            (Ok([bottom]), Ok([top])) => {
                self.by_top.insert(top, Padding { layer, bottom, pad });
            }
            (bottom, top) => {
                let [bottoms, tops] = [bottom, top].map(|blobs| blobs.map_or_else(|blobs| blobs.len(), |[_]| 1));
                problems.push(UpgradeError::PaddingBlobs { layer, bottoms, tops }.at(path.clone()));
            }
        }
    }
}

fn layer_name(layer: &V1LayerParameter) -> String {
    layer.layer.as_ref().map_or(layer.name(), |inner| inner.name()).to_owned()
}

fn layer_kind(layer: &V1LayerParameter) -> String {
    layer.layer.as_ref().map_or(layer.r#type().as_str(), |inner| inner.r#type()).to_owned()
}
