//! Ristretto's quantisers, and SqueezeNet v1.0 in its number formats, as real Ristretto computes them on a CPU.

use std::fmt::Write;
use std::path::Path;

use firebrick::ir::{Graph, Tensor, verify};
use firebrick::passes::{Level, Options};
use firebrick::{Error, Model, OpenOptions};
use firebrick_tests::{announce, compare, npy, shared};
use tempfile::TempDir;

use crate::reference::{flat, in_parallel, item, prepared};

/// What real Ristretto made of numbers, each rounded by itself.
#[test]
fn numbers_are_rounded_as_ristretto_rounds_them() {
    let Some(folder) = shared("models/ristretto/vectors") else { return };
    let index = std::fs::read(folder.join("index.json")).unwrap_or_else(|error| panic!("{error}"));
    let index: Vec<serde_json::Value> = serde_json::from_slice(&index).unwrap_or_else(|error| panic!("{error}"));
    assert!(index.len() >= 20, "only {} cases", index.len());
    for case in &index {
        let file = |field: &str| folder.join(case[field].as_str().unwrap_or_default());
        let number = |field: &str| case[field].as_i64().unwrap_or_default();
        let mode = case["mode"].as_str().unwrap_or_default();
        let param = match mode.split(' ').next().unwrap_or_default() {
            "DYNAMIC_FIXED_POINT" => format!("bw_params: {} fl_params: {}", number("bw"), number("fl")),
            // The loop over an array that ends too early.
            "MINIFLOAT" if mode.contains("whole-array") => continue,
            "MINIFLOAT" => {
                format!("precision: MINIFLOAT mant_bits: {} exp_bits: {}", number("mant"), number("exp"))
            }
            "INTEGER_POWER_OF_2_WEIGHTS" => {
                let (min, max) = (number("exp_min"), number("exp_max"));
                format!("precision: INTEGER_POWER_OF_2_WEIGHTS exp_min: {min} exp_max: {max}")
            }
            mode => panic!("an unknown mode: {mode}"),
        };
        let found = rounded_weights(&npy(&file("input")), &param);
        let expected = npy(&file("file"));
        let found = found.values::<f32>().unwrap_or_else(|error| panic!("{error}")).into_owned();
        let expected = expected.values::<f32>().unwrap_or_else(|error| panic!("{error}")).into_owned();
        assert_eq!(found, expected, "{case}");
    }
}

/// The weights of a layer with that `quantization_param`, rounded.
fn rounded_weights(weights: &Tensor, param: &str) -> Tensor {
    let n = weights.len();
    let mut blob = format!("shape {{ dim: 1 dim: {n} }}");
    for weight in weights.values::<f32>().unwrap_or_else(|error| panic!("{error}")).iter() {
        write!(blob, " data: {weight:e}").unwrap_or_else(|error| panic!("{error}"));
    }
    let net = format!(
        "input: 'data' input_shape {{ dim: 1 dim: {n} }}
        layer {{ name: 'fc' type: 'FcRistretto' bottom: 'data' top: 'fc'
            inner_product_param {{ num_output: 1 bias_term: false }} quantization_param {{ {param} }}
            blobs {{ {blob} }} }}"
    );
    let folder = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let path = folder.path().join("net.prototxt");
    std::fs::write(&path, net).unwrap_or_else(|error| panic!("{error}"));
    let model = Model::open([path], &OpenOptions::default()).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let mut graph: Graph = model.graph().unwrap_or_else(|error| panic!("{error}")).clone();
    // What the product reads as its weights is made an output.
    let product = graph.nodes().find(|(_, node)| node.op.mnemonic() == "gemm").map(|(id, _)| id);
    let weights = graph.operands(product.unwrap_or_else(|| panic!("there is a product")))[1];
    graph.output(weights);
    let verified = verify(&graph).unwrap_or_else(|errors| panic!("{errors:?}"));
    let input = Tensor::from_vec(&[1, n], vec![0.0f32; n]).unwrap_or_else(|error| panic!("{error}"));
    let outputs = firebrick::ir::Evaluator::new(verified).run(&[("data".to_owned(), input.clone())].into());
    let outputs = outputs.or_else(|_| {
        // The input is an earlier version of its blob where it is rounded.
        firebrick::ir::Evaluator::new(verified).run(&[("data#1".to_owned(), input)].into())
    });
    outputs.unwrap_or_else(|error| panic!("{error}")).pop().unwrap_or_else(|| panic!("there are outputs"))
}

