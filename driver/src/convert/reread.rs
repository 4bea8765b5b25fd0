//! A written model, read back and held against its source.

use std::path::Path;

use bytes::Bytes;
use firebrick_ir::{Dim, Type, verify};
use firebrick_onnx::{ExternalData, ExternalError};
use firebrick_onnx_writer::Exported;

use super::Verification;
use crate::{Comparison, Error, Model, OpenOptions};

/// Reads the model back: its graph is valid, and has the source's inputs and outputs.
///
/// # Errors
/// If it isn't or hasn't, which is a fault of ours.
pub(super) fn reread(source: &Model, exported: &Exported, path: &Path) -> Result<Model, Error> {
    let name = path.display().to_string();
    let fault = |what: String| Error::Fault(format!("the model that was written can't be used: {what}"));
    let files = Chunks(exported);
    let options = OpenOptions::default();
    let written = Model::from_onnx_with(&name, exported.encode().into(), &options, &files)
        .map_err(|error| fault(error.render(false)))?;
    let graph = written.graph().map_err(|error| fault(error.to_string()))?;
    verify(graph).map_err(Error::Verify)?;
    let types = |inputs: Vec<(String, Type)>| inputs;
    let inputs = |model: &Model| types(model.inputs().into_iter().map(|input| (input.name, input.ty)).collect());
    // The file calls an input by its name in the graph.
    let same_inputs = inputs(source).len() == inputs(&written).len()
        && inputs(source).iter().zip(inputs(&written)).all(|((_, ours), (_, theirs))| *ours == theirs);
    let (ours, theirs) = (source.outputs()?, written.outputs()?);
    let same_outputs = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| is_like(&a.1, &b.1));
    if same_inputs && same_outputs {
        return Ok(written);
    }
    let list =
        |rows: &[(String, Type)]| rows.iter().map(|(name, ty)| format!("{name} {ty}")).collect::<Vec<_>>().join(", ");
    Err(fault(format!(
        "inputs {} and outputs {} became {} and {}",
        list(&inputs(source)),
        list(&ours),
        list(&inputs(&written)),
        list(&theirs)
    )))
}

/// Whether a type is another one, whatever symbols are called.
fn is_like(a: &Type, b: &Type) -> bool {
    let dims = a.shape.0.iter().zip(&b.shape.0);
    let alike = |(a, b): (&Dim, &Dim)| a == b || (a.fixed().is_none() && b.fixed().is_none());
    a.dtype == b.dtype && a.shape.rank() == b.shape.rank() && dims.into_iter().all(alike)
}

/// Runs the written model against its source.
///
/// # Errors
/// If a blob differs by more than the tolerance, or one of them can't be run.
pub(super) fn compare(
    source: &Model,
    written: &Model,
    verification: &Verification,
    tolerance: f64,
) -> Result<Comparison, Error> {
    let comparison = Comparison::run(source, written, &verification.inputs, verification.seed)?;
    let wrong: Vec<String> = comparison.beyond(tolerance).map(|blob| describe(blob, tolerance)).collect();
    if wrong.is_empty() {
        return Ok(comparison);
    }
    let message = "the written model does not compute what its source does; nothing was written";
    Err(Error::Fault(format!("{message}:\n{}", wrong.join("\n"))))
}

fn describe(blob: &crate::BlobDifference, tolerance: f64) -> String {
    match &blob.mismatch {
        Some(mismatch) => format!("  {}: {mismatch}", blob.name),
        None => format!(
            "  {}: off by {:.1e}, {:.1e} of the largest magnitude (at most {tolerance:.0e})",
            blob.name,
            blob.max_abs,
            blob.relative()
        ),
    }
}

/// The file of weights before it is written.
struct Chunks<'a>(&'a Exported);

impl ExternalData for Chunks<'_> {
    fn read(&self, location: &str, offset: u64, length: Option<u64>) -> Result<Bytes, ExternalError> {
        let chunk = self.0.data.iter().find(|chunk| chunk.offset == offset);
        let bytes = chunk.map(|chunk| chunk.bytes.clone()).filter(|bytes| Some(bytes.len() as u64) == length);
        bytes.ok_or_else(|| ExternalError::Read {
            location: location.to_owned(),
            message: format!("nothing of {length:?} bytes is at {offset}"),
        })
    }
}
