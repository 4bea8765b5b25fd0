//! Every published prototxt is imported, without weights, or fails for the reason that is really there.

use std::collections::BTreeSet;
use std::path::Path;

use firebrick::{Error, Inspection, Model, OpenOptions, State};
use firebrick_tests::shared;
use walkdir::WalkDir;

/// Files that do not say the shape of their input, as its data come from elsewhere: what `--input` is to say.
const SHAPES: &[(&str, (&str, &[u64]))] = &[
    ("bvlc/examples/hdf5_classification/train_val.prototxt", ("data", &[10, 4])),
    ("bvlc/examples/mnist/lenet_train_test.prototxt", ("data", &[100, 1, 28, 28])),
    ("bvlc/examples/mnist/mnist_autoencoder.prototxt", ("data", &[100, 1, 28, 28])),
    ("bvlc/examples/siamese/mnist_siamese_train_test.prototxt", ("pair_data", &[100, 2, 28, 28])),
    ("bvlc/examples/cifar10/cifar10_full_sigmoid_train_test_bn.prototxt", ("data", &[100, 3, 32, 32])),
];

/// Files that choose among their data layers by stage.
const STAGES: &[(&str, &str)] = &[("bvlc/examples/mnist/mnist_autoencoder.prototxt", "test-on-test")];

/// Files that can't be imported, and a part of what is said of them.
const FAILURES: &[(&str, &str)] = &[
    // The layer is a class in a Python file.
    ("bvlc/examples/pycaffe/linreg.prototxt", "layer `loss` of type Python is not supported"),
];

#[test]
fn every_published_prototxt() {
    let Some(models) = shared("models") else { return };
    let files: BTreeSet<_> = WalkDir::new(&models).into_iter().flatten().map(walkdir::DirEntry::into_path).collect();
    let prototxts: Vec<_> = files.iter().filter(|path| path.extension().is_some_and(|e| e == "prototxt")).collect();
    assert!(prototxts.len() >= 36, "only {} files", prototxts.len());
    let failures: Vec<String> = prototxts.iter().filter_map(|path| check(&models, path)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is wrong with a file, if anything.
fn check(models: &Path, path: &Path) -> Option<String> {
    let name = path.strip_prefix(models).unwrap_or(path).to_string_lossy().replace('\\', "/");
    match (open(path, &name), of(FAILURES, &name)) {
        (Ok(model), None) => {
            let inspection = Inspection::of(&model).unwrap_or_else(|error| panic!("{name}: {error}"));
            let empty = inspection.layers.is_empty() || inspection.outputs.is_empty() || inspection.parameters == 0;
            empty.then(|| format!("{name}: was imported, but has no layers, outputs or parameters"))
        }
        (Err(error), None) => Some(format!("{name}: {}", error.render(false))),
        (Ok(_), Some(expected)) => Some(format!("{name}: was imported, but should fail: {expected}")),
        (Err(error), Some(expected)) => {
            let message = error.render(false);
            (!message.contains(expected)).then(|| format!("{name}: should fail by `{expected}`, but: {message}"))
        }
    }
}

fn open(path: &Path, name: &str) -> Result<Model, Error> {
    let shape = of(SHAPES, name).map(|(input, dims)| (input.to_owned(), dims.to_vec()));
    let input_shapes = shape.into_iter().collect();
    let stages = of(STAGES, name).map(str::to_owned).into_iter().collect();
    let state = State { stages, ..State::default() };
    Model::open([path], &OpenOptions { input_shapes, state, ..OpenOptions::default() })
}

fn of<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(file, _)| *file == name).map(|&(_, entry)| entry)
}