/// A net, its results, and by how much of the largest they may be off.
struct Case {
    name: &'static str,
    results: &'static str,
    tolerance: f32,
}

/// Sums of integers of 8 bits are exact in whatever order Ristretto's floats are added. Those of 16 bits are not: NumPy's
/// products, by the same library as Caffe's, give `dfp16_pool10` to the bit in f32, and are up to 1.7e-3 from it in f64, as
/// numbers near the middle between two become one or the other: 1.4e-4 of an image's largest value.
const CASES: [Case; 4] = [
    Case { name: "dfp8", results: "dfp8_pool10", tolerance: 0.0 },
    Case { name: "dfp16", results: "dfp16_pool10", tolerance: 2e-4 },
    Case { name: "dfp8act_4w", results: "dfp8act_4w_pool10", tolerance: 1e-5 },
    Case { name: "pow2", results: "pow2_pool10_cpu", tolerance: 1e-5 },
];

fn open(models: &Path, name: &str) -> Result<Model, Error> {
    let prototxt = models.join(format!("ristretto/quantized_{name}_deploy.prototxt"));
    let options = OpenOptions { batch: Some(1), ..OpenOptions::default() };
    Model::open([prototxt, models.join("squeezenet_v1.0/squeezenet_v1.0.caffemodel")], &options)
}

/// Blob `pool10` of an image.
fn pool10(model: &Model, image: Tensor) -> Result<Vec<f32>, String> {
    let mut found = None;
    let mut observe = |name: &str, tensor: &Tensor| {
        if name == "pool10" {
            found = tensor.values::<f32>().ok().map(std::borrow::Cow::into_owned);
        }
    };
    model.run_observed([("data".to_owned(), image)], &mut observe).map_err(|error| error.render(false))?;
    found.ok_or_else(|| "there is no blob `pool10`".to_owned())
}

#[test]
fn squeezenets_are_as_ristretto_computes_them() {
    let (Some(models), Some(reference)) = (shared("models"), shared("reference")) else { return };
    let full = std::env::var_os("FIREBRICK_FULL").is_some();
    let inputs = npy(&reference.join("inputs_u8_bgr_nhwc_10x227x227x3.npy"));
    let n_images = if full { inputs.dims()[0] } else { 1 };
    if !full {
        announce("ran 1 of 10 images of each net; FIREBRICK_FULL=1 runs all");
    }
    let loaded = CASES.each_ref().map(|case| {
        let model = open(&models, case.name).unwrap_or_else(|error| panic!("{}", error.render(false)));
        let mut folded = model.clone();
        folded.optimize(Level::O2, Options::default()).unwrap_or_else(|error| panic!("{error}"));
        let expected = npy(&models.join(format!("ristretto/{}.npy", case.results)));
        (case, [(Level::O0, model), (Level::O2, folded)], expected)
    });
    let jobs: Vec<_> = loaded
        .iter()
        .flat_map(|(case, models, expected)| models.iter().map(move |(level, model)| (case, level, model, expected)))
        .flat_map(|job| (0..n_images).map(move |row| (job, row)))
        .collect();
    let failures = in_parallel(&jobs, |&((case, level, model, expected), row)| {
        let what = format!("{} -O{level}, image {row}", case.name);
        let found = match pool10(model, prepared(&inputs, row, 0, inputs.dims()[1])) {
            Ok(found) => flat(&found),
            Err(error) => return vec![format!("{what}: {error}")],
        };
        let difference = compare(&found, &flat(&item(expected, row)));
        if difference.within_relative(case.tolerance) { vec![] } else { vec![format!("{what}: {difference}")] }
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
