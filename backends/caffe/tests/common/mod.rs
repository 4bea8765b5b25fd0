//! What is written, read back and compared.

use std::collections::HashMap;

use firebrick_caffe::{Definition, Options, Weights, import};
use firebrick_caffe_writer::Written;
use firebrick_ir::testing::inputs;
use firebrick_ir::{DType, Evaluator, Graph, Tensor, verify};

/// The largest difference, as a part of the largest magnitude. A quotient written as a product with an inverse is
/// rounded twice, and so is what is computed in another order.
const TOLERANCE: f32 = 1e-5;

/// Where the outputs of a graph and those of the net it was written as differ, for random inputs. Nothing is said of a
/// graph that can't be evaluated, or computes what is not finite on the way: a layer may multiply it by a zero that the
/// op does not have.
pub(crate) fn differences(graph: &Graph, written: &Written) -> Vec<String> {
    let inputs = inputs(graph, 7);
    let Ok(expected) = run(graph, &inputs) else { return Vec::new() };
    if !is_finite(graph, &inputs) {
        return Vec::new();
    }
    let read = || {
        let definition = Definition::read_text("net.prototxt", written.prototxt.as_bytes())?;
        let weights = Weights::read("net.caffemodel", written.caffemodel.clone())?;
        import(&definition, Some(&weights), &Options::default())
    };
    let again = match read() {
        Ok(imported) => imported.graph,
        Err(report) => return vec![report.to_string()],
    };
    // A graph's input may be the first version of a blob.
    let inputs = inputs.into_iter().map(|(name, tensor)| {
        let first = format!("{name}#1");
        let is_versioned = again.inputs().iter().any(|&id| again.node(id).outputs[0].name == first);
        (if is_versioned { first } else { name }, tensor)
    });
    let found = match run(&again, &inputs.collect()) {
        Ok(found) => found,
        Err(error) => return vec![error],
    };
    let mut names: Vec<&String> = found.keys().chain(expected.keys()).collect();
    names.sort();
    names.dedup();
    let differ = |name: &&String| match (found.get(*name), expected.get(*name)) {
        (Some(found), Some(expected)) => difference(found, expected),
        (None, _) => Some("is no output of the net".to_owned()),
        (Some(_), None) => Some("is no output of the graph".to_owned()),
    };
    names.iter().filter_map(|name| differ(name).map(|what| format!("`{name}` {what}"))).collect()
}

/// The outputs by name.
fn run(graph: &Graph, inputs: &HashMap<String, Tensor>) -> Result<HashMap<String, Tensor>, String> {
    let verified = verify(graph).map_err(|errors| format!("{errors:?}"))?;
    let tensors = Evaluator::new(verified).run(inputs).map_err(|error| error.to_string())?;
    let names = graph.outputs().into_iter().map(|value| graph.value_name(value).to_owned());
    Ok(names.zip(tensors).collect())
}

fn is_finite(graph: &Graph, inputs: &HashMap<String, Tensor>) -> bool {
    let mut is_finite = true;
    let mut look = |_, tensor: &Tensor| {
        is_finite &= tensor.values::<f32>().is_ok_and(|values| values.iter().all(|x| x.is_finite()))
            || tensor.dtype() != DType::F32;
    };
    let Ok(verified) = verify(graph) else { return false };
    let ran = Evaluator::new(verified).run_observed(inputs, &mut look);
    ran.is_ok() && is_finite
}

fn difference(found: &Tensor, expected: &Tensor) -> Option<String> {
    if found.ty() != expected.ty() {
        return Some(format!("is {}, not {}", found.ty(), expected.ty()));
    }
    let (found, expected) = (found.values::<f32>().ok()?, expected.values::<f32>().ok()?);
    let magnitude = expected.iter().filter(|x| x.is_finite()).fold(0.0, |max: f32, x| max.max(x.abs()));
    let is_off = |&(&found, &expected): &(&f32, &f32)| {
        let same = found == expected || (found.is_nan() && expected.is_nan());
        let off = (found - expected).abs();
        !same && (off.is_nan() || off > TOLERANCE * magnitude)
    };
    let (found, expected) = found.iter().zip(expected.iter()).find(is_off)?;
    Some(format!("has {found} for {expected}, among values up to {magnitude}"))
}
