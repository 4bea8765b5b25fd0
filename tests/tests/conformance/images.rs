//! From a photograph to the name of what is on it.

use firebrick::ir::Tensor;
use firebrick::{ImageOptions, Images, Labels, Model, OpenOptions, Resize};
use firebrick_tests::{best, npy, shared};

/// The mean difference of samples, of 255, between our bilinear resizing and the reference's bicubic one.
const RESIZING: f32 = 2.0;

/// Classifies a photograph by SqueezeNet v1.1, prepared as image `row` of the reference was: the shorter side made 256,
/// the middle cut out. The names of the three best classes.
fn classify(image: &str, row: usize) -> Option<Vec<String>> {
    let (models, images, reference) = (shared("models/squeezenet_v1.1")?, shared("images")?, shared("reference")?);
    let files = ["deploy.prototxt", "squeezenet_v1.1.caffemodel"].map(|file| models.join(file));
    let options = OpenOptions { batch: Some(1), ..OpenOptions::default() };
    let model = Model::open(files, &options).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let input = model.sole_input().unwrap_or_else(|error| panic!("{error}"));
    let options = ImageOptions { resize: Resize::Crop(Some(256)), ..ImageOptions::default() };
    let prepare = Images::with(&model, &input, &options).unwrap_or_else(|error| panic!("{error}"));
    let prepared = prepare.load(images.join(image)).unwrap_or_else(|error| panic!("{error}"));
    let off = mean_difference(&prepared, &npy(&reference.join("inputs_u8_bgr_nhwc_10x227x227x3.npy")), row);
    assert!(off < RESIZING, "{image} is off by {off}");

    let labels = Labels::read(images.join("imagenet1000_clsid_to_human.txt")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(labels.len(), 1000);
    let outputs = model.run([(input.name, prepared)]).unwrap_or_else(|error| panic!("{error}"));
    let prob = outputs[0].tensor.values::<f32>().expect("prob is f32");
    Some(best(&prob, 3).into_iter().map(|index| labels.get(index).to_owned()).collect())
}

/// Between a prepared image, whose mean is subtracted, and one of the reference, NHWC.
fn mean_difference(prepared: &Tensor, reference: &Tensor, row: usize) -> f32 {
    const MEAN: [f32; 3] = [104.0, 117.0, 123.0];
    let (prepared, reference) = (prepared.values::<f32>().expect("f32"), reference.values::<f32>().expect("f32"));
    let n_pixels = prepared.len() / 3;
    let image = &reference[row * 3 * n_pixels..][..3 * n_pixels];
    let off = |(index, value): (usize, &f32)| {
        let (channel, pixel) = (index / n_pixels, index % n_pixels);
        (value + MEAN[channel] - image[3 * pixel + channel]).abs()
    };
    prepared.iter().enumerate().map(off).sum::<f32>() / prepared.len() as f32
}

/// Caffe: tabby 0.36, tiger cat 0.32, kit fox 0.08.
#[test]
fn a_cat() {
    let Some(best) = classify("cat.jpg", 0) else { return };
    assert_eq!(best[..2], ["tabby, tabby cat", "tiger cat"]);
}

/// Caffe: snowmobile 0.24, tricycle 0.11, dogsled 0.04. The fish hides the bicycle.
#[test]
fn a_fish_on_a_bicycle() {
    let Some(best) = classify("fish-bike.jpg", 1) else { return };
    assert_eq!(best[..2], ["snowmobile", "tricycle, trike, velocipede"]);
}

/// What is assumed where neither the model nor the caller says it is said.
#[test]
fn assumptions() {
    let Some(models) = shared("models/squeezenet_v1.1") else { return };
    let model = Model::open([models.join("deploy.prototxt")], &OpenOptions::default())
        .unwrap_or_else(|error| panic!("{error}"));
    let input = model.sole_input().unwrap_or_else(|error| panic!("{error}"));
    let images = Images::of(&model, &input).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(images.assumed(), Some("bgr, mean 104,117,123, scale 1, squashed to 227x227"));
}
