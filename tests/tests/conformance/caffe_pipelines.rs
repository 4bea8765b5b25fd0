//! The small nets of which Caffe 1.0 computed every blob, after each pipeline.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use firebrick::ir::{Graph, Tensor};
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
    let before = evaluated(graph, &inputs).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
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
        changed(graph, &before, &values, level).for_each(&mut fail);
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

/// The values that are not what they were, of those whose names are still there: no name comes to mean anything else.
/// Clean-up keeps the bits.
fn changed<'a>(
    graph: &'a Graph,
    before: &'a BTreeMap<String, Tensor>,
    after: &'a BTreeMap<String, Tensor>,
    level: Level,
) -> impl Iterator<Item = String> + 'a {
    let is_weight = |name: &str| graph.find(name).is_some_and(|value| graph.as_const(value).is_some());
    let kept = before.iter().filter_map(|(name, value)| Some((name, value, after.get(name)?)));
    let differs = kept.filter(|(_, before, after)| before.bytes() != after.bytes());
    let changed = differs.filter(move |(name, before, after)| match level {
        Level::O0 | Level::O1 => true,
        Level::O2 | Level::Export => !is_weight(name) && !compare(after, before).within_relative(TOLERANCE),
    });
    changed.map(|(name, ..)| format!("`{name}` is not what it was"))
}

/// Opens a case for inputs of these shapes.
fn open(case: &Path, inputs: &HashMap<String, Tensor>) -> Model {
    let files = [case.join("net.prototxt"), case.join("weights.caffemodel")];
    let dims = |tensor: &Tensor| tensor.dims().iter().map(|&n| n as u64).collect();
    let input_shapes = inputs.iter().map(|(name, tensor)| (name.clone(), dims(tensor))).collect();
    let options = OpenOptions { input_shapes, ..OpenOptions::default() };
    Model::open(files, &options).unwrap_or_else(|error| panic!("{}", error.render(false)))
}
