//! Inputs drawn at random, the same for a seed on every machine.

use firebrick_ir::ops::Cast;
use firebrick_ir::{DType, Dim, Op, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::{Error, InputInfo};

/// What a dimension is that is a symbol.
const SYMBOL_SIZE: u64 = 2;

/// A tensor for an input: numbers in -1..1, of which integers are 0 and 1. A symbolic dimension is 2.
///
/// # Errors
/// If it is too large for memory.
pub(crate) fn input(input: &InputInfo, seed: u64) -> Result<Tensor, Error> {
    let size = |dim: &Dim| usize::try_from(dim.fixed().unwrap_or(SYMBOL_SIZE)).unwrap_or(usize::MAX);
    let dims: Vec<usize> = input.ty.shape.0.iter().map(size).collect();
    let n_elements = dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim));
    let too_large = || Error::Request(format!("input `{}` ({}) is too large", input.name, input.ty));
    let n_elements = n_elements.filter(|&n| n < isize::MAX as usize / 8).ok_or_else(too_large)?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let dtype = input.ty.dtype;
    let mut draw = || {
        // 24 bits are what an f32 holds exactly.
        let unit = (random.next_u32() >> 8) as f32 / (1u32 << 24) as f32;
        if dtype.is_float() { 2.0 * unit - 1.0 } else { (2.0 * unit).floor() }
    };
    let values: Vec<f32> = (0..n_elements).map(|_| draw()).collect();
    let tensor = Tensor::from_vec(&dims, values).map_err(|error| Error::Request(error.to_string()))?;
    if dtype == DType::F32 {
        return Ok(tensor);
    }
    let results = Op::from(Cast::to(dtype)).eval(&[&tensor])?;
    results.into_iter().next().ok_or_else(too_large)
}
