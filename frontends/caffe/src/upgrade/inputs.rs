//! A net's `input` fields, as a layer.

use firebrick_schemas::FieldPath;
use firebrick_schemas::caffe::{BlobShape, InputParameter, LayerParameter};

use super::UpgradeError;
use crate::net::Layer;
use crate::problem::Problem;

/// The dimensions that `input_dim` gives each input: num, channels, height, width.
const N_DIMS: usize = 4;

/// The Input layer that stands for a net's inputs, if it has any: one layer for all, named `input` as Caffe names it. Its shapes are one for
/// each input, or none.
pub(super) fn input_layer(
    input: Vec<String>,
    input_shape: Vec<BlobShape>,
    input_dim: Vec<i32>,
    problems: &mut Vec<Problem>,
) -> Option<Layer> {
    if let Some(problem) = check_counts(input.len(), input_shape.len(), input_dim.len()) {
        problems.push(problem);
        return None;
    }
    problems.extend(negative_dims(&input, &input_shape, &input_dim));
    if input.is_empty() {
        return None;
    }
    let shape = if input_shape.is_empty() { shapes_of_dims(&input_dim) } else { input_shape };
    let param = LayerParameter {
        name: Some("input".to_owned()),
        r#type: Some("Input".to_owned()),
        top: input,
        input_param: Some(Box::new(InputParameter { shape })),
        ..LayerParameter::default()
    };
    Some(Layer { param, path: FieldPath::root().nth("input", 0) })
}

/// The first field that is missing or too many, if there is one.
fn check_counts(inputs: usize, shapes: usize, dims: usize) -> Option<Problem> {
    let root = FieldPath::root;
    // Of two numbers that should be equal: the first of the field that is too many, or the last that is there.
    let uneven = |found: usize, expected: usize| if found > expected { expected } else { found.saturating_sub(1) };
    let n_dims = inputs.saturating_mul(N_DIMS);
    if inputs == 0 && shapes > 0 {
        Some(UpgradeError::NoInput { field: "input_shape" }.at(root().nth("input_shape", 0)))
    } else if inputs == 0 && dims > 0 {
        Some(UpgradeError::NoInput { field: "input_dim" }.at(root().nth("input_dim", 0)))
    } else if shapes > 0 && dims > 0 {
        Some(UpgradeError::BothShapes.at(root().nth("input_dim", 0)))
    } else if shapes > 0 && shapes != inputs {
        Some(UpgradeError::InputShapes { inputs, shapes }.at(root().nth("input_shape", uneven(shapes, inputs))))
    } else if dims > 0 && dims != n_dims {
        Some(UpgradeError::InputDims { inputs, dims }.at(root().nth("input_dim", uneven(dims, n_dims))))
    } else {
        None
    }
}

fn negative_dims(input: &[String], input_shape: &[BlobShape], input_dim: &[i32]) -> Vec<Problem> {
    let dims = input_dim.chunks(N_DIMS).enumerate().flat_map(|(n, dims)| {
        dims.iter()
            .enumerate()
            .map(move |(d, &dim)| (n, i64::from(dim), FieldPath::root().nth("input_dim", n * N_DIMS + d)))
    });
    let shapes = input_shape.iter().enumerate().flat_map(|(n, BlobShape { dim })| {
        dim.iter().enumerate().map(move |(d, &dim)| (n, dim, FieldPath::root().nth("input_shape", n).nth("dim", d)))
    });
    dims.chain(shapes)
        .filter(|&(_, dim, _)| dim < 0)
        .map(|(n, dim, path)| {
            let input = input.get(n).cloned().unwrap_or_default();
            UpgradeError::NegativeDim { input, dim }.at(path)
        })
        .collect()
}

fn shapes_of_dims(input_dim: &[i32]) -> Vec<BlobShape> {
    input_dim.chunks(N_DIMS).map(|dims| BlobShape { dim: dims.iter().map(|&dim| i64::from(dim)).collect() }).collect()
}
