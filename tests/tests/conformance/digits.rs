//! The net that ships with the project, against the framework that trained it.

use std::path::PathBuf;

use firebrick::ir::Tensor;
use firebrick::{Images, Labels, Model, OpenOptions};
use firebrick_tests::{best, compare, npz, tensor, workspace};

/// The largest absolute difference of logits, which reach 33. f32 in another order of summation gives 1e-5.
const TOLERANCE: f32 = 1e-4;

fn folder() -> PathBuf {
    workspace().join("examples/digits")
}

fn open(batch: u64) -> Model {
    let files = ["deploy.prototxt", "digits.caffemodel"].map(|file| folder().join(file));
    let options = OpenOptions { batch: Some(batch), ..OpenOptions::default() };
    Model::open(files, &options).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

/// Runs `images`, samples from 0 to 255, as the net says, and returns its logits.
fn logits(images: &Tensor) -> Tensor {
    let model = open(images.dims()[0] as u64);
    let input = model.sole_input().unwrap_or_else(|error| panic!("{error}"));
    let scale = input.preprocess.expect("the net says how images are prepared").scale;
    let samples = images.values::<f32>().expect("the images were read as f32");
    let prepared = tensor(images.dims(), samples.iter().map(|sample| sample * scale).collect());
    let mut logits = None;
    let observe = &mut |name: &str, blob: &Tensor| {
        if name == "pool_final" {
            logits = Some(blob.clone());
        }
    };
    model.run_observed([(input.name, prepared)], observe).unwrap_or_else(|error| panic!("{}", error.render(false)));
    logits.expect("the net has a blob `pool_final`")
}

#[test]
fn heldout_images() {
    let heldout = npz(&folder().join("heldout.npz"));
    let (labels, expected) = (&heldout["labels"], &heldout["logits"]);
    let found = logits(&heldout["images"]);
    let (n_images, n_classes) = (expected.dims()[0], expected.dims()[1]);
    let found = tensor(&[n_images, n_classes], found.values::<f32>().expect("logits are f32").into_owned());
    let difference = compare(&found, expected);
    assert!(difference.within(TOLERANCE), "logits are {difference}");

    let (logits, labels) = (found.values::<f32>().expect("f32"), labels.values::<f32>().expect("f32"));
    let n_right =
        logits.chunks(n_classes).zip(labels.iter()).filter(|(row, label)| best(row, 1)[0] as f32 == **label).count();
    let accuracy = std::fs::read_to_string(folder().join("accuracy.txt")).expect("accuracy.txt is there");
    assert_eq!(format!("held-out accuracy: {n_right}/{n_images}\n"), accuracy);
}

#[test]
fn images_are_what_their_names_say() {
    let model = open(1);
    let input = model.sole_input().unwrap_or_else(|error| panic!("{error}"));
    let images = Images::of(&model, &input).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(images.assumed(), None, "the net says how images are prepared");
    let labels = Labels::read(folder().join("labels.txt")).unwrap_or_else(|error| panic!("{error}"));
    let mut n_images = 0;
    for entry in std::fs::read_dir(folder().join("images")).expect("the folder of images is there").flatten() {
        let prepared = images.load(entry.path()).unwrap_or_else(|error| panic!("{error}"));
        let outputs = model.run([(input.name.clone(), prepared)]).unwrap_or_else(|error| panic!("{error}"));
        let prob = outputs[0].tensor.values::<f32>().expect("prob is f32");
        let name = entry.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        assert_eq!(labels.get(best(&prob, 1)[0]), name);
        n_images += 1;
    }
    assert!(n_images >= 5);
}
