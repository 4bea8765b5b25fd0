//! The small nets of which Caffe 1.0 computed every blob, after each pipeline.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use firebrick::ir::Tensor;
use firebrick::passes::Level;
use firebrick::{Model, OpenOptions};
use firebrick_tests::{Arrays, LEVELS, compare, evaluated, npz, optimized, shared};

/// As before the pipelines: a part of the blob's largest magnitude. Folding into weights moves no more.
const TOLERANCE: f32 = 1e-5;

#[test]
fn outputs_stay_as_caffe_computes_them() {
    let Some(folder) = shared("caffe-cases") else { return };
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let cases: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    assert!(cases.len() >= 60, "only {} cases in {}", cases.len(), folder.display());
    let failures: Vec<String> = cases.iter().flat_map(|case| check(case)).collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// A row for every output that is not as Caffe's after a pipeline, and with clean-up alone for every other blob.
fn check(case: &Path) -> Vec<String> {
    let arrays = npz(&case.join("blobs.npz"));
    let of_kind = |kind: &str| -> Arrays {
        arrays.iter().filter_map(|(name, array)| Some((name.strip_prefix(kind)?.to_owned(), array.clone()))).collect()
    };
    let inputs: HashMap<String, Tensor> = of_kind("in:").into_iter().collect();
    let graph = open(case, &inputs);
    let graph = graph.graph().unwrap_or_else(|error| panic!("{}", error.render(false)));
    let mut failures = Vec::new();
    for level in LEVELS {
        let mut fail = |what: String| failures.push(format!("{} -O{level} {what}", case.display()));
        let run = optimized(graph, level).and_then(|(graph, report)| Ok((evaluated(&graph, &inputs)?, report)));
        let (values, report) = match run {
            Ok(run) => run,
            Err(message) => {
                fail(message);
                continue;
            }
        };
        let inner = if level == Level::O1 { of_kind("mid:") } else { Arrays::new() };
        for (blob, expected) in of_kind("out:").into_iter().chain(inner) {
            let value = values.get(&blob).or_else(|| values.get(report.aliases.get(&blob)?));
            match value.map(|found| compare(found, &expected)) {
                None => fail(format!("`{blob}` is missing")),
                Some(difference) if difference.within_relative(TOLERANCE) => (),
                Some(difference) => fail(format!("`{blob}` is {difference}")),
            }
        }
    }
    failures
}

/// Opens a case for inputs of these shapes.
fn open(case: &Path, inputs: &HashMap<String, Tensor>) -> Model {
    let files = [case.join("net.prototxt"), case.join("weights.caffemodel")];
    let dims = |tensor: &Tensor| tensor.dims().iter().map(|&n| n as u64).collect();
    let input_shapes = inputs.iter().map(|(name, tensor)| (name.clone(), dims(tensor))).collect();
    let options = OpenOptions { input_shapes, ..OpenOptions::default() };
    Model::open(files, &options).unwrap_or_else(|error| panic!("{}", error.render(false)))
}
