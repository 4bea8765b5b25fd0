//! Inputs, and constants that are blobs rather than weights.

use firebrick_ir::{DType, Tensor};
use firebrick_schemas::caffe::{BlobShape, DummyDataParameter, FillerParameter, InputParameter, ParameterParameter};

use crate::context::Context;
use crate::layer::{Blob, Weight, param};
use crate::selection::Tops;
use crate::{Kind, Reason};

/// Input: one for each graph input.
pub(super) fn input(ctx: &mut Context<'_, '_>) -> Result<Blob, Reason> {
    let dims = ctx.result_dims(0);
    let input = InputParameter { shape: vec![shape(&dims)] };
    Ok(ctx.layer(Kind::Input, param(|p| p.input_param = Some(Box::new(input))), &[], &dims))
}

/// A node whose results are known: a blob for each one that is wanted.
pub(crate) fn constant(ctx: &mut Context<'_, '_>) -> Tops {
    let n_results = ctx.graph().node(ctx.node).outputs.len();
    let mut tops = Vec::with_capacity(n_results);
    for port in 0..n_results {
        let tensor = ctx.known(ctx.result(port)).filter(|_| ctx.is_wanted(port)).cloned();
        tops.push(tensor.map(|tensor| parameter(ctx, &tensor)).transpose()?);
    }
    Ok(tops)
}

/// A blob of known elements: Parameter, or DummyData if they are all the same.
pub(super) fn parameter(ctx: &mut Context<'_, '_>, tensor: &Tensor) -> Result<Blob, Reason> {
    let dims: Vec<u64> = tensor.dims().iter().map(|&dim| dim as u64).collect();
    let values = tensor.values::<f32>().map_err(|_| Reason::DType(tensor.dtype()))?;
    if let Some((first, rest)) = values.split_first()
        && !rest.is_empty()
        && rest.iter().all(|value| value.to_bits() == first.to_bits())
    {
        return Ok(filled(ctx, *first, &dims));
    }
    let parameter = ParameterParameter { shape: Some(Box::new(shape(&dims))) };
    let weights = vec![Weight::own(tensor.clone())];
    let set = param(|p| p.parameter_param = Some(Box::new(parameter)));
    Ok(ctx.weighted(Kind::Parameter, set, &[], weights, &dims))
}

/// A blob of one value everywhere.
pub(super) fn filled(ctx: &mut Context<'_, '_>, value: f32, dims: &[u64]) -> Blob {
    let filler = FillerParameter { value: (value.to_bits() != 0).then_some(value), ..FillerParameter::default() };
    let data_filler = if filler.value.is_some() { vec![filler] } else { Vec::new() };
    let dummy_data = DummyDataParameter { data_filler, shape: vec![shape(dims)], ..DummyDataParameter::default() };
    ctx.layer(Kind::DummyData, param(|p| p.dummy_data_param = Some(Box::new(dummy_data))), &[], dims)
}

/// Dimensions as a message; they are within Caffe's bound.
pub(super) fn shape(dims: &[u64]) -> BlobShape {
    BlobShape { dim: dims.iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect() }
}

/// Only floats are blobs.
pub(super) fn floats(tensor: &Tensor) -> Result<Vec<f32>, Reason> {
    tensor.values::<f32>().map(std::borrow::Cow::into_owned).map_err(|_| Reason::DType(tensor.dtype()))
}

/// A tensor of floats.
pub(super) fn tensor(dims: &[u64], values: Vec<f32>) -> Result<Tensor, Reason> {
    let sizes: Vec<usize> = dims.iter().map(|&dim| usize::try_from(dim).unwrap_or(usize::MAX)).collect();
    let too_large = |_| Reason::TooLarge(dims.to_vec());
    Tensor::from_vec(&sizes, values).map_err(too_large)
}

/// Applies an op to a tensor whose elements are known.
pub(super) fn applied(op: impl Into<firebrick_ir::Op>, tensor: &Tensor) -> Result<Tensor, Reason> {
    let failed = |error: firebrick_ir::EvalError| Reason::unsupported(error.to_string());
    if tensor.dtype() != DType::F32 {
        return Err(Reason::DType(tensor.dtype()));
    }
    let mut results = op.into().eval(&[tensor]).map_err(failed)?;
    results.pop().ok_or(Reason::NoLayer)
}
