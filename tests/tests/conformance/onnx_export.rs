//! Nets written as ONNX and read back compute what they did before.
//!
//! With `FIREBRICK_ORT` naming a folder, each model is written there with inputs and Caffe's results, for
//! `tests/onnx_runtime.py`, which runs them in ONNX Runtime.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use firebrick::ir::ops::Cast;
use firebrick::ir::{Op, Tensor};
use firebrick::{ConvertOptions, Model, OpenOptions, Opset, QuantizedForm, Verification, convert};
use firebrick_tests::{Arrays, announce, npy, npz, onnx_case, onnx_cases, shared, tensor, workspace, write_arrays};

/// The operator sets that the published nets are written in.
const OPSETS: [i64; 6] = [9, 11, 13, 17, 21, 27];

/// By how much a probability may differ: engines agree in pool10 to 4e-5, which makes 6e-6 of one. See `reference.rs`.
const PROBABILITY: f32 = 7e-6;

fn open(files: &[PathBuf], options: &OpenOptions) -> Model {
    Model::open(files, options).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

/// Converts the model, which is read back and checked; with inputs it is run against its source. Writes it for ONNX
/// Runtime, with what is expected of it.
fn check(name: &str, model: &Model, opset: i64, inputs: &Arrays, expected: &Arrays) -> Result<(), String> {
    check_form(name, model, (opset, QuantizedForm::Qdq), inputs, expected)
}

/// As [`check`], with quantized values in that form.
fn check_form(
    name: &str,
    model: &Model,
    (opset, quantized): (i64, QuantizedForm),
    inputs: &Arrays,
    expected: &Arrays,
) -> Result<(), String> {
    let inputs: Vec<(String, Tensor)> = inputs.iter().map(|(name, x)| (name.clone(), x.clone())).collect();
    let options = ConvertOptions {
        opset: Opset::new(opset).map_err(|error| error.to_string())?,
        quantized,
        verification: Some(Verification { seed: 1, inputs: inputs.clone() }),
        ..ConvertOptions::default()
    };
    let conversion = convert(model, Path::new("model.onnx"), &options)
        .map_err(|error| format!("{name}, operator set {opset}: {}", error.render(false)))?;
    let Some(folder) = onnx_case(&format!("{name}-{opset}")) else { return Ok(()) };
    conversion.write(folder.join("model.onnx")).map_err(|error| error.to_string())?;
    let mut arrays: BTreeMap<String, Tensor> = BTreeMap::new();
    for (index, output) in model.output_names().iter().enumerate() {
        let expected = expected.get(output).ok_or_else(|| format!("{name}: nothing is known of output `{output}`"))?;
        arrays.insert(format!("out:{index}"), expected.clone());
    }
    arrays.extend(expected.iter().map(|(name, x)| (format!("mid:{name}"), x.clone())));
    if expected.contains_key("pool10") {
        arrays.insert("tolerance:prob".to_owned(), tensor(&[], vec![PROBABILITY]));
    }
    // The file calls an input by its name in the graph.
    let graph = model.graph().map_err(|error| error.to_string())?;
    for (input, &id) in model.inputs().iter().zip(graph.inputs()) {
        let value = inputs.iter().find(|(name, _)| *name == input.name).map(|(_, x)| x.clone());
        let value = value.ok_or_else(|| format!("{name}: input `{}` is not given", input.name))?;
        arrays.insert(format!("in:{}", graph.node(id).outputs[0].name), value);
    }
    write_arrays(&folder, &arrays);
    Ok(())
}

/// Converts the model with layers folded into its weights, and with weights of 16 bits; both are run against their source.
fn check_rewritten(name: &str, model: &Model, inputs: &Arrays) -> Vec<String> {
    let inputs: Vec<(String, Tensor)> = inputs.iter().map(|(name, x)| (name.clone(), x.clone())).collect();
    let verification = Some(Verification { seed: 1, inputs });
    let simplified = ConvertOptions { simplify: true, verification: verification.clone(), ..ConvertOptions::default() };
    let halves = ConvertOptions { half: true, verification, ..ConvertOptions::default() };
    let run = |(what, options): (&str, ConvertOptions)| {
        let converted = convert(model, Path::new("model.onnx"), &options);
        converted.err().map(|error| format!("{name}, {what}: {}", error.render(false)))
    };
    [("simplified", simplified), ("with halves", halves)].into_iter().filter_map(run).collect()
}

fn of_kind(arrays: &Arrays, kind: &str) -> Arrays {
    arrays.iter().filter_map(|(name, array)| Some((name.strip_prefix(kind)?.to_owned(), array.clone()))).collect()
}

#[test]
fn caffe_cases() {
    let Some(folder) = shared("caffe-cases") else { return };
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut failures = Vec::new();
    let mut n_cases = 0;
    for case in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let arrays = npz(&case.join("blobs.npz"));
        let inputs = of_kind(&arrays, "in:");
        let dims = |tensor: &Tensor| tensor.dims().iter().map(|&n| n as u64).collect();
        let input_shapes = inputs.iter().map(|(name, tensor)| (name.clone(), dims(tensor))).collect();
        let files = ["net.prototxt", "weights.caffemodel"].map(|file| case.join(file));
        let model = open(&files, &OpenOptions { input_shapes, ..OpenOptions::default() });
        let expected: Arrays = of_kind(&arrays, "out:").into_iter().chain(of_kind(&arrays, "mid:")).collect();
        let opsets: &[i64] = if onnx_cases().is_some() { &OPSETS } else { &[9, 13] };
        failures.extend(opsets.iter().filter_map(|&opset| check(&name, &model, opset, &inputs, &expected).err()));
        failures.extend(check_rewritten(&name, &model, &inputs));
        n_cases += 1;
    }
    assert!(n_cases >= 60, "only {n_cases} cases in {}", folder.display());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The net that ships with the project, on images that it was not trained with.
#[test]
fn digits() {
    let folder = workspace().join("examples/digits");
    let heldout = npz(&folder.join("heldout.npz"));
    let n_images = heldout["images"].dims()[0];
    let files = ["deploy.prototxt", "digits.caffemodel"].map(|file| folder.join(file));
    let model = open(&files, &OpenOptions { batch: Some(n_images as u64), ..OpenOptions::default() });
    let input = model.sole_input().unwrap_or_else(|error| panic!("{error}"));
    let scale = input.preprocess.expect("the net says how images are prepared").scale;
    let samples = heldout["images"].values::<f32>().expect("the images were read as f32");
    let prepared = tensor(heldout["images"].dims(), samples.iter().map(|sample| sample * scale).collect());
    let logits = heldout["logits"].values::<f32>().expect("logits are f32").into_owned();
    let inputs = Arrays::from([(input.name, prepared)]);
    let outputs = model.run(inputs.clone()).unwrap_or_else(|error| panic!("{}", error.render(false)));
    let mut expected: Arrays = outputs.into_iter().map(|output| (output.name, output.tensor)).collect();
    // Those of the framework that trained it.
    expected.insert("pool_final".to_owned(), tensor(&[n_images, 10, 1, 1], logits));
    let opsets: &[i64] = if onnx_cases().is_some() { &OPSETS } else { &[9, 13] };
    for &opset in opsets {
        check("digits", &model, opset, &inputs, &expected).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// What the published nets subtract from blue, green and red.
const MEAN: [f32; 3] = [104.0, 117.0, 123.0];

/// The first of the fixed inputs.
fn first_image(reference: &Path) -> Tensor {
    let samples = npy(&reference.join("inputs_u8_bgr_nhwc_10x227x227x3.npy"));
    let samples = samples.values::<f32>().expect("npy files are read as f32");
    let plane = |c: usize| samples[..227 * 227 * 3].iter().skip(c).step_by(3).map(move |sample| sample - MEAN[c]);
    tensor(&[1, 3, 227, 227], (0..3).flat_map(plane).collect())
}

/// A blob of that name, of which the file has those of all fixed inputs.
fn first_classes(name: &str, file: &Path) -> (String, Tensor) {
    let all = npy(file);
    let values = all.values::<f32>().expect("npy files are read as f32");
    (name.to_owned(), tensor(&[1, 1000, 1, 1], values[..1000].to_vec()))
}

#[test]
fn squeezenets() {
    let (Some(models), Some(reference)) = (shared("models"), shared("reference")) else { return };
    let image = first_image(&reference);
    let opsets: &[i64] = if onnx_cases().is_some() { &OPSETS } else { &[13] };
    for version in ["v1.0", "v1.1"] {
        let folder = models.join(format!("squeezenet_{version}"));
        let files = [folder.join("deploy.prototxt"), folder.join(format!("squeezenet_{version}.caffemodel"))];
        let model = open(&files, &OpenOptions { batch: Some(1), ..OpenOptions::default() });
        let blob =
            |name: &str| first_classes(name, &reference.join(format!("{version}.{name}.caffe-1.0-openblas.10.npy")));
        let inputs = Arrays::from([("data".to_owned(), image.clone())]);
        let expected = Arrays::from([blob("prob"), blob("pool10")]);
        for &opset in opsets {
            check(&format!("squeezenet_{version}"), &model, opset, &inputs, &expected)
                .unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

/// A net of Ristretto runs in ONNX Runtime with Ristretto's results: rounding halves away from zero can be said there.
#[test]
fn a_quantized_squeezenet() {
    let (Some(models), Some(reference)) = (shared("models"), shared("reference")) else { return };
    let files = ["ristretto/quantized_dfp8_deploy.prototxt", "squeezenet_v1.0/squeezenet_v1.0.caffemodel"];
    let files = files.map(|file| models.join(file));
    let model = open(&files, &OpenOptions { batch: Some(1), ..OpenOptions::default() });
    let inputs = Arrays::from([("data".to_owned(), first_image(&reference))]);
    let blob = |name: &str| first_classes(name, &models.join(format!("ristretto/dfp8_{name}.npy")));
    let expected = Arrays::from([blob("prob"), blob("pool10")]);
    for (name, form) in [("ristretto_qdq", QuantizedForm::Qdq), ("ristretto_qlinear", QuantizedForm::QLinear)] {
        for opset in [13, 21] {
            check_form(name, &model, (opset, form), &inputs, &expected).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// ONNX's published SqueezeNets, of operator sets that few read today, become ones of today.
#[test]
fn old_operator_sets() {
    let Some(models) = shared("models") else { return };
    let nets = ["onnx_zoo/squeezenet1.0-3.onnx", "onnx_zoo/squeezenet1.0-9.onnx", "onnx_fp16/SqueezeNet_fp16.onnx"];
    let all = onnx_cases().is_some() || std::env::var_os("FIREBRICK_FULL").is_some();
    for net in nets.into_iter().take(if all { nets.len() } else { 1 }) {
        let model = open(&[models.join(net)], &OpenOptions::default());
        let input = model.sole_input().unwrap_or_else(|error| panic!("{error}"));
        let dims: Vec<usize> =
            input.ty.shape.as_fixed().expect("the file says it").iter().map(|&n| n as usize).collect();
        let n = dims.iter().product::<usize>();
        let image = tensor(&dims, (0..n).map(|i| ((i * 7919) % 255) as f32 - 120.0).collect());
        let cast = Op::from(Cast::to(input.ty.dtype)).eval(&[&image]).unwrap_or_else(|error| panic!("{error}"));
        let inputs = Arrays::from([(input.name, cast[0].clone())]);
        let outputs = model.run(inputs.clone()).unwrap_or_else(|error| panic!("{net}: {}", error.render(false)));
        let expected: Arrays = outputs.into_iter().map(|output| (output.name, output.tensor)).collect();
        check(&net.replace(['/', '.'], "_"), &model, 17, &inputs, &expected).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// BVLC's nets, and those of SqueezeNet's descendants, whose weights are not published: drawn as their fillers say. The
/// reference evaluator stands for Caffe.
const DEPLOYED: &[&str] = &[
    "bvlc/models/bvlc_alexnet/deploy.prototxt",
    "bvlc/models/bvlc_googlenet/deploy.prototxt",
    "bvlc/models/bvlc_reference_caffenet/deploy.prototxt",
    "bvlc/models/bvlc_reference_rcnn_ilsvrc13/deploy.prototxt",
    "bvlc/models/finetune_flickr_style/deploy.prototxt",
    "bvlc/examples/cifar10/cifar10_full.prototxt",
    "bvlc/examples/cifar10/cifar10_quick.prototxt",
    "bvlc/examples/mnist/lenet.prototxt",
    "bvlc/examples/net_surgery/conv.prototxt",
    "bvlc/examples/siamese/mnist_siamese.prototxt",
    "residual/deploy_derived.prototxt",
];

#[test]
fn nets_with_random_weights() {
    let Some(models) = shared("models") else { return };
    let all = onnx_cases().is_some() || std::env::var_os("FIREBRICK_FULL").is_some();
    let nets: Vec<&&str> = DEPLOYED.iter().filter(|net| all || net.contains("examples")).collect();
    if !all {
        announce(&format!("ran {} of {} nets; FIREBRICK_FULL=1 runs all", nets.len(), DEPLOYED.len()));
    }
    for net in nets {
        let options = OpenOptions { batch: Some(1), random_weights: Some(3), ..OpenOptions::default() };
        let model = open(&[models.join(net)], &options);
        let dims = |shape: &firebrick::ir::Shape| shape.as_fixed().expect("the file says the shape");
        let random = |ty: &firebrick::ir::Type| {
            let dims: Vec<usize> = dims(&ty.shape).iter().map(|&n| n as usize).collect();
            let n: usize = dims.iter().product();
            // Something that is not the same everywhere, of the size of samples less their mean.
            tensor(&dims, (0..n).map(|i| ((i * 7919) % 255) as f32 - 120.0).collect())
        };
        let inputs: Arrays = model.inputs().iter().map(|input| (input.name.clone(), random(&input.ty))).collect();
        let mut expected = Arrays::new();
        if onnx_cases().is_some() {
            let outputs = model.run(inputs.clone()).unwrap_or_else(|error| panic!("{net}: {}", error.render(false)));
            expected.extend(outputs.into_iter().map(|output| (output.name, output.tensor)));
        }
        check(&net.replace(['/', '.'], "_"), &model, 13, &inputs, &expected).unwrap_or_else(|error| panic!("{error}"));
    }
}
