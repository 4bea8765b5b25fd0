//! The published SqueezeNets on ten images, as Caffe 1.0 computes them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use firebrick::ir::{Evaluator, Graph, Tensor, verify};
use firebrick::passes::{Level, Options, optimize};
use firebrick::{Model, OpenOptions};
use firebrick_tests::{announce, best, compare, npy, shared, tensor};

/// By how much results may differ.
pub(crate) struct Tolerance {
    pool10: f32,
    pub(crate) prob: f32,
}

/// Caffe and ONNX Runtime differ by 4e-5 in pool10, whose values reach 44 here, and by 6e-6 in probabilities.
const SQUEEZENET: Tolerance = Tolerance { pool10: 1e-4, prob: 6e-6 };
/// Weights that were trained without the bypass give pool10 values up to 128. Caffe and ONNX Runtime differ by 1.3e-4
/// and 1.7e-5.
const WITH_BYPASS: Tolerance = Tolerance { pool10: 2e-4, prob: 2e-5 };

/// What these nets subtract from blue, green and red.
const MEAN: [f32; 3] = [104.0, 117.0, 123.0];

/// A net, its weights, its results of the reference and how far they may be off, the blob of its probabilities, and how
/// many images are run where time matters.
pub(crate) struct Case {
    pub(crate) prototxt: &'static str,
    weights: &'static str,
    pub(crate) results: &'static str,
    pub(crate) tolerance: Tolerance,
    prob: &'static str,
    n_quick: usize,
}

pub(crate) const CASES: &[Case] = &[
    Case {
        prototxt: "squeezenet_v1.0/deploy.prototxt",
        weights: "squeezenet_v1.0/squeezenet_v1.0.caffemodel",
        results: "v1.0",
        tolerance: SQUEEZENET,
        prob: "prob",
        n_quick: 3,
    },
    Case {
        prototxt: "squeezenet_v1.1/deploy.prototxt",
        weights: "squeezenet_v1.1/squeezenet_v1.1.caffemodel",
        results: "v1.1",
        tolerance: SQUEEZENET,
        prob: "prob",
        n_quick: 3,
    },
    // The training net, without its data layers, losses and accuracies, is the same net.
    Case {
        prototxt: "squeezenet_v1.1/train_val.prototxt",
        weights: "squeezenet_v1.1/squeezenet_v1.1.caffemodel",
        results: "v1.1",
        tolerance: SQUEEZENET,
        prob: "loss/prob",
        n_quick: 1,
    },
    Case {
        prototxt: "residual/deploy_derived.prototxt",
        weights: "squeezenet_v1.0/squeezenet_v1.0.caffemodel",
        results: "residual_topology_with_v1.0_weights",
        tolerance: WITH_BYPASS,
        prob: "prob",
        n_quick: 2,
    },
];

/// A case ready to run.
struct Loaded<'a> {
    case: &'a Case,
    model: Model,
    optimized: Graph,
    pool10: Tensor,
    prob: Tensor,
}

