//! Where the parser gets constants that the text names by digest.

use std::collections::HashMap;

use crate::{Graph, Op, Tensor};

/// A source of constants.
pub trait Weights {
    /// The tensor whose [`Tensor::digest`] is `digest`, if it is known.
    fn tensor(&self, digest: u64) -> Option<Tensor>;
}

/// No constants.
impl Weights for () {
    fn tensor(&self, _: u64) -> Option<Tensor> {
        None
    }
}

/// Constants by digest. They share their elements with the graphs they came from.
#[derive(Debug, Clone, Default)]
pub struct WeightStore(HashMap<u64, Tensor>);

impl WeightStore {
    /// All constants of a graph.
    pub fn of(graph: &Graph) -> Self {
        let mut store = WeightStore::default();
        for (_, node) in graph.nodes() {
            if let Op::Const(constant) = &node.op
                && let Some(tensor) = constant.tensor()
            {
                store.insert(tensor.clone());
                if let Some(coded) = constant.codes() {
                    store.insert(coded.codes().clone());
                    store.insert(coded.codebook().clone());
                }
            }
        }
        store
    }

    /// Adds a constant.
    pub fn insert(&mut self, tensor: Tensor) {
        self.0.insert(tensor.digest(), tensor);
    }
}

impl Weights for WeightStore {
    fn tensor(&self, digest: u64) -> Option<Tensor> {
        self.0.get(&digest).cloned()
    }
}
