//! Operators of `com.microsoft`, as ONNX Runtime computes them: models of one node that `fixtures/onnx/microsoft.py`
//! wrote.

use std::collections::BTreeSet;
use std::path::Path;

use firebrick::ir::ops::Cast;
use firebrick::ir::{DType, Op, Tensor};
use firebrick::onnx::{Datum, Kind};
use firebrick::{Model, OpenOptions, read_file};
use firebrick_tests::workspace;

/// Floats: the rounding of a few sums, as a part of the largest magnitude. Quantised numbers are to be the same.
const RELATIVE: f64 = 1e-5;

#[test]
fn operators_are_as_onnx_runtime_computes_them() {
    let folder = workspace().join("tests/fixtures/onnx/microsoft");
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let files: BTreeSet<_> = files.flatten().map(|entry| entry.path()).collect();
    let models: Vec<_> = files.iter().filter(|path| path.extension().is_some_and(|e| e == "onnx")).collect();
    assert!(models.len() >= 14, "only {} models", models.len());
    let failures: Vec<String> = models.iter().filter_map(|path| check(path).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(path: &Path) -> Result<(), String> {
    let said = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let model = Model::open([path], &OpenOptions::default()).map_err(|error| said(&error))?;
    let inputs = model.inputs().into_iter().map(|input| {
        let file = path.with_extension(format!("in.{}.pb", input.name));
        (input.name, tensor(&file))
    });
    let outputs = model.run(inputs).map_err(|error| said(&error))?;
    let (found, expected) = (&outputs[0].tensor, tensor(&path.with_extension("out.pb")));
    if found.ty() != expected.ty() {
        return Err(said(&format!("{} instead of {}", found.ty(), expected.ty())));
    }
    let pairs: Vec<(f64, f64)> = wide(found).into_iter().zip(wide(&expected)).collect();
    let largest = pairs.iter().map(|(_, expected)| expected.abs()).fold(0.0, f64::max);
    let allowed = if found.dtype().is_float() { RELATIVE * largest } else { 0.0 };
    match pairs.iter().position(|(found, expected)| (found - expected).abs() > allowed) {
        Some(at) => Err(said(&format!("{} instead of {} at {at}", pairs[at].0, pairs[at].1))),
        None => Ok(()),
    }
}

fn tensor(path: &Path) -> Tensor {
    let bytes = read_file(path).unwrap_or_else(|error| panic!("{error}"));
    let datum = Datum::read(&path.display().to_string(), bytes, &Kind::Tensor);
    match datum.unwrap_or_else(|report| panic!("{}", report.render(false))) {
        Datum::Tensor(tensor) => tensor,
        other @ (Datum::Sequence(_) | Datum::Absent) => panic!("{}: {other:?}", path.display()),
    }
}

fn wide(tensor: &Tensor) -> Vec<f64> {
    let cast = Op::from(Cast::to(DType::F64)).eval(&[tensor]).unwrap_or_else(|error| panic!("{error}"));
    cast[0].values::<f64>().unwrap_or_else(|error| panic!("{error}")).into_owned()
}
