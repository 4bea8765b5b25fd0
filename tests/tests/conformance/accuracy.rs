//! How often SqueezeNets are right about photographs.

use std::num::NonZeroUsize;
use std::thread;

use firebrick::passes::{Level, Options};
use firebrick::{Classifier, CompileOptions, Dataset, Images, Model, OpenOptions};
use firebrick_tests::shared;

/// A net, and for how many of 250 images of as many classes the reference evaluator has the right class first, and among
/// the first five: found once by `firebrick eval --reference`, which takes minutes. Of 1000 such images Caffe has 63.7 and
/// 84.9 % for v1.0, 68.1 and 87.5 % for v1.1.
const FIGURES: [(&str, &str, [usize; 2]); 2] = [
    ("squeezenet_v1.0", "squeezenet_v1.0.caffemodel", [156, 206]),
    ("squeezenet_v1.1", "squeezenet_v1.1.caffemodel", [172, 219]),
];

#[test]
fn compiled_nets_are_right_as_often_as_evaluated_ones() {
    let (Some(models), Some(images)) = (shared("models"), shared("images/imagenet-250")) else { return };
    let dataset =
        Dataset::read(&images, &images.join("labels.tsv"), Some(1000)).unwrap_or_else(|error| panic!("{error}"));
    for (folder, weights, expected) in FIGURES {
        let files = [models.join(folder).join("deploy.prototxt"), models.join(folder).join(weights)];
        let options = OpenOptions { batch: Some(1), ..OpenOptions::default() };
        let mut model = Model::open(files, &options).unwrap_or_else(|error| panic!("{error}"));
        let input = model.sole_input().unwrap_or_else(|error| panic!("{error}"));
        let images = Images::of(&model, &input).unwrap_or_else(|error| panic!("{error}"));
        model.optimize(Level::O2, Options::default()).unwrap_or_else(|error| panic!("{error}"));
        let options = CompileOptions { threads: Some(NonZeroUsize::MIN), ..CompileOptions::default() };
        let executable = model.compile(&options).unwrap_or_else(|error| panic!("{error}"));
        let classifier = Classifier {
            run: &|inputs| executable.run(inputs),
            images: &images,
            input: &input.name,
            others: &[],
            batch: NonZeroUsize::MIN,
            n_workers: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            output: None,
        };
        let evaluation = classifier.evaluate(&dataset, &|_| ()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((evaluation.predictions.len(), evaluation.faults.len()), (250, 0));
        assert_eq!([1, 5].map(|k| evaluation.n_within(k)), expected, "{folder}");
    }
}
