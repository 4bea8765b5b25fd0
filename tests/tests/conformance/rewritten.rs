//! Models written as Caffe's files and opened again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use firebrick::ir::Op;
use firebrick::{ConvertOptions, Error, Inspection, Model, OpenOptions};
use firebrick_tests::{shared, tensor, workspace};
use walkdir::WalkDir;

/// Nets with more numbers in their weights are drawn and written in the long run only.
const MANY_PARAMETERS: u64 = 2_000_000;

/// The model as its files have it after it was written.
pub(crate) fn rewritten(model: &Model) -> Result<Model, Error> {
    let files = model.to_caffe()?;
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let [prototxt, caffemodel] = ["net.prototxt", "net.caffemodel"].map(|name| folder.path().join(name));
    fs::write(&prototxt, &files.prototxt).expect("the folder can be written");
    fs::write(&caffemodel, &files.caffemodel).expect("the folder can be written");
    Model::open([prototxt, caffemodel], &OpenOptions::default())
}

/// The model as it is after it was written as ONNX, and that for Caffe.
pub(crate) fn through_onnx(model: &Model) -> Result<Model, Error> {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("net.onnx");
    firebrick::convert(model, &path, &ConvertOptions::default())?.write(&path)?;
    rewritten(&Model::open([path], &OpenOptions::default())?)
}

fn shown<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| panic!("{}", error.render(false)))
}

/// The net that ships with the project: every output is the same, to the bit.
#[test]
fn digits() {
    let folder = workspace().join("examples/digits");
    let options = OpenOptions { batch: Some(2), ..OpenOptions::default() };
    let model = shown(Model::open(["deploy.prototxt", "digits.caffemodel"].map(|file| folder.join(file)), &options));
    let again = shown(rewritten(&model));
    let input = shown(model.sole_input());
    assert_eq!(again.sole_input().ok(), Some(input.clone()), "how images are prepared is kept");
    let pixels = (0..2 * 32 * 32).map(|i| (i % 251) as f32 / 251.0).collect();
    let pixels = tensor(&[2, 1, 32, 32], pixels);
    let run = |model: &Model| shown(model.run([(input.name.clone(), pixels.clone())]));
    assert_eq!(run(&again), run(&model));
}

/// Published nets, with weights drawn at random where they are not too large: no blob and no weight gets lost, and what
/// is written is written again as it is.
#[test]
fn published_nets() {
    let Some(models) = shared("models") else { return };
    let mut failures = Vec::new();
    let mut n_nets = 0;
    for path in prototxts(&models) {
        let name = path.strip_prefix(&models).unwrap_or(&path).display().to_string();
        // Caffe has no layers that round numbers.
        if name.starts_with("ristretto") {
            continue;
        }
        let Some(model) = open(&path) else { continue };
        n_nets += 1;
        failures.extend(check(&model).into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(n_nets >= 15, "only {n_nets} nets");
}

fn text(model: &Model) -> String {
    shown(model.graph()).to_string()
}

fn check(model: &Model) -> Vec<String> {
    let once = match rewritten(model) {
        Ok(once) => once,
        Err(error) => return vec![error.render(false)],
    };
    let twice = rewritten(&once).map(|twice| text(&twice));
    let mut failures = Vec::new();
    if twice.ok() != Some(text(&once)) {
        failures.push("written twice, it is another net".to_owned());
    }
    let kept: BTreeSet<String> = once.blobs().into_iter().collect();
    // A version that was written over is no blob that anyone can ask Caffe for.
    let lost = model.blobs().into_iter().filter(|blob| !blob.contains('#') && !kept.contains(blob));
    failures.extend(lost.map(|blob| format!("the blob `{blob}` is lost")));
    if weights(model) != weights(&once) {
        failures.push("its weights are others".to_owned());
    }
    let (found, expected) = (shown(once.outputs()), shown(model.outputs()));
    if found != expected {
        failures.push(format!("its outputs are {found:?}, not {expected:?}"));
    }
    failures
}

/// The digests of all weights.
fn weights(model: &Model) -> Vec<u64> {
    let constants = shown(model.graph()).nodes().filter_map(|(_, node)| {
        let Op::Const(constant) = &node.op else { return None };
        constant.tensor().map(firebrick::ir::Tensor::digest)
    });
    let mut digests: Vec<u64> = constants.collect();
    digests.sort_unstable();
    digests
}

fn open(path: &Path) -> Option<Model> {
    let options = OpenOptions { batch: Some(1), ..OpenOptions::default() };
    let parameters = Inspection::of(&Model::open([path], &options).ok()?).ok()?.parameters;
    let is_long_run = std::env::var_os("FIREBRICK_FULL").is_some();
    let options = OpenOptions { random_weights: Some(1), ..options };
    (parameters <= MANY_PARAMETERS || is_long_run).then(|| Model::open([path], &options).ok()).flatten()
}

fn prototxts(models: &Path) -> BTreeSet<PathBuf> {
    let files = WalkDir::new(models).into_iter().flatten().map(walkdir::DirEntry::into_path);
    files.filter(|path| path.extension().is_some_and(|extension| extension == "prototxt")).collect()
}

/// The published weights fill about the same file again; what only training needs is left out.
#[test]
fn caffemodels_are_as_large_as_before() {
    for version in ["v1.0", "v1.1"] {
        let Some(folder) = shared(&format!("models/squeezenet_{version}")) else { return };
        let weights = WalkDir::new(&folder).into_iter().flatten().map(walkdir::DirEntry::into_path);
        let mut weights = weights.filter(|path| path.extension().is_some_and(|extension| extension == "caffemodel"));
        let weights = weights.next().expect("the weights are there");
        let model = shown(Model::open([folder.join("deploy.prototxt"), weights.clone()], &OpenOptions::default()));
        let written = shown(model.to_caffe()).caffemodel.len();
        let size = fs::metadata(&weights).map(|data| data.len() as usize).unwrap_or_default();
        assert!(written <= size && written * 100 > size * 99, "{version}: {written} bytes instead of {size}");
        assert_eq!(check(&model), Vec::<String>::new(), "{version}");
    }
}
