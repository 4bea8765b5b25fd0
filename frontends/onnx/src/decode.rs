//! Bytes into ONNX's messages.

use std::collections::BTreeSet;

use bytes::Bytes;
use firebrick_diagnostics::{Diagnostic, Place, Report};
use firebrick_schemas::onnx::{GraphProto, ModelProto, ValueInfoProto};
use firebrick_schemas::{Described, UnknownField, WireError, decode};

use crate::datum::Kind;
use crate::ops::operator_name;

/// What protobuf allows a message at most.
const MAX_BYTES: u64 = (1 << 31) - 1;

/// The oldest `ir_version` that is read: 3, of 2017, is the first that published models are in.
const OLDEST_IR: i64 = 3;
/// The newest `ir_version` that is read.
const NEWEST_IR: i64 = 13;

/// Messages whose every field says something of what is computed: a field that we don't know is an error there. In
/// others it is named and passed over.
const COMPUTE: &[&str] = &[
    "GraphProto",
    "NodeProto",
    "AttributeProto",
    "TensorProto",
    "SparseTensorProto",
    "Segment",
    "FunctionProto",
    "OperatorSetIdProto",
];

/// A model as it was read.
#[derive(Debug, Clone)]
pub struct Definition {
    file: String,
    model: ModelProto,
    notes: Vec<Diagnostic>,
}

impl Definition {
    /// Reads a model. Its weights stay slices of `bytes`.
    ///
    /// # Errors
    /// If the bytes are no `ModelProto`, are of an IR version that is not known, or have fields that could change what
    /// is computed and that we don't know.
    pub fn read(file: &str, bytes: Bytes) -> Result<Self, Report> {
        check_size(file, bytes.len() as u64)?;
        let (model, unknown) = decode::<ModelProto>(bytes).map_err(|error| wire_diagnostic(file, &error))?;
        let (refused, noted): (Vec<_>, Vec<_>) = unknown.iter().partition(|field| COMPUTE.contains(&field.message));
        let mut problems: Vec<Diagnostic> = refused.into_iter().map(|field| refusal(file, field)).collect();
        problems.extend(check_version(file, &model));
        if model.graph.is_none() {
            problems.push(Diagnostic::error("the model has no graph").at(Place::file(file)));
        }
        if let Some(report) = Report::from_vec(problems) {
            return Err(report);
        }
        let mut notes: Vec<Diagnostic> = noted.into_iter().map(|field| note(file, field)).collect();
        if !model.training_info.is_empty() {
            let message = "how the model is trained (`training_info`) was left out";
            notes.push(Diagnostic::note(message).at(Place::field(file, "training_info", None)));
        }
        Ok(Definition { file: file.to_owned(), model, notes })
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The messages as they were read.
    pub(crate) fn model(&self) -> &ModelProto {
        &self.model
    }

    /// The model's graph.
    pub(crate) fn graph(&self) -> Option<&GraphProto> {
        self.model.graph.as_deref()
    }

    /// What was passed over.
    pub(crate) fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    /// The model's inputs in order, weights among them if the file lists these: name and kind.
    pub fn inputs(&self) -> Vec<(&str, Kind)> {
        self.graph().map(|graph| graph.input.iter().map(named_kind).collect()).unwrap_or_default()
    }

    /// The model's outputs, in order: name and kind.
    pub fn outputs(&self) -> Vec<(&str, Kind)> {
        self.graph().map(|graph| graph.output.iter().map(named_kind).collect()).unwrap_or_default()
    }

    /// The operators that the graph's nodes have, those of other domains than ONNX's with their domain.
    pub fn operators(&self) -> BTreeSet<String> {
        let nodes = self.graph().into_iter().flat_map(|graph| &graph.node);
        nodes.map(|node| operator_name(node.op_type(), node.domain())).collect()
    }

    /// The model's metadata (`metadata_props`), in the order of the file.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.model.metadata_props.iter().map(|entry| (entry.key(), entry.value()))
    }
}

fn named_kind(info: &ValueInfoProto) -> (&str, Kind) {
    (info.name(), info.r#type.as_deref().map_or(Kind::Other, Kind::of))
}

/// Reads a message that is a file by itself, and all of whose fields matter.
///
/// # Errors
/// If the bytes are no such message, or have fields that we don't know.
pub(crate) fn message<M: Described>(file: &str, bytes: Bytes) -> Result<M, Report> {
    let (message, unknown) = decode::<M>(bytes).map_err(|error| wire_diagnostic(file, &error))?;
    match Report::from_vec(unknown.iter().map(|field| refusal(file, field)).collect()) {
        Some(report) => Err(report),
        None => Ok(message),
    }
}

fn check_size(file: &str, size: u64) -> Result<(), Report> {
    if size <= MAX_BYTES {
        return Ok(());
    }
    let message = format!("the file has {size} bytes, and a protobuf message at most {MAX_BYTES} (2 GiB)");
    let help = "save the model with its weights as external data: `onnx.save(model, path, save_as_external_data=True)`";
    Err(Diagnostic::error(message).at(Place::file(file)).help(help).into())
}

fn check_version(file: &str, model: &ModelProto) -> Option<Diagnostic> {
    let version = model.ir_version();
    if (OLDEST_IR..=NEWEST_IR).contains(&version) {
        return None;
    }
    let message = match model.ir_version {
        Some(_) => format!("the model is of IR version {version}, but {OLDEST_IR} to {NEWEST_IR} are known"),
        None => "the model does not say its IR version".to_owned(),
    };
    Some(Diagnostic::error(message).at(Place::field(file, "ir_version", None)))
}

fn wire_diagnostic(file: &str, error: &WireError) -> Diagnostic {
    let subject = if error.path.steps.is_empty() { "the file".to_owned() } else { format!("`{}`", error.path) };
    Diagnostic::error(format!("{subject} {}", error.fault))
        .at(Place::field(file, &error.path, Some(error.offset)))
        .help("the file is damaged or incomplete, or of another format: compare its size with the published one")
}

fn refusal(file: &str, field: &UnknownField) -> Diagnostic {
    Diagnostic::error(field.to_string())
        .at(Place::field(file, &field.path, Some(field.offset)))
        .help("the file is damaged, or of a version of ONNX that is newer than this one knows")
}

fn note(file: &str, field: &UnknownField) -> Diagnostic {
    Diagnostic::note(format!("{field}, which was passed over")).at(Place::field(file, &field.path, Some(field.offset)))
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, check_size};

    #[test]
    fn two_gibibytes() {
        assert!(check_size("model.onnx", MAX_BYTES).is_ok());
        let report = check_size("model.onnx", MAX_BYTES + 1).expect_err("it is too large");
        assert!(report.render(false).contains("2 GiB"));
    }
}
