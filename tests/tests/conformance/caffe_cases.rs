//! Small nets of one layer or a few, with every blob as Caffe 1.0 computed it on a CPU.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use firebrick::ir::Tensor;
use firebrick::{Error, Model, OpenOptions};
use firebrick_tests::{Arrays, compare, npz, shared};

use crate::rewritten::{rewritten, through_onnx};

/// The largest difference, as a part of the blob's largest magnitude. Caffe sums in f32 in the order of its BLAS
/// library, and we in another: for the few hundred terms of these nets that is some 1e-6. A wrong window, axis or
/// coefficient shows as 1e-3 or more.
pub(crate) const TOLERANCE: f32 = 1e-5;

/// Blobs that no output depends on, and that are not written: what is silenced, what only gives its shape.
const DEAD: &[(&str, &[&str])] = &[
    ("priorbox", &["c", "data_data_0_split_0", "data_data_0_split_1"]),
    ("silence", &["b", "data_data_0_split_0", "data_data_0_split_1"]),
];

/// Cases whose ONNX form Caffe can't have: which of equal elements is the last is found by gathering.
const ONE_WAY: &[&str] = &["argmax"];

/// What Caffe computes exactly: indices, and boxes at places that are counted.
pub(crate) const EXACT: &[&str] = &["argmax"];

#[test]
fn every_blob_is_as_caffe_computes_it() {
    let Some(folder) = shared("caffe-cases") else { return };
    check_all(&cases(&folder), Ok, &[]);
}

/// The same of the nets as they are written again.
#[test]
fn every_blob_survives_being_written() {
    let Some(folder) = shared("caffe-cases") else { return };
    check_all(&cases(&folder), |model| rewritten(&model), DEAD);
}

/// The same of the outputs of the nets as they are written as ONNX, and then for Caffe.
#[test]
fn every_output_survives_onnx() {
    let Some(folder) = shared("caffe-cases") else { return };
    let failures: Vec<String> = cases(&folder)
        .iter()
        .filter(|case| !ONE_WAY.iter().any(|name| case.ends_with(name)))
        .flat_map(|case| check(case, |model| through_onnx(&model), &[]))
        .filter(|row| !row.ends_with("missing"))
        .collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn cases(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let cases: BTreeSet<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    assert!(cases.len() >= 60, "only {} cases in {}", cases.len(), folder.display());
    cases
}

/// What a net goes through before it is run.
type Through = fn(Model) -> Result<Model, Error>;

fn check_all(cases: &BTreeSet<PathBuf>, through: Through, dead: &[(&str, &[&str])]) {
    let failures: Vec<String> = cases.iter().flat_map(|case| check(case, through, dead)).collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// Runs a case; a row for every blob that is not as Caffe's.
fn check(case: &Path, through: Through, dead: &[(&str, &[&str])]) -> Vec<String> {
    let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let row = |blob: &str, what: &str| format!("{name:<20} {blob:<30} {what}");
    let expected = npz(&case.join("blobs.npz"));
    let inputs = of_kind(&expected, "in:");
    let (outputs, blobs) = match run(case, inputs, through) {
        Ok(run) => run,
        Err(error) => return vec![row("", &error.render(false))],
    };
    let mut failures = Vec::new();
    let (mut found, mut named) = (outputs.clone(), of_kind(&expected, "out:").into_keys().collect::<Vec<_>>());
    found.sort();
    named.sort();
    if found != named {
        failures.push(row("", &format!("the outputs are {found:?}, and Caffe's {named:?}")));
    }
    let tolerance = if EXACT.contains(&name.as_str()) { 0.0 } else { TOLERANCE };
    for (blob, expected) in of_kind(&expected, "out:").into_iter().chain(of_kind(&expected, "mid:")) {
        match blobs.get(&blob).map(|found| compare(found, &expected)) {
            None if dead.iter().any(|(case, blobs)| *case == name && blobs.contains(&blob.as_str())) => (),
            None => failures.push(row(&blob, "missing")),
            Some(difference) if difference.within_relative(tolerance) => (),
            Some(difference) => failures.push(row(&blob, &difference.to_string())),
        }
    }
    failures
}

/// The arrays whose names begin with `kind`, by the rest of their names.
pub(crate) fn of_kind(arrays: &Arrays, kind: &str) -> Arrays {
    arrays.iter().filter_map(|(name, array)| Some((name.strip_prefix(kind)?.to_owned(), array.clone()))).collect()
}

/// The names of the outputs, and all blobs.
fn run(case: &Path, inputs: Arrays, through: Through) -> Result<(Vec<String>, BTreeMap<String, Tensor>), Error> {
    let files = [case.join("net.prototxt"), case.join("weights.caffemodel")];
    let dims = |tensor: &Tensor| tensor.dims().iter().map(|&n| n as u64).collect();
    let input_shapes = inputs.iter().map(|(name, tensor)| (name.clone(), dims(tensor))).collect();
    let model = through(Model::open(files, &OpenOptions { input_shapes, ..OpenOptions::default() })?)?;
    let mut blobs = BTreeMap::new();
    let outputs = model.run_observed(inputs, &mut |name, tensor| {
        blobs.insert(name.to_owned(), tensor.clone());
    })?;
    Ok((outputs.into_iter().map(|output| output.name).collect(), blobs))
}
