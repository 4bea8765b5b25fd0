//! Caffe's own Split layers: a blob with several readers gets a copy for each, with the names Caffe gives them.

use std::collections::HashMap;

use firebrick_schemas::caffe::LayerParameter;

use crate::net::{Layer, Net};

/// A blob as it is written: the layer's index and which of its tops.
type Producer = (usize, usize);

/// Inserts a Split layer after each layer whose top has more than one reader, and lets the readers read its tops.
///
/// The names are those of Caffe's `insert_splits`: blob `b`, top 0 of layer `l`, is read as `b_l_0_split_0`,
/// `b_l_0_split_1` and so on, so that every blob that Caffe would have is found under the same name.
pub(crate) fn insert_splits(net: &mut Net) {
    let readers = readers(net);
    let mut layers = Vec::with_capacity(net.layers.len());
    let mut next: HashMap<Producer, usize> = HashMap::new();
    let mut latest: HashMap<String, Producer> = HashMap::new();
    let names: Vec<String> = net.layers.iter().map(|layer| layer.name().to_owned()).collect();
    for (index, mut layer) in std::mem::take(&mut net.layers).into_iter().enumerate() {
        for bottom in &mut layer.param.bottom {
            if let Some(&producer) = latest.get(bottom.as_str())
                && readers.get(&producer).is_some_and(|&n| n > 1)
            {
                let n = next.entry(producer).or_default();
                *bottom = split_name(bottom, &names[producer.0], producer.1, *n);
                *n += 1;
            }
        }
        let tops = layer.param.top.clone();
        let path = layer.path.clone();
        layers.push(layer);
        for (top, blob) in tops.into_iter().enumerate() {
            let producer = (index, top);
            if let Some(&n) = readers.get(&producer)
                && n > 1
            {
                layers.push(Layer { param: split_layer(&blob, &names[index], top, n), path: path.clone() });
            }
            latest.insert(blob, producer);
        }
    }
    net.layers = layers;
}

/// How many bottoms read each top.
fn readers(net: &Net) -> HashMap<Producer, usize> {
    let mut latest: HashMap<&str, Producer> = HashMap::new();
    let mut readers: HashMap<Producer, usize> = HashMap::new();
    for (index, layer) in net.layers.iter().enumerate() {
        for bottom in &layer.param.bottom {
            if let Some(&producer) = latest.get(bottom.as_str()) {
                *readers.entry(producer).or_default() += 1;
            }
        }
        for (top, blob) in layer.param.top.iter().enumerate() {
            latest.insert(blob, (index, top));
        }
    }
    readers
}

fn split_name(blob: &str, layer: &str, top: usize, n: usize) -> String {
    format!("{blob}_{layer}_{top}_split_{n}")
}

fn split_layer(blob: &str, layer: &str, top: usize, n_readers: usize) -> LayerParameter {
    LayerParameter {
        name: Some(format!("{blob}_{layer}_{top}_split")),
        r#type: Some("Split".to_owned()),
        bottom: vec![blob.to_owned()],
        top: (0..n_readers).map(|n| split_name(blob, layer, top, n)).collect(),
        ..LayerParameter::default()
    }
}
