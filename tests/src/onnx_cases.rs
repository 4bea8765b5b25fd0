//! Cases for `tests/onnx_runtime.py`: models with inputs and results.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;

use firebrick::ir::{DType, Op, Tensor, ops::Cast};
use ndarray::{ArrayView, IxDyn};
use ndarray_npy::NpzWriter;

/// The folder that `FIREBRICK_ORT` names, into which tests write models for ONNX Runtime to run.
pub fn onnx_cases() -> Option<PathBuf> {
    std::env::var_os("FIREBRICK_ORT").map(PathBuf::from)
}

/// Where a case's model belongs.
///
/// # Panics
/// If the folder can't be made.
pub fn onnx_case(folder: &str) -> Option<PathBuf> {
    let folder = onnx_cases()?.join(folder);
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    Some(folder)
}

/// Writes a case's arrays beside its model: inputs `in:NAME`, results `out:INDEX`, other blobs `mid:NAME`.
///
/// # Panics
/// If they can't be written.
pub fn write_arrays(folder: &std::path::Path, arrays: &BTreeMap<String, Tensor>) {
    let path = folder.join("arrays.npz");
    let file = File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = NpzWriter::new(file);
    for (name, tensor) in arrays {
        let wide = Op::from(Cast::to(DType::F64)).eval(&[tensor]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let values = wide[0].values::<f64>().unwrap_or_else(|error| panic!("{name}: {error}"));
        let array = ArrayView::from_shape(IxDyn(tensor.dims()), &values).unwrap_or_else(|error| panic!("{error}"));
        archive.add_array(name, &array).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    archive.finish().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
