//! Constants of f32 that are not copied before they are packed.

use firebrick_ir::{DType, Tensor};

/// The elements of a constant of f32, which may lie anywhere in a file.
#[derive(Debug, Clone)]
pub(super) struct Numbers(Tensor);

impl Numbers {
    /// A tensor's elements, if they are f32.
    pub(super) fn of(tensor: &Tensor) -> Option<Self> {
        (tensor.dtype() == DType::F32).then(|| Numbers(tensor.clone()))
    }

    /// One of them.
    pub(super) fn get(&self, index: usize) -> f32 {
        let bytes = &self.0.bytes()[index * size_of::<f32>()..];
        bytes.first_chunk().map_or(0.0, |&bytes| f32::from_le_bytes(bytes))
    }

    /// So many of them, from one on.
    pub(super) fn run(&self, first: usize, n: usize) -> impl Iterator<Item = f32> {
        let bytes = &self.0.bytes()[first * size_of::<f32>()..][..n * size_of::<f32>()];
        bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes))
    }

    /// A copy of all of them.
    pub(super) fn to_vec(&self) -> Vec<f32> {
        self.run(0, self.0.len()).collect()
    }
}

impl From<Vec<f32>> for Numbers {
    fn from(numbers: Vec<f32>) -> Self {
        Numbers(Tensor::from_vec(&[numbers.len()], numbers).expect("there are as many elements as there are"))
    }
}
