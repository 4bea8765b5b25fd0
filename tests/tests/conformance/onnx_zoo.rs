//! SqueezeNet as ONNX's zoo and others published it, on ten images, as ONNX Runtime computes it.

use firebrick::ir::ops::Cast;
use firebrick::ir::{DType, Op, Tensor};
use firebrick::passes::{Level, Options};
use firebrick::{Model, OpenOptions};
use firebrick_tests::{best, compare, npy, shared};

use crate::reference::{flat, in_parallel, item, prepared};

/// The published files, the reference's results, and how far probabilities may be off. Engines differ by 5e-6 in f32. The
/// third model says f16 for all its values: we round each to it, of which the last one before Softmax, up to 30 in steps
/// of 2⁻⁶, alone may change a probability by 3e-3. ONNX Runtime on a CPU computes in f32 between the same weights, as
/// the model does after `-O2`: probabilities differ by their own rounding then.
const CASES: &[(&str, &str, Level, f32)] = &[
    ("onnx_zoo/squeezenet1.0-3.onnx", "onnx_zoo_squeezenet1.0-9", Level::O0, 5e-6), // the same weights, another opset
    ("onnx_zoo/squeezenet1.0-9.onnx", "onnx_zoo_squeezenet1.0-9", Level::O0, 5e-6),
    ("onnx_fp16/SqueezeNet_fp16.onnx", "onnx_fp16", Level::O0, 2e-3),
    ("onnx_fp16/SqueezeNet_fp16.onnx", "onnx_fp16", Level::O2, 3e-4),
];

/// Images that are run where time matters.
const N_QUICK: usize = 2;

/// The part of the images that these nets take: 224 rows and columns of 227.
const CROP: (usize, usize) = (1, 224);

#[test]
fn published_onnx_models_are_as_onnx_runtime_computes_them() {
    let (Some(models), Some(reference)) = (shared("models"), shared("reference")) else { return };
    let inputs = npy(&reference.join("inputs_u8_bgr_nhwc_10x227x227x3.npy"));
    let n_images = if std::env::var_os("FIREBRICK_FULL").is_some() { inputs.dims()[0] } else { N_QUICK };
    let loaded = CASES.iter().map(|&(file, results, level, tolerance)| {
        let model = Model::open([models.join(file)], &OpenOptions::default());
        let mut model = model.unwrap_or_else(|error| panic!("{}", error.render(false)));
        model.optimize(level, Options::default()).unwrap_or_else(|error| panic!("{}", error.render(false)));
        let prob = npy(&reference.join(format!("{results}.softmaxout_1.224crop.onnxruntime.10.npy")));
        (file, model, prob, tolerance)
    });
    let loaded: Vec<_> = loaded.collect();
    let jobs: Vec<_> = loaded.iter().flat_map(|case| (0..n_images).map(move |row| (case, row))).collect();
    let failures = in_parallel(&jobs, |((file, model, prob, tolerance), row)| {
        let expected = item(prob, *row);
        let found = match run(model, &inputs, *row) {
            Ok(found) => found,
            Err(error) => return vec![format!("{file}: {}", error.render(false))],
        };
        let difference = compare(&flat(&found), &flat(&expected));
        let same_first = best(&found, 1) == best(&expected, 1);
        let fits = difference.within(*tolerance) && same_first;
        if fits { Vec::new() } else { vec![format!("{file}, image {row}: {difference}")] }
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The probabilities of an image.
fn run(model: &Model, inputs: &Tensor, row: usize) -> Result<Vec<f32>, firebrick::Error> {
    let input = model.sole_input()?;
    let image = cast(&prepared(inputs, row, CROP.0, CROP.1), input.ty.dtype);
    let outputs = model.run([(input.name, image)])?;
    let values = cast(&outputs[0].tensor, DType::F32);
    Ok(values.values::<f32>().unwrap_or_else(|error| panic!("{error}")).into_owned())
}

fn cast(tensor: &Tensor, dtype: DType) -> Tensor {
    let cast = Op::from(Cast::to(dtype)).eval(&[tensor]).unwrap_or_else(|error| panic!("{error}"));
    cast[0].clone()
}
