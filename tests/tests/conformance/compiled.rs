//! Compiled programs against other engines' results.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use firebrick::ir::Tensor;
use firebrick::passes::{Level, Options};
use firebrick::{CompileOptions, Error, Executable, Model, OpenOptions};
use firebrick_tests::{Way, best, compare, npy, npz, shared, ways};

use crate::caffe_cases::{EXACT, TOLERANCE, of_kind};
use crate::reference::{CASES, Case, flat, item, prepared};

/// Compiles the model, rewritten and not, in every way of the case.
fn each_way(case: &str, model: &Model, check: &mut dyn FnMut(&str, Result<Executable, Error>)) {
    for level in [Level::O0, Level::O2] {
        let mut model = model.clone();
        model.optimize(level, Options::default()).unwrap_or_else(|error| panic!("{error}"));
        for options in ways(&format!("{case}, -O{level}")).iter().flat_map(Way::options) {
            let CompileOptions { isa, threads, exact: _ } = &options;
            let way = format!("-O{level}, {isa:?}, {threads:?}");
            check(&way, model.compile(&options));
        }
    }
}

#[test]
fn every_output_is_as_caffe_computes_it() {
    let Some(folder) = shared("caffe-cases") else { return };
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let cases: BTreeSet<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    assert!(cases.len() >= 60, "only {} cases in {}", cases.len(), folder.display());
    let failures: Vec<String> = cases.iter().flat_map(|case| check(case)).collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

/// Runs a case; a row for every output that is not as Caffe's.
fn check(case: &Path) -> Vec<String> {
    let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let expected = npz(&case.join("blobs.npz"));
    let (inputs, expected) = (of_kind(&expected, "in:"), of_kind(&expected, "out:"));
    let files = [case.join("net.prototxt"), case.join("weights.caffemodel")];
    let dims = |tensor: &Tensor| tensor.dims().iter().map(|&n| n as u64).collect();
    let input_shapes = inputs.iter().map(|(name, tensor)| (name.clone(), dims(tensor))).collect();
    let model = Model::open(files, &OpenOptions { input_shapes, ..OpenOptions::default() });
    let model = model.unwrap_or_else(|error| panic!("{name}: {}", error.render(false)));
    let tolerance = if EXACT.contains(&name.as_str()) { 0.0 } else { TOLERANCE };
    let mut failures = Vec::new();
    each_way(&name, &model, &mut |way, executable| {
        let row = |what: &str| format!("{name:<20} {way:<30} {what}");
        let outputs = match executable.and_then(|executable| executable.run(inputs.clone())) {
            Ok(outputs) => outputs,
            Err(error) => return failures.push(row(&error.render(false))),
        };
        for output in outputs {
            let difference = compare(&output.tensor, &expected[&output.name]);
            if !difference.within_relative(tolerance) {
                failures.push(row(&format!("{}: {difference}", output.name)));
            }
        }
    });
    failures
}

#[test]
fn squeezenets_are_as_caffe_computes_them() {
    let (Some(models), Some(reference)) = (shared("models"), shared("reference")) else { return };
    let inputs = npy(&reference.join("inputs_u8_bgr_nhwc_10x227x227x3.npy"));
    for case in CASES {
        let expected = npy(&reference.join(format!("{}.prob.caffe-1.0-openblas.10.npy", case.results)));
        let model = case.open(&models);
        each_way(case.prototxt, &model, &mut |way, executable| {
            let way = format!("{}, {way}", case.prototxt);
            let executable = executable.unwrap_or_else(|error| panic!("{way}: {}", error.render(false)));
            for row in 0..inputs.dims()[0] {
                check_image(
                    case,
                    &way,
                    &executable,
                    prepared(&inputs, row, 0, inputs.dims()[1]),
                    &item(&expected, row),
                );
            }
        });
    }
}

fn check_image(case: &Case, way: &str, executable: &Executable, image: Tensor, expected: &[f32]) {
    let outputs = executable.run([("data".to_owned(), image)]);
    let outputs = outputs.unwrap_or_else(|error| panic!("{way}: {}", error.render(false)));
    let found = outputs[0].tensor.values::<f32>().unwrap_or_else(|error| panic!("{way}: {error}"));
    let difference = compare(&flat(&found), &flat(expected));
    assert!(difference.within(case.tolerance.prob), "{way}: {difference}");
    assert_eq!(best(&found, 5), best(expected, 5), "{way}");
}