#[test]
fn squeezenets_are_as_caffe_computes_them() {
    let (Some(models), Some(reference)) = (shared("models"), shared("reference")) else { return };
    let full = std::env::var_os("FIREBRICK_FULL").is_some();
    let inputs = npy(&reference.join("inputs_u8_bgr_nhwc_10x227x227x3.npy"));
    let loaded: Vec<Loaded<'_>> = CASES.iter().map(|case| case.load(&models, &reference)).collect();
    let images = |case: &Case| if full { inputs.dims()[0] } else { case.n_quick };
    let jobs: Vec<(&Loaded<'_>, usize, Level)> = loaded
        .iter()
        .flat_map(|loaded| {
            let imported = (0..images(loaded.case)).map(move |row| (loaded, row, Level::O0));
            // Of the optimised net the last image alone, unless all are to be run.
            let first = if full { 0 } else { images(loaded.case) - 1 };
            imported.chain((first..images(loaded.case)).map(move |row| (loaded, row, Level::O2)))
        })
        .collect();
    if !full {
        announce(&format!("ran {} of 80 images; FIREBRICK_FULL=1 runs all", jobs.len()));
    }
    let failures = in_parallel(&jobs, |(loaded, row, level)| loaded.check(&inputs, *row, *level));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs the jobs on two threads and collects what they say.
pub(crate) fn in_parallel<T: Sync>(jobs: &[T], run: impl Fn(&T) -> Vec<String> + Sync) -> Vec<String> {
    let (next, said) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let rows = run(job);
            said.lock().unwrap_or_else(PoisonError::into_inner).extend(rows);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
    said.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl Case {
    /// The net for one image.
    pub(crate) fn open(&self, models: &Path) -> Model {
        let files = [models.join(self.prototxt), models.join(self.weights)];
        // A deploy file's batch is 10.
        let options = OpenOptions { batch: Some(1), ..OpenOptions::default() };
        Model::open(files, &options).unwrap_or_else(|error| panic!("{}", error.render(false)))
    }

    fn load(&self, models: &Path, reference: &Path) -> Loaded<'_> {
        let model = self.open(models);
        let results = |blob: &str| npy(&reference.join(format!("{}.{blob}.caffe-1.0-openblas.10.npy", self.results)));
        let mut optimized = model.graph().unwrap_or_else(|error| panic!("{error}")).clone();
        optimize(&mut optimized, Level::O2, Options::default()).unwrap_or_else(|error| panic!("{error}"));
        Loaded { case: self, model, optimized, pool10: results("pool10"), prob: results("prob") }
    }
}

impl Loaded<'_> {
    /// The two blobs, of the net as it was imported or optimised.
    fn run(&self, image: Tensor, level: Level) -> Result<BTreeMap<String, Vec<f32>>, String> {
        let mut blobs = BTreeMap::new();
        let mut observe = |name: &str, tensor: &Tensor| {
            if name == "pool10" || name == self.case.prob {
                blobs.insert(name.to_owned(), values(tensor));
            }
        };
        let input = self.model.sole_input().map_err(|error| error.render(false))?;
        let inputs = [(input.name, image)];
        if level == Level::O0 {
            self.model.run_observed(inputs, &mut observe).map_err(|error| error.render(false))?;
        } else {
            let verified = verify(&self.optimized).map_err(|errors| format!("{errors:?}"))?;
            let observe = &mut |value, tensor: &Tensor| observe(self.optimized.value_name(value), tensor);
            let run = Evaluator::new(verified).run_observed(&inputs.into(), observe);
            run.map_err(|error| error.to_string())?;
        }
        Ok(blobs)
    }

    /// Runs one image; says where the result is not Caffe's.
    fn check(&self, inputs: &Tensor, row: usize, level: Level) -> Vec<String> {
        let prototxt = format!("{} -O{level}", self.case.prototxt);
        let blobs = match self.run(prepared(inputs, row, 0, inputs.dims()[1]), level) {
            Ok(blobs) => blobs,
            Err(message) => return vec![format!("{prototxt}: {message}")],
        };
        let mut failures = Vec::new();
        let Tolerance { pool10, prob } = self.case.tolerance;
        for (blob, expected, tolerance) in [("pool10", &self.pool10, pool10), (self.case.prob, &self.prob, prob)] {
            let expected = item(expected, row);
            let Some(found) = blobs.get(blob) else {
                failures.push(format!("{prototxt}: no blob `{blob}`"));
                continue;
            };
            let difference = compare(&flat(found), &flat(&expected));
            if !difference.within(tolerance) {
                failures.push(format!("{prototxt}, image {row}: `{blob}` is {difference}"));
            }
            if best(found, 5) != best(&expected, 5) {
                let (found, expected) = (best(found, 5), best(&expected, 5));
                failures
                    .push(format!("{prototxt}, image {row}: `{blob}` has {found:?} first, and Caffe's {expected:?}"));
            }
        }
        failures
    }
}

/// An image of the reference, NHWC, as input `[1, 3, size, size]`: `size` rows and columns from `start` on.
pub(crate) fn prepared(inputs: &Tensor, row: usize, start: usize, size: usize) -> Tensor {
    let width = inputs.dims()[2];
    let samples = item(inputs, row);
    let part = start..start + size;
    let at = |channel: usize, y: usize, x: usize| samples[(y * width + x) * 3 + channel] - MEAN[channel];
    let plane = |channel: usize| {
        let columns = part.clone();
        part.clone().flat_map(move |y| columns.clone().map(move |x| (y, x))).map(move |(y, x)| at(channel, y, x))
    };
    tensor(&[1, 3, size, size], (0..3).flat_map(plane).collect())
}

/// One item of a batch.
pub(crate) fn item(batch: &Tensor, row: usize) -> Vec<f32> {
    let n = batch.len() / batch.dims()[0];
    values(batch)[row * n..][..n].to_vec()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.values::<f32>().unwrap_or_else(|error| panic!("{error}")).into_owned()
}

pub(crate) fn flat(values: &[f32]) -> Tensor {
    tensor(&[values.len()], values.to_vec())
}
